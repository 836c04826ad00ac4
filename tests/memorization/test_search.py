"""The search against all products one by one, in whole numbers."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from cxr_release.memorization import search as searching
from cxr_release.memorization.descriptor import LENGTH, quantised
from cxr_release.memorization.search import PER_SLOT, Query, Slots, columns, merged, search

Integers = NDArray[np.int64]
FEW = st.integers(1, 12)
SEED = st.integers(0, 2**32)
VIEWS = (0, 1)
"""Places of the views that are asked for; 2 and 3 are those inverted."""


class Films:
    """Random films and references: a few numbers, so that most products tie, or many."""

    def __init__(
        self, seed: int, films: int, references: int, *, parts: int = 2, looks: int = 3, few: bool
    ) -> None:
        chance = np.random.default_rng(seed)

        def draw(count: int) -> Integers:
            if few:
                return chance.integers(-1, 2, (count, 3))
            return quantised(chance.normal(size=(count, 9))).astype(np.int64)

        self.films = films
        self.queries = {(part, view): draw(films) for part in range(parts) for view in VIEWS}
        # Halves are looked at once, as in an audit.
        self.looks = [
            [draw(references) for _ in range(1 if part else looks)] for part in range(parts)
        ]
        self.groups = chance.integers(0, 4, films), chance.integers(0, 4, references)
        size = int(chance.integers(1, references + 1))
        self.subset = np.sort(chance.permutation(references)[:size])

    def query(self, *, signed: bool) -> Query:
        def query(block: slice) -> Iterator[tuple[int, int, bool, NDArray[np.int16]]]:
            for (part, view), rows in self.queries.items():
                yield part, view, signed, rows[block].astype(np.int16)

        return query

    def search(self, *, signed: bool = True, **options: Any) -> tuple[Slots, Slots]:
        references = [[columns(look.astype(np.int16)) for look in looks] for looks in self.looks]
        return search(self.query(signed=signed), self.films, references, **options)

    def by_hand(
        self, *, signed: bool, barred: NDArray[np.bool_], places: list[int]
    ) -> list[dict[tuple[int, int], list[tuple[int, int]]]]:
        """Of each film: part and view → product and reference of the nearest ones."""
        expected = []
        for film in range(self.films):
            row: dict[tuple[int, int], list[tuple[int, int]]] = {}
            for (part, view), rows in self.queries.items():
                for sign, turn in ((1, 0), (-1, 2))[: 2 if signed else 1]:
                    pairs = [
                        (
                            max(
                                sign * sum(map(int.__mul__, look[place].tolist(), vector))
                                for look in self.looks[part]
                            ),
                            place,
                        )
                        for vector in [rows[film].tolist()]
                        for place in places
                        if not barred[film, place]
                    ]
                    pairs.sort(key=lambda pair: (-pair[0], pair[1]))
                    row[part, view + turn] = pairs[:PER_SLOT]
            expected.append(row)
        return expected


def kept(slots: Slots) -> list[dict[tuple[int, int], list[tuple[int, int]]]]:
    """The same of what was found, as products."""
    products = slots.value.astype(np.float64) * LENGTH**2
    found = []
    for film in range(len(products)):
        row: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for slot in range(products.shape[1]):
            pairs = row.setdefault((int(slots.part[film, slot]), int(slots.view[film, slot])), [])
            if np.isfinite(products[film, slot]):
                pairs.append((round(products[film, slot]), int(slots.reference[film, slot])))
        found.append(row)
    return found


@settings(deadline=None, max_examples=60)
@given(seed=SEED, films=FEW, references=FEW, few=st.booleans(), signed=st.booleans(),
       grouped=st.booleans(), subset=st.booleans())  # fmt: skip
def test_it_equals_all_products_one_by_one(
    *,
    seed: int,
    films: int,
    references: int,
    few: bool,
    signed: bool,
    grouped: bool,
    subset: bool,
) -> None:
    """The two nearest of each part and view; the first of several that tie."""
    drawn = Films(seed, films, references, few=few)
    slots, in_subset = drawn.search(
        signed=signed,
        groups=drawn.groups if grouped else None,
        subset=drawn.subset if subset else None,
    )
    first, second = drawn.groups
    barred = (first[:, None] == second) & grouped
    every = list(range(references))
    assert kept(slots) == drawn.by_hand(signed=signed, barred=barred, places=every)
    places = drawn.subset.tolist() if subset else every
    assert kept(in_subset) == drawn.by_hand(signed=signed, barred=barred, places=places)


def same(one: Slots, other: Slots) -> bool:
    names = ("value", "reference", "part", "view")
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in names)


@settings(deadline=None, max_examples=30)
@given(seed=SEED, few=st.booleans(), block=st.integers(1, 40), tile=st.integers(1, 600),
       cores=st.sampled_from([1, 2]))  # fmt: skip
def test_neither_blocks_nor_threads_matter(
    *, seed: int, few: bool, block: int, tile: int, cores: int
) -> None:
    drawn = Films(seed, 30, 15, few=few)
    options: dict[str, Any] = {"groups": drawn.groups, "subset": drawn.subset}
    straight = drawn.search(**options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "BLOCK", block)
        patch.setattr(searching, "TILE", tile)
        patch.setattr(os, "cpu_count", lambda: cores)
        for one, other in zip(straight, drawn.search(**options), strict=True):
            assert same(one, other)


@settings(deadline=None, max_examples=30)
@given(seed=SEED, few=st.booleans())
def test_the_films_around_a_film_do_not_matter(seed: int, few: bool) -> None:
    drawn = Films(seed, 20, 9, few=few)
    slots, _ = drawn.search()
    order = np.random.default_rng(seed).permutation(20)[:13]
    drawn.queries = {key: rows[order] for key, rows in drawn.queries.items()}
    drawn.films = len(order)
    moved, _ = drawn.search()
    for name in ("value", "reference", "part", "view"):
        assert np.array_equal(getattr(moved, name), getattr(slots, name)[order])


@settings(deadline=None, max_examples=60)
@given(seed=SEED, dimensions=st.integers(1, 36_000), alike=st.booleans())
def test_a_float32_product_of_vectors_is_exact(seed: int, dimensions: int, alike: bool) -> None:
    """In any order of its terms; most of all where both are equal and nothing cancels."""
    chance = np.random.default_rng(seed)
    first, second = np.abs(chance.normal(size=(2, dimensions)))
    one, other = quantised(np.stack([first, first if alike else second]))
    exact = int(one.astype(np.int64) @ other.astype(np.int64))
    assert abs(exact) < 2**24
    for order in (np.arange(dimensions), np.argsort(-one), chance.permutation(dimensions)):
        rows = one[order].astype(np.float32), other[order].astype(np.float32)
        assert float(np.cumsum(rows[0] * rows[1], dtype=np.float32)[-1]) == exact
        assert float(rows[0] @ rows[1]) == exact


def test_the_longest_that_a_rounded_vector_can_be_is_still_exact() -> None:
    """Every one of 36,000 numbers rounded up by a half."""
    length = LENGTH + np.sqrt(36_000) / 2
    assert length**2 < 2**24


def test_the_nearest_of_a_part() -> None:
    slots = Slots(
        np.array([[0.1, 0.7, 0.3, -np.inf]], np.float32),
        np.array([[4, 5, 6, 0]], np.int32),
        np.array([[0, 1, 0, 2]], np.int8),
        np.zeros((1, 4), np.int8),
    )
    assert [slots.of_part(part).tolist() for part in range(3)] == [
        pytest.approx([0.3]),
        pytest.approx([0.7]),
        [-np.inf],
    ]


def test_slots_side_by_side() -> None:
    drawn = Films(1, 4, 5, few=False)
    slots, _ = drawn.search()
    both = merged(slots, slots)
    assert both.value.shape == (4, 2 * slots.value.shape[1])
    for name in ("value", "reference", "part", "view"):
        assert np.array_equal(getattr(both, name), np.tile(getattr(slots, name), 2))


@pytest.mark.parametrize("references", [1, 2, 3])
def test_few_references_give_few_slots(references: int) -> None:
    drawn = Films(2, 3, references, few=False)
    slots, _ = drawn.search()
    # Two parts, two views and those inverted.
    assert slots.value.shape == (3, 8 * min(references, PER_SLOT))
    assert np.isfinite(slots.value).all()


def test_products_are_held_a_tile_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them together would take 36 MB."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    monkeypatch.setattr(searching, "TILE", 2**17)
    vectors = quantised(np.ones((3000, 16)))
    references = [[columns(vectors)]]

    def query(block: slice) -> Iterator[tuple[int, int, bool, NDArray[np.int16]]]:
        yield 0, 0, True, vectors[block]

    tracemalloc.start()
    slots, _ = search(query, len(vectors), references)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * 2**20
    assert (slots.reference[:, 0] == 0).all()
    assert (slots.reference[:, 1] == 1).all()
    # Of the inverted view all are equally far.
    assert (slots.value[:, 2] == slots.value[:, 3]).all()
