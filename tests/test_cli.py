"""The command line as a user meets it: in a process of its own."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cxr_release import params as parameters
from cxr_release import schemas, tables
from cxr_release.cli import app
from cxr_release.params import BATCHES
from cxr_release.paths import Paths
from cxr_release.radiographs import png

ROOT = Path(__file__).parent.parent


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cxr_release.cli", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with parameters, reasons and a few oriented films of each job."""
    root = tmp_path_factory.mktemp("project")
    (root / "cards").mkdir()
    for name in ("params.yaml", "cards/reasons.yaml"):
        (root / name).write_bytes((ROOT / name).read_bytes())
    params = parameters.load(root / "params.yaml")
    for checkpoint in params.sample.checkpoints:
        for batch in BATCHES:
            rows = [_row(checkpoint, batch, index) for index in range(4)]
            tables.write(Paths(root).oriented_table(checkpoint, batch), schemas.ORIENTED, rows)
    return root


def _row(checkpoint: int, batch: str, index: int) -> dict[str, object]:
    film = np.random.default_rng(index).integers(0, 255, (16, 16), dtype=np.uint8)
    data = png.encode(film, synthetic=True)
    name = f"checkpoint-{checkpoint}-{batch}-{index:05d}"
    return {
        "image": png.cell(data, name),
        "id": name,
        "checkpoint": checkpoint,
        "checkpoint_step": checkpoint * 10,
        "batch": batch,
        "seed": index,
        "facing": "left",
        "flipped": False,
        **png.facts(film, data),
    }


def first_film(project: Path) -> str:
    number = parameters.load(project / "params.yaml").sample.checkpoints[0]
    return f"checkpoint-{number}-large-00001"


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    fastest = min(_timed_help() for _ in range(3))
    assert fastest < 2  # far above the 0.1 s it takes: a guard against an import of torch
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cxr_release.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    modules = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in loaded.splitlines()}
    assert not modules & {"torch", "diffusers", "datasets", "pandas", "pandera", "numpy", "pyarrow"}


def _timed_help() -> float:
    start = time.perf_counter()
    done = run("--help")
    assert done.returncode == 0
    return time.perf_counter() - start


@pytest.mark.parametrize(
    "command", [command.callback.__name__ for command in app.registered_commands]
)  # type: ignore[union-attr]
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = run(command.replace("_", "-"), "--help")
    assert done.returncode == 0
    assert "Example: cxr-release" in done.stdout


def test_version() -> None:
    assert run("--version").stdout.startswith("cxr-release ")


def test_wrong_usage_exits_with_2() -> None:
    assert run("explode").returncode == 2
    assert run("exclude", "x").returncode == 2


def test_a_failure_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = run("status", "--root", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "no such file" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in run("--debug", "status", "--root", str(tmp_path)).stderr


def test_decisions_are_logged_counted_and_taken_back(project: Path) -> None:
    film, root = first_film(project), ["--root", str(project)]
    who = ["--reviewer", "a.b", *root]
    assert run("exclude", film, "--reason", "artefact", "--note", "a <b>", *who).returncode == 0
    kept = film.replace("00001", "00002")
    assert run("keep", "-", *who, stdin=f"{kept}\n\n").stdout.startswith("logged 1 decision")
    counts = json.loads(run("status", "--json", *root).stdout)["counts"]
    assert counts["total"]["excluded"] == 1
    assert counts["total"]["generated"] - counts["total"]["undecided"] == 2
    assert counts["review"]["state"] == "partial"
    assert run("retract", film, *who).returncode == 0
    text = run("status", *root).stdout
    assert "| **Total** |" in text
    assert "nothing is packaged" in text
    assert json.loads(run("status", "--json", *root).stdout)["counts"]["total"]["excluded"] == 0


def test_an_unknown_film_is_answered_with_the_nearest(project: Path) -> None:
    film = first_film(project)
    done = run("keep", film.replace("00001", "0001"), "--reviewer", "c", "--root", str(project))
    assert done.returncode == 1
    assert f"did you mean {film}" in done.stderr
    assert not (project / "data/reviews/screening/c.jsonl").exists()


def test_a_reviewer_s_name_is_no_path(project: Path) -> None:
    done = run("keep", first_film(project), "--reviewer", "../evil", "--root", str(project))
    assert done.returncode == 1
    assert "is no reviewer's name" in done.stderr
    assert not list(project.rglob("*evil*"))


def test_sheets_leave_the_user_s_files_alone(project: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "sheet-900.png").write_text("stale")
    assert "1 sheet(s)" in run("sheets", str(tmp_path), "--root", str(project)).stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.txt", "sheet-001.png"]


def test_ingest_takes_a_folder_in(tmp_path: Path) -> None:
    source, output = tmp_path / "films", tmp_path / "out"
    source.mkdir()
    for index in range(3):
        film = np.random.default_rng(index).integers(0, 255, (40, 30), dtype=np.uint8)
        (source / f"{index}.png").write_bytes(png.encode(film, synthetic=False))
    done = run("ingest", str(source), str(output), "--size", "16")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ingested"] == 3
    assert tables.read(output / "cohort.parquet", schemas.COHORT).num_rows == 3
    bad = run("ingest", str(source), str(output), "--size", "17")
    assert bad.returncode == 1
    assert "size" in bad.stderr


def test_no_command_body_is_more_than_a_call() -> None:
    tree = ast.parse((ROOT / "cxr_release/cli.py").read_text())
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.decorator_list:
            assert len(function.body) <= 8, f"{function.name} does more than call"
