from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.screening import log
from cxr_release.screening.log import Wish

HASH = "a" * 64


def wish(index: int, **changes: str) -> Wish:
    values = {"decision": "keep", "reason": "", "note": ""} | changes
    return Wish(f"checkpoint-1-large-{index:05d}", HASH, **values)  # type: ignore[arg-type]


def test_the_line_is_the_one_that_the_design_fixes(tmp_path: Path) -> None:
    exclusion = wish(12, decision="exclude", reason="elements-inverted")
    log.append(tmp_path, "a.b", [exclusion, wish(13)])
    first, second = (tmp_path / "a.b.jsonl").read_text().splitlines()
    assert list(json.loads(first)) == [
        "seq", "at", "reviewer", "image_id", "image_sha256", "decision", "reason", "note", "prev",
    ]  # fmt: skip
    assert json.loads(first)["prev"] == "0" * 64
    assert json.loads(first)["at"].endswith("Z")
    assert json.loads(second)["prev"] == hashlib.sha256(first.encode()).hexdigest()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_what_was_noted_comes_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    notes = [note.encode("utf-8", "ignore").decode() for note in notes]
    wishes = [wish(index, note=note) for index, note in enumerate(notes)]
    for one in wishes:
        log.append(folder, "a", [one])
    found = log.read_all(folder)
    assert [decision.note for decision in found.get("a", [])] == notes


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "A", ".a", "a.", "a..b", "a\n", "é", "x" * 65, "a\0b", "con/../a"]
)
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DecisionError, match="reviewer's name"):
        log.append(tmp_path / "logs", name, [wish(0)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "bad",
    [
        wish(0, decision="delete"),
        wish(0, decision="exclude"),
        wish(0, reason="other"),
        wish(0, note="x" * 2001),
        Wish("checkpoint-1-large-00000", "short", "keep"),
    ],
)
def test_a_malformed_decision_logs_nothing_of_its_batch(tmp_path: Path, bad: Wish) -> None:
    with pytest.raises(DecisionError):
        log.append(tmp_path, "a", [wish(1), bad])
    assert list(tmp_path.iterdir()) == []


def written(tmp_path: Path, count: int = 6) -> list[bytes]:
    log.append(tmp_path, "a", [wish(index) for index in range(count)])
    return (tmp_path / "a.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:2], lines[2].replace(b"keep", b"keeq"), *lines[3:]], 3),
        (lambda lines: [*lines[:2], lines[2].replace(b'note":"', b'note":"x'), *lines[3:]], 4),
        (lambda lines: [*lines[:3], lines[2], *lines[3:]], 4),
        (lambda lines: [*lines[:3], b"\n", *lines[3:]], 4),
        (lambda lines: [*lines[:3], b'{"seq": 4}\n', *lines[4:]], 4),
    ],
)
def test_a_changed_removed_or_moved_line_is_named(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], line: int
) -> None:
    lines = change(written(tmp_path))
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(DecisionError) as caught:
        log.read_all(tmp_path)
    assert caught.value.faults[0].where == f"a.jsonl: line {line}"
    with pytest.raises(DecisionError):
        log.append(tmp_path, "a", [wish(9)])


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_every_flipped_bit_but_of_the_last_line_is_found(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    lines = written(folder)
    data = bytearray(b"".join(lines))
    data[place % (len(data) - len(lines[-1]))] ^= 1 << bit
    (folder / "a.jsonl").write_bytes(data)
    with pytest.raises(DecisionError):
        log.read_all(folder)


def test_a_log_of_another_reviewer_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "a.jsonl").rename(tmp_path / "b.jsonl")
    with pytest.raises(DecisionError, match="decision of 'a' in the log of 'b'"):
        log.read_all(tmp_path)


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / ".gitkeep").touch()
    (tmp_path / "decisions.xlsx").touch()
    with pytest.raises(DecisionError, match=r"decisions\.xlsx: is no decision log"):
        log.read_all(tmp_path)


def test_a_torn_last_line_is_named_then_set_aside(tmp_path: Path) -> None:
    lines = written(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines)[:-30])
    with pytest.raises(DecisionError, match=r"line 6.*never finished"):
        log.read_all(tmp_path)
    log.append(tmp_path, "a", [wish(9)])
    assert [one.image_id[-1] for one in log.read_all(tmp_path)["a"]] == list("012349")
    assert (tmp_path / "a.jsonl.torn-6").read_bytes() == lines[5][:-30] + b"\n"


def _write_many(folder: Path, start: int) -> None:
    for index in range(start, start + 50):
        log.append(folder, "a", [wish(index)])


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_write_many, args=(tmp_path, 100 * number)) for number in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = {one.image_id for one in log.read_all(tmp_path)["a"]}
    assert found == {
        wish(100 * number + index).image_id for number in range(4) for index in range(50)
    }


WRITER = """
import sys
from pathlib import Path
from cxr_release.screening import log
for index in range(100000):
    wish = log.Wish(f"checkpoint-1-large-{index:05d}", "a" * 64, "keep")
    done = log.append(Path(sys.argv[1]), "a", [wish])
    print(done[-1].seq, flush=True)
"""


def test_a_killed_writer_loses_no_acknowledged_decision(tmp_path: Path) -> None:
    for attempt in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        last = int(writer.stdout.readline())
        time.sleep(0.003 * attempt)
        os.kill(writer.pid, signal.SIGKILL)
        for line in writer.stdout:
            last = int(line) if line.endswith("\n") else last
        writer.wait()
        writer.stdout.close()
        log.append(tmp_path, "a", [wish(0)])
        assert len(log.read_all(tmp_path)["a"]) > last


def test_a_full_disk_logs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(tmp_path)

    def full(stream: object, data: bytes) -> None:
        stream.write(data[:20])  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "_write", full)
    with pytest.raises(DecisionError, match="nothing was logged: No space left"):
        log.append(tmp_path, "a", [wish(7)])
    assert (tmp_path / "a.jsonl").read_bytes() == b"".join(lines)
