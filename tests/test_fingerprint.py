from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cxr_release import fingerprint
from cxr_release.errors import CxrReleaseError, ParamsError
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from tests.support import ROOT

PIPELINE = """
stages:
  sample:
    matrix: {checkpoint: "${sample.checkpoints}", batch: [initial, large]}
    deps: [code.py, "weights-${item.checkpoint}"]
    params: [seed, "sample.${item.batch}"]
"""


@pytest.fixture
def params() -> Params:
    return load_params(ROOT / "params.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "code.py").write_text("1")
    for number in (1, 2):
        (tmp_path / f"weights-{number}").mkdir()
        (tmp_path / f"weights-{number}" / "w").write_text("weights")
    return tmp_path


def test_it_follows_what_dvc_follows(root: Path, params: Params) -> None:
    def now(params: Params = params, batch: str = "initial") -> str:
        return fingerprint.of_stage(root, params, "sample", checkpoint=1, batch=batch)

    first = now()
    assert now() == first
    assert now(replace(params, seed=params.seed + 1)) != first
    more = replace(params, sample=replace(params.sample, large=999))
    assert now(more) == first
    assert now(more, "large") != now(batch="large")
    (root / "weights-2" / "w").write_text("others")
    assert now() == first
    (root / "weights-1" / "w").write_text("others")
    assert now() != first
    second = now()
    (root / "code.py").write_text("2")
    assert now() != second


def test_a_parameter_that_does_not_exist_is_named(root: Path, params: Params) -> None:
    (root / "dvc.yaml").write_text("stages: {x: {deps: [code.py], params: [train.stepz]}}")
    with pytest.raises(ParamsError, match=r"train\.stepz"):
        fingerprint.of_stage(root, params, "x")


def test_what_has_not_been_made_is_named(root: Path, params: Params) -> None:
    with pytest.raises(CxrReleaseError, match=r"weights-3: .*`dvc repro sample`"):
        fingerprint.of_stage(root, params, "sample", checkpoint=3, batch="large")
