"""Classes, landmarks, a second generator and a released network, all in one release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas
from cxr_release.files import read_json
from cxr_release.paths import Paths
from cxr_release.release.landmark_export import Form, export_landmarks
from cxr_release.release.model.verify import verify_model
from cxr_release.release.verify import verify
from cxr_release.release.versions.published import enter
from cxr_release.release.versions.version import differences, read_version
from tests.support.breaking import rewrite
from tests.support.card_rules import written
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

SETTINGS: dict[str, Any] = {
    **SMALLEST,
    "ingest": {"phantoms": 90, "size": 32, "facts": {"curvature": "code"}},
    "condition": {"label": "curvature", "least": 10, "balance": "uniform"},
    "autoencoder": {"steps": 5, "batch_size": 4, "channels": [8, 16], "latents": 6},
    "sample": {**SMALLEST["sample"], "initial": 6, "large": 12, "generators": ["autoencoder"]},
    "landmarks": {"teacher": "closed", "films": 3},
    "model": {"release": True},
}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project after its last stage."""
    made = small_project(tmp_path_factory.mktemp("project"), SETTINGS)
    after = STAGES.index("orient") + 1
    run_stages(made, *STAGES[:after])
    # A network of a few steps draws films of which nobody can say how they face.
    for path in made.oriented.rglob("*.parquet"):
        rewrite(path, schemas.ORIENTED, _facing_left)
    run_stages(made, *STAGES[after:])
    return made


def _facing_left(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "facing": "left"} for row in rows]


def test_it_is_what_it_says(paths: Paths) -> None:
    assert verify(paths.release, records=True)["differences"] == []
    assert verify_model(paths.model)["differences"] == []
    attacks = read_json(paths.model / "model.json")["attacks"]
    assert attacks and not any("autoencoder" in attack["attack"] for attack in attacks)
    card = written(paths.release)
    assert "Each film of a checkpoint was drawn as one of 3 classes" in card
    assert "Films of the autoencoder have no label." in card
    assert "It is not conditioned on" not in card
    record = read_json(paths.release / "release.json")
    assert {each["generated"] for each in record["counts"]["labels"]["classes"]} == {12}
    assert record["counts"]["labels"]["without"]["generated"] == 18  # the autoencoder's
    assert record["metrics"]["landmarks"]["films"]["model"] == 54
    assert record["metrics"]["scorecard"]["classes"]["names"] == [
        "kyphotic",
        "lordotic",
        "straight",
    ]


def test_its_landmarks_go_to_other_programs(paths: Paths, tmp_path: Path) -> None:
    forms: tuple[Form, ...] = ("coco", "csv")
    for form in forms:
        told = export_landmarks(paths.release, tmp_path / form, to=form)
        assert told["with_landmarks"] == 54


def test_the_next_version_knows_it(paths: Paths) -> None:
    version = read_version(paths.release)
    found = differences(version, version)
    assert not (found.relabelled or found.redrawn or found.added or found.numbers)
    enter(paths.published, paths.release)
