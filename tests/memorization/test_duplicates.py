from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization.duplicates import Duplicates, search_duplicates

Array = np.ndarray


def ids(count: int) -> list[str]:
    return [f"f{place:04d}" for place in range(count)]


def cosine(first: Array, second: Array) -> float:
    first, second = first.astype(np.float64), second.astype(np.float64)
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return round(float(first @ second / lengths), 12) if lengths else 0.0


def draw(chance: np.random.Generator, count: int, ties: bool) -> Array:
    drawn = chance.integers(-1, 2, (count, 3)) if ties else chance.normal(size=(count, 6))
    return drawn.astype(np.float32)


def highest(values: list[float]) -> float:
    return max(values) if values else np.nan


def same(nearest: Array, expected: list[float]) -> None:
    np.testing.assert_allclose(nearest, expected, atol=2e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 14), ties=st.booleans(),
       top=st.integers(1, 80), block=st.integers(1, 1500), patients=st.integers(1, 6))  # fmt: skip
def test_it_equals_all_pairs_one_by_one(
    *, seed: int, n: int, ties: bool, top: int, block: int, patients: int
) -> None:
    chance = np.random.default_rng(seed)
    films = draw(chance, n, ties)
    groups = [f"p{number}" for number in chance.integers(0, patients, n)]
    result = search_duplicates(films, ids(n), top=top, groups=groups, block_bytes=block)
    table = [[cosine(first, second) for second in films] for first in films]
    pairs = sorted((-table[i][j], ids(n)[i], ids(n)[j]) for i in range(n) for j in range(i + 1, n))
    assert [(first.one_id, first.other_id) for first in result.pairs] == [
        (first, second) for _, first, second in pairs[:top]
    ]
    same(np.array([pair.cosine for pair in result.pairs]), [-pair[0] for pair in pairs[:top]])
    same(result.nearest, [highest([table[i][j] for j in range(n) if j != i]) for i in range(n)])
    assert result.nearest_other_group is not None
    same(
        result.nearest_other_group,
        [highest([table[i][j] for j in range(n) if groups[j] != groups[i]]) for i in range(n)],
    )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), ties=st.booleans(), block=st.integers(1, 1500))
def test_neither_order_nor_block_matters(seed: int, ties: bool, block: int) -> None:
    chance = np.random.default_rng(seed)
    films, groups = draw(chance, 20, ties), [f"p{place // 2}" for place in range(20)]
    mixed = chance.permutation(20)
    straight = search_duplicates(films, ids(20), top=12, groups=groups)
    shuffled = search_duplicates(
        films[mixed],
        [ids(20)[place] for place in mixed],
        top=12,
        groups=[groups[place] for place in mixed],
        block_bytes=block,
    )
    assert shuffled.pairs == straight.pairs
    assert np.array_equal(shuffled.nearest, straight.nearest[mixed])
    assert straight.nearest_other_group is not None
    assert shuffled.nearest_other_group is not None
    assert np.array_equal(shuffled.nearest_other_group, straight.nearest_other_group[mixed])


def test_a_film_alone_has_no_nearest() -> None:
    result = search_duplicates(np.ones((1, 3), np.float32), ["a"], top=5)
    assert result.pairs == []
    assert np.isnan(result.nearest).all()
    assert result.nearest_other_group is None


def peak(films: Array, groups: list[str], block: int) -> tuple[Duplicates, int]:
    tracemalloc.start()
    result = search_duplicates(films, ids(len(films)), top=50, groups=groups, block_bytes=block)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, most


def test_nothing_but_copies_takes_no_memory() -> None:
    groups = ["one"] * 3000
    result, most = peak(np.ones((3000, 16), np.float32), groups, 2**20)
    assert most < 20 * 2**20  # all products together: 36 MB in float32
    assert [(pair.one_id, pair.other_id) for pair in result.pairs] == [
        ("f0000", name) for name in ids(51)[1:]
    ]
    assert (result.nearest == 1).all()
    assert result.nearest_other_group is not None
    assert np.isnan(result.nearest_other_group).all()


def test_films_of_one_direction_are_scored_in_bounded_memory() -> None:
    films = np.outer(np.arange(1, 1001), [1.0, 2.0, 3.0]).astype(np.float32)
    result, most = peak(films, ids(1000), 2**18)
    assert most < 40 * 2**20  # a million pairs as ranks and float64 cosines alone: 24 MB
    assert {pair.cosine for pair in result.pairs} == {1.0}
    assert [pair.other_id for pair in result.pairs] == ids(51)[1:]


def test_groups_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 films in 2 groups"):
        search_duplicates(np.ones((3, 2), np.float32), ids(3), top=1, groups=["a", "b"])
