"""Thirds of phantoms' curvature: what is planted in one class is found there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cxr_release
from cxr_release.films.grey import window
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.radiographs.resample import mirror, resample
from cxr_release.scorecard.classes.measure import ClassLabels, measure_classes
from cxr_release.scorecard.measure import text_of
from cxr_release.scorecard.picture_features import picture_features
from tests.support.class_sets import NAMES as GRATINGS
from tests.support.class_sets import Planted, good
from tests.support.once import made_once
from tests.support.phantom_sets import write_folder

pytestmark = pytest.mark.long
NAMES = ("kyphotic", "straight", "lordotic")
TRAINED, CONTROL, RELEASED = 600, 240, 480
Report = dict[str, Any]


def _draw(path: Path) -> None:
    films, classes = [], []
    for index in range(TRAINED + CONTROL + RELEASED):
        phantom = draw_phantom(index, seed=5)
        film = resample(window(phantom.pixels), 64, "stretch")
        film = np.invert(film) if phantom.negative else film
        films.append(mirror(film) if phantom.facing == "right" else film)
        classes.append(NAMES.index(phantom.codes["curvature"]))
    with path.open("wb") as file:
        np.savez(file, films=np.stack(films), classes=np.array(classes))


@cache
def phantoms() -> Planted:
    """Synthetic films are phantoms of other patients, each of the class that it is said to be."""
    with np.load(made_once("phantoms-with-curvature", _draw)) as drawn:
        films, classes = drawn["films"], drawn["classes"]
    cuts = [TRAINED, TRAINED + CONTROL]
    pictures = dict(zip(("trained", "control", "released"), np.split(films, cuts), strict=True))
    trained, control, released = np.split(classes, cuts)
    return Planted(trained, control, released, pictures, films=1)


class Curved(Planted):
    """Phantoms' classes have other names."""

    @property
    def labels(self) -> ClassLabels:
        """Their classes."""
        stated = super().labels
        new = dict(zip(GRATINGS, NAMES, strict=True))
        return ClassLabels(
            "curvature", NAMES,
            {film: new[name or ""] for film, name in stated.of.items()},
            {film: new[name] for film, name in stated.drawn.items()},
        )  # fmt: skip


@cache
def measured(name: str) -> dict[str, Report]:
    """Class → its row; and `all` → the whole report; of what is planted."""
    made = PLANTS[name](phantoms())
    planted = Curved(made.trained, made.control, made.drawn, made.pictures, made.films)
    films = planted.sets
    report = measure_classes(films, planted.labels, least=10, features=picture_features(films))
    return {row["class"]: row for row in report["rows"]} | {"all": report}


def nothing(films: Planted) -> Planted:
    return films


def wrong_labels(films: Planted) -> Planted:
    """Three in ten films get a class by chance that is not theirs."""
    chance = np.random.default_rng(3)
    others = (films.drawn + chance.integers(1, 3, len(films.drawn))) % 3
    return replace(films, drawn=np.where(chance.random(len(others)) < 0.3, others, films.drawn))


def with_films(number: int, make: Callable[[Planted, int], np.ndarray]) -> Callable[..., Planted]:
    def planted(films: Planted) -> Planted:
        pictures = films.pictures["released"].copy()
        places = np.flatnonzero(films.drawn == number)
        pictures[places] = make(films, len(places))
        return replace(films, pictures={**films.pictures, "released": pictures})

    return planted


def _copies(films: Planted, count: int) -> np.ndarray:
    own = films.pictures["trained"][films.trained == 0]
    grain = np.random.default_rng(4).normal(0, 4, (count, 64, 64))
    return np.clip(np.resize(own, (count, 64, 64)) + grain, 0, 255).astype(np.uint8)


def _noise(films: Planted, count: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, 64, 64), np.uint8)


PLANTS: dict[str, Callable[[Planted], Planted]] = {
    "nothing": nothing,
    "wrong labels": wrong_labels,
    "a copied class": with_films(0, _copies),
    "a class of noise": with_films(2, _noise),
}


def leaks(report: dict[str, Report]) -> dict[str, bool]:
    return {
        name: any(attack["leaks"] for attack in report[name]["privacy"]["attacks"])
        for name in NAMES
    }


def test_good_films_are_as_real_ones_in_every_class() -> None:
    report = measured("nothing")
    for name in NAMES:
        row = report[name]
        low, high = row["obedience"]["interval"]
        of_control = row["obedience"]["control"]
        assert low <= of_control["interval"][1]
        assert of_control["interval"][0] <= high
        assert row["distance"]["interval"][0] <= row["distance"]["floor"]
        assert row["coverage"]["interval"][1] >= 0.95
    assert leaks(report) == dict.fromkeys(NAMES, False)
    low, high = report["all"]["accuracy_score"]["interval"]
    assert low <= 0 <= high
    # A third is told from its neighbour where it is cut as well as can be expected.
    assert report["all"]["obedience"]["control"]["value"] > 0.8
    assert report["all"]["obedience"]["value"] > 0.8


def test_wrong_labels_are_seen_in_obedience_and_in_what_is_learnt_from_them() -> None:
    report, before = measured("wrong labels"), measured("nothing")
    for name in NAMES:
        obeyed = report[name]["obedience"]
        assert obeyed["interval"][1] < before[name]["obedience"]["value"]
        assert obeyed["p_holm"] < 0.001
    assert report["all"]["obedience"]["value"] == pytest.approx(
        0.7 * before["all"]["obedience"]["value"], abs=0.06
    )
    assert report["all"]["accuracy_score"]["interval"][1] < 0.02
    assert report["all"]["accuracy_score"]["difference"] < -0.04
    assert leaks(report) == dict.fromkeys(NAMES, False)


def test_a_copied_class_is_found_by_the_attacks_and_only_there() -> None:
    report = measured("a copied class")
    assert leaks(report) == {"kyphotic": True, "straight": False, "lordotic": False}
    beyond = report["kyphotic"]["privacy"]["beyond_any_control"]
    assert beyond["members"] > 0.5 * beyond["tested"]


def test_a_class_of_noise_is_the_worst_and_leaves_the_others_alone() -> None:
    report, before = measured("a class of noise"), measured("nothing")
    assert report["all"]["rows"][0]["class"] == "lordotic"
    row = report["lordotic"]
    assert row["coverage"]["value"] == 0
    assert row["distance"]["interval"][0] > 10 * row["distance"]["floor"]
    for name in NAMES[:2]:
        assert report[name]["distance"] == before[name]["distance"]
        assert report[name]["coverage"] == before[name]["coverage"]
    assert report["all"]["accuracy_score"]["interval"][1] < 0


def test_folders_and_a_file_of_classes_are_enough(tmp_path: Path) -> None:
    planted = good()
    sets, labels = planted.sets, planted.labels
    parts = {"trained": sets.trained, "control": sets.control, "released": sets.released}
    folders = {
        name: write_folder(tmp_path / name, dict(zip(part.ids, part.pictures, strict=True)))
        for name, part in parts.items()
    }
    stated = {**labels.of, **labels.drawn}
    rows = [f"{film}.png,{name}" for film, name in stated.items()]
    (tmp_path / "labels.csv").write_text("\n".join(["file,class", *rows]))
    for name in ("trained", "control"):
        owners = [f"{film}.png,{film}" for film in parts[name].ids]
        (folders[name] / "patients.csv").write_text("\n".join(["file,patient", *owners]))
    report = cxr_release.score(
        folders["trained"], folders["control"], folders["released"], tmp_path / "scored",
        labels=tmp_path / "labels.csv",
    )  # fmt: skip
    assert report["classes"]["names"] == sorted(GRATINGS)
    assert [row["obedience"]["obeyed"] for row in report["classes"]["rows"]] == [30, 30, 30]
    assert "\nclasses, the worst first:" in text_of(report)
    assert (tmp_path / "scored/score-classes.png").exists()
