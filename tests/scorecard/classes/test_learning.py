"""Differences of classifiers, their intervals, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.scorecard.class_model import classes_of_films, edges
from cxr_release.scorecard.classes.accuracy_score import (
    Inputs,
    Told,
    accuracy_score,
    drawn,
    told_apart,
)
from cxr_release.scorecard.classes.learning import (
    Test,
    Trial,
    accuracy,
    balanced_accuracy,
    difference,
    gap,
    recalls,
)
from cxr_release.scorecard.classes.members import members_of
from cxr_release.scorecard.classes.oversampling import oversampling
from cxr_release.scorecard.classes.rows import (
    HELPS,
    LEVELS_DOWN,
    NOT_SHOWN,
    WIDENS,
    verdict_of,
)
from tests.support.class_sets import Classes, good, gratings

SEEDS = 5


def test_of(truth: Classes, films: int = 1) -> Test:
    patients = tuple(str(place // films) for place in range(len(truth)))
    return Test(np.zeros((len(truth), 1)), truth, patients, int(truth.max()) + 1)


test_of.__test__ = False  # type: ignore[attr-defined]
Test.__test__ = False  # type: ignore[attr-defined]


def right(rates: list[float], truth: Classes, *, seed: int) -> Trial:
    """Each film right with the chance of its class, the same in all seeds."""
    chance = np.random.default_rng(seed)
    hits = chance.random(len(truth)) < np.array(rates)[truth]
    return Trial(np.tile(hits.astype(np.float64), (SEEDS, 1)), 0.5)


def test_recalls_are_means_over_films_of_a_class_and_seeds() -> None:
    truth = np.array([0, 0, 1, 1, 1, 1])
    trial = Trial(np.array([[1, 0, 1, 1, 1, 0], [1, 1, 1, 1, 1, 0]], np.float64), 0.5)
    shares = recalls(trial, test_of(truth))
    assert shares == pytest.approx([0.75, 0.75])
    assert gap(np.array([0.25, 0.75, 0.5])) == 0.5
    assert balanced_accuracy(np.array([0.25, 0.75, 0.5])) == 0.5


def test_a_difference_of_something_and_itself_is_nothing_and_has_no_scatter() -> None:
    truth = np.arange(60) % 3
    trial = right([0.6, 0.7, 0.8], truth, seed=1)
    for measure in (gap, balanced_accuracy):
        assert difference(measure, trial, trial, test_of(truth)) == (0.0, None)


def test_an_interval_agrees_with_the_binomial_one_where_films_are_independent() -> None:
    truth = np.zeros(400, np.int64)
    trial = right([0.7], truth, seed=2)
    value, interval = accuracy(trial, test_of(truth))
    assert interval is not None
    reach = 1.96 * np.sqrt(value * (1 - value) / 400)
    assert interval == pytest.approx([value - reach, value + reach], abs=0.005)
    # Of four films of a patient that are alike, it is twice as wide.
    alike = Trial(np.repeat(trial.right[:, ::4], 4, axis=1), 0.5)
    value, wide = accuracy(alike, test_of(truth, films=4))
    assert wide is not None
    reach = 1.96 * np.sqrt(value * (1 - value) / 100)
    assert wide == pytest.approx([value - reach, value + reach], abs=0.01)


@given(low=st.floats(-1, 1), high=st.floats(-1, 1), lower=st.floats(-1, 1), higher=st.floats(-1, 1))
def test_a_verdict_is_that_of_the_intervals(
    low: float, high: float, lower: float, higher: float
) -> None:
    gaps, accuracies = sorted((low, high)), sorted((lower, higher))
    said = verdict_of(gaps, accuracies)
    assert (said in (HELPS, LEVELS_DOWN)) == (gaps[1] < 0)
    assert (said == LEVELS_DOWN) == (gaps[1] < 0 and accuracies[1] < 0)
    assert (said == WIDENS) == (gaps[0] > 0)
    assert verdict_of(None, accuracies) == NOT_SHOWN


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=4))
def test_so_many_films_of_each_class_are_drawn(counts: list[int]) -> None:
    classes = np.repeat(np.arange(len(counts)), 6)
    places = drawn(classes, np.array(counts), np.random.default_rng(0))
    assert np.bincount(classes[places], minlength=len(counts)).tolist() == counts
    assert len({*places.tolist()}) == sum(counts)


def rare(*, films: int, contrast: float = 9) -> tuple[Told, Inputs]:
    """Faint gratings; few trained films of the first class, and as many synthetic ones as of the
    others."""
    classes = {
        "trained": np.repeat([0, 1, 2], [films, 60, 60]),
        "released": np.repeat([0, 1, 2], 60),
        "control": np.repeat([0, 1, 2], 60),
    }
    seen = {
        name: edges(gratings(numbers, seed=seed, contrast=contrast))
        for seed, (name, numbers) in enumerate(classes.items())
    }
    places = {name: np.arange(len(numbers)) for name, numbers in classes.items()}
    test = Test(seen["control"], classes["control"], tuple(map(str, places["control"])), 3)
    told = Told(
        (0, 1, 2), ("a", "b", "c"),
        places["trained"], places["released"], places["control"],
        classes["trained"], classes["released"], classes["control"], test.patients,
    )  # fmt: skip
    return told, Inputs(seen["trained"], seen["released"], test)


@pytest.mark.long
def test_films_of_a_rare_class_help_where_real_ones_are_too_few() -> None:
    told, inputs = rare(films=12)
    found = oversampling(told, inputs)
    assert found["films"] == {"a": 9, "b": 45, "c": 45}
    assert found["arms"][0]["added"] == {"a": 36, "b": 0, "c": 0}
    assert found["arms"][0]["verdict"] == HELPS
    assert found["arms"][0]["accuracy_difference"] > 0
    score = accuracy_score(told, inputs)
    assert score["films"] == {"a": 9, "b": 45, "c": 45}
    assert score["interval"][0] < 0 < score["interval"][1]


def test_classes_with_too_few_films_of_any_kind_are_not_told_apart() -> None:
    films = good(trained=45, control=36, released=45)
    classes = classes_of_films(films.sets, films.labels.names, films.labels.of, films.labels.drawn)
    told = told_apart(films.sets, classes, members_of(films.sets, classes, least=10))
    assert told is not None
    assert told.names == films.labels.names
    assert told_apart(films.sets, classes, members_of(films.sets, classes, least=13)) is None


@pytest.mark.long
def test_intervals_of_differences_hold_the_truth_in_about_95_of_100() -> None:
    """Of three classes with films of 1 to 3 a patient, alike; the two classifiers agree in part."""
    truth_first, truth_second = np.array([0.85, 0.7, 0.6]), np.array([0.75, 0.72, 0.45])
    hits = {"gap": 0, "mean": 0}
    times = 200
    for draw in range(times):
        chance = np.random.default_rng(draw)
        sizes = chance.integers(1, 4, 75)
        owners = np.repeat(np.arange(75), sizes)
        truth = (np.arange(75) % 3)[owners]
        patients = tuple(map(str, owners))
        test = Test(np.zeros((len(truth), 1)), truth, patients, 3)
        common = chance.normal(size=75)[owners]
        trials = []
        for rates in (truth_first, truth_second):
            # Patients are hard or easy for both; seeds differ a little.
            from scipy.stats import norm

            own = chance.normal(size=(SEEDS, len(truth)))
            latent = 0.6 * common + 0.6 * chance.normal(size=len(truth)) + 0.529 * own
            trials.append(Trial((latent < norm.ppf(rates[truth])).astype(np.float64), 0.5))
        for name, measure, true in (
            ("gap", gap, np.ptp(truth_first) - np.ptp(truth_second)),
            ("mean", balanced_accuracy, truth_first.mean() - truth_second.mean()),
        ):
            _, interval = difference(measure, trials[0], trials[1], test)
            assert interval is not None
            hits[name] += interval[0] <= true <= interval[1]
    assert hits["mean"] >= 0.92 * times
    assert hits["gap"] >= 0.9 * times
