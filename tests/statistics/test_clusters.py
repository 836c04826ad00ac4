from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.statistics.bootstrap import cluster_draws, design_effect
from tests.support.studies import study


def drawn(values: np.ndarray, draws: int, seed: int = 1) -> np.ndarray:
    found = cluster_draws(values, draws=draws, seed=seed)
    assert found is not None
    return found


TINY = np.array([[1, 0, 1], [0, 0, 1]], bool)


def hits(raters: int, quartets: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(
        st.lists(st.booleans(), min_size=quartets, max_size=quartets),
        min_size=raters,
        max_size=raters,
    ).map(lambda rows: np.array(rows, bool))


def test_draws_are_those_of_raters_and_quartets_drawn_apart() -> None:
    """Every way to draw two raters and three quartets again, counted out."""
    exact = [
        sum(TINY[rater][quartet] for rater in raters for quartet in quartets) / 6
        for raters in itertools.product(range(2), repeat=2)
        for quartets in itertools.product(range(3), repeat=3)
    ]
    found = drawn(TINY, 200_000)
    assert found.mean() == pytest.approx(np.mean(exact), abs=0.003)
    assert found.var() == pytest.approx(np.var(exact), rel=0.02)
    for end in (0.025, 0.3, 0.5, 0.8):
        assert np.mean(found < end) == pytest.approx(np.mean(np.array(exact) < end), abs=0.005)


def test_spread_of_the_draws_is_that_of_the_formula() -> None:
    values = study(9, 30, seed=3).hits.astype(float)
    raters, quartets = values.shape
    mean = values.mean()
    rater, quartet = values.mean(axis=1) - mean, values.mean(axis=0) - mean
    rest = values - mean - rater[:, None] - quartet
    exact = (
        (rater**2).sum() / raters**2
        + (quartet**2).sum() / quartets**2
        + (rest**2).sum() / (raters * quartets) ** 2
    )
    found = drawn(values > 0, 60_000)
    assert found.var() == pytest.approx(exact, rel=0.03)
    assert found.mean() == pytest.approx(mean, abs=4 * (exact / 60_000) ** 0.5)


def test_draws_in_blocks_are_as_many_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cxr_release.statistics.bootstrap.BLOCK", 70)
    found = drawn(TINY, 1001)
    assert len(found) == 1001
    assert len(set(found.tolist())) > 3


def test_a_seed_gives_its_draws() -> None:
    values = study(6, 12).hits
    assert (drawn(values, 500) == drawn(values, 500)).all()
    assert (drawn(values, 500) != drawn(values, 500, seed=2)).any()


@settings(max_examples=15)
@given(hits(4, 6))
def test_design_effect_is_the_variance_clustered_both_ways(values: np.ndarray) -> None:
    found = design_effect(values)
    if values.all() or not values.any():
        assert found is None
        return
    rest = values - values.mean()
    raters, quartets = values.shape
    trials = values.size

    def summed(squares: np.ndarray, clusters: int) -> float:
        return float((squares**2).sum()) / trials**2 * clusters / (clusters - 1)

    variance = (
        summed(rest.sum(axis=1), raters) + summed(rest.sum(axis=0), quartets) - summed(rest, trials)
    )
    independent = values.mean() * (1 - values.mean()) / trials
    assert found == pytest.approx(max(0.0, variance) / independent, abs=1e-9)


def test_what_clusters_has_a_design_effect() -> None:
    chance = np.random.default_rng(5)
    alike = chance.random((20, 50)) < 0.3
    by_rater = chance.random((20, 50)) < np.linspace(0.05, 0.95, 20)[:, None]
    by_quartet = chance.random((20, 50)) < np.linspace(0.05, 0.95, 50)
    small, rater, quartet = (design_effect(one) or 0.0 for one in (alike, by_rater, by_quartet))
    assert small < 2
    assert min(rater, quartet) > 5


@pytest.mark.parametrize("values", [[[1, 0, 1]], [[1], [0]], [[1, 1], [1, 1]], [[0, 0], [0, 0]]])
def test_what_cannot_be_told_is_not_told(values: list[list[int]]) -> None:
    hit = np.array(values, bool)
    assert cluster_draws(hit, draws=10, seed=0) is None
    assert design_effect(hit) is None
