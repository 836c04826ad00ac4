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
    columns = np.ascontiguousarray(rows.T)
    best = _Best(top)
    every = np.arange(len(rows))

    def of_block(block: slice) -> tuple[Products, Products | None, _Pairs]:
        products = rows[block] @ columns
        own = every[block, None] == every[None, :]
        products[own] = -np.inf
        nearest = products.max(axis=1)
        # A pair is one of its first film's; later films of a block may not displace ties.
        first, second, value = best.of(products, block.start)
        other = None
        if groups is not None:
            products[groups[block, None] == groups[None, :]] = -np.inf
            other = products.max(axis=1)
        return nearest, other, (first, second, value)

    nearest, others = [], []
    step = max(1, min(BLOCK, TILE // len(rows)))
    for of_rows, of_groups, pairs in in_parallel(of_block, len(rows), "duplicates", step=step):
        nearest.append(of_rows)
        others.append(of_groups)
        best.add(pairs)
    return Duplicates(
        [
            SimilarPair(ids[first], ids[second], float(_cosines(np.array(value))))
            for first, second, value in zip(*best.pairs, strict=True)
        ],
        _cosines(np.concatenate(nearest)),
        None
        if groups is None
        else _cosines(np.concatenate([part for part in others if part is not None])),
    )


_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], Products]
"""First and second film of some pairs, and their products."""


class _Best:
    """The pairs of highest product so far; of equal ones those of the first films."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._floor = -np.inf
        self.pairs: _Pairs = (
            np.empty(0, np.int64),
            np.empty(0, np.int64),
            np.empty(0, np.float32),
        )

    def of(self, products: Products, start: int) -> _Pairs:
        """The best pairs of a block: those of its columns right of the diagonal.

        Args:
            products: (k, n).
            start: number of the first row.
        """
        later = (
            np.arange(products.shape[1])[None, :] > np.arange(start, start + len(products))[:, None]
        )
        # The floor may have risen since: it only keeps out what cannot be among the best.
        rows, columns = np.nonzero(later & (products > self._floor))
        return self._cut(rows + start, columns, products[rows, columns])

    def add(self, pairs: _Pairs) -> None:
        """Take in pairs whose films come after those of the pairs so far."""
        self.pairs = self._cut(
            np.concatenate([self.pairs[0], pairs[0]]),
            np.concatenate([self.pairs[1], pairs[1]]),
            np.concatenate([self.pairs[2], pairs[2]]),
        )
        if len(self.pairs[2]) == self._top:
            self._floor = float(self.pairs[2][-1])

    def _cut(self, first: NDArray[np.int64], second: NDArray[np.int64], value: Products) -> _Pairs:
        order = np.lexsort((second, first, -value))[: self._top]
        return first[order], second[order], value[order]


def _cosines(products: Products) -> Floats:
    cosines: Floats = np.clip(products.astype(np.float64) / LENGTH**2, -1, 1)
    return np.where(np.isinf(products), np.nan, cosines)
