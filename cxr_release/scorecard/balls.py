"""Which real films have a synthetic neighbour, over many divisions of the real films.

A real film is covered where its ball, which reaches to the fifth nearest of the real films that it
is held with, has a synthetic film in it (k-NN coverage, Naeem et al., ICML 2020; see
`fidelity.distances`). How many it should be, other patients' real films in place of the synthetic
ones say: so real films are divided at random, by patient, a third to be covered and out of the rest
as many as there are synthetic ones to cover them. Each division draws both, and the synthetic
films, anew.

Over the divisions numbers scatter as they do over samples of such a third; a third of this variance
over two thirds, one half, is that of the mean over all films (delete-d jackknife, Shao and Wu,
Annals of Statistics 17, 1989). It holds all of chance: which patients were collected, which of
their films stand for other patients', and which films were drawn. Of those that are drawn out of
more than three times as many it counts somewhat too much: the intervals are a little too wide.

Distances are taken once. Of each film the `NEAREST` neighbours are kept, of which a third holds
five as good as always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distances import NEIGHBOURS
from cxr_release.memorization.parallel import in_parallel
from cxr_release.scorecard.sets import Places
from cxr_release.statistics.bootstrap import cluster_numbers

NEAREST = 128
SHARE = 3
"""A third of the real films is covered; of synthetic films, a third covers them at most."""
SCALE = 1 / (SHARE - 1)
"""What the variance over divisions is multiplied by."""

Features = NDArray[np.floating]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Neighbours:
    """The nearest films of a set, of each of some films."""

    places: NDArray[np.int32]
    """(films, k) in the set."""
    distances: NDArray[np.float64]
    """(films, k), rising."""

    def within(self, films: Places, radii: NDArray[np.float64], of: Mask) -> Mask:
        """Whether some films have one of the chosen films of the set within a radius.

        Args:
            films: (n,) places of films.
            radii: (n,) of each.
            of: (set,) which films of the set are chosen.
        """
        near = of[self.places[films]] & (self.distances[films] <= radii[:, None])
        return np.asarray(near.any(axis=1))


def nearest(films: Features, others: Features | None = None) -> Neighbours:
    """The nearest films of each film; exact distances, the same on one core as on several.

    Args:
        films: (n, d) features.
        others: (m, d) of another set; None: among the films themselves, each without itself.
    """
    from scipy.spatial.distance import cdist

    within = others is None
    columns = np.asarray(films if others is None else others, np.float64)
    rows = np.asarray(films, np.float64)
    kept = min(NEAREST, len(columns) - within)
    places = np.zeros((len(rows), kept), np.int32)
    distances = np.zeros((len(rows), kept))
    if not kept:
        return Neighbours(places, distances)

    def of_block(block: slice) -> None:
        every = cdist(rows[block], columns)
        if within:
            every[np.arange(len(every)), np.arange(block.start, block.stop)] = np.inf
        near = np.argpartition(every, kept - 1, axis=1)[:, :kept]
        # By place among equal distances, so that the order follows from the films alone.
        near.sort(axis=1)
        of_near = np.take_along_axis(every, near, axis=1)
        order = np.argsort(of_near, axis=1, kind="stable")
        places[block] = np.take_along_axis(near, order, axis=1)
        distances[block] = np.take_along_axis(of_near, order, axis=1)

    for _ in in_parallel(of_block, len(rows), "neighbours"):
        pass
    return Neighbours(places, distances)


@dataclass(frozen=True)
class Space:
    """Real films, and the films that are to cover them, in one kind of features."""

    name: str
    real: Neighbours
    """Of each real film among the real ones."""
    pool: Neighbours
    """Of each real film among the covering ones."""


@dataclass(frozen=True)
class Division:
    """One division of the real films."""

    covered: Places
    """Real films whose coverage is asked."""
    ideal: Places
    """Real films of other patients."""
    pool: Places
    """Covering films, as many."""


def divisions(
    films: Places, patients: Sequence[str], pool: Places, *, count: int, seed: int
) -> list[Division]:
    """Divisions of real films by patient.

    Args:
        films: places of the real films that take part.
        patients: of every real film.
        pool: places of the covering films that take part.
        count: how many divisions.
        seed: of the divisions. They follow from the order of the films, not from names.

    Returns:
        None at all where there are too few films for a division.
    """
    owners = cluster_numbers([patients[place] for place in films])
    size = min(len(films) // (2 * SHARE), len(pool) // SHARE)
    if size < 1:
        return []
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        rank = chance.permutation(int(owners.max()) + 1)
        order = np.argsort(rank[owners], kind="stable")
        # All films of a patient on one side: from the film nearest to the third on.
        turns = np.flatnonzero(np.diff(rank[owners][order], prepend=-1))
        cut = int(turns[np.argmin(np.abs(turns - len(films) / SHARE))])
        if not 0 < cut < len(films) - size:
            return []
        found.append(
            Division(
                np.sort(films[order[:cut]]),
                films[order[cut : cut + size]],
                chance.choice(pool, size, replace=False),
            )
        )
    return found


def covered(space: Space, division: Division) -> tuple[Mask, Mask]:
    """Which of the films are covered by the covering films, and which by other patients'.

    Returns:
        Two arrays of (covered,).
    """
    films = division.covered
    standing = _mask(films, len(space.real.places))
    near = standing[space.real.places[films]]
    fifth = np.cumsum(near, axis=1) == min(NEIGHBOURS, max(1, len(films) - 1))
    place = np.where(fifth.any(axis=1), fifth.argmax(axis=1), near.shape[1] - 1)
    radii = space.real.distances[films, place]
    pool = _mask(division.pool, int(space.pool.places.max()) + 1)
    ideal = _mask(division.ideal, len(space.real.places))
    return space.pool.within(films, radii, pool), space.real.within(films, radii, ideal)


def _mask(places: Places, size: int) -> Mask:
    mask = np.zeros(max(size, int(places.max()) + 1), bool)
    mask[places] = True
    return mask
