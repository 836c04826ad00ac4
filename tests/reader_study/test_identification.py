from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from cxr_release.reader_study.identification import (
    clopper_pearson,
    cluster_draws,
    design_effect,
    fleiss_kappa_of,
    identification_of,
)
from tests.support.studies import study

TINY = np.array([[1, 0, 1], [0, 0, 1]], bool)


def hits(raters: int, quartets: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(
        st.lists(st.booleans(), min_size=quartets, max_size=quartets),
        min_size=raters,
        max_size=raters,
    ).map(lambda rows: np.array(rows, bool))


def drawn(values: np.ndarray, draws: int, seed: int = 1) -> np.ndarray:
    found = cluster_draws(values, draws=draws, seed=seed)
    assert found is not None
    return found


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
    monkeypatch.setattr("cxr_release.reader_study.identification.BLOCK", 70)
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


def test_clopper_pearson_at_its_ends() -> None:
    assert clopper_pearson(0, 10) == pytest.approx([0, 1 - 0.025**0.1])
    assert clopper_pearson(10, 10) == pytest.approx([0.025**0.1, 1])


def test_each_rater_and_each_source_is_counted() -> None:
    ratings = study(3, 20, seed=4)
    found = identification_of(ratings, margin=0.1, draws=100, seed=0)
    assert sum(one["correct"] for one in found["per_rater"].values()) == found["correct"]
    assert {one["trials"] for one in found["per_rater"].values()} == {20}
    assert sum(found["picked"].values()) == found["trials"] == 60
    assert found["picked"]["real"] == found["correct"]
    assert found["clustered_ci95"][0] < found["accuracy"] < found["clustered_ci95"][1]


def test_kappa_of_those_who_agree_and_of_those_who_do_not() -> None:
    ratings = study(4, 30, seed=6)
    ratings.picked[:] = ratings.picked[0]
    assert fleiss_kappa_of(ratings) == pytest.approx(1)
    ratings.picked[:] = np.arange(4)[:, None]
    assert fleiss_kappa_of(ratings) == pytest.approx(-1 / 3)
    ratings.picked[:] = 2
    assert fleiss_kappa_of(ratings) is None
    assert fleiss_kappa_of(study(1, 5)) is None


def test_equivalence_needs_the_clustered_interval_and_the_exact_tests() -> None:
    ratings = study(4, 4)
    # Each rater and each quartet right once: nothing clusters, and the bootstrap is too sure.
    ratings.picked[:] = np.add.outer(np.arange(4), np.arange(4)) % 4
    found = identification_of(ratings, margin=0.2, draws=4000, seed=0)["equivalence"]
    assert found["ci90"] == np.quantile(drawn(ratings.hits, 4000, seed=0), [0.05, 0.95]).tolist()
    assert 0.05 < found["ci90"][0] < found["ci90"][1] < 0.45
    assert found["p"] == pytest.approx(binomtest(4, 16, 0.45, "less").pvalue)
    assert found["p"] > 0.05
    assert found["equivalent"] is False
    wider = identification_of(ratings, margin=0.3, draws=4000, seed=0)["equivalence"]
    # No accuracy is below chance less this margin: that side needs no test.
    assert wider["p"] == pytest.approx(binomtest(4, 16, 0.55, "less").pvalue)
    assert wider["equivalent"] is True


def test_raters_who_differ_keep_equivalence_from_being_shown() -> None:
    ratings = study(6, 40)
    ratings.picked[:] = 1
    ratings.picked[:3, ::2] = 0
    found = identification_of(ratings, margin=0.15, draws=1000, seed=0)["equivalence"]
    assert found["p"] < 0.05
    assert found["equivalent"] is False
