"""Pictures of a score: drawn from the report alone, the same bytes, whatever texts it holds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cxr_release.files import sha256
from cxr_release.scorecard.fidelity_rows import COVERAGE, FRECHET, TWO_SAMPLE
from cxr_release.scorecard.figures import FIGURES, draw, names_due
from cxr_release.scorecard.scaled_measures import measures_of
from tests.support.class_sets import class_report
from tests.support.score_artefacts import FEATURES, scorecard

SETS = {"trained": {}, "control": {}, "released": {}}


def report(*, measured: bool = True) -> dict[str, Any]:
    return scorecard(SETS, measured=measured, classes=class_report() if measured else None)


def test_each_thing_that_was_measured_is_drawn_and_nothing_else(tmp_path: Path) -> None:
    assert set(draw(tmp_path, report())) == FIGURES.keys()
    assert {path.name for path in tmp_path.iterdir()} == FIGURES.keys()
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert picture.width > 500
            assert "Software" not in picture.info
    assert names_due(report(measured=False)) == []


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        draw(folder, report())
    first, second = ({path.name: sha256(path) for path in folder.iterdir()} for folder in folders)
    assert first == second


@pytest.mark.parametrize("text", ["$x^", "a\nb\u202e", "%" * 300, "", "{\\frac", "–" * 80])
def test_any_text_can_be_drawn(tmp_path: Path, text: str) -> None:
    hostile = report()
    for row in hostile["coverage"]:
        row["group"] = row["column"] = text
    for attack in hostile["privacy"]:
        attack["attack"] = text
        for power in attack.get("power", ()):
            power["dose"] = text
    for row in hostile["fidelity"]:
        row["features"] = text
    for row in hostile["classes"]["rows"]:
        row["class"] = text
    hostile["learning_curves"][0]["task"] = text
    hostile["utility"][1]["of"] = text
    assert set(draw(tmp_path, hostile)) == FIGURES.keys()


def test_noise_that_does_as_well_as_real_films_is_no_floor(tmp_path: Path) -> None:
    odd = report()
    for row in odd["fidelity"]:
        row["noise"] = row["ideal"]
    odd["utility"] = []
    assert "score-measures.png" in names_due(odd)  # the classifier's floor is not noise
    for row in odd["fidelity"]:
        row["metric"] = "density"
    assert "score-measures.png" not in names_due(odd)
    draw(tmp_path, odd)


def test_measures_stand_where_their_values_lie_between_floor_and_real_films() -> None:
    placed = {measure.name: measure for measure in measures_of(report())}
    classifier = placed[f"{TWO_SAMPLE}, {FEATURES}"]  # 0.75, between 1 and 0.5
    assert (classifier.place, classifier.interval) == (0.5, (0.25, 0.75))
    distance = placed[f"{FRECHET}, {FEATURES}"]  # 0.5, between 40 and 0.25, by logarithms
    assert distance.place == pytest.approx(math.log(80) / math.log(160))
    covered = placed[f"{COVERAGE}, {FEATURES}"]
    assert (covered.place, covered.interval) == (0.75, (0.625, 0.875))
    task = placed["inpainting, 2:1"]  # half of what other real films bring
    assert (task.place, task.interval) == (0.5, (0.0, 1.0))
