"""A sampling job hangs on the checkpoint that guides it, which dvc.yaml cannot name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import fingerprint
from cxr_release.errors import CheckpointError
from cxr_release.params.load import load_params
from cxr_release.params.sampling import GuidanceParams
from cxr_release.paths import Paths
from cxr_release.stages import sample
from tests.support import ROOT
from tests.support.tiny_networks import saved, untrained


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What sampling jobs were begun with; checkpoints 1 and 2 are there."""
    for step in (1, 2):
        saved(Paths(tmp_path).final, untrained(step=step))
    jobs: list[dict[str, Any]] = []
    monkeypatch.setattr(fingerprint, "of_stage", lambda *_, **__: "what dvc.yaml names")
    monkeypatch.setattr(sample, "sample_job", lambda *_, **given: jobs.append(given))
    return jobs


def run(root: Path, guide: int | None) -> None:
    params = load_params(ROOT / "params.yaml")
    guidance = None if guide is None else GuidanceParams(checkpoint=guide, weight=1.5)
    guided = replace(params, sample=replace(params.sample, guidance=guidance))
    sample.run(Paths(root), guided, "2", "initial")


def test_without_a_guide_the_fingerprint_is_what_dvc_yaml_names(
    tmp_path: Path, begun: list[dict[str, Any]]
) -> None:
    run(tmp_path, None)
    assert begun[0]["fingerprint"] == "what dvc.yaml names"
    assert begun[0]["opener"].keywords["guide"] is None


def test_another_guide_begins_anew(tmp_path: Path, begun: list[dict[str, Any]]) -> None:
    run(tmp_path, 1)
    run(tmp_path, 1)
    (Paths(tmp_path).checkpoint(1) / "checkpoint.json").write_text("{}")
    run(tmp_path, 1)
    names = [job["fingerprint"] for job in begun]
    assert names[0] == names[1] != names[2]
    assert begun[0]["opener"].keywords["guide"] == Paths(tmp_path).checkpoint(1)


def test_a_guide_that_is_not_there_is_named(tmp_path: Path, begun: list[dict[str, Any]]) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint-9.*no such.*sample\.guidance"):
        run(tmp_path, 9)
