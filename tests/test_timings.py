"""How long stages worked: noted after a run, and never in the way of one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cxr_release.exit_status import execute
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.timings import read_timings, record
from tests.support import ROOT

MIB = 2**20


def test_a_stage_that_ended_well_is_noted_with_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sample.py", "3", "initial"])
    monkeypatch.setenv("DVC_STAGE", "sample@3-initial")
    given = []

    def stage(_: Paths, __: Params, *job: str) -> None:
        given.append(job)

    execute(stage)
    assert given == [("3", "initial")]
    (note,) = read_timings(Paths(tmp_path))
    assert note["stage"] == "sample@3-initial"
    assert note["seconds"] >= 0
    assert note["peak_bytes"] is not None
    assert MIB < note["peak_bytes"] < MIB**2  # bytes, and not the KiB that Linux tells


def test_a_stage_that_failed_is_not_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage.py"])
    monkeypatch.setenv("DVC_STAGE", "stage")

    def stage(_: Paths, __: Params) -> None:
        raise ValueError

    with pytest.raises(SystemExit):
        execute(stage)
    assert read_timings(Paths(tmp_path)) == []


def test_the_last_run_is_what_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    paths = Paths(tmp_path)
    record(paths, 10)
    record(paths, 2.345)
    assert [note["seconds"] for note in read_timings(paths)] == [2.35]


@pytest.mark.parametrize("stage", [None, "../../elsewhere", "", "a b", "-x", "ü"])
def test_what_dvc_does_not_run_is_not_noted_and_no_name_leads_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str | None
) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage is not None:
        monkeypatch.setenv("DVC_STAGE", stage)
    record(Paths(tmp_path), 10)
    assert list(tmp_path.rglob("*")) == []


def test_work_that_is_done_does_not_fail_for_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/timings").write_text("a file in the place of the folder")
    record(Paths(tmp_path), 10)
    assert (tmp_path / "data/timings").read_text().startswith("a file")
