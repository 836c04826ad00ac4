from __future__ import annotations

import hashlib
import hmac
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.screening.films import Generated
from cxr_release.screening.order import NAME, name_of, order_of, seed_of

SEED = bytes(range(16))


def films(count: int = 200) -> list[Generated]:
    return [
        Generated(f"checkpoint-{number}-large-{index:05d}", number, "large", f"{index:064x}")
        for number in (34, 40)
        for index in range(count // 2)
    ]


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


def test_an_order_holds_every_film_once_and_mixes_checkpoints() -> None:
    order = order_of(films(), SEED)
    assert sorted(film.id for film in order) == sorted(film.id for film in films())
    assert 30 < sum(film.checkpoint == 34 for film in order[:100]) < 70
    assert order == order_of(films()[::-1], SEED)
    assert order != order_of(films(), bytes(16))


@given(st.sets(st.integers(0, 199)))
def test_films_that_stay_keep_their_order(chosen: set[int]) -> None:
    some = [film for index, film in enumerate(films()) if index in chosen]
    assert order_of(some, SEED) == [film for film in order_of(films(), SEED) if film in some]


@given(st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_doubtful_films_come_first_and_equals_stay_shuffled(doubts: list[int]) -> None:
    some = films(40)
    scores = {film.id: float(doubt) for film, doubt in zip(some, doubts, strict=True)}
    order = order_of(some, SEED, scores)
    assert [scores[film.id] for film in order] == sorted(map(float, doubts), reverse=True)
    for doubt in set(doubts):
        equals = [film for film in some if scores[film.id] == doubt]
        assert [film for film in order if film in equals] == order_of(equals, SEED)


@pytest.mark.parametrize("score", [math.nan, math.inf, None])
def test_a_film_without_a_score_is_no_least_doubtful_one(score: float | None) -> None:
    scores = {film.id: 1.0 for film in films()[1:]}
    if score is not None:
        scores[films()[0].id] = score
    with pytest.raises(DecisionError, match="1 film"):
        order_of(films(), SEED, scores)


def test_names_are_opaque_and_those_of_the_contract() -> None:
    names = [name_of(film, SEED) for film in films()]
    assert len(set(names)) == 200
    assert all(NAME.fullmatch(name) for name in names)
    first = films()[0]
    message = f"{first.id}\0{first.sha256}".encode()
    assert names[0] == hmac.new(SEED, message, hashlib.sha256).hexdigest()[:32]
    assert name_of(first, bytes(16)) != names[0]
    assert name_of(Generated(first.id, 34, "large", "f" * 64), SEED) != names[0]
