from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.files import WINDOWS_ENDS
from cxr_release.logbook import log, log_files, logs
from tests.support.remarks import REMARK, NewRemark, Remark, remark, verified


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=6))
def test_what_was_noted_comes_back(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("log")
    notes = [note.encode("utf-8", "ignore").decode() for note in notes]
    wishes = [remark(index, note=note) for index, note in enumerate(notes)]
    for wish in wishes:
        log.append(REMARK, folder, "a", [wish])
    found = logs.read_all(REMARK, folder)
    assert [one.note for one in found.get("a", [])] == notes


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "A", ".a", "a.", "a..b", "a\n", "é", "x" * 65, "a\0b", "con/../a"]
)
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DecisionError, match="reviewer's name"):
        log.append(REMARK, tmp_path / "logs", name, [remark(0)])
    assert list(tmp_path.iterdir()) == []


def written(tmp_path: Path, count: int = 6) -> list[bytes]:
    log.append(REMARK, tmp_path, "a", [remark(index) for index in range(count)])
    return (tmp_path / "a.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], 3),
        (lambda lines: [lines[1], lines[0], *lines[2:]], 1),
        (lambda lines: [*lines[:2], lines[2].replace(b"good", b"gone"), *lines[3:]], 3),
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
        logs.read_all(REMARK, tmp_path)
    assert caught.value.faults[0].where == f"a.jsonl: line {line}"
    with pytest.raises(DecisionError):
        log.append(REMARK, tmp_path, "a", [remark(9)])


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    data = bytearray(b"".join(written(folder)))
    data[place % (len(data) - 1)] ^= 1 << bit
    (folder / "a.jsonl").write_bytes(data)
    with pytest.raises(DecisionError, match=r"a\.jsonl: line \d"):
        logs.read_all(REMARK, folder)


@pytest.mark.parametrize("left", [0, 1, 5])
def test_lines_that_are_missing_at_the_end_are_found(tmp_path: Path, left: int) -> None:
    lines = written(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:left]))
    with pytest.raises(DecisionError, match=f"line {left + 1}: was removed") as caught:
        logs.read_all(REMARK, tmp_path, mend=True)
    assert "git" in caught.value.faults[0].remedy
    (tmp_path / "a.jsonl").unlink()
    with pytest.raises(DecisionError, match="line 1: was removed"):
        logs.read_all(REMARK, tmp_path)


def test_a_damaged_head_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    for damage in [b"x\n", b"[" * 100_000, b'{"seq":1}\n', b'{"seq":"a","prev":"b"}\n']:
        (tmp_path / "a.head").write_bytes(damage)
        with pytest.raises(DecisionError, match=r"a\.head"):
            logs.read_all(REMARK, tmp_path)
    (tmp_path / "a.head").write_bytes(b"")
    assert len(logs.read_all(REMARK, tmp_path)["a"]) == 6


def test_a_log_without_a_head_and_a_head_that_lags_are_whole(tmp_path: Path) -> None:
    written(tmp_path)
    lagging = (tmp_path / "a.head").read_bytes()
    log.append(REMARK, tmp_path, "a", [remark(6)])
    (tmp_path / "a.head").write_bytes(lagging)
    assert len(logs.read_all(REMARK, tmp_path)["a"]) == 7
    (tmp_path / "a.head").unlink()
    assert len(log.append(REMARK, tmp_path, "a", [remark(7)])) == 1
    assert len(logs.read_all(REMARK, tmp_path)["a"]) == 8


def test_a_log_of_another_reviewer_is_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "a.jsonl").rename(tmp_path / "b.jsonl")
    with pytest.raises(DecisionError, match="remark of 'a' in the log of 'b'"):
        logs.read_all(REMARK, tmp_path)


def test_a_file_that_is_no_log_is_named(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / ".gitkeep").touch()
    (tmp_path / "decisions.xlsx").touch()
    with pytest.raises(DecisionError, match=r"decisions\.xlsx: is not a remark log"):
        logs.read_all(REMARK, tmp_path)


def test_an_unfinished_line_does_not_count_and_is_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = written(tmp_path)
    torn = lines[5].replace(b'"seq":6', b'"seq":7')[:90]
    with (tmp_path / "a.jsonl").open("ab") as stream:
        stream.write(torn)
    held = log.Log(REMARK, tmp_path, "a")
    for _ in range(3):
        held.refresh()
    assert len(held.entries) == len(logs.read_all(REMARK, tmp_path)["a"]) == 6
    assert caplog.text.count("a.jsonl: line 7 was never finished") == 2
    log.append(REMARK, tmp_path, "a", [remark(9)])
    assert "set aside in a.jsonl.torn-7" in caplog.text
    assert [one.topic[-1] for one in logs.read_all(REMARK, tmp_path)["a"]] == list("0123459")
    assert (tmp_path / "a.jsonl.torn-7").read_bytes() == torn + b"\n"
    assert verified(tmp_path)["set_aside"] == ["a.jsonl.torn-7"]


def test_a_logged_line_that_was_cut_off_is_restored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = written(tmp_path)
    for length in (1, 30, len(lines[5]) - 1):
        (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:5]) + lines[5][:length])
        with pytest.raises(DecisionError, match="line 6: was cut off after it had been logged"):
            logs.read_all(REMARK, tmp_path)
        assert len(logs.read_all(REMARK, tmp_path, mend=True)["a"]) == 6
        assert "line 6 was cut off; restored" in caplog.text
        assert (tmp_path / "a.jsonl").read_bytes() == b"".join(lines)


def test_a_log_held_open_follows_what_others_write(tmp_path: Path) -> None:
    mine, other = log.Log(REMARK, tmp_path, "a"), log.Log(REMARK, tmp_path, "a")
    mine.append([remark(0), remark(1)])
    assert [one.topic for one in other.refresh()] == [remark(0).topic, remark(1).topic]
    other.append([remark(0, "retract"), remark(2)])
    assert mine.refresh()[-1].seq == 4
    assert list(mine.effective) == [remark(1).topic, remark(2).topic]
    assert mine.entries == other.entries == logs.read_all(REMARK, tmp_path)["a"]


def _gone(path: Path) -> None:
    path.unlink()


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))


def _begun_anew(path: Path) -> None:
    path.rename(path.with_name(".kept"))
    log.append(REMARK, path.parent, "a", [remark(index) for index in range(20, 27)])
    path.with_suffix(".head").unlink()


@pytest.mark.parametrize("lose", [_gone, _emptied, _cut, _begun_anew])
@pytest.mark.parametrize("wrote", [True, False])
def test_what_was_acknowledged_must_be_there_or_nothing_goes_on(
    tmp_path: Path, lose: Callable[[Path], None], wrote: bool
) -> None:
    path, head = tmp_path / "a.jsonl", tmp_path / "a.head"
    mine = log.Log(REMARK, tmp_path, "a")
    (mine if wrote else log.Log(REMARK, tmp_path, "a")).append(
        [remark(number) for number in range(5)]
    )
    mine.held = mine.held or not wrote
    mine.refresh()
    before, last = path.read_bytes(), head.read_bytes()
    head.unlink()
    lose(path)
    after = path.read_bytes() if path.exists() else None
    for deed in (mine.refresh, lambda: mine.append([remark(9)]), mine.mend):
        with pytest.raises(
            DecisionError, match=r"a\.jsonl: line \d: is gone or was replaced: the log had 5 "
        ):
            deed()
    assert (path.read_bytes() if path.exists() else None) == after
    path.write_bytes(before)
    head.write_bytes(last)
    assert [one.seq for one in mine.append([remark(9)])] == [6]
    assert [one.topic[-1] for one in logs.read_all(REMARK, tmp_path)["a"]] == list("012349")


@pytest.mark.parametrize("also", [[".jsonl", ".head"], [".jsonl"], [".head"]])
@pytest.mark.parametrize("count", [1, 5])
def test_windows_line_ends_are_named_and_nothing_is_appended(
    tmp_path: Path, also: list[str], count: int
) -> None:
    written(tmp_path, count)
    for suffix in also:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for deed in (
        lambda: logs.read_all(REMARK, tmp_path),
        lambda: logs.read_all(REMARK, tmp_path, mend=True),
        lambda: log.append(REMARK, tmp_path, "a", [remark(9)]),
    ):
        with pytest.raises(DecisionError) as caught:
            deed()
        assert f"a{also[0]}: {WINDOWS_ENDS}: run `git config core.autocrlf false`" in str(
            caught.value
        )
        assert len(caught.value.faults) == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_lines_added_to_a_log_with_windows_line_ends_are_told_apart(tmp_path: Path) -> None:
    written(tmp_path, 1)
    (tmp_path / "a.head").unlink()
    path = tmp_path / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b'{"seq":2}\n')
    with pytest.raises(DecisionError, match="makes in 1 of 2 lines read: run"):
        logs.read_all(REMARK, tmp_path)


def test_a_wish_may_depend_on_what_stands(tmp_path: Path) -> None:
    def undecided(one: NewRemark, standing: Remark | None) -> bool:
        return standing is not None

    held = log.Log(REMARK, tmp_path, "a")
    log.append(REMARK, tmp_path, "a", [remark(1, "bad")])
    logged = held.append([remark(1), remark(2), remark(2)], unless=undecided)
    assert [one.topic for one in logged] == [remark(2).topic]


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_only_has_the_name_of_a_log_is_refused(tmp_path: Path, kind: str) -> None:
    folder, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    folder.mkdir()
    path = folder / "a.jsonl"
    if kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    for deed in (
        lambda: log.append(REMARK, folder, "a", [remark(0)]),
        lambda: logs.read_all(REMARK, folder),
    ):
        with pytest.raises(DecisionError):
            deed()
    assert not elsewhere.exists()


WRITERS, EACH = 8, 1000
ROOT = Path(__file__).parents[2]


def _write_many(folder: Path, start: int) -> None:
    mine = log.Log(REMARK, folder, "a")
    for index in range(start, start + EACH):
        mine.append([remark(index)])


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what is tried are the locks, not the disk."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def workers() -> multiprocessing.context.ForkServerContext:
    """Makes processes of one that has imported what they need."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def test_writers_at_once_lose_nothing(quick_folder: Path) -> None:
    context = workers()
    writers = [
        context.Process(target=_write_many, args=(quick_folder, EACH * number))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    found = [one.topic for one in logs.read_all(REMARK, quick_folder)["a"]]
    assert sorted(found) == [remark(index).topic for index in range(WRITERS * EACH)]


def _write_on(folder: Path, told: Connection) -> None:
    """Say after each line which it was, until somebody ends this."""
    mine = log.Log(REMARK, folder, "a")
    for index in range(100_000):
        seq = mine.append([remark(index, note="x" * 1500)])[-1].seq
        os.write(told.fileno(), f"{seq}\n".encode())


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.long)])
def test_a_killed_writer_loses_no_acknowledged_line(tmp_path: Path, kills: int) -> None:
    chance, acknowledged, context = random.Random(4), {0}, workers()
    for _ in range(kills):
        listening, told = context.Pipe(duplex=False)
        writer = context.Process(target=_write_on, args=(tmp_path, told))
        writer.start()
        told.close()
        with os.fdopen(os.dup(listening.fileno()), "r") as lines:
            listening.close()
            acknowledged.add(int(lines.readline()))
            time.sleep(chance.uniform(0, 0.004))
            writer.kill()
            acknowledged.update(int(line) for line in lines if line.endswith("\n"))
        writer.join()
    logged = logs.read_all(REMARK, tmp_path, mend=True)["a"]
    assert [one.seq for one in logged] == list(range(1, len(logged) + 1))
    assert max(acknowledged) <= len(logged) <= max(acknowledged) + 1


def test_a_full_disk_logs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(tmp_path)

    def full(stream: object, data: bytes) -> None:
        stream.write(data[:20])  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log_files, "write", full)
    with pytest.raises(DecisionError, match="nothing was logged: No space left"):
        log.append(REMARK, tmp_path, "a", [remark(7)])
    assert (tmp_path / "a.jsonl").read_bytes() == b"".join(lines)


@pytest.mark.parametrize("trick", ["link", "device", "pipe", "folder", "hole"])
def test_what_only_has_the_name_of_a_head_is_refused_at_once(tmp_path: Path, trick: str) -> None:
    folder, elsewhere = tmp_path / "logs", tmp_path / "elsewhere"
    log.append(REMARK, folder, "a", [remark(0)])
    elsewhere.write_bytes((folder / "a.head").read_bytes())
    head = folder / "a.head"
    head.unlink()
    {
        "link": lambda: head.symlink_to(elsewhere),
        "device": lambda: head.symlink_to("/dev/zero"),
        "pipe": lambda: os.mkfifo(head),
        "folder": head.mkdir,
        "hole": lambda: os.close(os.open(head, os.O_CREAT)) or os.truncate(head, 2**31),
    }[trick]()
    what = r"a\.head: is (a symbolic link|not a regular file|a folder|larger than 1,048,576 bytes)"
    for deed in (
        lambda: logs.read_all(REMARK, folder),
        lambda: log.append(REMARK, folder, "a", [remark(1)]),
        lambda: logs.read_all(REMARK, folder, mend=True),
    ):
        with pytest.raises(DecisionError, match=what):
            deed()
    assert len((folder / "a.jsonl").read_bytes().splitlines()) == 1


@pytest.mark.parametrize("name", [".a.head.partial", "a.head.partial", "a.jsonl.torn-2"])
def test_nothing_is_written_through_a_link_beside_a_log(tmp_path: Path, name: str) -> None:
    folder, victim = tmp_path / "logs", tmp_path / "victim"
    log.append(REMARK, folder, "a", [remark(0)])
    victim.write_text("theirs")
    (folder / name).symlink_to(victim)
    with (folder / "a.jsonl").open("ab") as stream:
        stream.write(b'{"seq"')
    with contextlib.suppress(DecisionError):
        log.append(REMARK, folder, "a", [remark(1)])
    assert victim.read_text() == "theirs"
    assert len(log.read(REMARK, folder / "a.jsonl")) in {1, 2}


def test_a_log_that_is_a_hole_is_refused(tmp_path: Path) -> None:
    log.append(REMARK, tmp_path, "a", [remark(0)])
    os.truncate(tmp_path / "a.jsonl", 2**31)
    with pytest.raises(DecisionError, match="larger than 268,435,456 bytes"):
        logs.read_all(REMARK, tmp_path)


def changed_in_place(folder: Path, lines: list[bytes]) -> None:
    """Other bytes in the same file, as where another one gets the old one's place on the disk."""
    with (folder / "a.jsonl").open("r+b") as stream:
        stream.write(b"".join(lines))
        stream.truncate()
    (folder / "a.head").write_bytes(lines[-1])


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_log_that_is_another_one_in_the_same_place_is_read_from_the_start(
    tmp_path: Path, count: int
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    written(here, 3)
    other = written(there, count)
    held = log.Log(REMARK, here, "a")
    held.refresh()
    changed_in_place(here, other)
    held.refresh()
    assert held.entries == log.read(REMARK, there / "a.jsonl")
    assert held.append([remark(9)])[0].seq == count + 1
    assert len(log.read(REMARK, here / "a.jsonl")) == count + 1


def test_a_log_of_the_same_length_in_the_same_place_is_not_taken_for_the_old_one(
    tmp_path: Path,
) -> None:
    """Not to read it again would chain the next line to a line that is not there."""
    lines = written(tmp_path, 3)
    held = log.Log(REMARK, tmp_path, "a")
    held.refresh()
    lines[2] = lines[2].replace(b"topic-00002", b"topic-00006")
    changed_in_place(tmp_path, lines)
    held.append([remark(7)])
    assert [one.topic[-1] for one in log.read(REMARK, tmp_path / "a.jsonl")] == list("0167")


def test_a_log_that_is_replaced_while_somebody_waits_for_it_is_the_one_that_is_written(
    tmp_path: Path,
) -> None:
    """A lock on a file that has lost its name meanwhile would be one on what nobody reads."""
    lines = written(tmp_path, 2)
    path = tmp_path / "a.jsonl"
    with log_files.writing(path):
        waiting = threading.Thread(target=lambda: log.append(REMARK, tmp_path, "a", [remark(7)]))
        waiting.start()
        time.sleep(0.1)
        fresh = tmp_path / "fresh"
        fresh.write_bytes(b"".join(lines))
        fresh.replace(path)
    waiting.join()
    assert len(log.read(REMARK, path)) == 3


@pytest.mark.parametrize("name", ["a.torn-3", "a.joined-b", "a.jsonl.torn-3", "a.jsonl.joined-b"])
def test_a_log_counts_whatever_its_reviewer_is_called(tmp_path: Path, name: str) -> None:
    log.append(REMARK, tmp_path, name, [remark(0)])
    assert [*logs.read_all(REMARK, tmp_path)] == [name]
    assert verified(tmp_path)["logs"].keys() == {name}
