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
from typing import NoReturn

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


class Films:
    """The distinct films of a set, in the order of their ids.

    Films of equal features are one here: a set of nothing but copies is searched as fast as one
    without. A film's rank is its place among the sorted ids.

    Args:
        features: (n, d), any length, n ≥ 1, d ≥ 1.
        ids: n ids, all different.

    Raises:
        CxrReleaseError: features that are no finite numbers, by film.
        ValueError: no films, not one row of features an id, or an id that comes twice.
    """

    def __init__(self, features: Features, ids: Sequence[str]) -> None:
        if features.ndim != 2 or not len(features) == len(ids) == len(set(ids)) or not ids:
            raise ValueError(f"{features.shape} features of {len(ids)} ids")
        self.order: Places = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
        """(n,) rank → place in what was given."""
        rows = np.asarray(features, np.float32)[self.order]
        lengths = _lengths(rows)
        unusable = np.flatnonzero(~np.isfinite(lengths))
        if len(unusable):
            raise CxrReleaseError(
                f"{len(unusable)} film(s) have features that are no finite numbers",
                remedy="look at the films and at the encoder's weights",
                faults=[Fault(ids[place], "NaN or infinite") for place in self.order[unusable]],
            )
        self.group: Places = _groups(rows, lengths)
        """(n,) rank → distinct film."""
        self.members: list[list[int]] = [[] for _ in range(int(self.group.max()) + 1)]
        """Distinct film → ranks of the films that are equal to it, rising."""
        for rank, distinct in enumerate(self.group.tolist()):
            self.members[distinct].append(rank)
        self.first: Places = np.array([ranks[0] for ranks in self.members], np.int64)
        """(u,) lowest rank of each distinct film; rises from film to film."""
        self.second: Places = np.array([[*ranks, len(ids)][1] for ranks in self.members], np.int64)
        """(u,) the next rank of its equals; n where there is none."""
        alone = len(self.first) == len(rows)
        self.rows: Features = rows if alone else rows[self.first]
        """(u, d) features of the distinct films."""
        self.lengths: Floats = lengths[self.first]
        """(u,) their Euclidean lengths."""

    def __len__(self) -> int:
        return len(self.rows)

    def unit(self, some: slice) -> Features:
        """Rows of length 1; zero vectors stay zero, so that their cosine is 0 with everything."""
        lengths = self.lengths[some, None]
        wide = self.rows[some] / np.where(lengths > 0, lengths, 1.0)
        return wide.astype(np.float32)


def unit_rows(features: Features) -> Floats:
    """Rows (n, d) of length 1 in float64; zero vectors stay zero. For few films: see `Films`."""
    wide = features.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Floats = wide / np.where(lengths > 0, lengths, 1.0)
    return unit


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
        columns: (w, d) films; all of them stand in each tile.
        block_bytes: of one product of matrices, which is handed out in tiles that stay in the
            processor's cache; one row is the least. A tile may be written to.
        bar: goes on by one a film of `rows`, equal ones included; see `progress`.
    """
    width, d = columns.rows.shape
    height = max(1, min(len(rows), block_bytes // (4 * max(width, 2 * d))))
    step = max(1, TILE // width)
    others = np.empty((width, d), np.float32)
    for some in _pieces(width, d):
        others[some] = columns.unit(some)
    block = np.empty((height, width), np.float32)
    for start in range(0, len(rows), height):
        stop = min(start + height, len(rows))
        np.matmul(rows.unit(slice(start, stop)), others.T, out=block[: stop - start])
        for top in range(start, stop, step):
            places = np.arange(top, min(top + step, stop))
            yield places, block[places[0] - start : places[-1] + 1 - start]
        bar.update(stop - start)
    bar.update(len(rows.order) - len(rows))


def progress(what: str, films: int) -> tqdm[NoReturn]:
    """A bar on stderr with the time to go, where that is a terminal."""
    return tqdm(total=films, desc=what, unit="film", disable=None, file=sys.stderr)


def near(tile: Features, bounds: Features) -> tuple[Places, Places]:
    """Where a (k, w) tile reaches its rows' bounds, (k,): rows, rising, and columns."""
    found = np.flatnonzero(tile >= bounds[:, None])
    rows, columns = np.divmod(found, tile.shape[1])
    return rows, columns


def cosines(one: Films, some: Places, other: Films, others: Places) -> Floats:
    """Cosines in float64 of distinct films some[k] of `one` and others[k] of `other`, (k,).

    0 where either is all zeros; rounded. Which films come together does not change any of them.
    """
    found = np.empty(len(some))
    for piece in _pieces(len(some), one.rows.shape[1]):
        i, j = some[piece], others[piece]
        # einsum adds up each row by itself, in an order that d alone decides; a matrix product
        # would add in one that depends on how many rows there are.
        products = np.einsum(
            "ij,ij->i", one.rows[i].astype(np.float64), other.rows[j].astype(np.float64)
        )
        lengths = one.lengths[i] * other.lengths[j]
        found[piece] = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return np.round(found, DIGITS) + 0.0  # no −0.0


class Best:
    """The `top` pairs of highest cosine so far; ties go to the lower ranks.

    Of films that are equal, the pair of lowest ranks stands for all their pairs. That is enough:
    `top` such pairs before it leave no room for any of theirs.

    Args:
        top: how many pairs.
        floor: pairs of a lower cosine are not wanted.
    """

    def __init__(self, top: int, floor: float = -np.inf) -> None:
        self.top = top
        self.floor = floor
        """Cosine that a pair must reach to be among them."""
        self.pairs: tuple[Places, Places] = (np.empty(0, np.int64), np.empty(0, np.int64))
        """(k,) ranks of the one film, and of the other."""
        self.cosines: Floats = np.empty(0)
        """(k,) falling."""

    def add(self, one: Places, other: Places, found: Floats) -> None:
        """Take in more pairs, by rank; none may come twice."""
        wanted = found >= self.floor
        if not wanted.any():
            return
        one = np.concatenate([self.pairs[0], one[wanted]])
        other = np.concatenate([self.pairs[1], other[wanted]])
        found = np.concatenate([self.cosines, found[wanted]])
        order = np.lexsort((other, one, -found))[: self.top]
        self.pairs, self.cosines = (one[order], other[order]), found[order]
        if len(order) == self.top:
            self.floor = float(self.cosines[-1])

    def candidates(
        self, tile: Features, margin: float, *, after: Places | None = None
    ) -> tuple[Places, Places]:
        """Rows and columns of a (k, w) tile that may be among the best; −∞ never is.

        Args:
            tile: float32 cosines.
            margin: how far they may be off.
            after: (k,) column after which a row is looked at, where the same pairs stand before.
        """
        bound = np.float32(max(self.floor - margin, -2))
        hot = np.flatnonzero(tile.max(axis=1) >= bound)
        rows, columns = near(tile[hot], np.full(len(hot), bound))
        rows = hot[rows]
        if after is not None:
            once = columns > after[rows]
            rows, columns = rows[once], columns[once]
        if len(rows) > self.top:
            found = tile[rows, columns]
            last = np.partition(found, -self.top)[-self.top]
            kept = found >= last - np.float32(2 * margin)
            rows, columns = rows[kept], columns[kept]
        return rows, columns


def _lengths(rows: Features) -> Floats:
    found = np.empty(len(rows))
    for some in _pieces(*rows.shape):
        found[some] = np.sqrt(np.square(rows[some], dtype=np.float64).sum(axis=1))
    return found


def _groups(rows: Features, lengths: Floats) -> Places:
    """Numbers of distinct rows, in the order in which they first come."""
    _, which, counts = np.unique(lengths, return_inverse=True, return_counts=True)
    known: dict[bytes | int, int] = {}
    group = np.empty(len(rows), np.int64)
    # Only rows of one length can be equal. Those are told apart by a digest of 128 bits; adding 0
    # leaves no −0.0.
    for rank, shared in enumerate((counts[which] > 1).tolist()):
        key = (
            hashlib.blake2b((rows[rank] + np.float32(0)).tobytes(), digest_size=16).digest()
            if shared
            else rank
        )
        group[rank] = known.setdefault(key, len(known))
    return group


def _pieces(rows: int, d: int) -> Iterator[slice]:
    """Slices of rows that take some 2 MB in float64."""
    height = max(1, 2**18 // d)
    return (slice(start, min(start + height, rows)) for start in range(0, rows, height))
