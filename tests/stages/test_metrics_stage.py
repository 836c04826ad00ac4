"""The dozen numbers of `dvc metrics show`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release.errors import DocumentError
from cxr_release.files import write_json
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.stages.metrics import run
from tests.support import ROOT

COUNTS = {"generated": 90, "excluded": 7, "released": 83, "undecided": 5}
COUNTS_AS = {"synthetic", "excluded", "released", "undecided"}
PARTS = {"privacy": 74.8, "utility": 58.9, "fidelity": 75.0, "coverage": 61.8}
POINTS = [{"checkpoint": 3, "fid": 21.5}, {"checkpoint": 6, "fid": 12.34567}]


@pytest.fixture
def params() -> Params:
    return load_params(ROOT / "params.yaml")


def written(root: Path, params: Params, **changes: Any) -> dict[str, Any]:
    documents = {
        "screening/counts.json": {"total": COUNTS},
        "audit/audit.json": {"flagged": {"films": 2, "pairs": 3}},
        "adjudication/adjudication.json": {"excluded_films": 1},
        "checkpoints/report.json": {
            "nearest": 6, "ranked_by": "fid", "distances": {"checkpoints": POINTS}
        },
        "score/scorecard.json": {"summary": PARTS},
    }  # fmt: skip
    for name, document in (documents | changes).items():
        (root / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        write_json(root / "data" / name, document)
    run(Paths(root), params)
    made: dict[str, Any] = json.loads((root / "data/metrics.json").read_text())
    return made


def test_each_number_is_that_of_its_report(tmp_path: Path, params: Params) -> None:
    assert written(tmp_path, params) == {
        "synthetic": 90, "excluded": 7, "released": 83, "undecided": 5,
        "flagged": 2, "copies": 1, "nearest": 6, "distance": 12.3457, **PARTS,
    }  # fmt: skip


def test_what_was_not_measured_is_left_out_and_is_not_0(tmp_path: Path, params: Params) -> None:
    unmeasured = PARTS | {"privacy": None}
    made = written(
        tmp_path,
        params,
        **{"audit/audit.json": {"flagged": None}, "score/scorecard.json": {"summary": unmeasured}},
    )
    assert not {"flagged", "privacy"} & set(made)
    assert made["utility"] == 58.9


def test_where_nothing_was_trained_there_is_no_distance(tmp_path: Path, params: Params) -> None:
    untrained = replace(params, train=replace(params.train, steps=0))
    made = written(tmp_path, untrained, **{"checkpoints/report.json": {"note": "not trained"}})
    assert set(made) == {*COUNTS_AS, "flagged", "copies", *PARTS}


def test_a_report_of_another_shape_is_refused_by_name(tmp_path: Path, params: Params) -> None:
    with pytest.raises(DocumentError, match=r"counts\.json"):
        written(tmp_path, params, **{"screening/counts.json": {"total": {"generated": 3}}})
