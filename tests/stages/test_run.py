from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT


def stage(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"cxr_release.stages.{name}", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stage_that_fails_says_why_in_one_line_and_exits_with_1(tmp_path: Path) -> None:
    done = stage(tmp_path, "split")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: params.yaml: no such file: run from the repository root or pass --root"
    ]
    shutil.copy(ROOT / "params.yaml", tmp_path)
    done = stage(tmp_path, "split")
    assert done.returncode == 1
    assert done.stderr == "error: data/cohort/manifest.parquet: no such table: run `dvc repro`\n"


def test_a_disk_without_room_is_named_and_nothing_half_written_stays(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); "
    run = "from cxr_release.stages.ingest import run; from cxr_release.exit_status import execute; "
    done = subprocess.run(
        [sys.executable, "-c", f"{limited}{run}execute(run)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.parquet"))


def test_verdicts_that_do_not_verify_stop_the_adjudication(tmp_path: Path) -> None:
    """A verdict that is there and not applied could let a copied film out."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    folder = tmp_path / "data/reviews/audit"
    folder.mkdir(parents=True)
    (folder / "a.b.jsonl").write_text("{}\n")
    done = stage(tmp_path, "adjudicate")
    assert done.returncode == 1
    assert "a.b.jsonl: line 1: is not a verdict" in done.stderr
    assert not (tmp_path / "data/adjudication").exists()


def test_films_of_a_checkpoint_that_nobody_asked_for_stop_the_screening(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    stray = tmp_path / "data/oriented/checkpoint-999-large/00000.parquet"
    stray.parent.mkdir(parents=True)
    stray.touch()
    done = stage(tmp_path, "screen")
    assert done.returncode == 1
    assert "films of no checkpoint or source in `sample`: checkpoint-999-large" in done.stderr


def test_without_the_audited_pairs_no_verdict_is_passed_over(tmp_path: Path) -> None:
    """No copy would be known, and one that was judged would go out."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "data/reviews/audit").mkdir(parents=True)
    done = stage(tmp_path, "adjudicate")
    assert done.returncode == 1
    assert "no such table: run `dvc repro`" in done.stderr
    assert not (tmp_path / "data/adjudication").exists()


@pytest.mark.parametrize(
    "raised", ["{}['x']", "int('one')", "None.x", "[][0]", "1 / 0", "__import__('nothing.at.all')"]
)
def test_what_nobody_foresaw_is_one_line_and_a_traceback_where_asked_for(
    tmp_path: Path, raised: str
) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    code = f"from cxr_release.exit_status import execute; execute(lambda paths, params: {raised})"

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | environment,
        )

    done = run()
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert re.match(r"error: exit_status\.py line \d+: \w+Error: .*unexpected error", done.stderr)
    assert "CXR_RELEASE_DEBUG=1" in done.stderr
    assert "Traceback" in run(CXR_RELEASE_DEBUG="1").stderr


def test_stages_that_mostly_have_nothing_to_do_load_no_network() -> None:
    code = """
import sys
from cxr_release.stages import model, train_autoencoder, train_latent
print({"torch", "diffusers"} & sys.modules.keys())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
