"""Exact cosines of many films: float32 products find what may matter, float64 scores it again.

A product of matrices is fast in float32, and its last bits depend on the block, the threads and
the machine. So it only ever rules out: whatever comes within its error of the answer is scored
again in float64, one pair at a time and always in the same order of additions, and rounded to 12
digits, so that equal films tie exactly. Answers rest on those cosines alone.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.errors import CxrReleaseError, Fault

BLOCK_BYTES = 32 * 2**20
"""Of one block of products. Smaller blocks leave the cores idle between them."""
TILE = 2**18
"""Products that are looked at together: 1 MB."""
DIGITS = 12
"""Of a cosine: beyond them equal films might differ."""

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)


class Films:
    """The distinct films of a set, in the order of their ids.

    Films of equal features count as one: a set of nothing but copies is searched as fast as one
    without. A film's rank is its place among the sorted ids.

    Args:
        features: (n, d), any length, n ≥ 1, d ≥ 1.
        ids: n ids, all different; None: the films' places are used.

    Raises:
        CxrReleaseError: features that are not finite numbers, by film.
        ValueError: no films, not one row of features an id, or a duplicate id.
    """

    def __init__(self, features: Features, ids: Sequence[str] | None = None) -> None:
        names = [f"{place:09d}" for place in range(len(features))] if ids is None else ids
        if features.ndim != 2 or not len(features) == len(names) == len(set(names)) or not names:
            raise ValueError(f"{features.shape} features of {len(names)} ids")
        self.order: Places = np.array(sorted(range(len(names)), key=names.__getitem__), np.int64)
        """(n,) rank → place in what was given."""
        rows = np.asarray(features, np.float32)[self.order]
        lengths = _lengths(rows)
        unusable = np.flatnonzero(~np.isfinite(lengths))
        if len(unusable):
            raise CxrReleaseError(
                f"{len(unusable)} film(s) have features that are not finite numbers",
                remedy="look at the films and at the encoder's weights",
                faults=[Fault(names[place], "NaN or infinite") for place in self.order[unusable]],
            )
        self.members: list[list[int]] = list(_equal(rows).values())
        """Distinct film → ranks of the films that are equal to it, rising."""
        self.first: Places = np.array([ranks[0] for ranks in self.members], np.int64)
        """(u,) lowest rank of each distinct film; rises from film to film."""
        self.second: Places = np.array([[*ranks, len(names)][1] for ranks in self.members])
        """(u,) the next rank of its equals; n where there is none."""
        self.group: Places = np.empty(len(rows), np.int64)
        """(n,) rank → distinct film."""
        for distinct, ranks in enumerate(self.members):
            self.group[ranks] = distinct
        alone = len(self.first) == len(rows)
        self.rows: Features = rows if alone else rows[self.first]
        """(u, d) features of the distinct films."""
        self.lengths: Floats = lengths[self.first]
        """(u,) their Euclidean lengths."""

    def __len__(self) -> int:
        return len(self.rows)

    def given(self, ranked: NDArray[Number]) -> NDArray[Number]:
        """From an array by rank, (n, …), to one in the order in which the films were given."""
        restored = np.empty_like(ranked)
        restored[self.order] = ranked
        return restored

    def unit(self, part: slice) -> Features:
        """Rows of length 1; zero vectors stay zero, so that their cosine is 0 with everything."""
        lengths = self.lengths[part, None]
        wide = self.rows[part] / np.where(lengths > 0, lengths, 1.0)
        return wide.astype(np.float32)


def error(d: int) -> float:
    """How far a float32 cosine of films of d features may be from the float64 one.

    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, §3.1: in whatever order
    its d terms are added, a dot product errs by at most γ_d = d u / (1 − d u) times the product of
    the lengths, here 1; u = 2⁻²⁴. Rounding both unit vectors to float32 adds 2 u. Another 2 u are
    more than what the float64 cosine, its 12 digits and a bound in float32 are off.
    """
    terms = (d + 4) * 2.0**-24
    return terms / (1 - terms)


def tiles(
    rows: Films, columns: Films, block_bytes: int, bar: tqdm[NoReturn]
) -> Iterator[tuple[Places, Features]]:
    """The float32 cosines rows × columns, some rows at a time: (k,) rows, (k, w) cosines.

    Args:
        rows: (u, d) films.
        columns: (w, d) films; all of them are in each tile.
        block_bytes: of one product of matrices, which is handed out in tiles that stay in the
            processor's cache; one row is the least.
        bar: goes on by one a film of `rows`, equal ones included; see `progress`.
    """
    width, d = columns.rows.shape
    height = max(1, min(len(rows), block_bytes // (4 * max(width, 2 * d))))
    step = max(1, TILE // width)
    unit_columns = np.empty((width, d), np.float32)
    for part in pieces(width, d):
        unit_columns[part] = columns.unit(part)
    block = np.empty((height, width), np.float32)
    for start in range(0, len(rows), height):
        stop = min(start + height, len(rows))
        np.matmul(rows.unit(slice(start, stop)), unit_columns.T, out=block[: stop - start])
        for top in range(start, stop, step):
            places = np.arange(top, min(top + step, stop))
            yield places, block[places[0] - start : places[-1] + 1 - start]
        bar.update(stop - start)
    bar.update(len(rows.order) - len(rows))


def progress(task: str, films: int) -> tqdm[NoReturn]:
    """A bar on stderr with the time to go, where that is a terminal."""
    return tqdm(total=films, desc=task, unit="film", disable=None, file=sys.stderr)


def near(tile: Features, bounds: Features) -> tuple[Places, Places]:
    """Where a (k, w) tile reaches its rows' bounds, (k,): rows, rising, and columns."""
    reached = np.flatnonzero(tile >= bounds[:, None])
    rows, columns = np.divmod(reached, tile.shape[1])
    return rows, columns


def cosines(first: Films, first_places: Places, second: Films, second_places: Places) -> Floats:
    """Cosines in float64 of distinct films some[k] of `one` and others[k] of `other`, (k,).

    0 where either is all zeros; rounded. Which films come together does not change any of them.
    """
    exact = np.empty(len(first_places))
    for piece in pieces(len(first_places), first.rows.shape[1]):
        i, j = first_places[piece], second_places[piece]
        # einsum adds up each row by itself, in an order that d alone decides; a matrix product
        # would add in one that depends on how many rows there are.
        products = np.einsum(
            "ij,ij->i", first.rows[i].astype(np.float64), second.rows[j].astype(np.float64)
        )
        lengths = first.lengths[i] * second.lengths[j]
        exact[piece] = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return np.round(exact, DIGITS) + 0.0  # no −0.0


def highest(
    tile: Features, places: Places, rows: Films, columns: Films, *, count: int = 1
) -> tuple[Floats, Places]:
    """The `count` columns of highest float64 cosine in each row of a tile; ties go to the first.

    Args:
        tile: (k, w) float32 cosines; −∞ where a column does not count. Left as it was.
        places: (k,) distinct films of `rows` that the rows of the tile are.
        rows: see `tiles`.
        columns: see `tiles`.
        count: 1 or 2.

    Returns:
        (k, count) cosines, falling, −∞ where there are fewer columns that count; and the columns.
    """
    every = np.arange(len(tile))
    bounds = tile.max(axis=1)
    if count == 2:
        best_column = tile.argmax(axis=1)
        tile[every, best_column] = -np.inf
        second = tile.max(axis=1)
        tile[every, best_column] = bounds
        bounds = np.where(second > -np.inf, second, bounds)
    bounds = np.where(bounds > -np.inf, bounds - np.float32(2 * error(rows.rows.shape[1])), np.inf)
    near_rows, near_columns = near(tile, bounds)
    exact = cosines(rows, places[near_rows], columns, near_columns)
    order = np.lexsort((near_columns, -exact, near_rows))
    begins = np.searchsorted(near_rows, np.arange(len(tile) + 1))
    best = np.full((len(tile), count), -np.inf)
    column = np.zeros((len(tile), count), np.int64)
    for nth in range(count):
        present = begins[:-1] + nth < begins[1:]
        chosen = order[begins[:-1][present] + nth]
        best[present, nth], column[present, nth] = exact[chosen], near_columns[chosen]
    return best, column


def pieces(rows: int, d: int) -> Iterator[slice]:
    """Slices of rows that take some 2 MB in float64."""
    height = max(1, TILE // d)
    return (slice(start, min(start + height, rows)) for start in range(0, rows, height))


def _lengths(rows: Features) -> Floats:
    lengths = np.empty(len(rows))
    for part in pieces(*rows.shape):
        lengths[part] = np.sqrt(np.square(rows[part], dtype=np.float64).sum(axis=1))
    return lengths


def _equal(rows: Features) -> dict[bytes, list[int]]:
    """Digest (128 bits) of each distinct row → its places; in the order of their first ones."""
    places: dict[bytes, list[int]] = {}
    for place, row in enumerate(rows):
        # Adding 0 leaves no −0.0.
        digest = hashlib.blake2b((row + np.float32(0)).tobytes(), digest_size=16).digest()
        places.setdefault(digest, []).append(place)
    return places
