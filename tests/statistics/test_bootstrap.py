from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cxr_release.fidelity.distances import frechet_distance
from cxr_release.statistics.bootstrap import (
    centred,
    cluster_numbers,
    clustered_distance_interval,
    clustered_mean_interval,
    distance_interval,
    mean_interval,
    ratio_interval,
)


def test_the_interval_of_a_mean_is_that_of_the_normal_where_films_are_many() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    low, high = mean_interval(values, draws=2000, seed=1)
    error = values.std(ddof=1) / np.sqrt(len(values))
    expected = stats.norm.interval(0.95, values.mean(), error)
    assert (low, high) == pytest.approx(expected, abs=0.25 * error)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(2)
    hits = 0
    for trial in range(100):
        low, high = mean_interval((chance.random(60) < 0.7).astype(float), draws=100, seed=trial)
        hits += low <= 0.7 <= high
    assert hits >= 88


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).random(30)
    assert mean_interval(values, draws=50, seed=7) == mean_interval(values, draws=50, seed=7)
    assert mean_interval(values, draws=50, seed=7) != mean_interval(values, draws=50, seed=8)


def test_values_that_do_not_vary_have_no_width() -> None:
    assert mean_interval(np.ones(10), draws=20, seed=1) == [1, 1]
    assert mean_interval(np.array([0.25]), draws=20, seed=1) == [0.25, 0.25]


def test_centred_draws_say_how_wide_and_not_where() -> None:
    draws = np.linspace(9, 11, 201)
    assert centred(3.0, draws) == pytest.approx([2.05, 3.95])
    assert centred(0.5, draws, least=0) == pytest.approx([0, 1.45])
    assert centred(-2.0, draws, least=0) == [0, 0]


def test_the_interval_of_a_distance_holds_its_value_although_draws_are_biased() -> None:
    chance = np.random.default_rng(4)
    first, second = chance.normal(0, 1, (40, 8)), chance.normal(0.3, 1, (60, 8))
    value = frechet_distance(first, second)
    low, high = distance_interval(frechet_distance, first, second, value=value, draws=100, seed=1)
    assert 0 <= low < value < high
    again = [
        frechet_distance(chance.choice(first, 40), chance.choice(second, 60)) for _ in range(100)
    ]
    assert np.mean(again) > high  # percentiles of the draws would not hold the value
    assert high - low == pytest.approx(
        np.quantile(again, 0.975) - np.quantile(again, 0.025), rel=0.4
    )


def test_both_sets_are_drawn_again_each_by_itself() -> None:
    seen = []

    def distance(some: np.ndarray, others: np.ndarray) -> float:
        seen.append((sorted(set(some[:, 0])), sorted(set(others[:, 0]))))
        return float(some.mean())

    first, second = np.arange(6.0)[:, None], 10 + np.arange(9.0)[:, None]
    low, high = distance_interval(distance, first, second, value=2.5, draws=30, seed=1)
    assert len(seen) == 30
    assert all(set(one) <= set(range(6)) for one, _ in seen)
    assert all(set(other) <= set(range(10, 19)) for _, other in seen)
    assert any(len(one) < 6 for one, _ in seen)
    assert any(len(other) < 9 for _, other in seen)
    assert low < 2.5 < high


def test_the_interval_of_a_ratio_is_that_of_the_delta_method_where_films_are_many() -> None:
    chance = np.random.default_rng(5)
    first, second = chance.gamma(4, 2, 400), chance.gamma(9, 1, 600)
    low, high = ratio_interval(first, second, draws=2000, seed=1)
    ratio = first.mean() / second.mean()
    shares = [part.std(ddof=1) / part.mean() / np.sqrt(len(part)) for part in (first, second)]
    error = ratio * np.hypot(*shares)
    assert (low, high) == pytest.approx(stats.norm.interval(0.95, ratio, error), abs=0.25 * error)


def test_both_parts_of_a_ratio_are_drawn_again_each_by_itself() -> None:
    values = np.random.default_rng(6).gamma(4, 2, 40)
    same = ratio_interval(values, values, draws=200, seed=1)
    assert same[0] < 0.95
    assert same[1] > 1.05
    fixed = np.full(40, values.mean())
    alone = [
        ratio_interval(*pair, draws=200, seed=1) for pair in ((values, fixed), (fixed, values))
    ]
    for low, high in alone:
        assert same[0] < low < 1 < high < same[1]


def test_a_ratio_of_many_draws_is_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(7)
    first, second = chance.gamma(4, 2, 30), chance.gamma(9, 1, 50)
    whole = ratio_interval(first, second, draws=400, seed=1)
    monkeypatch.setattr("cxr_release.statistics.bootstrap.BLOCK", 100)
    assert ratio_interval(first, second, draws=400, seed=1) == pytest.approx(whole, rel=0.1)


def test_a_ratio_of_what_does_not_vary_has_no_width() -> None:
    assert ratio_interval(np.full(5, 3.0), np.full(7, 2.0), draws=20, seed=1) == [1.5, 1.5]


def test_the_interval_of_a_clustered_mean_is_that_of_the_means_of_equal_clusters() -> None:
    chance = np.random.default_rng(1)
    centres = chance.normal(size=80)
    values = np.repeat(centres, 5) + chance.normal(0, 0.1, 400)
    clusters = [f"p{place // 5}" for place in range(400)]
    low, high = clustered_mean_interval(values, clusters, draws=4000, seed=1)
    means = values.reshape(80, 5).mean(axis=1)
    expected = mean_interval(means, draws=4000, seed=2)
    assert [low, high] == pytest.approx(expected, abs=0.02)
    alone = clustered_mean_interval(values, range(400), draws=4000, seed=1)
    assert alone == pytest.approx(mean_interval(values, draws=4000, seed=2), abs=0.02)
    assert high - low > 1.8 * (alone[1] - alone[0])
    assert (
        clustered_mean_interval(values, ["p"] * 400, draws=9, seed=1)
        == [pytest.approx(values.mean())] * 2
    )


def test_the_interval_of_a_distance_knows_which_films_are_alike() -> None:
    chance = np.random.default_rng(2)
    first = np.repeat(chance.normal(size=(40, 2)), 4, axis=0)
    second = chance.normal(size=(160, 2))
    value = frechet_distance(first, second)
    widths = []
    for clusters in (np.arange(160), np.arange(160) // 4):
        low, high = clustered_distance_interval(
            frechet_distance,
            first,
            second,
            clusters=(list(clusters), range(160)),
            value=value,
            draws=200,
            seed=1,
        )
        assert low <= value <= high
        widths.append(high - low)
    assert widths[1] > 1.3 * widths[0]


def test_clusters_are_numbered_as_they_come() -> None:
    assert list(cluster_numbers(["b", "a", "b", "c"])) == [0, 1, 0, 2]
