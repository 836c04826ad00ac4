"""Two logs of one person, joined: both stand, in order of time, whichever was joined into which."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import join as joining
from cxr_release.logbook import log, logs
from cxr_release.logbook.entry import GENESIS, line_of
from cxr_release.logbook.logs import text_of
from cxr_release.logbook.shared_state import SharedState
from tests.support.failing_disk import failing
from tests.support.remarks import HASH, REMARK, NewRemark, Remark, remark, verified

Spoken = tuple[int, str, str]
"""Topic, word, time."""


def write(folder: Path, said: Sequence[Spoken], *, after: Path | None = None) -> Path:
    """A log of `a` with these remarks at these times, behind those of another one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "a.jsonl"
    if after:
        shutil.copy(after, path)
    texts = path.read_bytes().splitlines() if path.exists() else []
    for topic, word, at in said:
        prev = hashlib.sha256(texts[-1]).hexdigest() if texts else GENESIS
        place = {"seq": len(texts) + 1, "at": at, "reviewer": "a", "prev": prev}
        texts.append(line_of(REMARK.entered(remark(topic, word), **place)))
    path.write_bytes(b"".join(text + b"\n" for text in texts))
    if texts:
        (folder / "a.head").write_bytes(texts[-1] + b"\n")
    return path


def join(other: Path, into: Path) -> joining.Joined:
    return joining.join(REMARK, other, other.read_bytes(), into, lambda lines: [])


def standing(path: Path) -> dict[str, str]:
    held = log.Log(REMARK, path.parent, "a")
    held.refresh()
    return {topic: f"{one.word} {one.at}" for topic, one in held.effective.items()}


def at(minute: int) -> str:
    return f"2026-11-20T12:{minute:02d}:00.000Z"


COMMON = [(0, "good", at(0)), (1, "bad", at(1)), (2, "good", at(2))]


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    """A log here and one there, which part after line 3."""
    common = write(tmp_path / "common", COMMON)
    here = write(tmp_path / "here", [(1, "good", at(5)), (3, "good", at(9))], after=common)
    there = write(
        tmp_path / "there",
        [(0, "bad", at(4)), (1, "bad", at(7)), (2, "retract", at(8)), (4, "bad", at(10))],
        after=common,
    )
    return here, there


def test_both_stand_in_order_of_time(both: tuple[Path, Path]) -> None:
    here, there = both
    before, theirs = here.read_bytes(), there.read_bytes().splitlines()
    done = join(there, here)
    assert (done.joined, done.parted_after, done.went_on) == (4, 3, False)
    assert here.read_bytes().startswith(before)
    added = [json.loads(line) for line in here.read_bytes()[len(before) :].splitlines()]
    assert [one["at"] for one in added] == [at(4), at(7), at(8), at(10)]
    assert [one["joined_from"] for one in added] == [
        hashlib.sha256(line).hexdigest() for line in theirs[3:]
    ]
    assert [one["joined_line"] for one in added] == ["4", "5", "6", "7"]
    assert [one["seq"] for one in added] == [6, 7, 8, 9]
    assert standing(here) == {
        "topic-00000": f"bad {at(4)}",
        "topic-00001": f"bad {at(7)}",
        "topic-00003": f"good {at(9)}",
        "topic-00004": f"bad {at(10)}",
    }
    assert [one.topic[-1] for one in log.read(REMARK, here)] == list("012130124")
    assert done.differing == (joining.Differing("topic-00001", at(5), at(7), "there"),)
    assert "topic-00001: the joined line of 2026-11-20T12:07" in joining.text_of(done)
    assert "part after line 3" in joining.text_of(done)


def test_the_other_log_is_kept_and_verifies_by_itself(both: tuple[Path, Path]) -> None:
    here, there = both
    done = join(there, here)
    kept = here.with_name(done.kept)
    assert kept.read_bytes() == there.read_bytes()
    found = verified(here.parent)
    assert found["joined"] == [done.kept]
    assert f"{done.kept}: a log that was joined in, whole" in text_of(found, "remark")
    whole = kept.read_bytes()
    for damage, what in (
        (whole.replace(b'"bad"', b'"good"', 1), "chain is broken"),
        (whole[:-9], "ends within a line"),
        (b"".join(whole.splitlines(True)[:-1]), "does not end with the line that its name says"),
        (b"", "holds no line"),
    ):
        kept.write_bytes(damage)
        with pytest.raises(DecisionError) as caught:
            verified(here.parent)
        assert what in str(caught.value)
    kept.unlink()
    with pytest.raises(DecisionError, match=r"line 6: was joined in, and no branch beside") as bare:
        verified(here.parent)
    assert len(bare.value.faults) == 4
    kept.symlink_to(there)
    with pytest.raises(DecisionError, match="is a symbolic link"):
        verified(here.parent)


def test_a_line_that_is_not_the_one_that_was_joined_in_is_named(both: tuple[Path, Path]) -> None:
    """The chain alone does not tell: whoever forges the end of a log forges it and its head."""
    here, there = both
    join(there, here)
    lines = here.read_bytes().splitlines(True)
    lines[-1] = lines[-1].replace(b'"bad"', b'"good"')
    here.write_bytes(b"".join(lines))
    here.with_suffix(".head").write_bytes(lines[-1])
    assert len(logs.read_all(REMARK, here.parent)["a"]) == 9
    with pytest.raises(DecisionError, match="line 9: is not the line that it was joined in from"):
        verified(here.parent)


def test_joining_twice_is_joining_once(both: tuple[Path, Path]) -> None:
    here, there = both
    join(there, here)
    files = {path.name: path.read_bytes() for path in here.parent.iterdir()}
    for other in (there, here, here.with_name(next(name for name in files if ".joined-" in name))):
        done = join(other, here)
        assert done.joined == 0
        assert "holds every line of it already" in joining.text_of(done)
    assert {path.name: path.read_bytes() for path in here.parent.iterdir()} == files


def test_a_log_that_only_went_on_is_taken_as_it_is(tmp_path: Path) -> None:
    here = write(tmp_path / "here", COMMON)
    there = write(tmp_path / "there", [(5, "bad", at(3))], after=here)
    done = join(there, here)
    assert (done.joined, done.went_on, done.kept) == (1, True, "")
    assert here.read_bytes() == there.read_bytes()
    assert join(write(tmp_path / "old", COMMON), here).joined == 0
    fresh = tmp_path / "nothing/a.jsonl"
    assert join(there, fresh).joined == 4
    assert fresh.read_bytes() == there.read_bytes()


def test_logs_without_a_line_in_common_are_joined_and_it_is_said(tmp_path: Path) -> None:
    here = write(tmp_path / "here", [(0, "good", at(5))])
    there = write(tmp_path / "there", [(0, "bad", at(3)), (1, "bad", at(6))])
    done = join(there, here)
    assert "the two logs have no line in common" in joining.text_of(done)
    assert standing(here) == {"topic-00000": f"good {at(5)}", "topic-00001": f"bad {at(6)}"}


def test_a_clock_that_went_back_moves_no_line_before_one_that_it_followed(tmp_path: Path) -> None:
    common = write(tmp_path / "common", [(0, "good", at(30))])
    here = write(tmp_path / "here", [(1, "good", at(31))], after=common)
    there = write(tmp_path / "there", [(0, "bad", at(10)), (1, "bad", at(32))], after=common)
    done = join(there, here)
    assert done.set_back == 1
    assert "1 of these lines have an earlier time" in joining.text_of(done)
    assert standing(here) == {"topic-00000": f"bad {at(10)}", "topic-00001": f"bad {at(32)}"}
    assert standing(here) == (join(here, there) and standing(there))


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda text: text.replace(b'"bad"', b'"good"', 1), "chain is broken"),
        (lambda text: b"".join(text.splitlines(True)[1:]), "chain is broken"),
        (lambda text: text[:-5], "ends within a line"),
        (lambda text: b"", "holds no line"),
        (lambda text: b"\0" * 99 + b"\n", "is not a remark"),
        (lambda text: text.replace(b'"reviewer":"a"', b'"reviewer":"b"'), "is a log of 'b'"),
        (lambda text: text.replace(b"\n", b"\r\n"), "Windows line ends"),
        (lambda text: b"<<<<<<< HEAD\n" + text, "conflict marker"),
        (lambda text: text + text.splitlines(True)[-1].replace(b"10:00", b"11:00"), "part after"),
    ],
)
def test_what_is_no_whole_log_of_that_person_is_not_joined(
    both: tuple[Path, Path], spoil: object, what: str
) -> None:
    here, there = both
    files = {path.name: path.read_bytes() for path in here.parent.iterdir()}
    there.write_bytes(spoil(there.read_bytes()))  # type: ignore[operator]
    with pytest.raises(DecisionError) as caught:
        join(there, here)
    assert what in str(caught.value)
    assert {path.name: path.read_bytes() for path in here.parent.iterdir()} == files


def test_what_is_about_something_else_is_not_joined(both: tuple[Path, Path]) -> None:
    here, there = both
    before = here.read_bytes()
    with pytest.raises(DecisionError, match="does not fit this project") as caught:
        joining.join(REMARK, there, there.read_bytes(), here, lambda lines: [Fault("x", "y")])
    assert caught.value.faults == (Fault("x", "y"),)
    assert here.read_bytes() == before
    assert len(list(here.parent.iterdir())) == 2


def test_nothing_is_joined_into_a_log_that_does_not_verify(both: tuple[Path, Path]) -> None:
    here, there = both
    here.write_bytes(here.read_bytes().replace(b'"bad"', b'"good"', 1))
    with pytest.raises(DecisionError, match="chain is broken"):
        join(there, here)
    assert len(list(here.parent.iterdir())) == 2


SPOKEN = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["good", "bad", "retract"]),
        st.integers(0, 5).map(at)
        | st.sampled_from(["2026-13-45T25:61:61Z", "2026-11-20T14:03:00+02:00"]),
    ),
    max_size=5,
)


@settings(max_examples=80)
@given(common=SPOKEN, one=SPOKEN, other=SPOKEN, third=SPOKEN, later=SPOKEN)
def test_any_two_branches_of_any_log_join_to_both(
    common: list[Spoken],
    one: list[Spoken],
    other: list[Spoken],
    third: list[Spoken],
    later: list[Spoken],
) -> None:
    """And any three, in any order; and what is said after a join is later than all before it."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        base = write(root / "base", common)
        made = [
            write(root / str(at), said, after=base) for at, said in enumerate((one, other, third))
        ]
        if not all(path.stat().st_size for path in made):
            return
        own = [path.read_bytes() for path in made]
        orders = [(0, 1, 2), (1, 0, 2), (2, 1, 0)]
        found = []
        for order in orders:
            into = write(root / "-".join(map(str, order)), [], after=made[order[0]])
            before = into.read_bytes()
            join(made[order[1]], into)
            if order == (1, 0, 2):  # one that was joined already is joined as a whole
                two = write(root / "two", [], after=made[2])
                join(into, two)
                into = two
                before = own[2]
            else:
                join(made[order[2]], into)
            assert into.read_bytes().startswith(before)
            verified(into.parent)
            found.append(standing(into))
            said = {(one.topic, one.word, one.at) for one in log.read(REMARK, into)}
            everything = [*common, *one, *other, *third]
            assert said == {(remark(topic).topic, word, time) for topic, word, time in everything}
        assert found[0] == found[1] == found[2]
        write(into.parent, later)
        expected = {f"topic-{topic:05d}": f"{word} {time}" for topic, word, time in later}
        stands = found[-1] | expected
        assert standing(into) == {
            topic: said for topic, said in stands.items() if not said.startswith("retract")
        }


def test_a_server_that_runs_reads_what_was_joined_in(both: tuple[Path, Path]) -> None:
    here, there = both
    known = {remark(index).topic: HASH for index in range(5)}
    votes: SharedState[NewRemark, Remark] = SharedState(REMARK, here.parent, known)
    mine = votes.log_of("a")
    votes.refresh()
    seen = len(votes.changed)
    join(there, here)
    assert mine.append([remark(0)])[0].seq == 10
    votes.refresh()
    assert votes.effective["a"].keys() == {remark(index).topic for index in (0, 1, 3, 4)}
    assert votes.effective["a"][remark(1).topic].word == "bad"
    assert set(votes.changed[seen:]) == known.keys()
    verified(here.parent)


def _say(folder: Path, count: int) -> None:
    held = log.Log(REMARK, folder, "a")
    for index in range(count):
        held.append([remark(100 + index)])


def test_a_join_beside_somebody_who_writes_loses_no_line(both: tuple[Path, Path]) -> None:
    here, there = both
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_say, args=(here.parent, 150)) for _ in range(2)]
    for writer in writers:
        writer.start()
    while len(here.read_bytes().splitlines()) < 30:
        time.sleep(0.005)
    assert join(there, here).joined == 4
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(log.read(REMARK, here)) == 5 + 4 + 300
    verified(here.parent)


@pytest.mark.parametrize("code", [28, 5])
def test_a_join_on_a_disk_that_fails_is_whole_or_is_none(
    both: tuple[Path, Path], code: int
) -> None:
    here, there = both
    files = {path.name: path.read_bytes() for path in here.parent.iterdir()}
    for nth in range(1, 40):
        with failing(nth, code) as disk:
            try:
                done = join(there, here)
            except DecisionError as error:
                assert error.what.startswith("nothing was joined: ")
                assert {path.name: path.read_bytes() for path in here.parent.iterdir()} == files
                continue
        assert done.joined == 4
        verified(here.parent)
        assert not list(here.parent.glob("*.partial"))
        if not disk.failed:
            break
        for path in here.parent.iterdir():
            path.unlink()
        for name, data in files.items():
            (here.parent / name).write_bytes(data)
    assert nth > 5


JOINER = """
import sys
from pathlib import Path
from tests.support.remarks import REMARK, verified
from cxr_release.logbook import join
other, into = map(Path, sys.argv[1:3])
print("ready", flush=True)
join.join(REMARK, other, other.read_bytes(), into, lambda lines: [])
print("joined", flush=True)
"""


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_killed_join_joined_everything_or_nothing(tmp_path: Path) -> None:
    """Kills gather around the moment from which the lines count, however fast the machine is."""
    chance = random.Random(7)
    common = write(tmp_path / "common", COMMON)
    many = [(index % 50, "bad", at(index % 60)) for index in range(3000)]
    there = write(tmp_path / "there", many, after=common)
    outcomes = set()
    longest = 0.1
    for number in range(60):
        here = write(tmp_path / str(number), [(0, "good", at(9))], after=common)
        before = here.read_bytes()
        joiner = subprocess.Popen(
            [sys.executable, "-S", "-c", JOINER, str(there), str(here), str(Path(__file__).parent)],
            stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        assert joiner.stdout is not None
        assert joiner.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, longest))
        os.kill(joiner.pid, signal.SIGKILL)
        told = "joined" in joiner.stdout.read()
        joiner.wait(timeout=60)
        joiner.stdout.close()
        lines = here.read_bytes()
        whole = len(lines.splitlines()) == 4 + 3000
        assert whole or (lines == before and not told)
        outcomes.add(whole)
        longest = longest / 1.25 if whole else min(longest * 1.25, 20)
        assert join(there, here).joined == (0 if whole else 3000)
        verified(here.parent)
    assert outcomes == {True, False}
