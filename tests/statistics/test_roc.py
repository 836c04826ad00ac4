from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.statistics.proportions import clopper_pearson, clustered_interval
from cxr_release.statistics.roc import POINTS, roc_curve, true_positive_rate

Scores = st.lists(st.integers(0, 8), min_size=1, max_size=40)


@given(Scores, Scores, st.sampled_from([0.001, 0.01, 0.05, 0.29, 0.5, 1.0]))
def test_the_rate_is_the_best_of_all_thresholds_that_are_allowed(
    positive: list[int], negative: list[int], limit: float
) -> None:
    """Every threshold is tried; false positives are never above the limit, ties included."""
    first, second = np.array(positive, float), np.array(negative, float)
    rate = true_positive_rate(first, second, at_most_fpr=limit)
    allowed = limit * len(second) + 1e-9
    thresholds = [value for value in range(-1, 9) if (second > value).sum() <= allowed]
    assert rate.false_positives <= allowed
    assert rate.value == max((first > value).mean() for value in thresholds)
    assert rate.true_positives == round(rate.value * len(first))
    assert list(rate.interval) == clopper_pearson(rate.true_positives, len(first))
    assert rate.measurable == (len(second) * limit >= 1 - 1e-9)


def test_90_controls_allow_no_false_positive_at_1_percent() -> None:
    controls = np.arange(90.0)
    rate = true_positive_rate(np.array([88.5, 89.0, 89.5]), controls, at_most_fpr=0.01)
    assert (rate.false_positives, rate.true_positives, rate.measurable) == (0, 1, False)
    for limit, measurable in ((0.01, True), (0.001, False)):
        rate = true_positive_rate(np.array([98.5]), np.arange(100.0), at_most_fpr=limit)
        assert rate.measurable == measurable
        assert rate.false_positives == int(measurable)


def test_29_percent_of_100_is_29() -> None:
    rate = true_positive_rate(np.array([70.5]), np.arange(100.0), at_most_fpr=0.29)
    assert (rate.false_positives, rate.true_positives) == (29, 1)


def test_members_that_are_as_high_as_the_threshold_are_not_found() -> None:
    rate = true_positive_rate(np.full(5, 3.0), np.full(200, 3.0), at_most_fpr=0.01)
    assert (rate.value, rate.false_positives) == (0, 0)


def test_hits_that_are_alike_within_patients_have_the_wider_interval() -> None:
    hits = np.repeat([True, False, False, True], 10)
    alone = clustered_interval(hits, None)
    assert list(alone) == clopper_pearson(20, 40)
    assert clustered_interval(hits, list(range(40))) == alone
    together = clustered_interval(hits, np.repeat(np.arange(4), 10).tolist())
    assert together[0] < alone[0] < 0.5 < alone[1] < together[1]
    assert together[0] == pytest.approx(1 - together[1])
    none = clustered_interval(np.zeros(40, bool), np.repeat(np.arange(4), 10).tolist())
    assert none == pytest.approx(tuple(clopper_pearson(0, 4)))
    assert clustered_interval(np.ones(3, bool), ["a"] * 3)[1] == 1


def test_the_interval_by_patient_covers_the_truth_and_the_one_by_film_does_not() -> None:
    chance = np.random.default_rng(3)
    held, blind = [], []
    for _ in range(200):
        own = chance.beta(0.3, 0.7, size=50)
        owners = np.repeat(np.arange(50), chance.integers(1, 6, size=50))
        hits = chance.random(len(owners)) < own[owners]
        low, high = clustered_interval(hits, owners.tolist())
        held.append(low <= 0.3 <= high)
        low, high = clustered_interval(hits, None)
        blind.append(low <= 0.3 <= high)
    assert np.mean(held) >= 0.92
    assert np.mean(blind) <= 0.9


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=60),
    st.lists(st.integers(0, 20), min_size=1, max_size=60),
)
def test_a_curve_rises_and_holds_the_rates_at_its_own_false_positives(
    members: list[int], others: list[int]
) -> None:
    positive, negative = np.array(members, float), np.array(others, float)
    curve = roc_curve(positive, negative)
    assert len(curve) <= POINTS
    assert curve[-1] == (1, 1)
    assert curve == sorted(curve)
    for false_positives, hits in curve[1:]:
        rate = true_positive_rate(positive, negative, at_most_fpr=max(false_positives, 1e-9))
        assert rate.value == hits
    at_none = true_positive_rate(positive, negative, at_most_fpr=1e-9)
    assert curve[0][1] == at_none.value
