"""A command on a disk that fails did what it was asked to do, or did not, and says which."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.film_id import BATCHES, source_name
from cxr_release.films import png
from cxr_release.logbook.log import read
from cxr_release.params.load import load_params
from cxr_release.paths import Paths
from cxr_release.release.versions.published import FILMS
from cxr_release.screening.decision import DECISION, FACING
from cxr_release.stages import screen
from tests.support import ROOT
from tests.support.commands import run
from tests.support.failing_disk import CODES, failing
from tests.support.oriented import oriented_row


@pytest.fixture
def project(untouched: Path, tmp_path: Path) -> Path:
    """A project of the test's own."""
    return Path(shutil.copytree(untouched, tmp_path, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two films a job, a reviewer's log and a published version: to be copied."""
    root = tmp_path_factory.mktemp("project")
    (root / "cards/phantoms").mkdir(parents=True)
    for name in ("params.yaml", "cards/phantoms/reasons.yaml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    params, paths = load_params(root / "params.yaml"), Paths(root)
    film = np.random.default_rng(0).integers(0, 255, (16, 16), dtype=np.uint8)
    rows = []
    for checkpoint in params.sample.checkpoints:
        for batch in BATCHES:
            some = [oriented_row(film, checkpoint, batch, index) for index in range(2)]
            tables.write(
                paths.oriented_table(source_name(checkpoint), batch), schemas.ORIENTED, some
            )
            rows += [one | {"release_version": "0.0.1"} for one in some]
    out = paths.published / "0.0.1"
    write_json(out / "release.json", {"version": "0.0.1", "tombstones": []})
    tables.write(
        out / "films.parquet", FILMS, [{name: one[name] for name in FILMS.flat} for one in rows]
    )
    for verb in (
        ["exclude", "--reason", "artefact"],
        ["keep"],
        ["exclude", "--reason", "artefact"],
    ):
        done = run(verb[0], "checkpoint-3-large-00000", *verb[1:], *who(root))
        assert done.returncode == 0, done.stderr
    return root


def who(root: Path) -> list[str]:
    return ["--reviewer", "a.b", "--root", str(root)]


FILM = "checkpoint-3-large-00000"
OTHER = "checkpoint-3-initial-00001"
LOGGED: list[tuple[list[str], str]] = [
    (["exclude", OTHER, FILM, "--reason", "artefact"], "screening/a.b"),
    (["keep", FILM], "screening/a.b"),
    (["retract", FILM], "screening/a.b"),
    (["keep", FILM], "screening/new"),
    (["facing", OTHER, FILM, "--faces", "right"], "facing/a.b"),
    (["withdraw", FILM, "--reason", "withdrawn-on-request"], "withdrawals/a.b"),
]


def lines_of(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines() if log.exists() else []


@pytest.mark.parametrize(("command", "name"), LOGGED)
def test_what_fails_does_not_count(project: Path, command: list[str], name: str) -> None:
    fail_at_each(project, command, name, errno.ENOSPC, on=False)


@pytest.mark.long
@pytest.mark.parametrize("on", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
@pytest.mark.parametrize(("command", "name"), LOGGED)
def test_what_fails_in_any_way_does_not_count(
    project: Path, command: list[str], name: str, code: int, on: bool
) -> None:
    fail_at_each(project, command, name, code, on=on)


def fail_at_each(project: Path, command: list[str], name: str, code: int, *, on: bool) -> None:
    log = project / f"data/reviews/{name}.jsonl"
    asked = [*command, "--reviewer", log.stem, "--root", str(project)]
    for nth in range(1, 100):
        if command[0] == "retract":  # only what stands is taken back
            run("keep", FILM, *who(project))
        before = lines_of(log)
        with failing(nth, code, on=on) as disk:
            done = run(*asked)
        after = lines_of(log)
        assert "Traceback" not in done.stderr
        if done.returncode:
            told = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
            assert len(told) == 1
            assert os.strerror(code) in told[0]
            if "how much was logged is not known" in told[0]:
                assert on
                for one in (log, log.with_suffix(".head")):
                    one.unlink(missing_ok=True)
                if before:
                    log.write_bytes(b"".join(line + b"\n" for line in before))
            else:
                assert after == before
        else:
            assert after[: len(before)] == before
            films = len([one for one in command if one.startswith("checkpoint-")])
            assert len(after) == len(before) + films
        if log.exists():
            assert read(FACING, log) if log.parent.name == "facing" else read(DECISION, log)
        if not disk.failed:
            break
    assert nth > 3
    assert run("log", "verify", "--root", str(project)).returncode == 0
    assert not list((project / "data/reviews").rglob("*.partial"))


def test_a_head_that_could_not_be_written_is_mended_with_the_next_line(project: Path) -> None:
    log, head = (project / f"data/reviews/screening/a.b.{kind}" for kind in ("jsonl", "head"))
    stood = head.read_bytes()
    with failing(1, asked=["replace"]) as disk:
        done = run("retract", FILM, *who(project))
    assert disk.failed
    assert done.returncode == 0
    assert done.stdout.startswith("logged 1 decision(s) of a.b: retract")
    assert head.read_bytes() == stood
    assert lines_of(log)[-1] != stood.rstrip()
    assert run("keep", FILM, *who(project)).returncode == 0
    assert head.read_bytes().rstrip() == lines_of(log)[-1]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), -1))
from cxr_release.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


def limited(size: int, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a process whose files cannot become larger than `size` bytes."""
    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(size), *command],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_real_limit_in_the_middle_of_a_line(project: Path) -> None:
    log = project / "data/reviews/screening/a.b.jsonl"
    whole = log.read_bytes()
    done = limited(len(whole) + 150, "retract", FILM, *who(project))
    assert (done.returncode, log.read_bytes()) == (1, whole)
    assert done.stderr == f"error: {log}: nothing was logged: File too large\n"


def films_in(folder: Path) -> Path:
    folder.mkdir()
    for index in range(3):
        film = np.random.default_rng(index).integers(0, 255, (40, 30), dtype=np.uint8)
        (folder / f"{index}.png").write_bytes(png.encode(film, synthetic=False))
    return folder


def study_of(path: Path) -> Path:
    lines = ["rater,quartet,image,source,rating,identified_as_real"]
    for quartet in (1, 2):
        for source in ("real", "checkpoint-34"):
            right = str(source == "real").lower()
            lines.append(f"a,{quartet},{source}-{quartet},{source},3,{right}")
    path.write_text("\n".join(lines) + "\n")
    return path


WRITERS: list[Callable[[Path], list[str]]] = [
    lambda folder: ["ingest", f"{films_in(folder / 'films')}", f"{folder}/out", "--size", "64"],
    lambda folder: [
        *(
            "audit",
            "--real",
            f"{films_in(folder / 'a')}",
            "--synthetic",
            f"{films_in(folder / 'b')}",
        ),
        *("--output", f"{folder}/out", "--plant", "0", "--root", f"{folder}"),
    ],
    lambda folder: [
        *("study", "analyze", f"{study_of(folder / 'study.csv')}", "--figures", f"{folder}/out"),
        *("--root", f"{folder}", "--bootstrap", "100"),
    ],
]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(WRITERS[0], id="ingest"),
        pytest.param(WRITERS[1], id="audit", marks=pytest.mark.long),
        pytest.param(WRITERS[2], id="study analyze"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_no_half_file(
    tmp_path: Path, command: Callable[[Path], list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    asked = command(tmp_path)
    for nth in (1, 2, 3, 5, 8):
        with failing(nth, asked=["write", "fsync", "replace"]) as disk:
            done = run(*asked)
        if not disk.failed:
            break
        if not done.returncode:  # what it could do without was not kept, and it says so
            assert "could not be kept: No space left" in caplog.text
            continue
        *_, told = done.stderr.splitlines()
        assert told.startswith("error: ")
        assert "No space left on device" in told
        assert "Traceback" not in done.stderr
        assert not list(tmp_path.rglob("*.partial"))
    assert nth > 2


def test_a_limit_on_files_ends_a_command_in_one_line(tmp_path: Path) -> None:
    done = limited(2_000, *WRITERS[0](tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "File too large: make room" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_on_a_disk_that_fails_says_so_in_one_line(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = Paths(project)
    write_json(paths.copies, {})
    paths.prescreen.mkdir(parents=True, exist_ok=True)
    paths.prescreen_log.touch()
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", ["screen"])
    for nth in range(1, 40):
        with failing(nth, errno.EIO, asked=["write", "fsync", "replace"]) as disk:
            try:
                execute(screen.run)
                code = 0
            except SystemExit as end:
                code = int(str(end.code))
        told = capsys.readouterr().err
        assert "Traceback" not in told
        assert not list(paths.screening.glob("*.partial"))
        if not disk.failed:
            break
        assert code == 1
        assert told.splitlines()[-1].startswith("error: data/screening/")
        assert "Input/output error: the disk or the network drive fails" in told
    assert nth > 10
    assert code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_that_nothing_can_be_printed_undoes_nothing_and_is_not_called_undone(project: Path) -> None:
    log = project / "data/reviews/screening/a.b.jsonl"
    before = lines_of(log)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cxr_release.cli", "keep", FILM, *who(project)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert len(lines_of(log)) == len(before) + 1
    assert done.returncode == 1
    assert done.stderr == (
        "error: standard output: No space left on device: "
        "not all could be printed; what was done until then is done\n"
    )


def test_an_error_of_the_system_is_one_line_whatever_a_file_is_called(tmp_path: Path) -> None:
    odd = tmp_path / "a\nb\x1b[31m"
    odd.mkdir()
    (odd / "params.yaml").mkdir()
    done = run("status", "--root", str(odd))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
    assert json.dumps(done.stdout) == '""'
