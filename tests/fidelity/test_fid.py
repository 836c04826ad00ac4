from __future__ import annotations

import numpy as np
import pytest

from cxr_release.fidelity.distances import frechet_distance
from cxr_release.fidelity.inception import FID_DRAWS, fid, kernel_draws, kid, subset_size


def features(count: int, *, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, 12)).astype(np.float32)


def unbiased(first: np.ndarray, second: np.ndarray) -> float:
    """Squared maximum mean discrepancy, pair by pair, without pairs of a film and itself."""

    def kernel(one: np.ndarray, other: np.ndarray) -> float:
        return float((one @ other / len(one) + 1) ** 3)

    def within(some: np.ndarray) -> float:
        pairs = [(number, other) for number in range(len(some)) for other in range(len(some))]
        return float(np.mean([kernel(some[i], some[j]) for i, j in pairs if i != j]))

    between = np.mean([kernel(one, other) for one in first for other in second])
    return float(within(first) + within(second) - 2 * between)


def test_fid_is_the_frechet_distance_of_the_features() -> None:
    drawn, real = features(90, seed=1, shift=0.5), features(120, seed=2)
    value, (low, high) = fid(drawn, real, draws=30, seed=1)
    ours = frechet_distance(drawn.astype(float), real.astype(float))
    assert value == pytest.approx(ours, rel=1e-5)
    assert 0 < low < value < high


def test_fid_of_a_set_and_itself_is_0_and_never_less() -> None:
    drawn = features(20, seed=1)
    value, (low, _) = fid(drawn, drawn, draws=5, seed=1)
    assert value == pytest.approx(0, abs=1e-5)
    assert value >= 0
    assert low == 0


def test_fid_is_drawn_again_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def counted(first: np.ndarray, second: np.ndarray) -> float:
        made.append(len(first))
        return frechet_distance(first, second)

    monkeypatch.setattr("cxr_release.fidelity.inception.frechet_distance", counted)
    fid(features(8, seed=1), features(9, seed=2), draws=500, seed=1)
    assert made == [8] * FID_DRAWS


def test_kid_of_whole_sets_is_the_unbiased_estimate() -> None:
    drawn, real = features(15, seed=1, shift=0.5), features(15, seed=2)
    value, (low, high) = kid(drawn, real, draws=200, seed=2**62 + 1)
    assert subset_size(15, 15) == 15
    assert value == pytest.approx(unbiased(drawn, real), rel=1e-4)
    assert low < value < high


def test_kid_of_equals_may_be_below_0() -> None:
    values = [
        kid(features(12, seed=seed), features(30, seed=100 + seed), draws=2, seed=1)[0]
        for seed in range(20)
    ]
    assert min(values) < 0 < max(values)


def test_kids_subsets_are_no_larger_than_the_smaller_set() -> None:
    assert subset_size(8, 600) == 8
    assert subset_size(7250, 4963) == 1000


@pytest.mark.parametrize("block", [5, 1024])
def test_one_pass_over_the_kernel_serves_all_draws(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cxr_release.fidelity.inception.BLOCK", block)
    drawn, real = features(11, seed=1, shift=0.5), features(13, seed=2)
    chance = np.random.Generator(np.random.PCG64(7))
    times = [chance.multinomial(n, np.full(n, 1 / n), size=3) for n in (11, 13)]
    for place, found in enumerate(kernel_draws(drawn, real, draws=3, seed=7)):
        sets = [np.repeat(np.arange(len(taken[place])), taken[place]) for taken in times]
        assert found == pytest.approx(by_pairs(drawn, sets[0], real, sets[1]), rel=1e-4, abs=1e-6)


def by_pairs(drawn: np.ndarray, some: np.ndarray, real: np.ndarray, others: np.ndarray) -> float:
    """The estimate over pairs of different films of two sets drawn again."""

    def mean(first: np.ndarray, ones: np.ndarray, second: np.ndarray, twos: np.ndarray) -> float:
        values = (first[ones].astype(float) @ second[twos].T / 12 + 1) ** 3
        same = ones[:, None] == twos if first is second else np.zeros(values.shape, bool)
        return float(values[~same].mean())

    within = mean(drawn, some, drawn, some) + mean(real, others, real, others)
    return within - 2 * mean(drawn, some, real, others)


def test_draws_of_one_film_alone_have_no_pairs_and_are_left_out() -> None:
    drawn, real = features(2, seed=1), features(2, seed=2)
    found = kernel_draws(drawn, real, draws=50, seed=1)
    assert 0 < np.isfinite(found).sum() < 50
    assert np.isfinite(kid(drawn, real, draws=50, seed=1)[1]).all()
