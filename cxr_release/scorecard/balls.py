"""How many real films have a synthetic neighbour, and how many would by real films of others.

A real film is covered where its ball, which reaches to the fifth nearest real film of another
patient, has a synthetic film in it (k-NN coverage, Naeem et al., ICML 2020; see
`fidelity.distances`). Two numbers follow by counting, without a draw:

- With m of N synthetic films in a ball, n of the N, drawn at random, cover it with the chance
  1 − C(N − m, n) / C(N, n).
- If the n films were real films of yet other patients, they and the M other real films would come
  in any order of distance, and the five nearest would be old ones with the chance
  C(M, 5) / C(M + n, 5). So the ideal covers a film with the chance 1 − that, whether the film is of
  a common or of a rare kind. Where patients have many films that are alike, and so come together,
  it is somewhat less.

How much of this is chance, halves say: half of the patients and half of the synthetic films, drawn
many times. The variance over such halves is that of the number itself (delete-d jackknife, Shao and
Wu, Annals of Statistics 17, 1989). It holds both which patients were collected and which films were
drawn.

Distances are taken once. Of each film the `NEAREST` neighbours are kept; half of them always hold
five, and a ball with as many synthetic films is covered whichever are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distances import NEIGHBOURS
from cxr_release.memorization.parallel import in_parallel
from cxr_release.scorecard.sets import Places

NEAREST = 128

Features = NDArray[np.floating]
Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Neighbours:
    """The nearest films of a set, of each of some films."""

    places: NDArray[np.int32]
    """(films, k) in the set."""
    distances: NDArray[np.float64]
    """(films, k), rising; infinite beyond the last."""
    of: int
    """Films of the set."""

    def with_itself(self) -> Neighbours:
        """Neighbours of films of the set itself, each its own first."""
        own = np.arange(len(self.places), dtype=np.int32)[:, None]
        return Neighbours(
            np.hstack([own, self.places]),
            np.hstack([np.zeros((len(own), 1)), self.distances]),
            self.of,
        )


def nearest(
    films: Features, others: Features | None = None, *, owners: NDArray[np.int64] | None = None
) -> Neighbours:
    """The nearest films of each film; exact distances, the same on one core as on several.

    Args:
        films: (n, d) features.
        others: (m, d) of another set; None: the films themselves.
        owners: (n,) number of each film's patient, where they are looked for among the films
            themselves: those of its own patient are left out.
    """
    from scipy.spatial.distance import cdist

    columns = np.asarray(films if others is None else others, np.float64)
    rows = np.asarray(films, np.float64)
    kept = min(NEAREST, len(columns))
    places = np.zeros((len(rows), kept), np.int32)
    distances = np.full((len(rows), kept), np.inf)
    if not kept:
        return Neighbours(places, distances, 0)

    def of_block(block: slice) -> None:
        every = cdist(rows[block], columns)
        if owners is not None:
            every[owners[block, None] == owners] = np.inf
        near = np.argpartition(every, kept - 1, axis=1)[:, :kept]
        of_near = np.take_along_axis(every, near, axis=1)
        order = np.argsort(of_near, axis=1, kind="stable")
        places[block] = np.take_along_axis(near, order, axis=1)
        distances[block] = np.take_along_axis(of_near, order, axis=1)

    for _ in in_parallel(of_block, len(rows), "neighbours"):
        pass
    return Neighbours(places, distances, len(columns))


@dataclass(frozen=True)
class Space:
    """Real films, and the films that are to cover them, in one kind of features."""

    name: str
    real: Neighbours
    """Of each real film among those of other patients."""
    pool: Neighbours
    """Of each real film among the covering ones."""
    owners: NDArray[np.int64]
    """Of each real film the number of its patient."""

    def rates(self, films: Places, pool: Places, drawn: int) -> tuple[Rates, Rates]:
        """Chances that films are covered by some of the pool, and by as many of other patients.

        Args:
            films: (n,) places of the real films that there are.
            pool: places of the covering films that there are.
            drawn: covering films that are drawn of them.

        Returns:
            (n,) and (n,).
        """
        standing = _mask(films, self.real.of)
        near = standing[self.real.places[films]] & np.isfinite(self.real.distances[films])
        reached = np.cumsum(near, axis=1) == NEIGHBOURS
        place = np.where(reached.any(axis=1), reached.argmax(axis=1), near.shape[1] - 1)
        radii = self.real.distances[films, place]
        inside = _mask(pool, self.pool.of)[self.pool.places[films]]
        inside &= self.pool.distances[films] <= radii[:, None]
        of_patient = np.bincount(self.owners[films], minlength=int(self.owners.max()) + 1)
        others = len(films) - of_patient[self.owners[films]]
        return (
            _hit(len(pool), inside.sum(axis=1), drawn),
            _ideal(others, drawn),
        )


def halves(
    films: Places, owners: NDArray[np.int64], pool: Places, *, count: int, seed: int
) -> Iterator[tuple[Places, Places]]:
    """Halves of the real films, by patient, and of the covering films; drawn at random.

    Args:
        films: places of the real films that there are.
        owners: of every real film the number of its patient.
        pool: places of the covering films that there are.
        count: how many.
        seed: of the draws. They follow from the order of the films, not from names.
    """
    chance = np.random.default_rng(seed)
    patients = np.unique(owners[films])
    for _ in range(count):
        chosen = _mask(chance.permutation(patients)[: len(patients) // 2], int(owners.max()) + 1)
        yield films[chosen[owners[films]]], chance.choice(pool, len(pool) // 2, replace=False)


def _hit(pool: int, inside: NDArray[np.int64], drawn: int) -> Rates:
    """Chance that films drawn of a pool hit those that are inside."""
    rest = pool - inside
    missed = np.exp(_log_choose(np.maximum(rest, drawn), drawn) - _log_choose(pool, drawn))
    rates: Rates = np.where(rest < drawn, 1.0, 1 - missed)
    return np.where(inside == 0, 0.0, rates)


def _ideal(others: NDArray[np.int64], drawn: int) -> Rates:
    """Chance that films of other patients come before the fifth of the others."""
    nearest_ones = np.minimum(NEIGHBOURS, others)
    rates: Rates = 1 - np.exp(
        _log_choose(others, nearest_ones) - _log_choose(others + drawn, nearest_ones)
    )
    return rates


def _log_choose(of: NDArray[np.int64] | int, some: NDArray[np.int64] | int) -> Rates:
    from scipy.special import gammaln

    logs: Rates = (
        gammaln(np.add(of, 1)) - gammaln(np.add(some, 1)) - gammaln(np.subtract(of, some) + 1)
    )
    return logs


def _mask(places: NDArray[np.integer], size: int) -> NDArray[np.bool_]:
    mask = np.zeros(size, bool)
    mask[places] = True
    return mask
