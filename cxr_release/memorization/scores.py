"""How similar two films are, on one scale for whole films and halves: standard deviations.

A cosine says nothing by itself: any two films of one view of one body part are similar. A score
says how many standard deviations a pair's cosine lies above those of innocent pairs: real films,
each with the nearest of other patients' real films, compared in the same way. Deviations are those
of Fisher's z (atanh; R. A. Fisher, On the Probable Error of a Coefficient of Correlation, Metron 1,
1921), whole films and halves each by themselves, so that both can stand in one list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.list_length import KEPT
from cxr_release.memorization.poses import PLAIN, Poses
from cxr_release.memorization.search import Slots
from cxr_release.schemas import PARTS

Floats = NDArray[np.float64]
Places = NDArray[np.int32]

USUAL = (0.6, 0.12)
"""Fisher's z of innocent pairs, mean and deviation, where there are too few films to measure it."""
FEWEST = 20
"""Films from which on it is measured."""
WHOLE, HALVES = 0, 1
QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""


@dataclass(frozen=True)
class Matches:
    """Of films, the `KEPT` likeliest real films, the likeliest first: arrays (n, KEPT, …)."""

    real: Places
    """Place of the real film; −1 where there are fewer."""
    view: NDArray[np.int8]
    part: NDArray[np.int8]
    pose: Poses
    cosine: Floats
    """−1 … 1; NaN where there is no real film."""
    score: Floats
    """Standard deviations; −∞ where there is no real film."""

    def __len__(self) -> int:
        return len(self.real)


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of Fisher's z of innocent pairs, of whole films and of halves."""

    mean: tuple[float, float] = (USUAL[0], USUAL[0])
    deviation: tuple[float, float] = (USUAL[1], USUAL[1])

    def scores(self, cosines: NDArray[np.floating], parts: NDArray[np.integer]) -> Floats:
        """Standard deviations above the mean; −∞ where there is no cosine."""
        kind = (parts > 0).astype(int)
        z = np.arctanh(
            np.clip(np.nan_to_num(cosines.astype(np.float64), nan=0), -1 + 1e-6, 1 - 1e-6)
        )
        scores: Floats = (z - np.array(self.mean)[kind]) / np.array(self.deviation)[kind]
        return np.where(np.isnan(cosines) | (cosines < -1), -np.inf, scores)


def scale_of(cosines: NDArray[np.floating], parts: NDArray[np.integer]) -> Scale:
    """From films that are not copies of each other: (n,) or (n, k) cosines and their parts.

    Median and quartiles: a few films that the real set holds twice do not change it.
    """
    means, deviations = [], []
    for kind in (WHOLE, HALVES):
        chosen = cosines[(parts > 0) == kind]
        z = np.arctanh(np.clip(chosen[np.isfinite(chosen)].astype(np.float64), -0.999, 1 - 1e-6))
        if len(z) < FEWEST:
            means.append(USUAL[0])
            deviations.append(USUAL[1])
            continue
        low, middle, high = np.percentile(z, (25, 50, 75))
        means.append(float(middle))
        deviations.append(max(float(high - low) / QUARTILES, USUAL[1] / 4))
    return Scale((means[0], means[1]), (deviations[0], deviations[1]))


class Compared:
    """Pairs of films and real films, compared whole and in a half: arrays (2, n, k, …).

    Args:
        real: (n, k) places of the real films; −1 where there are fewer.
        view: (n, k).
        part: (2, n, k).
    """

    def __init__(self, real: Places, view: NDArray[np.int8], part: NDArray[np.int8]) -> None:
        self.real, self.view, self.part = real, view, part
        self.pose: Poses = np.tile(PLAIN, (*part.shape, 1))
        self.cosine: Floats = np.full(part.shape, np.nan)

    def replaced(self, rows: NDArray[np.integer], other: Compared) -> Compared:
        """These pairs, but those of `other` in some rows."""
        result = Compared(self.real.copy(), self.view.copy(), self.part.copy())
        result.pose[:], result.cosine[:] = self.pose, self.cosine
        result.real[rows], result.view[rows] = other.real, other.view
        for name in ("part", "pose", "cosine"):
            getattr(result, name)[:, rows] = getattr(other, name)
        return result

    def among(self, references: NDArray[np.integer]) -> Compared:
        """These pairs, but those of other real films."""
        chosen = np.isin(self.real, references)
        result = Compared(np.where(chosen, self.real, np.int32(-1)), self.view, self.part)
        result.pose[:, chosen], result.cosine[:, chosen] = (
            values[:, chosen] for values in (self.pose, self.cosine)
        )
        return result

    def highest(self) -> tuple[Floats, NDArray[np.int8]]:
        """(2, n) highest cosine of each film, whole and in a half, and 0 or 1: which of them."""
        cosines = np.where(np.isnan(self.cosine), -np.inf, self.cosine).max(axis=2)
        parts = np.repeat(np.array([WHOLE, HALVES], np.int8)[:, None], cosines.shape[1], axis=1)
        return cosines, parts

    def scored(self, scale: Scale) -> Matches:
        """Each pair by its whole films or a half, whichever scores higher: the `KEPT` highest.

        On a tie the first real film comes first.
        """
        scores = scale.scores(self.cosine, self.part)
        better = scores.argmax(axis=0)[None]

        def of_better(array: NDArray[Any]) -> NDArray[Any]:
            index = better if array.ndim == better.ndim else better[..., None]
            taken: NDArray[Any] = np.take_along_axis(array, index, axis=0)[0]
            return taken

        score = of_better(scores)
        order = np.lexsort((self.real, -score), axis=1)[:, :KEPT]

        def in_order(array: NDArray[Any]) -> NDArray[Any]:
            index = order if array.ndim == order.ndim else order[..., None]
            taken: NDArray[Any] = np.take_along_axis(array, index, axis=1)
            return taken

        return Matches(
            in_order(self.real),
            in_order(self.view),
            in_order(of_better(self.part)),
            in_order(of_better(self.pose)),
            in_order(of_better(self.cosine)),
            in_order(score),
        )


def search_scale(searches: Sequence[Slots]) -> Scale:
    """The scale of the cosines of searches of innocent films."""
    found = [(part, slots.of_part(part)) for part in range(len(PARTS)) for slots in searches]
    cosines = np.concatenate([highest for _, highest in found])
    return scale_of(cosines, np.repeat([part for part, _ in found], [len(one) for _, one in found]))


def joined(parts: Sequence[tuple[NDArray[np.integer], Compared]], films: int) -> Compared:
    """Pairs of all films, from those of some rows each."""
    first = parts[0][1]
    shape = (films, first.real.shape[1])
    every = Compared(
        np.empty(shape, np.int32), np.empty(shape, np.int8), np.empty((2, *shape), np.int8)
    )
    for rows, compared in parts:
        every = every.replaced(rows, compared)
    return every


def in_scores(slots: Slots, scale: Scale) -> Slots:
    """Slots with scores in place of cosines."""
    scores = scale.scores(slots.value, slots.part).astype(np.float32)
    return Slots(scores, slots.reference, slots.part, slots.view)


def likeliest(slots: Slots, kept: int = KEPT) -> Slots:
    """The `kept` real films of highest score in any part and view, each in its best one.

    On a tie the real film that comes first, then the part and view that do. A reference of −1
    stands where there are fewer.
    """
    remaining = slots.value.copy()
    every = np.arange(len(remaining))
    best: list[NDArray[np.intp]] = []
    missing: list[NDArray[np.bool_]] = []
    for _ in range(kept):
        highest = remaining.max(axis=1, keepdims=True)
        tied = np.where(remaining == highest, slots.reference, np.iinfo(np.int32).max)
        place = tied.argmin(axis=1)
        best.append(place)
        missing.append(np.isneginf(highest[:, 0]))
        remaining[slots.reference == slots.reference[every, place][:, None]] = -np.inf
    places = np.stack(best, axis=1)
    taken = {
        name: np.take_along_axis(getattr(slots, name), places, axis=1)
        for name in ("value", "reference", "part", "view")
    }
    fewer = np.stack(missing, axis=1)
    taken["reference"] = np.where(fewer, np.int32(-1), taken["reference"])
    taken["value"] = np.where(fewer, np.float32(-np.inf), taken["value"])
    return Slots(**taken)
