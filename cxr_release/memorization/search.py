"""The real films that synthetic films are nearest to, and the nearest pairs: exact, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import NamedTuple

import numpy as np

from cxr_release import schemas
from cxr_release.memorization.cosines import (
    BLOCK_BYTES,
    Features,
    Films,
    Floats,
    Places,
    cosines,
    error,
    highest,
    near,
    progress,
    tiles,
)


class TopPairs:
    """The pairs of highest cosine of the tiles so far; ties go to the lower ranks.

    Of films that are equal, the pair of lowest ranks represents all their pairs. That is enough:
    `top` such pairs before it leave no room for any of theirs.

    Args:
        rows: films of the tiles' rows, the second of a pair.
        columns: of their columns, the first of a pair. Where they are the films of `rows`, a pair
            is two films of that set, in the order of their ids.
        top: how many pairs.
        floor: pairs of a lower cosine are not wanted.
    """

    def __init__(self, rows: Films, columns: Films, top: int, floor: float = -np.inf) -> None:
        self._rows, self._columns, self._top = rows, columns, top
        self.floor = floor
        """Cosine that a pair must reach to be among them."""
        self._ranks = np.empty((2, 0), np.int64)
        """First and second films of the pairs of distinct films, best first."""
        self._cosines: Floats = np.empty(0)
        if rows is columns:  # each film that has an equal makes a pair with it
            twice = np.flatnonzero(rows.second < len(rows.order))
            self._add(rows.first[twice], rows.second[twice], cosines(rows, twice, rows, twice))

    def _add(self, first: Places, second: Places, values: Floats) -> None:
        """Take in more pairs, by rank; none may come twice."""
        reaching = values >= self.floor
        if not reaching.any():
            return
        ranks = np.hstack([self._ranks, np.stack([first, second])[:, reaching]])
        values = np.concatenate([self._cosines, values[reaching]])
        order = np.lexsort((*ranks[::-1], -values))[: self._top]
        self._ranks, self._cosines = ranks[:, order], values[order]
        if len(order) == self._top:
            self.floor = float(self._cosines[-1])

    def add(self, tile: Features, places: Places) -> None:
        """Take in the best pairs of a tile; see `tiles`."""
        margin = error(self._rows.rows.shape[1])
        bound = np.float32(max(self.floor - margin, -2))
        hot = np.flatnonzero(tile.max(axis=1) >= bound)
        rows, columns = near(tile[hot], np.full(len(hot), bound))
        rows = hot[rows]
        if self._rows is self._columns:
            below = columns < places[rows]
            rows, columns = rows[below], columns[below]
        if len(rows) > self._top:
            values = tile[rows, columns]
            last = np.partition(values, -self._top)[-self._top]
            reaching = values >= last - np.float32(2 * margin)
            rows, columns = rows[reaching], columns[reaching]
        rows = places[rows]
        exact = cosines(self._rows, rows, self._columns, columns)
        self._add(self._columns.first[columns], self._rows.first[rows], exact)

    def film_pairs(self) -> Iterator[tuple[float, int, int]]:
        """−cosine and ranks of all pairs of films, in order."""

        def expand(first: int, second: int, cosine: float) -> Iterator[tuple[float, int, int]]:
            firsts = self._columns.members[self._columns.group[first]]
            seconds = self._rows.members[self._rows.group[second]]
            opposite = dict.fromkeys(firsts, seconds)
            if self._rows is self._columns:
                opposite |= dict.fromkeys(seconds, firsts)
            for first_rank in sorted(opposite):
                for second_rank in opposite[first_rank]:
                    if self._rows is not self._columns or second_rank > first_rank:
                        yield -cosine, first_rank, second_rank

        return merge(*map(expand, *self._ranks.tolist(), self._cosines.tolist()))


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
class SearchResult:
    """What a search found."""

    pairs: list[Pair]
    """Of highest cosine; ties in the order of real and synthetic ids."""
    nearest: list[Nearest]
    """One a synthetic film, in the order given."""


class _Candidates(NamedTuple):
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
) -> SearchResult:
    """Compare every synthetic film, in every view, with every real film.

    The answer does not depend on the block, the order of the films or the number of threads; see
    `cosines` for why. Memory is that of the features of real films and one view, twice, of the
    block, and of the results. A bar on stderr shows how far it is, where that is a terminal.

    Args:
        real: (n, d) features, n ≥ 1, any length; a zero vector has cosine 0 with everything. Or
            several such arrays, the crops of the same films: a pair's cosine is its best over
            crops and views.
        synthetic: view → (m, d) features, m ≥ 1. Each view is read once, in turn, so they
            need not lie in memory together.
        real_ids: n ids.
        synthetic_ids: m ids.
        top: pairs wanted, 1 or more; all n × m if there are no more.
        block_bytes: of one product of matrices.

    Raises:
        CxrReleaseError: features that are not finite numbers, by film.
        ValueError: a view that is not in `schemas.VIEWS`, no view, no crop, or features that do
            not fit.
    """
    if top < 1 or not synthetic or not set(synthetic) <= set(schemas.VIEWS) or not len(real):
        raise ValueError(f"the {top} nearest of {len(real)} in {list(synthetic)}")
    crops = [Films(crop, real_ids) for crop in ([real] if isinstance(real, np.ndarray) else real)]
    names = sorted(real_ids), sorted(synthetic_ids)
    keys: list[tuple[float, int, int, int]] = []
    candidates: list[_Candidates] = []
    floor = -np.inf
    with progress("search", len(synthetic) * len(crops) * len(synthetic_ids)) as bar:
        for number, view in enumerate(schemas.VIEWS):
            if view not in synthetic:
                continue
            moving = Films(synthetic[view], synthetic_ids)
            for fixed in crops:
                # A pair among the `top` of all views and crops is, in its best ones, among the
                # `top` of these: whatever comes before it there comes before it here too. Neither
                # can it lie below the last of an earlier `top`.
                pairs = TopPairs(moving, fixed, top, floor)
                cosine = np.empty((len(moving), 2))
                column = np.empty((len(moving), 2), np.int64)
                for places, tile in tiles(moving, fixed, block_bytes, bar):
                    pairs.add(tile, places)
                    cosine[places], column[places] = highest(tile, places, moving, fixed, count=2)
                candidates.append(_of_films(cosine, column, fixed, moving, number))
                keys.extend((*key, number) for key in islice(pairs.film_pairs(), top))
                floor = pairs.floor
    return SearchResult(
        _pairs(keys, names, top), _nearest(candidates, names[0], crops[0].order, synthetic_ids)
    )


def _of_films(
    cosine: Floats, column: Places, real: Films, synthetic: Films, view: int
) -> _Candidates:
    """From distinct films back to films: a real film that has equals comes second itself."""
    # On a tie it does not matter which comes second: only its cosine is used.
    equal = real.second[column[:, 0]]
    twice = equal < len(real.group)
    second = np.where(twice, equal, real.first[column[:, 1]])
    ranks = np.column_stack([real.first[column[:, 0]], second])
    values = np.column_stack([cosine[:, 0], np.where(twice, cosine[:, 0], cosine[:, 1])])
    return _Candidates(
        synthetic.given(values[synthetic.group]),
        synthetic.given(ranks[synthetic.group]),
        np.full((len(synthetic.order), 2), view),
    )


def _pairs(
    keys: Iterable[tuple[float, int, int, int]], names: tuple[list[str], list[str]], top: int
) -> list[Pair]:
    """The `top` of all views, each pair of films in its best view.

    Args:
        keys: −cosine, ranks of the real and of the synthetic film, place of the view.
        names: sorted ids of the real and of the synthetic films.
        top: how many.
    """
    chosen: dict[tuple[int, int], Pair] = {}
    for negative, real, synthetic, view in sorted(keys):
        pair = Pair(names[0][real], names[1][synthetic], 0.0 - negative, schemas.VIEWS[view])
        chosen.setdefault((real, synthetic), pair)
    return list(islice(chosen.values(), top))


def _nearest(
    candidates: Sequence[_Candidates],
    real_names: Sequence[str],
    order: Places,
    synthetic_ids: Sequence[str],
) -> list[Nearest]:
    """The best over the views, and the best of any other real film."""
    cosine, real, view = map(np.hstack, zip(*candidates, strict=True))
    sorting = np.lexsort((real, -cosine), axis=1)  # stable: of one film the first view
    cosine, real, view = (
        np.take_along_axis(part, sorting, axis=1) for part in (cosine, real, view)
    )
    # Of the films that are not the nearest one, the first; the nearest one itself without any.
    second_place = np.argmax(real != real[:, :1], axis=1)
    second = cosine[np.arange(len(cosine)), second_place]
    return list(
        map(
            Nearest,
            synthetic_ids,
            map(real_names.__getitem__, real[:, 0].tolist()),
            order[real[:, 0]].tolist(),
            cosine[:, 0].tolist(),
            map(schemas.VIEWS.__getitem__, view[:, 0].tolist()),
            second.tolist(),
        )
    )
