"""What git knows of logs that were lost, cut, or dropped by a merge."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook import git_history as asking
from cxr_release.logbook import log
from cxr_release.logbook.witnesses import GitCheck, of_git, people_without_log, require_kept
from tests.support.remarks import REMARK, remark
from tests.support.repository import Repository


class Project(Repository):
    """A repository with logs in `logs` and once-written files beside them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.say(0, 1, 2, 3, 4)
        self.commit()

    def heard(self) -> GitCheck:
        return of_git(self.root, [self.folder])

    def faults(self) -> list[str]:
        return [str(fault) for fault in self.heard().faults]

    def merge(self, *words: str) -> None:
        self.git("merge", "-q", "--no-edit", *words, allowed=1)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


def _cut(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))


RESTORED = "`git checkout HEAD -- logs/a.jsonl` restores it; if it is to be so, commit that"


@pytest.mark.parametrize(
    ("lose", "said"),
    [
        (Path.unlink, "logs/a.jsonl: is gone; git's HEAD holds 5 line(s) of it"),
        (lambda path: path.write_bytes(b""), "lacks 5 of 5 line(s) that git's HEAD holds, from"),
        (_cut, "logs/a.jsonl: lacks 3 of 5 line(s) that git's HEAD holds, from line 3 on"),
        (lambda path: shutil.rmtree(path.parent), "logs/a.jsonl: is gone"),
    ],
)
def test_what_was_committed_must_be_there(
    project: Project, lose: Callable[[Path], None], said: str
) -> None:
    assert project.heard() == GitCheck(tracked=True)
    project.say(5)
    assert project.faults() == []
    lose(project.log)
    (fault,) = project.faults()
    assert said in fault
    assert RESTORED in fault
    with pytest.raises(DecisionError, match=r"logs/a\.jsonl"):
        require_kept(project.root, [project.folder])
    subprocess.run(["sh", "-c", fault.split("`")[1]], cwd=project.root, check=True)
    assert project.faults() == []


def test_what_is_to_be_so_is_committed(project: Project) -> None:
    project.log.unlink()
    project.commit()
    assert project.faults() == []


def test_a_log_that_was_begun_anew_keeps_both(project: Project) -> None:
    project.log.unlink()
    (project.folder / "a.head").unlink()
    project.say(7, 8)
    (fault,) = project.faults()
    assert "lacks 5 of 5 line(s)" in fault
    assert "| cxr-release log join - --into logs/a.jsonl`" in fault
    assert "checkout" not in fault


def test_files_that_are_written_once_must_be_the_same(project: Project) -> None:
    names = {"1.0.0/release.json": b"{}\n", "orders/a.json": b"1\n", "more.csv": b"a\n"}
    for name, data in names.items():
        (project.folder / name).parent.mkdir(exist_ok=True)
        (project.folder / name).write_bytes(data)
    (project.folder / ".gitkeep").touch()
    project.commit()
    (project.folder / ".gitkeep").unlink()
    (project.folder / "a.head").unlink()
    assert project.faults() == []
    for name in names:
        (project.folder / name).write_bytes(b"other\n")
    assert project.faults() == [
        f"logs/{name}: is not the version that git's HEAD holds: `git checkout HEAD -- logs/{name}`"
        " restores it; if it is to be so, commit that"
        for name in ("1.0.0/release.json", "orders/a.json")
    ]  # a CSV may have been replaced by a more complete one
    shutil.rmtree(project.folder / "1.0.0")
    (project.folder / "more.csv").unlink()
    assert [fault.split(";")[0] for fault in project.faults()] == [
        "logs/1.0.0/release.json: is gone",
        "logs/more.csv: is gone",
        "logs/orders/a.json: is not the version that git's HEAD holds: `git checkout HEAD --"
        " logs/orders/a.json` restores it",
    ]


def test_windows_line_ends_are_no_loss(project: Project) -> None:
    (project.folder / "order.json").write_bytes(b"{\n}\n")
    project.commit()
    for path in (project.log, project.folder / "order.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert project.faults() == []


def fork(project: Project, *, also: str = "a") -> None:
    """Two branches: main says 10 and 11, side says 20 to 22."""
    project.git("checkout", "-q", "-b", "side")
    project.say(20, 21, 22, by=also)
    project.commit()
    project.git("checkout", "-q", "main")
    project.say(10, 11)
    project.commit()


@pytest.mark.parametrize("later", [False, True])
def test_a_merge_that_dropped_a_side_is_named(project: Project, later: bool) -> None:
    fork(project)
    project.merge("-s", "ours", "side")
    if later:
        project.say(12)
        project.commit()
    (fault,) = project.faults()
    assert "lacks 3 of 8 line(s) that a branch that was merged in" in fault
    take, _, join = fault.split("`")[1].partition(" | ")
    side = project.git("show", "side:logs/a.jsonl")
    assert project.git(*take.split()[1:]) == side
    assert join == "cxr-release log join - --into logs/a.jsonl"


def test_a_merge_that_dropped_another_person_s_log_is_named(project: Project) -> None:
    fork(project, also="b")
    project.merge("-s", "ours", "side")
    (fault,) = project.faults()
    assert fault.startswith("logs/b.jsonl: is gone; a branch that was merged in")
    subprocess.run(["sh", "-c", fault.split("`")[1]], cwd=project.root, check=True)
    assert project.faults() == []


def test_a_merge_that_is_under_way_is_looked_at(project: Project) -> None:
    fork(project)
    project.merge("side")
    project.git("checkout", "--ours", "logs/a.jsonl", "logs/a.head")
    (fault,) = project.faults()
    assert "lacks 3 of 8 line(s) that the branch that is being merged holds" in fault
    project.git("merge", "--abort")
    assert project.faults() == []


def test_lines_that_were_joined_in_are_there(project: Project) -> None:
    fork(project)
    project.merge("-s", "ours", "side")
    lost = project.git("show", "side:logs/a.jsonl").splitlines()[5:]
    told = [f'{{"note":"","joined_from":"{log.line_hash(line.encode())}"}}\n' for line in lost]
    with project.log.open("a") as stream:
        stream.writelines(told[:2])
    assert "lacks 1 of 8" in project.faults()[0]
    with project.log.open("a") as stream:
        stream.write(told[2])
    assert project.faults() == []


def test_a_branch_that_said_nothing_new_loses_nothing(project: Project) -> None:
    project.git("checkout", "-q", "-b", "side")
    (project.root / "code.py").write_text("1")
    project.commit()
    project.git("checkout", "-q", "main")
    project.log.unlink()  # moved away, and committed
    project.commit()
    project.merge("side")
    assert project.git("rev-list", "--merges", "--count", "HEAD") == "1\n"
    assert project.faults() == []


def test_a_good_merge_is_good(project: Project) -> None:
    fork(project, also="b")
    project.merge("side")
    assert len(project.log.read_bytes().splitlines()) == 7
    assert project.faults() == []


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["say", "commit", "cut", "other"]), max_size=6))
def test_only_what_was_committed_and_is_missing_is_missing(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[str]
) -> None:
    project = Project(tmp_path_factory.mktemp("git") / "project")
    committed = project.log.read_bytes().splitlines(keepends=True)
    for place, deed in enumerate(deeds):
        lines = project.log.read_bytes().splitlines(keepends=True)
        if deed == "say":
            project.say(50 + place)
        elif deed == "other":
            project.say(50 + place, by="b")
        elif deed == "commit":
            project.commit()
            committed = lines
        else:
            project.log.write_bytes(b"".join(lines[:-1]))
            (project.folder / "a.head").unlink(missing_ok=True)
    left = project.log.read_bytes().splitlines(keepends=True)[: len(committed)]
    found = [fault for fault in project.faults() if "a.jsonl" in fault]
    assert bool(found) == (left != committed), (left, committed)


def test_without_git_nothing_is_said_of_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(project.folder, plain / "logs")
    assert of_git(plain, [plain / "logs"]) == GitCheck()
    project.log.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert project.heard() == GitCheck(failure="git is not installed")
    require_kept(project.root, [project.folder])


def test_a_repository_without_a_commit_holds_nothing(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert of_git(tmp_path, [tmp_path / "logs"]) == GitCheck(tracked=True)
    log.append(REMARK, tmp_path / "logs", "a", [remark(0)])
    heard = of_git(tmp_path, [tmp_path / "logs"])
    assert heard == GitCheck(tracked=True, uncommitted=("logs/a.jsonl",))


def _branch(root: Path) -> Path:
    return root / ".git" / (root / ".git/HEAD").read_text().split()[1]


def _break_commit(root: Path) -> None:
    commit = _branch(root).read_text().strip()
    (root / ".git/objects" / commit[:2] / commit[2:]).unlink()


@pytest.mark.parametrize("break_it", [
    lambda root: shutil.rmtree(root / ".git/objects"),
    lambda root: (root / ".git/HEAD").write_text("rubbish"),
    lambda root: (root / ".git/config").write_text("[rubbish"),
    _break_commit,
    lambda root: _branch(root).write_text(""),
    lambda root: _branch(root).write_text("f" * 40 + "\n"),
])  # fmt: skip
def test_a_broken_repository_could_not_be_asked(
    project: Project, break_it: Callable[[Path], None]
) -> None:
    break_it(project.root)
    heard = project.heard()
    assert (heard.faults, heard.tracked) == ((), False)
    assert "git" in heard.failure


def test_who_goes_on_without_gits_word_is_told_why_it_has_none(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    require_kept(project.root, [project.folder])
    assert caplog.messages == []
    (project.root / ".git/config").write_text("[rubbish")
    require_kept(project.root, [project.folder])
    (said,) = caplog.messages
    assert "git could not be asked whether lines are missing" in said
    assert "bad config line" in said  # in git's own words: it may be only who owns the folder


def test_lines_that_a_rebase_dropped_are_told_while_git_knows_them(project: Project) -> None:
    project.git("checkout", "-q", "-b", "other")
    project.say(5, 6)
    project.commit()
    project.git("checkout", "-q", "-")
    project.say(7)
    project.commit()
    project.git("checkout", "-q", "other")
    assert project.heard().abandoned == ()
    project.git("rebase", "-q", "-X", "ours", "@{-1}")
    assert project.faults() == []
    (said,) = project.heard().abandoned
    assert said.startswith("logs/a.jsonl lacks 2 line(s) of commit ")
    command = said.split("`")[1]
    assert "cat-file blob" in command
    lost = project.git(*command.split(" | ")[0].split()[1:]).splitlines()[5:]
    with project.log.open("a") as stream:  # as `log join` would
        for line in lost:
            stream.write(f'{{"note":"","joined_from":"{log.line_hash(line.encode())}"}}\n')
    assert project.heard().abandoned == ()
    project.commit()
    assert (project.faults(), project.heard().abandoned) == ([], ())


def test_lines_that_a_reset_took_away_are_told(project: Project) -> None:
    project.say(5)
    project.commit()
    project.git("branch", "kept")
    project.git("reset", "-q", "--hard", "HEAD~1")
    assert project.heard() == GitCheck(tracked=True)  # a branch holds it: it is on another one
    project.git("branch", "-q", "-D", "kept")
    (said,) = project.heard().abandoned
    assert "lacks 1 line(s) of commit" in said
    project.git("commit", "-q", "--amend", "-m", "other words")
    assert len(project.heard().abandoned) == 1


def test_what_is_no_file_is_not_called_gone(project: Project, tmp_path: Path) -> None:
    project.log.rename(tmp_path / "a.jsonl")
    project.log.symlink_to(tmp_path / "a.jsonl")
    assert "logs/a.jsonl: is not a regular file; git's HEAD holds 5" in project.faults()[0]


def test_a_slow_or_talkative_git_is_not_waited_for(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(asking, "SECONDS", 0.2)
    assert "too long" in project.heard().failure
    fake.write_text("#!/bin/sh\nexec cat /dev/zero\n")
    monkeypatch.setattr(asking, "SECONDS", 20)
    monkeypatch.setattr(asking, "LARGEST", 1000)
    assert "too large" in project.heard().failure


def test_nothing_of_a_hostile_repository_is_run(project: Project, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/pwned\n")
    evil.chmod(0o755)
    for line in (
        *("core.fsmonitor", "core.pager", "pager.ls-tree", "core.sshCommand", "diff.external"),
        *("gpg.program", "filter.x.smudge", "filter.x.clean", "diff.x.textconv", "core.editor"),
        *("alias.ls-tree", "core.askPass", "credential.helper", "core.alternateRefsCommand"),
    ):
        project.git("config", line, f"!{evil}" if line.startswith("alias") else str(evil))
    for setting in ("log.showSignature=true", f"core.hooksPath={tmp_path}/hooks",
                    f"remote.origin.url=ext::{evil}", "remote.origin.promisor=true",
                    "extensions.partialClone=origin", "protocol.ext.allow=always"):  # fmt: skip
        project.git("config", *setting.split("=", 1))
    (project.root / ".gitattributes").write_text("* filter=x diff=x\n")
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        shutil.copy(evil, tmp_path / "hooks" / hook)
    blob = project.git("rev-parse", "HEAD:logs/a.jsonl").strip()
    (project.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    project.log.unlink()
    project.heard()  # the blob is promised by a remote that runs a program
    assert not (tmp_path / "pwned").exists()


def test_a_tree_that_leads_out_of_the_folder_is_not_followed(project: Project) -> None:
    out = project.folder / "link"
    out.symlink_to("/etc/passwd")
    project.commit()
    out.unlink()
    os.mkfifo(project.folder / "pipe.jsonl")
    assert project.faults() == []


def test_people_with_an_order_and_without_a_log_are_named(tmp_path: Path) -> None:
    orders, logs, more = tmp_path / "orders", tmp_path / "logs", tmp_path / "more"
    assert people_without_log(orders, [logs]) == []
    orders.mkdir()
    for who in ("a", "b", "c", "d"):
        (orders / f"{who}.json").touch()
    log.append(REMARK, logs, "a", [remark(0)])
    log.append(REMARK, more, "c", [remark(0)])
    (logs / "d.head").touch()
    (logs / "e.jsonl").touch()
    assert people_without_log(orders, [logs, more]) == ["b"]
