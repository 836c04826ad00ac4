"""How near films are to other films of their own kind: duplicates within a set, and baselines.

A baseline compares real films with other real films: those of other patients where each film's
patient is stated, else any other film; in every view and crop in which a synthetic film is held
against a real one, or the two would not compare. Exact like the search itself; see `cosines`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cxr_release.memorization.cosines import (
    BLOCK_BYTES,
    TILE,
    Features,
    Films,
    Floats,
    Places,
    highest,
    progress,
    tiles,
)
from cxr_release.memorization.search import TopPairs


class _NearestOther:
    """Cosine of each film of the tiles' rows with the nearest column of another group.

    Args:
        rows: films of the tiles' rows.
        columns: of their columns.
        groups: number of each film's group, of `rows` and of `columns`, in the order in which they
            were given; None: no two films are of one group.
    """

    def __init__(
        self, rows: Films, columns: Films, groups: tuple[Places, Places] | None = None
    ) -> None:
        self._rows, self._columns, self._grouped = rows, columns, groups is not None
        of_rows, of_columns = groups or (np.zeros(len(rows.order)), np.zeros(len(columns.order)))
        # Equal films of different groups are separate queries.
        queries, self._of_rank = np.unique(
            np.column_stack([rows.group, of_rows[rows.order]]), axis=0, return_inverse=True
        )
        self._place, self._group = queries.astype(np.int64).T
        """(k,) distinct film and group of each query; the films rise."""
        of_columns = of_columns[columns.order]
        self._column_group = np.array(
            [
                of_columns[ranks[0]] if (of_columns[ranks] == of_columns[ranks[0]]).all() else -1
                for ranks in columns.members
            ]
        )
        """(w,) group of each distinct column; −1 if its equals are of several: of another one than
        that of any query."""
        self._best = np.full(len(queries), -np.inf)

    def add(self, tile: Features, places: Places) -> None:
        """Take in a tile; see `tiles`."""
        begin, end = np.searchsorted(self._place, [places[0], places[-1] + 1])
        step = max(1, TILE // tile.shape[1])
        for start in range(begin, end, step):
            part = slice(start, min(start + step, end))
            queried = tile[self._place[part] - places[0]]
            if self._grouped:
                queried[self._group[part, None] == self._column_group] = -np.inf
            best, _ = highest(queried, self._place[part], self._rows, self._columns)
            self._best[part] = best[:, 0]

    def cosines(self) -> Floats:
        """(n,) in the order in which the films were given; NaN where there is none."""
        best = np.where(np.isinf(self._best), np.nan, self._best)
        nearest: Floats = self._rows.given(best[self._of_rank.ravel()])
        return nearest


@dataclass(frozen=True)
class SimilarPair:
    """Two films of one set, in the order of their ids, and their cosine."""

    one_id: str
    other_id: str
    cosine: float
    """−1 … 1, to 12 digits."""


@dataclass(frozen=True)
class Duplicates:
    """What a search within one set found; arrays in the order of the films given."""

    pairs: list[SimilarPair]
    """Of highest cosine; ties in the order of the ids. Films of one group among them."""
    nearest: Floats
    """(n,) cosine of the nearest other film; NaN for a film alone."""
    nearest_other_group: Floats | None
    """(n,) cosine of the nearest film of another group; NaN where there is none. None without
    groups."""


def search_duplicates(
    features: Features,
    ids: Sequence[str],
    *,
    top: int,
    groups: Sequence[str] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Duplicates:
    """Hold every film of a set against every other; as exact, and in as little memory, as `search`.

    Args:
        features: (n, d) features, n ≥ 1, any length; a zero vector has cosine 0 with everything.
        ids: n ids.
        top: pairs wanted, 1 or more; all if there are no more.
        groups: what each film is one of several of: its patient.
        block_bytes: of one product of matrices.

    Raises:
        CxrReleaseError: features that are not finite numbers, by film.
        ValueError: no films, or features, ids and groups that do not fit each other.
    """
    if top < 1 or (groups is not None and len(groups) != len(ids)):
        raise ValueError(f"the {top} nearest of {len(ids)} films in {len(groups or [])} groups")
    films = Films(features, ids)
    top_pairs = TopPairs(films, films, top)
    nearest = _NearestOther(films, films, (np.arange(len(ids)),) * 2)
    other = None if groups is None else _NearestOther(films, films, (_numbers(groups),) * 2)
    with progress("duplicates", len(ids)) as bar:
        for places, tile in tiles(films, films, block_bytes, bar):
            top_pairs.add(tile, places)
            nearest.add(tile, places)
            if other is not None:
                other.add(tile, places)
    names = sorted(ids)
    pairs = [
        SimilarPair(names[first], names[second], 0.0 - negative)
        for negative, first, second in islice(top_pairs.film_pairs(), top)
    ]
    return Duplicates(pairs, nearest.cosines(), None if other is None else other.cosines())


def nearest_cosines(
    views: Mapping[str, Features],
    crops: Sequence[Features],
    *,
    groups: Sequence[str] | None = None,
    queries: Sequence[int] | None = None,
    references: Sequence[int] | None = None,
) -> Floats:
    """Cosine of each film with the nearest one of other films, over all views and crops.

    Args:
        views: view → (n, d) features of the films as a synthetic one would be seen.
        crops: (m, d) features of the other films as real ones are seen, one or more.
        groups: where both are the same films, n patients, or, where those are not stated, a group
            for each film: films of one group are not compared. Not with `queries`.
        queries: places of k films that are compared; None: all n.
        references: places of the films that they are compared with; None: all m.

    Returns:
        (n or k,) float64; NaN where there is no other film.
    """
    rows = slice(None) if queries is None else np.array(queries, np.int64)
    columns = slice(None) if references is None else np.array(references, np.int64)
    grouped = None if groups is None else (_numbers(groups),) * 2
    per_view = []
    count = len(next(iter(views.values()))[rows])
    if not count or not len(crops[0][columns]):
        return np.full(count, np.nan)
    with progress("baseline", len(views) * len(crops) * count) as bar:
        for view in views.values():
            moving = Films(view[rows])
            for crop in crops:
                fixed = Films(crop[columns])
                best = _NearestOther(moving, fixed, grouped)
                for places, tile in tiles(moving, fixed, BLOCK_BYTES, bar):
                    best.add(tile, places)
                per_view.append(best.cosines())
    nearest: Floats = np.fmax.reduce(per_view)
    return nearest


def _numbers(groups: Sequence[str]) -> Places:
    """(n,) a number for each group."""
    _, numbers = np.unique(np.array(groups), return_inverse=True)
    return numbers.astype(np.int64)
