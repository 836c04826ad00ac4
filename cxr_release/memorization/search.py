"""The real films that synthetic films are nearest to, and the nearest pairs: exact, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice, product
from typing import NamedTuple

import numpy as np

from cxr_release import schemas
from cxr_release.memorization.cosines import (
    BLOCK_BYTES,
    Best,
    Features,
    Films,
    Floats,
    Places,
    cosines,
    error,
    near,
    progress,
    tiles,
)

Key = tuple[float, int, int, int]
"""A pair as it is sorted: −cosine, rank of the real film, of the synthetic one, place of the view.
A rank is a film's place among the sorted ids."""


@dataclass(frozen=True)
class Pair:
    """A real and a synthetic film, and the cosine of their features in the best view."""

    real_id: str
    synthetic_id: str
    cosine: float
    """−1 … 1, to 12 digits."""
    view: str
    """One of `schemas.VIEWS`, the first of them on a tie."""


class Nearest(NamedTuple):
    """A synthetic film and the real film most similar to it, on a tie the first by id."""

    synthetic_id: str
    real_id: str
    real: int
    """Place of that film in what was searched."""
    cosine: float
    view: str
    second_cosine: float
    """Of the second most similar real film, in its best view; `cosine` where there is but one."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    pairs: list[Pair]
    """Of highest cosine; ties in the order of real and synthetic ids."""
    nearest: list[Nearest]
    """One a synthetic film, in the order given."""


@dataclass(frozen=True)
class _Columns:
    """(m, k) candidates for the nearest real film of each synthetic one, in the order given."""

    cosine: Floats
    """−∞ where there is none."""
    real: Places
    """Ranks."""
    view: Places


def search(
    real: Features | Sequence[Features],
    synthetic: Mapping[str, Features],
    *,
    real_ids: Sequence[str],
    synthetic_ids: Sequence[str],
    top: int,
    block_bytes: int = BLOCK_BYTES,
) -> Found:
    """Hold every synthetic film, in every view, against every real film.

    The answer does not depend on the block, the order of the films or the number of threads; see
    `cosines` for why. Memory is that of the features of real films and one view, twice, of the
    block, and of the results. A bar on stderr shows how far it is, where that is a terminal.

    Args:
        real: (n, d) features, n ≥ 1, any length; a zero vector has cosine 0 with everything. Or
            several such arrays, the looks of the same films: a pair's cosine is its best over
            looks and views.
        synthetic: view → (m, d) features, m ≥ 1. Each view is asked for once, in turn, so they
            need not lie in memory together.
        real_ids: n ids.
        synthetic_ids: m ids.
        top: pairs wanted, 1 or more; all n × m if there are no more.
        block_bytes: of one product of matrices.

    Raises:
        CxrReleaseError: features that are no finite numbers, by film.
        ValueError: a view that is none of `schemas.VIEWS`, no view, no look, or features that do
            not fit.
    """
    if top < 1 or not synthetic or not set(synthetic) <= set(schemas.VIEWS) or not len(real):
        raise ValueError(f"the {top} nearest of {len(real)} in {list(synthetic)}")
    looks = [Films(one, real_ids) for one in ([real] if isinstance(real, np.ndarray) else real)]
    names = sorted(real_ids), sorted(synthetic_ids)
    keys: list[Key] = []
    columns: list[_Columns] = []
    floor = -np.inf
    every = len(synthetic) * len(looks) * len(synthetic_ids)
    with progress("search", every) as bar:
        for number, view in enumerate(schemas.VIEWS):
            if view not in synthetic:
                continue
            moving = Films(synthetic[view], synthetic_ids)
            for fixed in looks:
                # A pair among the `top` of all views and looks is, in its best ones, among the
                # `top` of these: whatever comes before it there comes before it here too. Neither
                # can it lie below the last of an earlier `top`.
                best = Best(top, floor)
                tiled = tiles(moving, fixed, block_bytes, bar)
                columns.append(_search(fixed, moving, best, number, tiled))
                keys.extend(islice(_film_pairs(best, fixed, moving, number), top))
                floor = best.floor
    return Found(_pairs(keys, names, top), _nearest(columns, names, looks[0].order, synthetic_ids))


def _search(
    real: Films,
    synthetic: Films,
    best: Best,
    view: int,
    tiled: Iterable[tuple[Places, Features]],
) -> _Columns:
    """The two nearest distinct real films of each distinct synthetic one; the best pairs."""
    margin = error(real.rows.shape[1])
    cosine = np.full((len(synthetic), 2), -np.inf)
    place = np.zeros((len(synthetic), 2), np.int64)
    for places, tile in tiled:
        rows, films = best.candidates(tile, margin)
        if len(rows):
            exact = cosines(synthetic, places[rows], real, films)
            best.add(real.first[films], synthetic.first[places[rows]], exact)
        rows, films = near(tile, _second(tile) - np.float32(2 * margin))
        exact = cosines(synthetic, places[rows], real, films)
        order = np.lexsort((films, -exact, rows))
        begins = np.searchsorted(rows, np.arange(len(places)))
        for nth in range(min(2, len(real))):
            chosen = order[begins + nth]
            cosine[places, nth], place[places, nth] = exact[chosen], films[chosen]
    return _of_films(cosine, place, real, synthetic, view)


def _second(tile: Features) -> Features:
    """(k,) second highest of each row; −∞ where there is but one column. Leaves the tile alone."""
    rows = np.arange(len(tile))
    columns = tile.argmax(axis=1)
    highest = tile[rows, columns]
    tile[rows, columns] = -np.inf
    second: Features = tile.max(axis=1)
    tile[rows, columns] = highest
    return second


def _of_films(cosine: Floats, place: Places, real: Films, synthetic: Films, view: int) -> _Columns:
    """From distinct films back to films: a real film that has equals comes second itself."""
    # On a tie it does not matter which comes second: only its cosine is asked for.
    equal = real.second[place[:, 0]]
    twice = equal < len(real.group)
    second = np.where(twice, equal, real.first[place[:, 1]])
    ranks = np.column_stack([real.first[place[:, 0]], second])
    values = np.column_stack([cosine[:, 0], np.where(twice, cosine[:, 0], cosine[:, 1])])
    given = np.empty(len(synthetic.order), np.int64)
    given[synthetic.order] = synthetic.group
    return _Columns(values[given], ranks[given], np.full((len(given), 2), view))


def _film_pairs(best: Best, real: Films, synthetic: Films, view: int) -> Iterator[Key]:
    """Pairs of films, in order, from the best pairs of distinct films."""

    def of(one: int, other: int, cosine: float) -> Iterator[Key]:
        pairs = product(real.members[real.group[one]], synthetic.members[synthetic.group[other]])
        return ((-cosine, first, second, view) for first, second in pairs)

    one, other = best.pairs
    return merge(*map(of, one.tolist(), other.tolist(), best.cosines.tolist()))


def _pairs(keys: Sequence[Key], names: tuple[list[str], list[str]], top: int) -> list[Pair]:
    """The `top` of all views, each pair of films in its best view."""
    chosen: dict[tuple[int, int], Pair] = {}
    for negative, one, other, view in sorted(keys):
        pair = Pair(names[0][one], names[1][other], 0.0 - negative, schemas.VIEWS[view])
        chosen.setdefault((one, other), pair)
    return list(islice(chosen.values(), top))


def _nearest(
    columns: Sequence[_Columns],
    names: tuple[list[str], list[str]],
    order: Places,
    synthetic_ids: Sequence[str],
) -> list[Nearest]:
    """The best over the views, and the best of any other real film."""
    cosine = np.hstack([one.cosine for one in columns])
    real = np.hstack([one.real for one in columns])
    view = np.hstack([one.view for one in columns])
    sorting = np.lexsort((real, -cosine), axis=1)  # stable: of one film the first view
    cosine = np.take_along_axis(cosine, sorting, axis=1)
    real = np.take_along_axis(real, sorting, axis=1)
    view = np.take_along_axis(view, sorting, axis=1)
    other = np.argmax(real != real[:, :1], axis=1)
    second = cosine[np.arange(len(cosine)), other]
    second = np.where(other == 0, cosine[:, 0], second)
    return list(
        map(
            Nearest,
            synthetic_ids,
            map(names[0].__getitem__, real[:, 0].tolist()),
            order[real[:, 0]].tolist(),
            cosine[:, 0].tolist(),
            map(schemas.VIEWS.__getitem__, view[:, 0].tolist()),
            second.tolist(),
        )
    )
