"""Coverage by counting, against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from cxr_release.fidelity.distances import overlap, reach
from cxr_release.scorecard import balls
from cxr_release.scorecard.balls import Space, halves, nearest

EVERY = np.arange(1000)


def space(real: np.ndarray, pool: np.ndarray, owners: np.ndarray | None = None) -> Space:
    of = np.arange(len(real)) if owners is None else owners
    return Space("numbers", nearest(real, owners=of), nearest(real, pool), of)


def test_a_whole_pool_covers_what_coverage_says() -> None:
    chance = np.random.default_rng(1)
    real, pool = chance.normal(size=(70, 3)), chance.normal(0.5, 1, (40, 3))
    rates, _ = space(real, pool).rates(EVERY[:70], EVERY[:40], 40)
    expected = overlap(pool, real, real_reach=reach(real)).coverage
    np.testing.assert_allclose(rates, expected, atol=1e-12)


def test_some_of_a_pool_cover_as_often_as_all_draws_of_them_do() -> None:
    chance = np.random.default_rng(2)
    real, pool = chance.normal(size=(12, 2)), chance.normal(size=(7, 2))
    rates, _ = space(real, pool).rates(EVERY[:12], EVERY[:7], 3)
    reached = reach(real)
    draws = [
        overlap(pool[list(some)], real, real_reach=reached).coverage
        for some in combinations(range(7), 3)
    ]
    np.testing.assert_allclose(rates, np.mean(draws, axis=0), atol=1e-12)


def test_films_of_the_patient_are_not_neighbours() -> None:
    chance = np.random.default_rng(3)
    real, owners = chance.normal(size=(60, 3)), np.arange(60) % 15
    near = nearest(real, owners=owners)
    for film in range(60):
        distances = np.linalg.norm(real - real[film], axis=1)
        others = np.flatnonzero(owners != owners[film])
        expected = others[np.argsort(distances[others])]
        assert list(near.places[film][: len(others)]) == list(expected)
        assert np.isinf(near.distances[film][len(others) :]).all()


def test_films_of_one_kind_cover_as_the_ideal_does() -> None:
    chance = np.random.default_rng(4)
    ratios = []
    for _ in range(20):
        real, pool = chance.normal(size=(120, 4)), chance.normal(size=(90, 4))
        rates, ideal = space(real, pool).rates(EVERY[:120], EVERY[:90], 30)
        ratios.append(rates.mean() / ideal.mean())
    assert ideal.min() == ideal.max()
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)


def test_some_real_films_may_stand_aside() -> None:
    chance = np.random.default_rng(5)
    real, pool = chance.normal(size=(80, 3)), chance.normal(size=(50, 3))
    films, chosen = np.sort(chance.permutation(80)[:40]), np.sort(chance.permutation(50)[:20])
    some, _ = space(real, pool).rates(films, chosen, 20)
    alone, _ = space(real[films], pool[chosen]).rates(EVERY[:40], EVERY[:20], 20)
    np.testing.assert_allclose(some, alone, atol=1e-12)


def test_halves_keep_patients_together() -> None:
    owners = np.arange(60) // 3
    films = EVERY[:60]
    drawn = list(halves(films, owners, EVERY[:21], count=5, seed=1))
    for half, pool in drawn:
        assert len(half) == 30
        assert all(np.bincount(owners[half])[np.unique(owners[half])] == 3)
        assert len(set(pool)) == 10
    assert len({tuple(half) for half, _ in drawn}) == 5


def test_few_films() -> None:
    real = np.arange(3.0)[:, None]
    rates, ideal = space(real, np.array([[0.5]])).rates(EVERY[:3], EVERY[:1], 1)
    assert list(rates) == [1, 1, 1]
    assert ideal == pytest.approx(2 / 3)
    assert balls.NEAREST > 10 * balls.NEIGHBOURS
