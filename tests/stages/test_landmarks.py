"""The stage of landmarks, from phantoms to a release, and a newcomer who learns of it alone."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json, sha256
from cxr_release.landmarks.placement import PLACEMENT, NewPlacement, text_of
from cxr_release.landmarks.points import points_of
from cxr_release.logbook import log
from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.release.verify import verify
from tests.support import ROOT
from tests.support.breaking import rewrite
from tests.support.small_project import SMALLEST, STAGES, run_stages, small_project

ASKED = 3
ON = {
    **SMALLEST,
    "ingest": {"phantoms": 90, "size": 32},
    "sample": {**SMALLEST["sample"], "initial": 6, "large": 12},
    "landmarks": {"teacher": "closed", "films": ASKED},
}


@pytest.mark.long
def test_from_phantoms_to_a_release_that_a_newcomer_learns_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = small_project(tmp_path, ON)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    run_stages(paths, *STAGES[: STAGES.index("orient") + 1])
    _face_left(paths)
    run_stages(paths, *STAGES[STAGES.index("orient") + 1 : STAGES.index("landmarks") + 1])
    first = {path.name: sha256(path) for path in paths.landmarks.iterdir()}
    run_stages(paths, "landmarks")
    assert {path.name: sha256(path) for path in paths.landmarks.iterdir()} == first
    assert paths.landmarks.stat().st_mode & 0o777 == 0o700
    _place(paths)
    run_stages(paths, "landmarks", "validate", "package")
    assert verify(paths.release, records=True)["differences"] == []
    stated = read_json(paths.release / "release.json")["metrics"]["landmarks"]
    assert stated["films"]["readers"] == stated["readers"]["films"] == ASKED
    assert stated["readers"]["state"] == "complete"
    assert stated["readers"]["between"]["mean"] == pytest.approx(5.0, abs=0.02)
    assert stated["readers"]["model"]["mean"] == pytest.approx(2.5, abs=0.02)
    assert _learnt(paths, monkeypatch, capsys) == [
        f"{part['films']} {name} films: {part['mean']:.2f} pixels off"
        for name, part in (
            ("held-out synthetic", stated["newcomer"]["synthetic"]),
            ("real", stated["newcomer"]["real"]),
        )
    ]


def _face_left(paths: Paths) -> None:
    """A network of a few steps draws films of which nobody can say how they face."""
    for path in paths.oriented.rglob("*.parquet"):
        rewrite(path, schemas.ORIENTED, lambda rows: [{**row, "facing": "left"} for row in rows])


def _place(paths: Paths) -> None:
    """Two readers, 5 pixels apart in all points, as far from the model each."""
    drawn = Project(paths.root).landmarks()
    assert drawn and len(drawn.films) == ASKED
    model = {
        row["id"]: points_of(row["keypoints"])
        for row in tables.iterate(paths.landmark_model, schemas.LANDMARKS)
    }
    for reader, offset in (("a.b", [1.5, 2.0]), ("c.d", [-1.5, -2.0])):
        placed = [
            NewPlacement(
                film,
                hash_,
                "place",
                points=text_of(np.clip(model[film], 3, 29) + offset),
                start="model",
                moved="23",
            )
            for film, hash_ in drawn.films.items()
        ]
        log.append(PLACEMENT, paths.landmark_log, reader, placed)


def _learnt(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What the example prints of a release and its control films."""
    script = ROOT / "examples/landmark_model.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(paths.release), str(paths.landmark_test)])
    capsys.readouterr()
    runpy.run_path(str(script), run_name="__main__")
    return re.findall(r"^\d+ .* off$", capsys.readouterr().out, re.MULTILINE)
