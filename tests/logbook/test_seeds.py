from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from cxr_release.errors import DecisionError
from cxr_release.logbook.seeds import seed_of

SEED = bytes(range(16))


def test_a_seed_is_drawn_once_and_recorded(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    seed = seed_of(folder, "a.b")
    data = (folder / "a.b.json").read_bytes()
    record = json.loads(data)
    assert record["reviewer"] == "a.b"
    assert bytes.fromhex(record["seed"]) == seed
    assert len(seed) == 16
    assert record["at"].endswith("Z")
    assert seed_of(folder, "a.b") == seed
    assert seed_of(folder, "c.d") != seed
    assert (folder / "a.b.json").read_bytes() == data
    assert sorted(path.name for path in folder.iterdir()) == ["a.b.json", "c.d.json"]


def test_servers_that_start_at_once_get_the_same_seed(tmp_path: Path) -> None:
    start = Barrier(8)

    def ask(_: int) -> bytes:
        start.wait()
        return seed_of(tmp_path, "a")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", ".a", "a..b", "a\n", "x" * 65, "a\0b"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DecisionError, match="reviewer's name"):
        seed_of(tmp_path / "orders", name)
    assert list(tmp_path.iterdir()) == []


def record(**changes: object) -> bytes:
    values = {"reviewer": "a", "seed": SEED.hex(), "at": "2026-11-20T12:00:00.000Z"}
    return json.dumps(values | changes).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 1000,
        b"\xff\xfe",
        record(reviewer="b"),
        record(seed=SEED.hex()[:-1]),
        record(seed=SEED.hex().upper()),
        record(seed=12),
        record(at="today"),
        record(more=""),
        record() + b" " * 2000,
    ],
)
def test_a_damaged_record_is_named_and_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(DecisionError, match="git") as caught:
        seed_of(tmp_path, "a")
    assert caught.value.where == str(path)
    assert path.read_bytes() == data


def test_no_link_pipe_or_folder_is_taken_for_a_record(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "a.json").symlink_to(elsewhere)
    os.mkfifo(tmp_path / "b.json")
    (tmp_path / "c.json").mkdir()
    for name in "abc":
        with pytest.raises(DecisionError) as caught:
            seed_of(tmp_path, name)
        assert f"{name}.json" in caught.value.where
    assert not elsewhere.exists()
    elsewhere.write_bytes(record())
    with pytest.raises(DecisionError):
        seed_of(tmp_path, "a")
