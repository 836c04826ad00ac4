"""p values of scores against scipy's distributions, and how often innocent films are flagged."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, expon, gumbel_r, norm

from cxr_release.memorization.tail import FEWEST, LEVEL, PEAKS, Tail, tail_of

SURE = 0.999
"""Quantile of the flagged releases, were `LEVEL` of them flagged, that must not be exceeded."""
FILMS = [480, 27_000]
BASELINES = [100, 600, 5_000]


@given(seed=st.integers(0, 10**6), count=st.integers(FEWEST, 3000))
def test_it_is_that_of_the_exponential_distribution(seed: int, count: int) -> None:
    scores = np.random.default_rng(seed).normal(size=count)
    tail = tail_of(scores)
    assert tail is not None
    peaks = max(10, count // 10)
    rising = np.sort(scores)
    assert (tail.films, tail.peaks) == (count, peaks)
    assert tail.start == rising[-peaks - 1]
    excesses = rising[-peaks:] - tail.start
    assert tail.mean_excess == pytest.approx(excesses.mean())
    # Exact interval of an exponential mean: its upper 95 % end.
    assert tail.most_excess == pytest.approx(2 * excesses.sum() / chi2.ppf(0.05, 2 * peaks))
    assert chi2.cdf(2 * peaks * tail.mean_excess / tail.most_excess, 2 * peaks) == pytest.approx(
        0.05
    )
    for score in tail.start + np.array([0.001, 0.5, 3, 20]):
        expected = peaks / count * expon.sf(score, loc=tail.start, scale=tail.most_excess)
        assert tail.p(score) == pytest.approx(expected)
    assert tail.p(tail.start) == tail.p(-100.0) == 1


@given(seed=st.integers(0, 10**6), count=st.integers(FEWEST, 300), films=st.integers(1, 10**6))
def test_the_threshold_is_where_p_times_the_films_is_the_level(
    seed: int, count: int, films: int
) -> None:
    tail = tail_of(np.random.default_rng(seed).normal(size=count))
    assert tail is not None
    threshold = tail.threshold(films)
    assert threshold > tail.start
    just_above = tail.p(threshold + 1e-9 * tail.most_excess)
    assert films * just_above <= LEVEL
    assert films * tail.p(threshold) == pytest.approx(LEVEL)


@given(seed=st.integers(0, 10**6), count=st.integers(FEWEST, 300))
def test_p_falls_with_the_score_and_the_order_has_no_part(seed: int, count: int) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.normal(size=count)
    tail = tail_of(scores)
    assert tail is not None
    assert tail_of(chance.permutation(scores)) == tail
    assert tail_of(np.concatenate([scores, [np.nan, -np.inf, np.inf]])) == tail
    p = [tail.p(score) for score in np.linspace(-5, 30, 80)]
    assert all(0 <= each <= 1 for each in p)
    assert p == sorted(p, reverse=True)
    assert json.loads(json.dumps(tail.report(), allow_nan=False)) == asdict(tail)


@pytest.mark.parametrize(
    "scores",
    [
        [],
        [1.0] * (FEWEST - 1),
        [*np.arange(FEWEST - 1.0), np.nan],
        [1.0] * 500,
        [*np.arange(20.0), *[99.0] * (PEAKS + 1)],
    ],
    ids=["none", "few", "few numbers", "all the same", "the highest all the same"],
)
def test_of_too_few_different_scores_nothing_is_said(scores: list[float]) -> None:
    assert tail_of(np.array(scores)) is None


def test_a_tail_by_hand() -> None:
    """20 scores: ten below 1, and 1 + 0.1 … 1 + 1."""
    tail = tail_of(np.concatenate([np.linspace(0, 1, 10), 1 + np.arange(1, 11) / 10]))
    assert tail == Tail(20, 10, 1.0, pytest.approx(0.55), pytest.approx(11 / chi2.ppf(0.05, 20)))


def flagged(kind: str, films: int, baseline: int, *, releases: int) -> int:
    """Releases of which any innocent film is flagged.

    The highest of n scores is drawn at once: its distribution function is that of one, to the n.
    """
    distribution = {"normal": norm, "Gumbel": gumbel_r, "exponential": expon}[kind]
    chance = np.random.default_rng([films, baseline])
    count = 0
    for _ in range(releases):
        tail = tail_of(distribution.ppf(chance.random(baseline)))
        assert tail is not None
        highest = distribution.isf(-np.expm1(np.log(chance.random()) / films))
        count += bool(highest >= tail.threshold(films))
    return count


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("films", FILMS)
@pytest.mark.parametrize("kind", ["normal", "Gumbel", "exponential"])
def test_innocent_films_are_flagged_in_at_most_one_of_twenty_releases(
    kind: str, films: int, baseline: int
) -> None:
    """Up to 35 of 400 releases are within the scatter of 5 % (binomial, 99.9 %)."""
    releases = 400
    most = binom.ppf(SURE, releases, LEVEL)
    assert most == 35
    assert flagged(kind, films, baseline, releases=releases) <= most


@pytest.mark.long
@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("films", FILMS)
@pytest.mark.parametrize("kind", ["normal", "Gumbel", "exponential"])
def test_over_thousands_of_releases_likewise(kind: str, films: int, baseline: int) -> None:
    """Up to 6.1 % are within the scatter."""
    releases = 4_000
    most = binom.ppf(SURE, releases, LEVEL)
    assert most < 0.0615 * releases
    assert flagged(kind, films, baseline, releases=releases) <= most


@pytest.mark.parametrize("kind", [norm, gumbel_r, expon])
def test_a_tail_that_ends_as_exponential_ones_do_is_not_called_longer(kind: object) -> None:
    """The p value of a very high score is above its true probability in most baselines."""
    chance = np.random.default_rng(7)
    high = kind.isf(1e-5)  # type: ignore[attr-defined]
    tails = [tail_of(kind.ppf(chance.random(600))) for _ in range(100)]  # type: ignore[attr-defined]
    too_low = sum(tail is not None and tail.p(high) < 1e-5 for tail in tails)
    assert too_low <= binom.ppf(SURE, 100, 0.05)


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("films", FILMS)
def test_copies_far_above_the_innocent_films_are_flagged(films: int, baseline: int) -> None:
    """The positive control: a copy 25 deviations up is flagged, whatever else there is."""
    chance = np.random.default_rng(3)
    for _ in range(50):
        tail = tail_of(chance.normal(size=baseline))
        assert tail is not None
        assert tail.threshold(films) <= 25
        assert films * tail.p(25.0) <= LEVEL
        # And an ordinary one is not.
        assert tail.threshold(films) > 2
