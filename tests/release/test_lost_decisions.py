"""A project in git: what was lost is named, and nothing is rewritten on checkout."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.cli.commands import main
from cxr_release.cli.log import text_of, verify_logs
from cxr_release.errors import DecisionError
from cxr_release.files import WINDOWS_ENDS, tree_sha256, write_json
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.stages import screen
from tests.support import ROOT
from tests.support.oriented import oriented_row

FILM = "checkpoint-3-large-00001"
LOG = "data/reviews/screening/a.b.jsonl"


def git(root: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *who, *words], cwd=root, check=True, capture_output=True, text=True
    ).stdout


def run(root: Path, *words: str) -> tuple[int, str, str]:
    """A command in this process: exit code, output, errors."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setattr(sys, "argv", ["cxr-release", *words, "--root", str(root)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def root(untouched: Path, tmp_path: Path) -> Path:
    """A project of the test's own."""
    return Path(shutil.copytree(untouched, tmp_path / "project", symlinks=True))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in git, with films, and a log of one person who decided on five: to be copied."""
    root = tmp_path_factory.mktemp("untouched") / "project"
    (root / "cards/phantoms").mkdir(parents=True)
    for name in (
        "params.yaml",
        "dvc.yaml",
        "cards/phantoms/reasons.yaml",
        ".gitattributes",
        ".gitignore",
    ):
        (root / name).write_bytes((ROOT / name).read_bytes())
    paths = Paths(root)
    for job in load_params(paths.params).sample.jobs:
        films = [np.full((16, 16), 10 * index, np.uint8) for index in range(6)]
        rows = [oriented_row(film, *job, index) for index, film in enumerate(films)]
        tables.write(paths.oriented_table(*job), schemas.ORIENTED, rows)
    write_json(paths.copies, {})
    write_json(paths.orders / "c.d.json", {"reviewer": "c.d"})
    for index in range(1, 6):
        assert run(root, "keep", f"{FILM[:-1]}{index}", "--reviewer", "a.b")[0] == 0
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    return root


def test_who_was_asked_and_what_is_unknown_is_said(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = verify_logs(Project(root), None, None)
    assert found["witnesses"]["asked"] == ["git"]
    assert text_of(found).endswith(
        "c.d was given an order and has no log: has decided nothing yet, or the log is gone\n"
        "git knows of no line that is missing"
    )
    code, text, _ = run(root, "status")
    assert code == 0
    Project(root).open_logs(Paths(root).screening_log, ["a.b", "a.bb", "zz", "c.d"])
    assert capsys.readouterr().err.splitlines() == [
        "a.bb has no log here; did you mean a.b?",
        "zz has no log here",
        "c.d has no log here; an order was given before: the log is gone, or was never begun",
    ]  # fmt: skip
    assert "note       c.d was given an order and has no log" in text


def test_an_order_of_another_task_says_nothing_of_this_one_s_log(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = Paths(root)
    paths.orders.mkdir(parents=True, exist_ok=True)
    (paths.orders / "a.b.json").write_text("{}")
    Project(root).open_logs(paths.audit_log, ["a.b"])
    assert capsys.readouterr().err == "a.b has no log here\n"


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.read_bytes().index(b"\n") + 1])


@pytest.mark.parametrize(
    ("lose", "head"),
    [
        (Path.unlink, Path.unlink),
        (emptied, emptied),
        (cut, Path.unlink),
        pytest.param(Path.unlink, emptied, marks=pytest.mark.long),
        pytest.param(emptied, Path.unlink, marks=pytest.mark.long),
        pytest.param(cut, emptied, marks=pytest.mark.long),
    ],
)
def test_a_log_that_was_lost_or_cut_with_its_head_stops_what_would_go_on_from_it(
    root: Path, lose: Callable[[Path], None], head: Callable[[Path], None]
) -> None:
    lose(root / LOG)
    head((root / LOG).with_suffix(".head"))
    before = (root / LOG).read_bytes() if (root / LOG).exists() else None
    for words in (
        ("log", "verify"),
        ("keep", FILM, "--reviewer", "a.b"),
        ("exclude", FILM, "--reason", "artefact", "--reviewer", "a.b"),
        ("review", "--reviewer", "a.b"),
    ):
        code, _, said = run(root, *words)
        assert code == 1, words
        assert f"{LOG}: " in said
        assert f"`git checkout HEAD -- {LOG}` restores it" in said
    with pytest.raises(DecisionError, match=r"a\.b\.jsonl"):
        screen.run(Paths(root), load_params(root / "params.yaml"))
    assert f"to do      {LOG}: " in run(root, "status")[1]
    assert ((root / LOG).read_bytes() if (root / LOG).exists() else None) == before
    # Another's work goes on.
    assert run(root, "keep", FILM, "--reviewer", "e.f")[0] == 0
    note = "git knows nothing of what was never committed: data/reviews/screening/e.f.jsonl"
    assert note in run(root, "status")[1]
    git(root, "checkout", "HEAD", "--", LOG)
    assert run(root, "keep", FILM, "--reviewer", "a.b")[0] == 0
    assert run(root, "log", "verify")[0] == 0


def test_without_git_a_log_without_a_head_is_not_called_whole(root: Path) -> None:
    shutil.rmtree(root / ".git")
    code, text, _ = run(root, "log", "verify")
    assert (code, "1 log(s) of decisions, all whole; held against 36 films" in text) == (0, True)
    assert text.endswith("whether lines are missing was not checked\n")
    path = root / LOG
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    for head in (b"", None):
        if head is None:
            path.with_suffix(".head").unlink()
        else:
            path.with_suffix(".head").write_bytes(head)
        code, text, _ = run(root, "log", "verify")
        assert code == 0
        assert "all whole" not in text.splitlines()[1]
        assert "without a head file, which would show missing last lines: a.b; held" in text


def hashed(root: Path) -> dict[str, str]:
    """What DVC and the chains hash, of what git tracks."""
    return {name: tree_sha256(root / name) for name in git(root, "ls-files").splitlines()}


def test_a_clone_on_windows_is_the_same_to_the_byte(root: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "project",
        "clone")  # fmt: skip
    assert hashed(clone) == hashed(root)
    shutil.copytree(root / "data/oriented", clone / "data/oriented")
    code, text, _ = run(clone, "log", "verify")
    assert (code, text.splitlines()[0]) == (0, "a.b: 5 line(s), 5 decision(s) in effect")
    assert run(clone, "keep", FILM, "--reviewer", "a.b")[0] == 0
    git(clone, "commit", "-q", "-a", "-m", "y")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", "clone", "again")
    assert hashed(tmp_path / "again") == hashed(clone)


def test_without_the_attributes_the_line_ends_are_named_and_the_remedy_works(
    root: Path, tmp_path: Path
) -> None:
    git(root, "rm", "-q", ".gitattributes")
    git(root, "commit", "-q", "-m", "y")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", "project", "clone")
    clone = tmp_path / "clone"
    for words in (("log", "verify"), ("keep", FILM, "--reviewer", "a.b")):
        code, _, said = run(clone, *words) if words[0] == "log" else _kept(root, clone)
        assert code == 1
        assert f"a.b.jsonl: {WINDOWS_ENDS}: run `git config core.autocrlf false`" in said
        assert "changed" not in said
    said = run(clone, "log", "verify")[2]
    _, config, _, checkout, _ = said.split("`")
    subprocess.run(config.split(), cwd=clone, check=True)
    for path in (clone / "data/reviews/screening").glob("a.b.*"):
        path.rename(tmp_path / path.name)
    subprocess.run(checkout.split(), cwd=clone, check=True)
    assert run(clone, "log", "verify")[0] == 0
    assert (clone / LOG).read_bytes() == (root / LOG).read_bytes()


def _kept(root: Path, clone: Path) -> tuple[int, str, str]:
    shutil.copytree(root / "data/oriented", clone / "data/oriented")
    return run(clone, "keep", FILM, "--reviewer", "a.b")


def test_a_side_that_a_merge_dropped_is_joined_by_the_command_that_is_named(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "side")
    run(root, "exclude", FILM, "--reason", "artefact", "--reviewer", "a.b")
    git(root, "commit", "-q", "-a", "-m", "side")
    git(root, "checkout", "-q", "main")
    run(root, "keep", f"{FILM[:-1]}0", "--reviewer", "a.b")
    git(root, "commit", "-q", "-a", "-m", "main")
    git(root, "merge", "-q", "--no-edit", "-s", "ours", "side")
    code, _, said = run(root, "log", "verify")
    assert code == 1
    assert f"{LOG}: lacks 1 of 6 line(s) that a branch that was merged in" in said
    command = said.split("`")[1]
    entry = f"{sys.executable} -m cxr_release.cli"
    subprocess.run(
        ["sh", "-c", command.replace("cxr-release", entry)],
        cwd=root,
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    code, text, said = run(root, "log", "verify")
    assert code == 0, said
    assert "git knows of no line that is missing" in text
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "joined")
    assert run(root, "log", "verify")[0] == 0
    assert run(root, "keep", FILM, "--reviewer", "a.b")[0] == 0


def test_dvc_finds_nothing_changed_in_a_clone_on_windows(tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "data/reviews").mkdir(parents=True)
    (root / "data/reviews/a.jsonl").write_bytes(b"{}\n{}\n")
    (root / "code.py").write_bytes(b"a = 1\nb = 2\n")
    (root / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    (root / "dvc.yaml").write_text(
        "stages: {one: {cmd: cp code.py out, deps: [code.py, data/reviews], outs: [out]}}\n"
    )
    git(root, "init", "-q")
    ignored = shutil.ignore_patterns("cache", "tmp")
    shutil.copytree(ROOT / ".dvc", root / ".dvc", ignore=ignored)
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=root, check=True)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "x")
    git(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", "project", "clone")
    shutil.copytree(root / ".dvc/cache", tmp_path / "clone/.dvc/cache")
    shutil.copy(root / "out", tmp_path / "clone/out")
    status = [sys.executable, "-m", "dvc", "status", "-q"]
    assert subprocess.run(status, cwd=tmp_path / "clone", check=False).returncode == 0
