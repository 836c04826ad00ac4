"""Hostile DICOM files: no traceback, no hang, no dead process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 5
"""Of a file, in a child process that an alarm ends."""


@pytest.mark.parametrize("count", [120, pytest.param(2_000, marks=pytest.mark.long)])
def test_mutated_files_are_films_or_have_a_reason(tmp_path: Path, count: int) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.mutated_dicom", str(count), "7", str(SECONDS)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS * 110,
    )
    outcomes = [json.loads(line)["outcome"] for line in done.stdout.splitlines()]
    assert done.returncode == 0, (done.stderr[-2000:], len(outcomes))
    assert len(outcomes) == count
    assert "Traceback" not in done.stderr
    assert any(outcome.startswith("film") for outcome in outcomes)
    assert any("truncated" in outcome for outcome in outcomes)
