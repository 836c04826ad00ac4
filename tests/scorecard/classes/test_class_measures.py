"""What is planted in the films of a class is found in that class, and nothing in the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from cxr_release.scorecard.class_model import UNKNOWN, Judged, classes_of_films, judge
from cxr_release.scorecard.classes.leaks import leaks_of
from cxr_release.scorecard.classes.likeness import likeness_of
from cxr_release.scorecard.classes.measure import known_classes
from cxr_release.scorecard.classes.members import members_of
from cxr_release.scorecard.classes.obedience import obedience_of
from cxr_release.scorecard.classes.rows import lines, worst_first
from cxr_release.scorecard.picture_features import picture_features
from cxr_release.scorecard.sets import NO_CONTROL
from tests.support.class_sets import (
    NAMES,
    Classes,
    Planted,
    class_report,
    good,
    with_released,
)

LEAST = 10
Row = dict[str, Any]


@cache
def judged() -> Judged:
    """Few films, that all of these tests judge once: what a film shows hangs on no label of it."""
    planted = good(trained=45, control=36, released=60)
    films, labels = planted.sets, planted.labels
    found = judge(films, classes_of_films(films, labels.names, labels.of, labels.drawn))
    assert found is not None
    return found


def obeyed(
    said: Callable[[Classes], Classes] = np.copy, *, control: int = 12, least: int = LEAST
) -> list[Row]:
    """The rows of obedience where synthetic films are said to be something else, or where the
    first class has so many control films alone."""
    known = judged()
    few = known.classes.control.copy()
    few[np.flatnonzero(few == 0)[control:]] = UNKNOWN
    classes = replace(known.classes, control=few, released=said(known.classes.released))
    films = good(trained=45, control=36, released=60).sets
    members = members_of(films, classes, least=least)
    return obedience_of(replace(known, classes=classes), members, films.control)


def leaks(planted: Planted, why_not: str | None = None) -> list[Row]:
    films, labels = planted.sets, planted.labels
    classes = classes_of_films(films, labels.names, labels.of, labels.drawn)
    return leaks_of(films, members_of(films, classes, least=LEAST), why_not)


def alike(planted: Planted) -> list[Row]:
    films, labels = planted.sets, planted.labels
    classes = classes_of_films(films, labels.names, labels.of, labels.drawn)
    features = picture_features(films)
    members = members_of(films, classes, least=LEAST)
    return [likeness_of(films, each, features).report() for each in members]


def test_of_good_films_every_class_is_as_real_ones_are() -> None:
    report = class_report()
    assert sorted(row["class"] for row in report["rows"]) == sorted(NAMES)
    for row in report["rows"]:
        assert row["obedience"]["value"] >= 0.9
        assert row["obedience"]["p_holm"] < 0.001
        assert row["distance"]["interval"][0] <= row["distance"]["floor"]
        assert row["coverage"]["interval"][1] > 1
        assert [attack["leaks"] for attack in row["privacy"]["attacks"]] == [[], []]
        assert row["weakest"]["share"] > 0.6
        assert (row["trained"], row["control"]) == (
            {"films": 30, "patients": 30}, {"films": 24, "patients": 24}
        )  # fmt: skip
    score = report["accuracy_score"]
    assert min(score["synthetic"]["accuracy"], score["real"]["accuracy"]) > 0.9
    assert report["oversampling"]["arms"][0]["why_not"] == "no class is rarer than another"
    assert report["unlabelled"] == 0
    json.dumps(report, allow_nan=False)


def test_nothing_that_is_reported_names_a_film_or_a_patient() -> None:
    text = json.dumps(class_report()) + "\n".join(lines(class_report()))
    films = good().sets
    names = [name for part in (films.trained, films.control, films.released)
             for name in (*part.ids, *part.patients)]  # fmt: skip
    assert not [name for name in names if name in text]


def test_wrong_labels_are_disobedience_in_each_class_and_nothing_else() -> None:
    def turned(classes: Classes) -> Classes:
        """Of each class 3 of 10 are called by the name of the next one."""
        said = classes.copy()
        for number in range(len(NAMES)):
            said[np.flatnonzero(classes == number)[:6]] = (number + 1) % len(NAMES)
        return said

    rows = obeyed(turned)
    for row in rows[:-1]:
        assert (row["films"], row["obeyed"]) == (20, 14)
        assert row["interval"][1] < 0.9
        assert row["control"]["value"] >= 0.9
        # Each class's name is given to 6 films of one other class.
        assert row["chance"] == pytest.approx(6 / 40)
        assert row["p_holm"] < 0.001
    assert rows[-1]["value"] == pytest.approx(0.7)
    assert rows[-1]["chance"] == pytest.approx(1 / 3)
    assert [row["obeyed"] for row in obeyed()] == [20, 20, 20, 60]


def test_labels_that_were_not_heeded_are_chance() -> None:
    rows = obeyed(np.random.default_rng(1).permutation)
    assert min(row["p_holm"] for row in rows[:-1]) > 0.05
    assert all(abs(row["value"] - row["chance"]) < 0.3 for row in rows[:-1])


def test_a_copied_class_leaks_and_the_others_do_not() -> None:
    films = good()
    own = films.pictures["trained"][films.trained == 1]
    rows = leaks(with_released(films, leans=own))
    found = [attack["leaks"] for row in rows for attack in row["attacks"]]
    assert found[0] == found[1] == found[4] == found[5] == []
    assert found[2] == ["auc", "beyond_any_control"]
    beyond = rows[1]["beyond_any_control"]
    assert beyond["members"] == 30 > beyond["interval"][1]


def test_who_learnt_from_nobody_known_cannot_be_attacked() -> None:
    rows = leaks(good(trained=60, control=60, released=60), "nobody is known")
    assert [row["why_not"] for row in rows] == [["nobody is known"]] * 3
    assert [row["attacks"] for row in rows] == [[], [], []]


def test_a_class_of_noise_is_far_and_covers_nothing_and_the_others_are_as_before() -> None:
    films = good()
    noise = np.random.default_rng(2).integers(0, 256, (30, 64, 64), np.uint8)
    before, after = alike(films), alike(with_released(films, stands=noise))
    assert after[:2] == before[:2]
    assert after[2]["coverage"]["value"] == 0
    distance = after[2]["distance"]
    assert distance["interval"][0] > 10 * distance["floor"]
    assert distance["floor"] == before[2]["distance"]["floor"]


def test_the_floor_rises_where_real_films_are_few() -> None:
    many = alike(good(trained=180, control=90))
    few = alike(good(trained=66, control=66))
    assert np.mean([row["distance"]["floor"] for row in few]) > np.mean(
        [row["distance"]["floor"] for row in many]
    )
    assert {row["distance"]["films"] for row in few} == {22}


def test_too_few_films_or_patients_give_no_number() -> None:
    rows = obeyed(control=9)
    assert rows[0]["control"]["films"] is None
    assert rows[0]["control"]["why_not"] == ["control films are of fewer than 10 patients"]
    assert rows[0]["value"] is not None

    def nineteen(classes: Classes) -> Classes:
        return np.where(np.arange(len(classes)) < np.flatnonzero(classes == 0)[-1], classes, 1)

    few = obeyed(nineteen)[0]
    assert (few["films"], few["value"]) == (19, None)
    assert few["why_not"] == ["there are fewer than 20 synthetic films"]
    films = good(trained=45, control=27, released=57)
    assert leaks(films)[0]["attacks"] == []
    assert alike(films)[0]["why_not"] == ["there are fewer than 20 synthetic films"]
    classes = classes_of_films(films.sets, NAMES, films.labels.of, films.labels.drawn)
    counts = members_of(films.sets, classes, least=LEAST)[0].counts()
    assert counts["control"] == {"films": None, "patients": None}
    assert counts["trained"] == {"films": 15, "patients": 15}


def test_features_of_a_rare_class_among_very_many_films_are_taken_anew() -> None:
    films = good(trained=60, control=36, released=60)
    sets, labels = films.sets, films.labels
    classes = classes_of_films(sets, labels.names, labels.of, labels.drawn)
    first = members_of(sets, classes, least=LEAST)[0]
    every = picture_features(sets)
    without = np.flatnonzero(classes.released != 0)
    some = replace(every, places=without, released=every.released[without])
    assert likeness_of(sets, first, some).report() == likeness_of(sets, first, every).report()


def test_without_control_films_what_needs_none_is_measured() -> None:
    films = good(trained=60, control=0, released=60)
    report = films.measured()
    assert report["obedience"] is None
    assert report["why_not"]
    assert report["accuracy_score"]["why_not"]
    assert all(row["distance"] and row["coverage"] for row in report["rows"])
    assert {why for row in report["rows"] for why in row["privacy"]["why_not"]} == {NO_CONTROL}
    assert report["newcomer"]["control"] is None
    assert "not measurable" in "\n".join(lines(report))


def test_a_patient_with_nearly_all_films_of_a_class_is_in_one_half() -> None:
    films = good(trained=75, control=36, released=60)
    sets, labels = films.sets, films.labels
    classes = classes_of_films(sets, labels.names, labels.of, labels.drawn)
    of_class = np.flatnonzero(classes.trained == 0)
    owners = np.array(sets.trained.patients, object)
    features = picture_features(sets)
    # All trained films of the class are of one patient, its control films of others.
    owners[of_class] = "patient of most"
    crowded = replace(sets, trained=replace(sets.trained, patients=tuple(owners)))
    found = likeness_of(crowded, members_of(crowded, classes, least=10)[0], features)
    assert found.distance is not None
    # Twelve films of others, and where that patient comes among them, fewer.
    assert 5 <= found.distance.films <= 12
    few = replace(classes, control=classes.control.copy())
    few.control[np.flatnonzero(few.control == 0)[4:]] = UNKNOWN
    found = likeness_of(crowded, members_of(crowded, few, least=5)[0], features)
    assert found.distance is None
    assert found.why_not == ("nearly all real films are of one patient",)


def test_the_worst_class_comes_first_by_its_weakest_measure() -> None:
    def row(name: str, *, obeys: float | None, covers: float | None, near: float | None) -> Row:
        return {
            "class": name,
            "obedience": obeys and {"value": obeys, "control": {"value": 0.8}},
            "coverage": covers and {"ratio": covers},
            "distance": near and {"value": 2.0, "floor": 2.0 * near},
        }

    rows = worst_first(
        [
            row("nothing", obeys=None, covers=None, near=None),
            row("good", obeys=0.8, covers=1.1, near=0.9),
            row("far", obeys=0.8, covers=1.0, near=0.2),
            row("disobeys", obeys=0.4, covers=1.0, near=0.9),
        ]
    )
    assert [each["class"] for each in rows] == ["far", "disobeys", "good", "nothing"]
    assert [each["weakest"] and each["weakest"]["measure"] for each in rows] == [
        "distance", "obedience", "distance", None
    ]  # fmt: skip
    assert rows[1]["weakest"]["share"] == pytest.approx(0.5)


def test_a_file_of_labels_gives_classes_where_it_knows_synthetic_films() -> None:
    stated = {"a": "x", "b": "y", "drawn-1": "y"}
    found = known_classes(["drawn-1", "drawn-2"], stated)
    assert found is not None
    assert (found.names, found.of, found.drawn) == (
        ("x", "y"), {"a": "x", "b": "y"}, {"drawn-1": "y"}
    )  # fmt: skip
    assert known_classes(["drawn-2"], stated) is None
    assert known_classes(["drawn-1"], {"a": "y", "drawn-1": "y"}) is None
