"""The Python API, and the examples that use it."""

from __future__ import annotations

import contextlib
import io
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import cxr_release
from cxr_release import api
from cxr_release.errors import ParamsError
from tests.support.quick_fits import quick_fits
from tests.support.studies import FIXTURES

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / script, *map(str, arguments)],
        capture_output=True, text=True, cwd=ROOT, timeout=250, check=False,
    )  # fmt: skip


def run_here(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported what takes seconds."""
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setattr(sys, "argv", [script, *map(str, arguments)])
        try:
            runpy.run_path(str(EXAMPLES / script), run_name="__main__")
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return subprocess.CompletedProcess(arguments, code, said.getvalue(), "")


def test_the_package_gives_the_functions_of_its_api_and_no_others() -> None:
    for name in api.__all__:
        assert getattr(cxr_release, name) is getattr(api, name)
        assert getattr(api, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Path'"):
        _ = cxr_release.Path


def test_the_package_alone_loads_nothing() -> None:
    code = "import sys, cxr_release; print(sorted(m for m in sys.modules if 'cxr_release.' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_setting_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as caught:
        cxr_release.audit(tmp_path, tmp_path, tmp_path / "out", tops=3)
    assert "tops" in str(caught.value)
    with pytest.raises(ParamsError):
        cxr_release.ingest("phantoms", tmp_path / "out", size=17)
    assert not (tmp_path / "out").exists()


@quick_fits()
def test_folders_are_taken_in_and_searched(tmp_path: Path) -> None:
    for name, films in (("real", 32), ("synthetic", 12)):
        done = run_here(
            "ingest_folder.py", "phantoms", tmp_path / name, "--size", 64, "--phantoms", films
        )
        assert done.returncode == 0
        assert f"{films} of {films} files are films" in done.stdout
    tables = (tmp_path / name / "cohort.parquet" for name in ("real", "synthetic"))
    done = run_here("audit_folders.py", *tables, tmp_path / "found")
    # The same seed drew the same phantoms: each of the second set is a copy of one of the first.
    assert done.returncode == 1
    assert "32 real, 12 synthetic films" in done.stdout
    assert "most similar pair: score " in done.stdout
    assert "identical: 10 of 10 planted copies listed" in done.stdout
    assert "flagged films: 12" in done.stdout
    assert (tmp_path / "found/pairs.png").exists()


def test_a_study_is_analysed(tmp_path: Path) -> None:
    done = run("analyze_study.py", FIXTURES / "paper_margins.csv", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    assert "real film identified: 116 of 400 (29.0%)" in done.stdout
    assert "real: mean rating 3.32" in done.stdout
    assert (tmp_path / "figures/realism.svg").exists()


def test_a_folder_that_is_not_a_release_is_told_so(tmp_path: Path) -> None:
    done = run("verify_release.py", tmp_path)
    assert done.returncode == 1
    assert "release.json" in done.stderr
