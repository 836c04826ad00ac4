"""Students of a teacher, and classes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cxr_release.errors import SourceError
from cxr_release.scorecard.utility.classification import classification, labelled_classes
from cxr_release.scorecard.utility.labelled import landmarks_of, numbers_of
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.pools import pools_of
from cxr_release.scorecard.utility.rows import Row
from cxr_release.scorecard.utility.students import student
from cxr_release.scorecard.utility.utility import Utility, measure_utility
from cxr_release.scorecard.utility.words import lines
from tests.support.film_arrays import film_set
from tests.support.useful_films import drawn, good_and_poor, shapes

SETS = good_and_poor()
STRENGTHS = {"trained": shapes(120, seed=1), "control": shapes(48, seed=2)}
"""Behind each film; their places are in its id."""


def behind(film: str) -> np.ndarray:
    name, place = film.split("-")
    return STRENGTHS[name][int(place)]


FILMS = [*SETS.trained.ids, *SETS.control.ids]
POINTS = {
    f"{film}.png": {
        "left": (0.5 + 0.1 * behind(film)[10], 0.4),
        "right": (0.5, 0.5 + 0.1 * behind(film)[12]),
    }
    for film in FILMS
}
POINTS = {
    film: {name: (min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) for name, (x, y) in points.items()}
    for film, points in POINTS.items()
}
CLASSES = {film: "high" if behind(film)[14] > 0 else "low" for film in FILMS}
NUMBERS = {film: 40 + 10 * behind(film)[16] for film in FILMS}
LABELS = Labels(POINTS, CLASSES, NUMBERS, "angle")


@cache
def measured() -> Utility:
    return measure_utility(SETS, labels=LABELS, seeds=1)


def rows_of(task: str, of: str, utility: Utility | None = None) -> list[Row]:
    rows = (utility or measured()).report()
    return [row for row in rows if row["task"] == task and row["of"] == of]


@pytest.mark.parametrize("task", ["landmarks", "number"])
def test_students_of_good_films_err_as_little_as_those_of_real_ones(task: str) -> None:
    for good, poor, noise in zip(*(rows_of(task, of) for of in ("9", "4", "noise")), strict=True):
        assert good["value"] < min(poor["value"], noise["value"])
        assert good["difference"] > 0
        assert good["real_only"] - good["value"] > 0.85 * (good["real_only"] - good["ceiling"])


def test_classes_are_learnt_of_good_films_and_not_of_one() -> None:
    for good, poor, floor in zip(
        *(rows_of("classification", of)[1:] for of in ("9", "4", "one film")), strict=True
    ):
        assert good["ratio"] == 2
        assert good["value"] > max(poor["value"], floor["value"], good["real_only"])
    assert floor["value"] == 0.5


def test_rows_say_what_their_labels_are() -> None:
    stated = {row["task"]: (row["labels"], row["unit"]) for row in measured().report()}
    assert stated == {
        "inpainting": (None, "R²"),
        "super-resolution": (None, "dB"),
        "landmarks": ("2 landmarks", "mean distance, pixels of 64 × 64"),
        "number": ("angle", "mean absolute error"),
        "classification": ("2 classes", "AUC"),
    }
    assert {row["better"] for row in rows_of("number", "9")} == {"lower"}
    assert (
        "number (angle), tested on control films; mean absolute error, lower is better"
        in "\n".join(lines(measured().report()))
    )


def test_difference_is_for_the_better_whichever_way_the_measure_points() -> None:
    for row in rows_of("number", "noise"):
        if row["protocol"] == "synthetic only":
            assert row["value"] > row["real_only"]
            assert row["difference"] == pytest.approx(row["real_only"] - row["value"])


def test_a_synthetic_film_keeps_its_own_label_and_others_get_the_teachers() -> None:
    pools = pools_of(SETS)
    own = dict.fromkeys(SETS.released.ids[:5], 7.0)
    labelled = numbers_of(pools, Labels(numbers=NUMBERS | own))
    task = student(pools, labelled, "number")
    said = dict(zip(pools.ids, task.taught[:, 0], strict=True))
    assert {said[film] for film in own} == {7.0}
    for film in SETS.control.ids:
        assert said[film] == NUMBERS[film]
    trained = [said[film] - NUMBERS[film] for film in SETS.trained.ids]
    assert np.abs(trained).max() > 0.01
    assert np.abs(trained).mean() < 2
    classes = labelled_classes(pools, Labels(classes=CLASSES | dict.fromkeys(own, "high")))
    assert classes is not None
    told = dict(zip(pools.ids, classification(pools, classes).classes, strict=True))
    high = told[next(film for film in SETS.control.ids if CLASSES[film] == "high")]
    assert {told[film] for film in own} == {high}


def test_landmarks_that_few_films_have_are_left_out_and_so_are_films_without_one() -> None:
    pools = pools_of(SETS)
    points = {film: dict(POINTS[f"{film}.png"]) for film in FILMS}
    for film in FILMS[:20]:
        points[film]["rare"] = (0.5, 0.5)
    del points[SETS.control.ids[0]]["left"]
    labelled = landmarks_of(pools, Labels(points=points))
    assert labelled is not None
    assert labelled.labels == "2 landmarks"
    assert len(labelled.control) == len(SETS.control) - 1
    names = {film: {f"p{place}": (0.5, 0.5)} for place, film in enumerate(FILMS)}
    assert landmarks_of(pools, Labels(points=names)) is None


def test_films_without_labels_are_counted_and_labels_without_films_too() -> None:
    numbers = {film: NUMBERS[film] for film in [*SETS.trained.ids[10:], *SETS.control.ids[3:]]}
    numbers |= {"someone": 1.0, SETS.released.ids[0]: 3.0}
    points = {film: POINTS[f"{film}.png"] for film in SETS.trained.ids[:19]}
    of_one = dict.fromkeys(SETS.control.ids[3:], "same")
    utility = measure_utility(SETS, labels=Labels(points, of_one, numbers), seeds=1)
    assert utility.notes == (
        "landmarks: 101 of 120 trained films are not labelled",
        "landmarks: 48 of 48 control films are not labelled",
        "number: 10 of 120 trained films are not labelled",
        "number: 3 of 48 control films are not labelled",
        "number: 1 of 100 synthetic films came with labels",
        "classification: 120 of 120 trained films are not labelled",
        "classification: 3 of 48 control films are not labelled",
        "1 of 167 labelled films are not among those scored",
    )
    assert {row["real_only_films"] for row in rows_of("number", "9", utility)} <= {21, 22}
    assert utility.why_not[:2] == (
        "landmarks: 19 trained film(s) are labelled, and a teacher needs 20 or more",
        "classification: fewer than two classes have 12 control and 12 trained films",
    )
    assert {row["task"] for row in utility.report()} == {
        "inpainting",
        "super-resolution",
        "number",
    }


def test_labels_of_no_film_here_are_refused() -> None:
    with pytest.raises(SourceError, match="none of 1 label") as caught:
        measure_utility(SETS, labels=Labels(numbers={"x": 1.0}))
    assert "call films by their ids, or by the names of their files" in str(caught.value)


def test_a_label_of_two_films_of_one_name_is_refused() -> None:
    same = replace(SETS, control=replace(SETS.control, ids=SETS.trained.ids[: len(SETS.control)]))
    with pytest.raises(SourceError, match="films that are in two of the sets") as caught:
        measure_utility(same, labels=LABELS)
    assert "(48 in all): is in trained and control" in str(caught.value)


def test_another_hospitals_films_need_labels_of_their_own() -> None:
    outside = shapes(15, seed=8)
    films = {f"e{n}": film for n, film in enumerate(drawn(outside, seed=8))}
    there = film_set("external", films)
    numbers = {f"e{n}": 40 + 10 * outside[n, 16] for n in range(15)}
    labels = Labels(numbers=NUMBERS | numbers, classes=CLASSES)
    utility = measure_utility(SETS, labels=labels, external=there, seeds=1)
    assert "classification: no external film is labelled" in utility.why_not
    good = next(row for row in rows_of("number", "9", utility) if row["protocol"] == "hybrid")
    assert good["tested_on"] == "external"
    assert good["value"] < 10
