from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.fidelity.distances import frechet_distance, real_floor

SEEDS = st.integers(0, 2**32 - 1)


def exactly(mean: np.ndarray, covariance: np.ndarray, count: int = 200) -> np.ndarray:
    """A set whose sample mean and covariance are exactly these."""
    chance = np.random.default_rng(5)
    raw = chance.standard_normal((count, len(mean)))
    raw -= raw.mean(axis=0)
    scatter = np.atleast_2d(np.cov(raw, rowvar=False))
    white = raw @ np.linalg.inv(np.linalg.cholesky(scatter)).T
    return white @ np.linalg.cholesky(covariance).T + mean


def random_covariance(chance: np.random.Generator, size: int) -> np.ndarray:
    root = chance.standard_normal((size, size))
    return root @ root.T + 0.1 * np.eye(size)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.01, 20), st.floats(0.01, 20))
def test_in_one_dimension(mean: float, other: float, spread: float, wide: float) -> None:
    first = exactly(np.array([mean]), np.array([[spread**2]]))
    second = exactly(np.array([other]), np.array([[wide**2]]))
    expected = (mean - other) ** 2 + (spread - wide) ** 2
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(SEEDS, st.integers(2, 6))
def test_commuting_covariances(seed: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    axes = np.linalg.qr(chance.standard_normal((size, size)))[0]
    one, other = chance.uniform(0.01, 9, (2, size))
    means = chance.normal(0, 3, (2, size))
    first = exactly(means[0], axes * one @ axes.T)
    second = exactly(means[1], axes * other @ axes.T)
    expected = ((means[0] - means[1]) ** 2).sum() + ((np.sqrt(one) - np.sqrt(other)) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


@given(SEEDS, st.integers(2, 6))
def test_any_covariances_against_the_matrix_square_root(seed: int, size: int) -> None:
    chance = np.random.default_rng(seed)
    one, other = random_covariance(chance, size), random_covariance(chance, size)
    shift = chance.normal(0, 1, size)
    expected = shift @ shift + np.trace(one + other - 2 * scipy.linalg.sqrtm(one @ other).real)
    found = frechet_distance(exactly(np.zeros(size), one), exactly(shift, other))
    assert found == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(exactly(shift, other), exactly(np.zeros(size), one)) == pytest.approx(
        found, rel=1e-9
    )


@given(SEEDS, st.integers(2, 12), st.integers(2, 30))
def test_fewer_films_than_features_against_the_matrix_square_root(
    seed: int, few: int, more: int
) -> None:
    chance = np.random.default_rng(seed)
    first, second = chance.normal(0, 1, (few, 16)), chance.normal(0.5, 2, (more, 16))
    shift = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    # The root of the product has the roots of its eigenvalues; those that are not 0 are few.
    shared = np.sqrt(np.linalg.eigvals(one @ other).real.clip(min=0)).sum()
    expected = shift @ shift + np.trace(one + other) - 2 * shared
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-4)


def test_singular_covariances_and_few_films() -> None:
    chance = np.random.default_rng(0)
    few = chance.standard_normal((5, 20))
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(few, few + 1) == pytest.approx(20)


def test_the_floor_is_what_equals_score() -> None:
    chance = np.random.default_rng(1)
    real = chance.standard_normal((400, 8))
    floor = real_floor(real, 50, seed=3)
    assert floor == real_floor(real, 50, seed=3)
    fresh = [frechet_distance(chance.standard_normal((50, 8)), real) for _ in range(30)]
    assert floor == pytest.approx(np.mean(fresh), rel=0.25)
    assert real_floor(real, 200, seed=3) < 0.5 * floor
    assert real_floor(real[:20], 50, seed=3) > floor
