"""What tells films apart: the directions in which they differ far more than a film from itself.

A linear discriminant (Fisher, The Use of Multiple Measurements in Taxonomic Problems, Annals of
Eugenics 7, 1936), here with the films as classes: how films of the real set differ from each other,
against how a film differs from itself when it is moved a little, or its greys are changed. It is
fitted to the real films of this audit and has no weights from elsewhere.

A film that was fitted to is less like other films than a new one is, where few others were. So
films can be compared by what was fitted to the others (cross-fitting): what is summed up of the
films of each fold serves all fits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.threads import mapped
from cxr_release.memorization.descriptor import Descriptor
from cxr_release.memorization.parallel import BLOCK, one_thread_each
from cxr_release.memorization.poses import PLAIN, pose_of
from cxr_release.memorization.sampler import (
    SIDE,
    WHITE,
    Floats,
    Pictures,
    Sampler,
    Vectors,
    whole,
)
from cxr_release.schemas import PARTS, SMALL

FITTED, DRAWS = 2000, 6000
"""Real films that a discriminant is fitted to at most, and moved pictures of them at least."""
RIDGE = 0.01
"""Of the mean variance of a film's own changes, added to each of them."""
FEWEST = 20
"""Films from which on their own differences alone decide; with fewer, all directions count."""
GAMMA, BLURRED = 0.2, 1 / 36
"""How a film's greys may change and it is still itself: standard deviation of the logarithm of a
gamma; standard deviation of a blur, of the side, of which any share is mixed in."""
LEAST = 1e-10
"""Added to the variance of a film's own changes, of vectors of length 1, so that none is 0."""
DISCARDED = 1e-6
"""Discriminant below which a direction tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a descriptor is for."""

    window: float
    """Share of each side of a film that is looked at."""
    turn: float
    """Degrees by which a film may be turned and is still itself: standard deviation."""
    scale: float
    """Likewise, of the logarithm of its scale."""
    shift: float
    """Likewise, of a side."""
    dimensions: tuple[int, int]
    """Numbers of a whole film, and of a half of one."""


SEARCH = Setting(window=0.9, turn=0.7, scale=0.014, shift=0.008, dimensions=(80, 64))
"""For films that lie near one of the `looks`."""
ALIGNED = Setting(window=0.95, turn=0.3, scale=0.006, shift=0.004, dimensions=(192, 128))
"""For films that were aligned."""


def fitted(
    films: Pictures, folds: NDArray[np.integer], setting: Setting, *, seed: int
) -> list[Descriptor]:
    """Descriptors fitted to films: to all, and to all but those of each fold.

    Args:
        films: (n, SMALL, SMALL), see `sampler.smooth`, n ≥ 1. Their order counts.
        folds: (n,) number of each film's fold, from 0 on. Where all are in one, there is no other.
        setting: what for.
        seed: of the moves by which a film's own changes are learnt.

    Returns:
        The descriptor that is fitted to all, and those that are not fitted to fold 0, 1 and so on.
    """
    every = np.linspace(0, len(films) - 1, min(len(films), FITTED)).round().astype(int)
    order = every[np.argsort(folds[every], kind="stable")]
    samples = _Samples(films[order], folds[order], setting, np.random.default_rng(seed))
    with one_thread_each():
        of_parts = list(mapped(samples.projections, range(len(PARTS))))
    return [Descriptor(samples.sampler, fit) for fit in zip(*of_parts, strict=True)]


class _Samples:
    """Films as they are, and moved, sampled; films of one fold lie together."""

    def __init__(
        self,
        films: Pictures,
        folds: NDArray[np.integer],
        setting: Setting,
        chance: np.random.Generator,
    ) -> None:
        self._dimensions = setting.dimensions
        self.sampler = Sampler(setting.window)
        counts = np.bincount(folds)
        stops = np.cumsum(counts)
        self._blocks = [
            (fold, slice(first, min(first + BLOCK, stop)))
            for fold, (stop, count) in enumerate(zip(stops, counts, strict=True))
            for first in range(stop - count, stop, BLOCK)
        ]
        self._counts = counts
        self._plain, self._inside = self.sampler.sampled(films, PLAIN)
        passes = -(-DRAWS // len(films))
        turn, scale, right, down, bend = chance.normal(size=(5, passes, len(films)))
        share = chance.random((passes, len(films)))
        poses = pose_of(
            setting.turn * turn,
            np.exp(setting.scale * scale),
            setting.shift * right,
            setting.shift * down,
        )
        self._moved = np.empty((passes, *self._plain.shape), np.float32)

        def move(at: tuple[slice, slice]) -> None:
            shape = bend[at].shape
            pictures = np.broadcast_to(films[at[1]], (*shape, SMALL, SMALL))
            changed = _regreyed(
                pictures.reshape(-1, SMALL, SMALL), bend[at].ravel(), share[at].ravel()
            )
            values, _ = self.sampler.sampled(changed, poses[at].reshape(-1, 4))
            self._moved[at] = values.reshape(*shape, -1)

        # A few films are moved several times at once: thousands of single ones take seconds.
        at_once = max(1, BLOCK // len(films))
        pieces = [
            (slice(first, first + at_once), slice(step, step + BLOCK))
            for first in range(0, passes, at_once)
            for step in range(0, len(films), BLOCK)
        ]
        with one_thread_each():
            for _ in mapped(move, pieces):
                pass

    def projections(self, part: int) -> list[Vectors]:
        """Of a part, what all films give, and what all but those of each fold."""
        points = self.sampler.points(part)
        folds, passes = len(self._counts), len(self._moved)
        within = np.zeros((folds, len(points), len(points)))
        films = []
        for fold, block in self._blocks:
            rows = self._vectors(self._plain[block], self._inside, part, points)
            films.append(rows)
            at_once = max(1, BLOCK // len(rows))
            for first in range(0, passes, at_once):
                moved = self._moved[first : first + at_once, block]
                values = moved.reshape(-1, SIDE * SIDE)
                change = self._vectors(values, np.ones_like(values[:1]), part, points)
                change.reshape(len(moved), *rows.shape)[:] -= rows
                within[fold] += change.T @ change
        dimensions = self._dimensions[part > 0]
        every = [np.arange(folds)]
        if folds > 1:
            every += [np.flatnonzero(np.arange(folds) != fold) for fold in range(folds)]
        projections = []
        of_fold = np.repeat(np.arange(folds), self._counts)
        rows = np.concatenate(films)
        for chosen in every:
            films_chosen = rows[np.isin(of_fold, chosen)]
            directions = _directions(
                films_chosen,
                within[chosen].sum(axis=0) / (len(films_chosen) * passes),
                dimensions,
            )
            projection = np.zeros((SIDE * SIDE, directions.shape[1]))
            projection[points] = directions
            projections.append(projection)
        return projections

    def _vectors(
        self, values: Floats, inside: Floats, part: int, points: NDArray[np.intp]
    ) -> Vectors:
        return self.sampler.vectors(values, inside, part)[:, points]


def _directions(films: Vectors, within: Vectors, dimensions: int) -> Vectors:
    """The directions (k, d) that tell films apart, weighted.

    With T the second moments of films and W those of a film's own changes, the directions are the
    generalised eigenvectors of T v = λ W v of highest λ. Along one of them, films whose own changes
    have variance 1 differ with variance λ; it is divided by √λ, and weighted by (λ / (λ + 1))², for
    of what two pictures of a film show there, λ / (λ + 1) is common.

    Args:
        films: (n, k) vectors of films, of which T is taken.
        within: (k, k) W.
        dimensions: directions wanted.
    """
    count = within.shape[0]
    within = within + np.eye(count) * (RIDGE * np.trace(within) / count + LEAST)
    if FEWEST <= len(films) < count // 2:
        ratios, directions = _of_few(films, within, dimensions)
    else:
        ratios, directions = _of_many(films, within, dimensions)
    told = ratios > DISCARDED
    ratios, directions = ratios[told], directions[:, told]
    weighted: Vectors = directions * (ratios**1.5 / (ratios + 1) ** 2)
    return weighted


def _of_many(films: Vectors, within: Vectors, dimensions: int) -> tuple[Vectors, Vectors]:
    """The highest λ, rising, and their directions (k, d), each with variance 1 within."""
    from scipy.linalg import eigh

    count = within.shape[0]
    total = films.T @ films / len(films)
    shared = max(0.0, 1 - len(films) / FEWEST)
    total = (1 - shared) * total + shared * np.eye(count) * np.trace(total) / count
    ratios, directions = eigh(total, within, subset_by_index=[count - dimensions, count - 1])
    return ratios, directions


def _of_few(films: Vectors, within: Vectors, dimensions: int) -> tuple[Vectors, Vectors]:
    """The same of fewer films than directions, by products of films: T has no other directions.

    With W = L Lᵀ and A = L⁻¹ filmsᵀ, T v = λ W v has the eigenvalues of AᵀA / n, and for an
    eigenvector u of that the direction L⁻ᵀ A u / √(n λ).
    """
    from scipy.linalg import cholesky, eigh, solve_triangular

    lower = cholesky(within, lower=True)
    changed = solve_triangular(lower, films.T, lower=True)
    last = len(films) - 1
    ratios, combined = eigh(
        changed.T @ changed / len(films), subset_by_index=[max(0, last + 1 - dimensions), last]
    )
    told = ratios > DISCARDED
    ratios, combined = ratios[told], combined[:, told]
    directions = changed @ combined / np.sqrt(len(films) * ratios)
    return ratios, solve_triangular(lower, directions, lower=True, trans="T")


def _regreyed(films: Pictures, bend: NDArray[np.float64], share: NDArray[np.float64]) -> Pictures:
    """Pictures as another exposure, another window or a coarser copy would show them.

    Args:
        films: (n, SMALL, SMALL).
        bend: (n,) standard normal.
        share: (n,) of a blurred picture that is mixed in; 0 … 1.
    """
    from scipy.ndimage import gaussian_filter

    sigma = BLURRED * SMALL
    exponent = np.exp(GAMMA * bend).astype(np.float32)[:, None, None]
    shown = (films.astype(np.float32) / np.float32(WHITE) + 1) / 2
    bent = (2 * shown**exponent - 1).astype(np.float32)
    blurred = gaussian_filter(bent, (0, sigma, sigma), mode="nearest")
    mixed = bent + share.astype(np.float32)[:, None, None] * (blurred - bent)
    return whole(mixed)
