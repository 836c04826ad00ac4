"""Shares of classes among synthetic films: planted ones are found, and noise is not judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cxr_release.scorecard import prevalence
from cxr_release.scorecard.prevalence import (
    cross_fitted,
    measure_prevalence,
    mixture,
    shares_of,
    unlikeness,
)
from cxr_release.scorecard.sets import ScoreSets
from tests.support.useful_films import Pictures, part, sets

NAMES = ("bent", "straight", "other way")


def films(classes: Sequence[int] | np.ndarray, *, seed: int, blur: float = 6.0) -> Pictures:
    """Films with a shade that lies where its class has it, in grain that hides much of it."""
    chance = np.random.default_rng(seed)
    rows = np.arange(64)[:, None] * np.ones((1, 64))
    made = []
    for number in classes:
        shade = np.exp(-(((rows - 16 * (number + 1)) / 8) ** 2))
        grain = gaussian_filter(chance.normal(size=(64, 64)), blur)
        made.append(128 + 60 * shade + 35 * grain / grain.std())
    return np.clip(np.rint(made), 0, 255).astype(np.uint8)


def drawn(shares: Sequence[float], count: int, *, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(shares), count, p=shares)


def scored(released: Pictures, *, trained: int = 150, seed: int = 0) -> tuple[ScoreSets, Any]:
    """Sets of which a third of the real films is of each class, and their facts."""
    truth = np.arange(trained) % 3
    real = films(truth, seed=seed + 1), films(truth[:60], seed=seed + 2)
    parts = part("trained", real[0]), part("control", real[1])
    facts: dict[str, Any] = {
        name: {
            "curvature": {film: NAMES[int(film.split("-")[1]) % 3] for film in each.ids},
            "source film": dict.fromkeys(each.ids[::2], "negative"),
        }
        for name, each in zip(("trained", "control"), parts, strict=True)
    }
    return sets(*parts, {"1": released}), facts


def rows_of(released: Pictures, **real: int) -> dict[str, Any]:
    measured = measure_prevalence(*scored(released, **real))
    return {row["class"]: row for row in measured.report()}


def test_half_a_class_is_missed_and_what_takes_its_place_is_found() -> None:
    rows = rows_of(films(drawn([1 / 6, 1 / 3, 1 / 2], 400, seed=15), seed=16))
    assert [*rows] == sorted(NAMES)  # not how the film came in, which no film shows
    assert rows["bent"]["found"] == "less" and rows["other way"]["found"] == "more"
    assert rows["straight"]["found"] is None and rows["straight"]["half"]
    low, high = rows["bent"]["synthetic"]["interval"]
    assert low <= 1 / 6 <= high
    assert rows["bent"]["real"] == {"films": 50, "patients": 50, "share": 1 / 3}
    assert sum(row["synthetic"]["share"] for row in rows.values()) == pytest.approx(1)


def test_kept_shares_are_not_found_to_differ() -> None:
    rows = rows_of(films(drawn([1 / 3] * 3, 240, seed=6), seed=7))
    assert [row["found"] for row in rows.values()] == [None] * 3
    assert all(row["half"] and row["why_not"] is None for row in rows.values())


def test_where_grey_levels_and_edges_say_otherwise_nothing_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A second classifier that takes the most common class for the rarest."""
    planted = drawn([0.1, 0.1, 0.8], 240, seed=15)
    subject, facts = scored(films(planted, seed=16))
    otherwise = films(2 - planted, seed=17)

    def seen_otherwise(pictures: Pictures) -> Any:
        asked = pictures is subject.released.pictures
        return prevalence.grey_levels(otherwise if asked else pictures)

    monkeypatch.setattr(prevalence, "LOOKS", (prevalence.grey_levels, seen_otherwise))
    for row in measure_prevalence(subject, facts).report():
        assert row["why_not"] == "classifiers that see films otherwise disagree"
        assert (row["found"], row["p_holm"], row["half"]) == (None, None, False)


@pytest.mark.parametrize(
    ("released", "why"),
    [
        (np.random.default_rng(0).integers(0, 256, (240, 64, 64)).astype(np.uint8), "unlike real"),
        (films([0] * 30, seed=8), "too few films to tell"),
    ],
)
def test_nothing_is_said_of_noise_or_of_a_few_films(released: Pictures, why: str) -> None:
    for row in rows_of(released).values():
        assert why in row["why_not"]
        assert (row["found"], row["p_holm"], row["half"]) == (None, None, False)


def test_a_class_of_few_real_films_is_named_and_no_number_of_it_is_given() -> None:
    subject, facts = scored(films([0] * 60, seed=9), trained=60)
    for film in [film for film in subject.trained.ids if int(film.split("-")[1]) % 3 == 0][:15]:
        del facts["trained"]["curvature"][film]
    measured = measure_prevalence(subject, facts)
    assert measured.report() == []
    (why,) = measured.why_not
    assert why.startswith("prevalence, curvature: a class has fewer than")


@settings(deadline=None)
@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6).map(np.array),
    st.integers(0, 2**20),
)
def test_a_mixture_of_known_shares_gives_them_back(weights: np.ndarray, seed: int) -> None:
    shares = weights / weights.sum()
    means = np.random.default_rng(seed).dirichlet(np.ones(len(shares)), len(shares))
    means += 2 * np.eye(len(shares))
    means /= means.sum(axis=1, keepdims=True)
    assert mixture(means, shares @ means) == pytest.approx(shares, abs=1e-4)


@given(st.integers(1, 40), st.integers(0, 2**20))
def test_films_of_a_mixture_are_like_it_and_others_are_not(count: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    classes = np.repeat([0, 1], count)
    real = chance.dirichlet([1, 1], 2 * count)
    assert unlikeness(real, classes, real, np.array([0.5, 0.5])) == pytest.approx(0, abs=1e-9)
    assert unlikeness(real, classes, real + 2, np.array([0.5, 0.5])) == pytest.approx(1)


@pytest.mark.long
def test_intervals_cover_planted_shares() -> None:
    """In 60 worlds of their own real films, nine of ten intervals or more hold the true share."""
    covered = []
    for seed in range(60):
        shares = np.random.default_rng(seed).dirichlet([3, 3, 3])
        truth = np.arange(150) % 3
        real, synthetic = cross_fitted(
            prevalence.grey_levels(films(truth, seed=10 * seed)),
            truth,
            np.arange(150) // 2,
            prevalence.grey_levels(films(drawn(shares, 150, seed=seed), seed=10 * seed + 1)),
            3,
        )
        _, draws = shares_of(real, truth, np.arange(150) // 2, synthetic)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        covered.append((low <= shares) & (shares <= high))
    assert np.mean(covered) >= 0.9
