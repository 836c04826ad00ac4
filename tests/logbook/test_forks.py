"""Two logs of one person that part, as git leaves them: named wherever a log is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook import join, log, logs
from cxr_release.logbook.witnesses import of_git
from tests.support.remarks import REMARK, remark, verified
from tests.support.repository import Repository


class Clones(Repository):
    """A repository in which one person's log grew on two branches from line 41 on."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.say(*range(41))
        self.commit()
        self.git("switch", "-qc", "other")
        self.say(100, 101)
        self.commit()
        self.git("switch", "-q", "main")
        self.say(200, 201, 202)
        self.commit()

    def faults(self) -> list[str]:
        with pytest.raises(DecisionError) as caught:
            logs.read_all(REMARK, self.folder)
        with pytest.raises(DecisionError):
            log.append(REMARK, self.folder, "a", [remark(0)])
        return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def clones(tmp_path: Path) -> Clones:
    return Clones(tmp_path)


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_a_merge_in_conflict_is_named_and_what_is_advised_joins_both(
    clones: Clones, style: str
) -> None:
    clones.git("-c", f"merge.conflictStyle={style}", "merge", "-q", "other", allowed=1)
    (fault,) = clones.faults()
    assert "a.jsonl: line 42: is a git conflict marker" in fault
    assert "two logs of a part after line 41" in fault
    take, other_side = re.findall(r"`git -C ([^|`]*)[|`]", fault)
    assert f"cxr-release log join - --into {clones.log}" in fault
    clones.git("-C", *take.split())
    other = clones.bytes_of("-C", *other_side.split())
    done = join.join(REMARK, Path("-"), other, clones.log, lambda lines: [])
    assert (done.joined, done.parted_after) == (2, 41)
    verified(clones.folder)
    clones.git("add", "-A")
    clones.git("commit", "-qm", "merged")
    assert of_git(clones.root, [clones.folder]).faults == ()


def test_conflict_markers_in_the_head_alone_are_named(clones: Clones) -> None:
    clones.git("merge", "-q", "other", allowed=1)
    clones.git("checkout", "--ours", "--", "logs/a.jsonl")
    (fault,) = clones.faults()
    assert "a.head: line 1: is a git conflict marker" in fault


def test_one_side_s_log_with_the_other_side_s_head_is_named(clones: Clones) -> None:
    clones.git("merge", "-q", "other", allowed=1)
    clones.git("checkout", "--ours", "--", "logs/a.jsonl")
    clones.git("checkout", "--theirs", "--", "logs/a.head")
    (fault,) = clones.faults()
    assert "a.head is of another log of a: two logs part before it" in fault
    assert "cxr-release log join" in fault
    (clones.folder / "a.head").write_bytes(
        clones.bytes_of("show", "other:logs/a.jsonl").splitlines(keepends=True)[41]
    )
    (fault,) = clones.faults()
    assert "a.head is of another log of a: two logs part after line 41" in fault


def test_lines_of_both_sides_without_markers_are_named(clones: Clones) -> None:
    """What `merge=union` makes, or somebody who deletes the markers."""
    (clones.root / ".gitattributes").write_text("*.jsonl merge=union\n")
    clones.git("add", "-A")
    clones.git("commit", "-qm", "union")
    clones.git("merge", "-q", "other", allowed=1)
    clones.git("checkout", "--ours", "--", "logs/a.head")
    (fault,) = clones.faults()
    assert fault.startswith("a.jsonl: two logs of a part after line 41: restore one of them")


def test_one_side_alone_is_named_by_what_git_knows_and_joined_as_it_advises(
    clones: Clones,
) -> None:
    """`--ours`: nothing in the files themselves tells that anything is missing."""
    clones.git("merge", "-q", "-X", "ours", "other", allowed=1)
    clones.git("checkout", "main", "--", "logs")
    clones.git("commit", "-qam", "ours", allowed=1)
    logs.read_all(REMARK, clones.folder)
    (fault,) = of_git(clones.root, [clones.folder]).faults
    assert "logs/a.jsonl: lacks 2 of 43 line(s) that a branch that was merged" in str(fault)
    assert "cxr-release log join" in fault.remedy
    assert "--into logs/a.jsonl" in fault.remedy
    (blob,) = re.findall("`git cat-file blob ([0-9a-f]+)", fault.remedy)
    other = clones.bytes_of("cat-file", "blob", blob)
    join.join(REMARK, Path("-"), other, clones.log, lambda lines: [])
    assert of_git(clones.root, [clones.folder]).faults == ()


@settings(max_examples=60)
@given(data=st.data())
def test_lines_that_are_moved_removed_or_said_twice_are_no_two_logs(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """That two logs part is said where two lines follow one, and nowhere else."""
    folder = tmp_path_factory.mktemp("log")
    log.append(REMARK, folder, "a", [remark(index) for index in range(5)])
    lines = (folder / "a.jsonl").read_bytes().splitlines(keepends=True)
    shuffled = data.draw(st.permutations(lines))
    kept = data.draw(st.lists(st.sampled_from(shuffled), min_size=1, max_size=8))
    (folder / "a.jsonl").write_bytes(b"".join(kept))
    try:
        logs.read_all(REMARK, folder)
    except DecisionError as error:
        assert not any("two logs" in fault.what for fault in error.faults)
