"""Films of one set that are as similar to each other as duplicates: every pair, compared whole.

Vectors are integers (see `descriptor`), so that what is found does not depend on blocks or threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.descriptor import LENGTH, Features
from cxr_release.memorization.parallel import BLOCK, in_parallel
from cxr_release.memorization.scores import Floats
from cxr_release.memorization.search import TILE

Products = NDArray[np.float32]


@dataclass(frozen=True)
class SimilarPair:
    """Two films of one set, in the order of their ids, and the cosine of their vectors."""

    first_id: str
    second_id: str
    cosine: float


@dataclass(frozen=True)
class Duplicates:
    """What a search within one set found; arrays in the order of the films."""

    pairs: list[SimilarPair]
    """Of highest cosine; ties in the order of the ids. Films of one patient among them."""
    nearest: Floats
    """(n,) cosine of the nearest other film; NaN for a film alone."""
    nearest_other_group: Floats | None
    """(n,) cosine of the nearest film of another patient; NaN where there is none. None without
    patients."""


def search_duplicates(
    vectors: Features,
    ids: Sequence[str],
    *,
    top: int,
    groups: NDArray[np.integer] | None = None,
) -> Duplicates:
    """Hold every film of a set against every other, as they are.

    Args:
        vectors: (n, d), n ≥ 1.
        ids: n ids, sorted.
        top: pairs wanted, 1 or more; all if there are no more.
        groups: (n,) number of each film's patient.
    """
    rows = vectors.astype(np.float32)
    best = _Best(top)
    width = max(1, TILE // BLOCK)

    def of_block(block: slice) -> _OfBlock:
        """What the films of a block are to each other and to all that come after them."""
        found = _OfBlock(block.start, len(rows), grouped=groups is not None)
        for start in range(block.start, len(rows), width):
            tile = slice(start, min(start + width, len(rows)))
            products = rows[block] @ rows[tile].T
            if start < block.stop:
                # Neither a film and itself nor a pair twice: it is one of its first film's.
                every = np.arange(tile.start, tile.stop)
                products[every[None, :] <= np.arange(block.start, block.stop)[:, None]] = -np.inf
            found.pairs = best.cut(_joined(found.pairs, best.of(products, block, tile)))
            found.nearest.take(products, block, tile)
            if groups is not None and found.others is not None:
                products[groups[block, None] == groups[None, tile]] = -np.inf
                found.others.take(products, block, tile)
        return found

    nearest = _Nearest(0, len(rows))
    others = None if groups is None else _Nearest(0, len(rows))
    for found in in_parallel(of_block, len(rows), "duplicates", step=BLOCK):
        best.add(found.pairs)
        nearest.join(found.nearest)
        if others is not None and found.others is not None:
            others.join(found.others)
    return Duplicates(
        [
            SimilarPair(ids[first], ids[second], float(_cosines(np.array(value))))
            for first, second, value in zip(*best.pairs, strict=True)
        ],
        _cosines(nearest.products),
        None if others is None else _cosines(others.products),
    )


class _Nearest:
    """The highest product so far of each film from `start` on."""

    def __init__(self, start: int, films: int) -> None:
        self.start = start
        self.products = np.full(films - start, -np.inf, np.float32)

    def take(self, products: Products, block: slice, tile: slice) -> None:
        """Take in the products (rows, columns) of the films of a block and of a tile."""
        for films, axis in ((block, 1), (tile, 0)):
            self._raise(films.start, products.max(axis=axis))

    def join(self, other: _Nearest) -> None:
        """Take in what another one found, which starts no earlier."""
        self._raise(other.start, other.products)

    def _raise(self, start: int, products: Products) -> None:
        here = self.products[start - self.start :][: len(products)]
        np.maximum(here, products, out=here)


_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], Products]
"""First and second film of some pairs, and their products."""


def _none() -> _Pairs:
    return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)


def _joined(one: _Pairs, other: _Pairs) -> _Pairs:
    return (
        np.concatenate([one[0], other[0]]),
        np.concatenate([one[1], other[1]]),
        np.concatenate([one[2], other[2]]),
    )


class _OfBlock:
    """What the films of a block are to each other and to all that come after them."""

    def __init__(self, start: int, films: int, *, grouped: bool) -> None:
        self.pairs = _none()
        self.nearest = _Nearest(start, films)
        self.others = _Nearest(start, films) if grouped else None


class _Best:
    """The pairs of highest product so far; of equal ones those of the first films."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._floor = -np.inf
        self.pairs = _none()

    def of(self, products: Products, block: slice, tile: slice) -> _Pairs:
        """Pairs of a block's and a tile's films that may be among the best.

        Args:
            products: (rows, columns); −∞ is no pair.
            block: numbers of the rows.
            tile: numbers of the columns.
        """
        # The floor may have risen since: it only keeps out what cannot be among the best.
        rows, columns = np.nonzero(products > self._floor)
        return rows + block.start, columns + tile.start, products[rows, columns]

    def add(self, pairs: _Pairs) -> None:
        """Take in pairs whose films come after those of the pairs so far."""
        self.pairs = self.cut(_joined(self.pairs, pairs))
        if len(self.pairs[2]) == self._top:
            self._floor = float(self.pairs[2][-1])

    def cut(self, pairs: _Pairs) -> _Pairs:
        """The best of some pairs, in their order."""
        first, second, value = pairs
        if len(value) > self._top:
            last = np.partition(value, -self._top)[-self._top]
            some = value >= last
            first, second, value = first[some], second[some], value[some]
        order = np.lexsort((second, first, -value))[: self._top]
        return first[order], second[order], value[order]


def _cosines(products: Products) -> Floats:
    cosines: Floats = np.clip(products.astype(np.float64) / LENGTH**2, -1, 1)
    return np.where(np.isinf(products), np.nan, cosines)
