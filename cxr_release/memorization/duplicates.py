"""The most similar films of one set, and how near its films are to each other: exact.

How near real films are to other real films: the baselines of the audit.

Other films are those of other patients where it is stated whose each film is; else any other film.

In every view and look in which a synthetic film is held against a real one, or they would not
compare. Plain float64 products: there are few real films beside the synthetic ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.memorization.cosines import (
    BLOCK_BYTES,
    DIGITS,
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
    unit_rows,
)


@dataclass(frozen=True)
class Twins:
    """Two films of one set, the one whose id comes first first, and their cosine."""

    one_id: str
    other_id: str
    cosine: float
    """−1 … 1, to 12 digits."""


@dataclass(frozen=True)
class Within:
    """What a search within one set found; arrays in the order of the films given."""

    pairs: list[Twins]
    """Of highest cosine; ties in the order of the ids. Films of one group among them."""
    nearest: Floats
    """(n,) cosine of the nearest other film; NaN for a film alone."""
    nearest_other_group: Floats | None
    """(n,) cosine of the nearest film of another group; NaN where there is none. None without
    groups."""


def search_within(
    features: Features,
    ids: Sequence[str],
    *,
    top: int,
    groups: Sequence[str] | None = None,
    block_bytes: int = BLOCK_BYTES,
) -> Within:
    """Hold every film of a set against every other; as exact, and in as little memory, as `search`.

    Args:
        features: (n, d) features, n ≥ 1, any length; a zero vector has cosine 0 with everything.
        ids: n ids.
        top: pairs wanted, 1 or more; all if there are no more.
        groups: what each film is one of several of: its patient.
        block_bytes: of one product of matrices.

    Raises:
        CxrReleaseError: features that are no finite numbers, by film.
        ValueError: no films, or features, ids and groups that do not fit each other.
    """
    if top < 1 or (groups is not None and len(groups) != len(ids)):
        raise ValueError(f"the {top} nearest of {len(ids)} films in {len(groups or [])} groups")
    films = Films(features, ids)
    margin = error(films.rows.shape[1])
    itself = cosines(films, np.arange(len(films)), films, np.arange(len(films)))
    twice = films.second < len(ids)
    best = Best(top)
    best.add(films.first[twice], films.second[twice], itself[twice])
    # A film that has equals has none nearer; the same across groups, if they are of several.
    nearest = np.where(twice, itself, -np.inf)
    of_group = _groups(films, groups)
    several = np.array([group < 0 for group in of_group.tolist()])
    apart = np.where(several, itself, -np.inf)
    kin = _kin(of_group)
    with progress("within", len(ids)) as bar:
        for places, tile in tiles(films, films, block_bytes, bar):
            tile[np.arange(len(places)), places] = -np.inf
            rows, columns = best.candidates(tile, margin, after=places)
            rows = places[rows]
            best.add(films.first[rows], films.first[columns], cosines(films, rows, films, columns))
            nearest[places] = np.maximum(nearest[places], _nearest(tile, places, films, films))
            if groups is not None:
                for row, place in enumerate(places.tolist()):
                    tile[row, kin[of_group[place]]] = -np.inf
                apart[places] = np.maximum(apart[places], _nearest(tile, places, films, films))
    names = sorted(ids)
    pairs = [
        Twins(names[one], names[other], 0.0 - negative)
        for negative, one, other in islice(_film_pairs(best, films), top)
    ]
    return Within(pairs, _given(nearest, films), None if groups is None else _given(apart, films))


def _nearest(tile: Features, places: Places, rows: Films, columns: Films) -> Floats:
    """(k,) highest float64 cosine in each row of a tile; −∞ where all of it is −∞."""
    highest = tile.max(axis=1)
    found = np.full(len(tile), -np.inf)
    bounds = highest - np.float32(2 * error(rows.rows.shape[1]))
    bounds[highest == -np.inf] = np.inf
    some, others = near(tile, bounds)
    np.maximum.at(found, some, cosines(rows, places[some], columns, others))
    return found


def _groups(films: Films, groups: Sequence[str] | None) -> Places:
    """(u,) number of each distinct film's group; −1 if its equals are of several, or unknown.

    Numbers are those of the order in which the groups first come in `groups`.
    """
    if groups is None:
        return np.full(len(films), -1)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    of_film = np.array([numbers[group] for group in groups])[films.order]
    return np.array(
        [
            of_film[ranks[0]] if (of_film[ranks] == of_film[ranks[0]]).all() else -1
            for ranks in films.members
        ]
    )


def _kin(of_group: Places) -> dict[int, Places]:
    """Group → distinct films that are of it alone; none of the films of several."""
    order = np.argsort(of_group, kind="stable")
    numbers, begins = np.unique(of_group[order], return_index=True)
    kin = dict(zip(numbers.tolist(), np.split(order, begins[1:]), strict=True))
    return kin | {-1: np.empty(0, np.int64)}


def _film_pairs(best: Best, films: Films) -> Iterator[tuple[float, int, int]]:
    """Pairs of films, −cosine and ranks, in order, from the best pairs of distinct films."""

    def of(one: int, other: int, cosine: float) -> Iterator[tuple[float, int, int]]:
        here, there = films.group[one], films.group[other]
        ranks = {rank: group for group in (here, there) for rank in films.members[group]}
        for first in sorted(ranks):
            for second in films.members[there if ranks[first] == here else here]:
                if second > first:
                    yield -cosine, first, second

    return merge(*map(of, best.pairs[0].tolist(), best.pairs[1].tolist(), best.cosines.tolist()))


def _given(found: Floats, films: Films) -> Floats:
    """From distinct films back to films, in the order given; NaN for −∞."""
    given = np.empty(len(films.order))
    given[films.order] = found[films.group]
    given[given == -np.inf] = np.nan
    return given


BLOCK = 256
"""Films whose products are in memory at a time."""


def nearest_apart(
    views: Mapping[str, Features], looks: Sequence[Features], groups: Sequence[str]
) -> Floats:
    """Cosine of each film with its nearest film of another group, over all views and looks.

    Args:
        views: view → (n, d) features of the films as a synthetic one would be seen.
        looks: (n, d) features of the same films as real ones are seen, one or more.
        groups: n patients; or, where they are not stated, a group for each film.

    Returns:
        (n,) float64; NaN where there is no film of another group.
    """
    _, numbers = np.unique(np.array(groups), return_inverse=True)
    every = np.arange(len(groups))
    return _nearest_others(views, looks, every, every, numbers)


def nearest_of_others(
    views: Mapping[str, Features],
    looks: Sequence[Features],
    some: Sequence[int],
    others: Sequence[int],
) -> Floats:
    """Cosine of each of some films with the nearest of the others, over all views and looks.

    Args:
        views: see `nearest_apart`.
        looks: see there.
        some: places of k films.
        others: places of the films that they are held against.

    Returns:
        (k,) float64; NaN where there are no others.
    """
    return _nearest_others(views, looks, np.array(some, np.int64), np.array(others, np.int64), None)


def _nearest_others(
    views: Mapping[str, Features],
    looks: Sequence[Features],
    some: NDArray[np.int64],
    others: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
) -> Floats:
    best = np.full(len(some), -np.inf)
    with tqdm(total=len(views) * len(looks), desc="baseline", disable=None) as bar:
        for look in looks:
            columns = unit_rows(look[others])
            for view in views.values():
                for start in range(0, len(some), BLOCK):
                    block = some[start : start + BLOCK]
                    products = np.round(unit_rows(view[block]) @ columns.T, DIGITS)
                    if groups is not None:
                        products[groups[block][:, None] == groups[others]] = -np.inf
                    highest = products.max(axis=1, initial=-np.inf)
                    best[start : start + BLOCK] = np.maximum(best[start : start + BLOCK], highest)
                bar.update()
    nearest: Floats = np.where(np.isinf(best), np.nan, best)
    return nearest
