"""Duplicates within a set, against all pairs one by one, in whole numbers."""

from __future__ import annotations

import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization import duplicates
from cxr_release.memorization.descriptor import LENGTH, Features, quantised
from cxr_release.memorization.duplicates import Duplicates, search_duplicates

Array = np.ndarray
SEED = st.integers(0, 2**32)


def ids(count: int) -> list[str]:
    return [f"f{place:04d}" for place in range(count)]


def draw(chance: np.random.Generator, count: int, ties: bool) -> Features:
    # Of few values: most products tie, and films come several times, or are all zeros.
    drawn = chance.integers(-1, 2, (count, 3)) if ties else chance.normal(size=(count, 6))
    return quantised(drawn)


def cosine(first: Array, second: Array) -> float:
    product = sum(map(int.__mul__, first.tolist(), second.tolist()))
    return max(-1.0, min(1.0, product / LENGTH**2))


def highest(values: list[float]) -> float:
    return max(values) if values else np.nan


@settings(deadline=None)
@given(
    seed=SEED,
    n=st.integers(1, 14),
    ties=st.booleans(),
    top=st.integers(1, 80),
    tile=st.integers(1, 150),
    block=st.integers(1, 20),
    patients=st.integers(1, 6),
    cores=st.sampled_from([1, 2]),
)
def test_it_equals_all_pairs_one_by_one(
    *, seed: int, n: int, ties: bool, top: int, tile: int, block: int, patients: int, cores: int
) -> None:
    """Whatever the blocks and threads."""
    chance = np.random.default_rng(seed)
    films = draw(chance, n, ties)
    groups = chance.integers(0, patients, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "TILE", tile)
        patch.setattr(duplicates, "BLOCK", block)
        patch.setattr(os, "cpu_count", lambda: cores)
        result = search_duplicates(films, ids(n), top=top, groups=groups)
    table = [[cosine(first, second) for second in films] for first in films]
    # By products, which the cosine of two equal films cuts off at 1.
    wide = films.astype(np.int64)
    products = (wide @ wide.T).tolist()
    pairs = sorted((-products[i][j], i, j) for i in range(n) for j in range(i + 1, n))
    assert [(pair.first_id, pair.second_id, pair.cosine) for pair in result.pairs] == [
        (ids(n)[i], ids(n)[j], table[i][j]) for _, i, j in pairs[:top]
    ]
    nearest = [highest([table[i][j] for j in range(n) if j != i]) for i in range(n)]
    assert np.array_equal(result.nearest, nearest, equal_nan=True)
    assert result.nearest_other_group is not None
    others = [highest([table[i][j] for j in range(n) if groups[j] != groups[i]]) for i in range(n)]
    assert np.array_equal(result.nearest_other_group, others, equal_nan=True)


@settings(deadline=None, max_examples=40)
@given(seed=SEED)
def test_the_order_of_the_films_changes_only_the_order_of_the_rows(seed: int) -> None:
    chance = np.random.default_rng(seed)
    films, groups = draw(chance, 20, ties=False), np.arange(20) // 2
    mixed = chance.permutation(20)
    straight = search_duplicates(films, ids(20), top=12, groups=groups)
    shuffled = search_duplicates(films[mixed], ids(20), top=12, groups=groups[mixed])
    assert [pair.cosine for pair in shuffled.pairs] == [pair.cosine for pair in straight.pairs]
    assert np.array_equal(shuffled.nearest, straight.nearest[mixed])
    assert straight.nearest_other_group is not None
    assert shuffled.nearest_other_group is not None
    assert np.array_equal(shuffled.nearest_other_group, straight.nearest_other_group[mixed])


def test_a_film_alone_has_no_nearest() -> None:
    result = search_duplicates(quantised(np.ones((1, 3))), ["a"], top=5)
    assert result.pairs == []
    assert np.isnan(result.nearest).all()
    assert result.nearest_other_group is None


def test_a_film_of_zeros_is_as_far_from_all() -> None:
    """As a film of one grey value has it."""
    films = quantised(np.array([[0.0, 0, 0], [1, 2, 3], [1, 2, 3]]))
    result = search_duplicates(films, ids(3), top=3)
    assert result.nearest[0] == 0
    assert result.nearest[1:] == pytest.approx([1, 1], abs=1e-3)
    assert [pair.cosine for pair in result.pairs[1:]] == [0, 0]


def peak(films: Features, groups: Array) -> tuple[Duplicates, int]:
    tracemalloc.start()
    result = search_duplicates(films, ids(len(films)), top=50, groups=groups)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, most


def test_nothing_but_copies_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(duplicates, "TILE", 2**17)
    result, most = peak(quantised(np.ones((3000, 16))), np.zeros(3000, int))
    assert most < 20 * 2**20  # all products together: 36 MB in float32
    assert [(pair.first_id, pair.second_id) for pair in result.pairs] == [
        ("f0000", name) for name in ids(51)[1:]
    ]
    assert (result.nearest == 1).all()
    assert result.nearest_other_group is not None
    assert np.isnan(result.nearest_other_group).all()
