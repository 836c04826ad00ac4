"""Whom a release misses, where that is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cxr_release.scorecard.coverage import Coverage, measure_coverage
from cxr_release.scorecard.coverage_rows import lines
from cxr_release.scorecard.names import CONTROL, TRAINED
from cxr_release.scorecard.picture_features import PictureFeatures
from cxr_release.scorecard.sets import ScoreSets
from tests.support.feature_sets import part, points, sets_of

REAL = 240
KINDS = np.arange(REAL) % 3
"""Each third film is of a kind that lies elsewhere: 2 stands for tall patients, say."""


def centres(kinds: np.ndarray) -> np.ndarray:
    return np.where(kinds == 2, 5.0, 0.0)


def facts(films: int = REAL, control: int = 60) -> dict[str, dict[str, dict[str, object]]]:
    named = ["short" if kind < 2 else "tall" for kind in KINDS]
    return {
        TRAINED: {"size": {f"t-{place}": named[place] for place in range(films - control)}},
        CONTROL: {
            "size": {f"c-{place}": named[films - control + place] for place in range(control)}
        },
    }


def measured(
    kinds: np.ndarray, *, seed: int = 1, other: np.ndarray | None = None
) -> tuple[Coverage, ScoreSets]:
    """A release of films of these kinds, in both kinds of features or in one."""
    chance = np.random.default_rng(seed)
    real = points(centres(KINDS), chance)
    drawn = points(centres(kinds), chance)
    shown = None if other is None else points(centres(other), chance)
    sets, features = sets_of(real[:180], real[180:], drawn, other=shown)
    return measure_coverage(sets, facts(), features=features), sets  # type: ignore[arg-type]


def rows(coverage: Coverage, group: str) -> list[dict[str, object]]:
    return [row for row in coverage.report() if row["group"] == group]


def test_a_kind_that_is_never_drawn_is_missed() -> None:
    coverage, _ = measured(np.zeros(160, int))
    assert [coverage.groups[place].name for place in coverage.missed] == ["tall"]
    for row in rows(coverage, "tall"):
        assert row["missed"]
        assert row["value"] == pytest.approx(0, abs=0.05)
        assert row["ratio"] < 0.1  # type: ignore[operator]
        assert row["rest"] > 0.9  # type: ignore[operator]
        assert row["p_holm"] < 0.05  # type: ignore[operator]
    assert not any(row["missed"] for row in rows(coverage, "short"))
    scores = coverage.scores()
    assert scores["release"] is not None
    assert scores["release"] < 10
    assert scores["ideal"] is not None
    assert scores["ideal"] > 75
    assert scores["copies"] == 100
    text = "\n".join(lines(coverage.report()))
    assert "size: tall, 80 films" in text
    assert text.count("; MISSED") == 1


def test_what_one_kind_of_features_shows_alone_is_not_missed() -> None:
    coverage, _ = measured(np.zeros(160, int), other=np.arange(160) % 3)
    assert coverage.missed == ()
    assert sorted(row["ratio"] < 0.1 for row in rows(coverage, "tall")) == [False, True]  # type: ignore[operator]
    assert coverage.scores()["release"] > 70  # type: ignore[operator]
    assert "no group is shown" in "\n".join(lines(coverage.report()))


def test_a_release_that_covers_everybody_badly_misses_no_group() -> None:
    chance = np.random.default_rng(7)
    real = points(centres(KINDS), chance)
    drawn = points(np.full(160, 30.0), chance)
    sets, features = sets_of(real[:180], real[180:], drawn)
    coverage = measure_coverage(sets, facts(), features=features)  # type: ignore[arg-type]
    assert coverage.missed == ()
    assert coverage.scores()["release"] == 0


def test_films_of_other_patients_miss_nobody() -> None:
    coverage, _ = measured(np.arange(160) % 3)
    assert coverage.missed == ()
    scores = coverage.scores()
    assert scores["release"] == pytest.approx(scores["ideal"], abs=20)
    for row in rows(coverage, "all films"):
        low, high = row["interval"]  # type: ignore[misc]
        assert low < 1 < high
        assert row["rest"] is row["p"] is None


def test_names_change_nothing_and_none_is_reported() -> None:
    coverage, sets = measured(np.arange(160) % 3)
    renamed = ScoreSets(
        part("x", np.zeros((0, 6))).take([]), sets.control, sets.released, {}, {}, {}
    )
    ids = tuple(f"other-{place}" for place in range(len(sets.trained)))
    trained = sets.trained.take(range(len(sets.trained)))
    trained = type(trained)(
        ids,
        tuple(f"patient {film}" for film in ids),
        trained.digests,
        trained.vectors,
        trained.pictures,
    )
    renamed = ScoreSets(trained, sets.control, sets.released, {}, {}, {})
    chance = np.random.default_rng(1)
    real = points(centres(KINDS), chance)
    drawn = points(centres(np.arange(160) % 3), chance)
    features = PictureFeatures(real[:180], real[180:], drawn, np.arange(160), np.arange(160))
    known = facts()
    known[TRAINED] = {
        "size": {f"other-{film[2:]}": value for film, value in known[TRAINED]["size"].items()}
    }
    same = measure_coverage(renamed, known, features=features)  # type: ignore[arg-type]
    assert json.dumps(same.report()) == json.dumps(coverage.report())
    assert same.scores() == coverage.scores()
    for name in ("t-1", "c-1", "r-1"):
        assert name not in json.dumps(coverage.report())


def test_small_groups_are_too_few_and_small_numbers_of_patients_are_not_told() -> None:
    chance = np.random.default_rng(3)
    real, drawn = chance.normal(size=(120, 6)), chance.normal(size=(60, 6))
    sets, features = sets_of(real[:90], real[90:], drawn)
    size = {f"t-{place}": "tall" if place < 12 else "short" for place in range(87)}
    coverage = measure_coverage(sets, {TRAINED: {"size": size}}, features=features)  # type: ignore[dict-item]
    tall = rows(coverage, "tall")
    assert [(row["films"], row["too_few"], row["ratio"]) for row in tall] == [(12, True, None)]
    rest = rows(coverage, "not stated")
    assert [row["films"] for row in rest] == [33, 33]
    stated = size | {f"t-{place}": "short" for place in range(87, 90)}
    stated |= {f"c-{place}": "short" for place in range(27)}
    few = measure_coverage(
        sets,
        {
            TRAINED: {"size": stated},
            CONTROL: {"size": {k: v for k, v in stated.items() if k[0] == "c"}},
        },  # type: ignore[dict-item]
        features=features,
    )
    hidden = rows(few, "not stated")
    assert [(row["films"], row["patients"], row["too_few"]) for row in hidden] == [
        (None, None, True)
    ]
    assert "size: not stated: too few to measure" in "\n".join(lines(few.report()))


def test_few_films_and_no_control_films() -> None:
    chance = np.random.default_rng(3)
    real, drawn = chance.normal(size=(40, 6)), chance.normal(size=(60, 6))
    sets, features = sets_of(real, real[:0], drawn)
    alone = measure_coverage(sets, features=features)
    assert alone.scores()["release"] is not None
    sets, features = sets_of(real[:12], real[:0], drawn)
    few = measure_coverage(sets, features=features)
    assert set(few.scores().values()) == {None}
    assert "too few real films" in few.why_not[0]
    assert [*lines(few.report())] == ["coverage: not measured, for there are too few films"]


@pytest.mark.long
def test_films_of_other_patients_miss_nobody_in_20_draws() -> None:
    found = [measured(np.arange(160) % 3, seed=seed)[0] for seed in range(20)]
    assert sum(bool(coverage.missed) for coverage in found) <= 1
    ratios = [
        ratio
        for coverage in found
        for of_groups in coverage.ratios.values()
        for ratio in of_groups.values()
    ]
    covering = [
        low <= 1 <= high for low, high in (ratio.interval for ratio in ratios if ratio.interval)
    ]
    assert np.mean(covering) >= 0.92
    below = [ratio.p < 0.05 for ratio in ratios if ratio.p is not None]
    assert np.mean(below) <= 0.06


@pytest.mark.long
def test_intervals_know_that_films_of_a_patient_are_alike() -> None:
    """Where each film comes four times, intervals are about twice as wide as with as many films."""
    chance = np.random.default_rng(9)
    real, drawn = chance.normal(size=(60, 6)), chance.normal(size=(120, 6))
    widths = []
    for times in (1, 4):
        films = np.repeat(chance.normal(size=(240 // times, 6)), times, axis=0)
        films += chance.normal(0, 0.05, films.shape)
        sets, features = sets_of(films, real, drawn)
        patients = [f"patient {place // times}" for place in range(240)]
        alike = ScoreSets(part("t", films, patients), sets.control, sets.released, {}, {}, {})
        low, high = measure_coverage(alike, features=features).report()[0]["interval"]
        widths.append(high - low)
    assert widths[1] > 1.3 * widths[0]
