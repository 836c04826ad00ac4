"""Each film's likeliest originals among the real films: searched, aligned, compared, scored.

1. Search. Every film, in every view, is held against every real film in every look, as a whole and
   half by half; see `search`. The likeliest real films go on.
2. Alignment. The film is laid on each of those; see `alignment`.
3. Comparison. In that pose both are described again, more finely; the cosine of the two is the
   pair's cosine. Only what both films show is compared.
4. Score. How many standard deviations that cosine lies above those of real films that are compared
   with other patients' real films in the same way, on the scale of Fisher's z (atanh, R. A. Fisher,
   Metron 1, 1921), whole films and halves each by themselves. So both can stand in one list.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cxr_release.memorization import alignment
from cxr_release.memorization.descriptor import (
    ALIGNED,
    SEARCH,
    Descriptor,
    Features,
    Pictures,
    smooth,
)
from cxr_release.memorization.poses import PLAIN, Poses, looks
from cxr_release.memorization.search import Slots, merged, progress, search
from cxr_release.schemas import PARTS

Small = NDArray[np.uint8]
"""(n, SMALL, SMALL) small pictures of films."""
Floats = NDArray[np.float64]
Places = NDArray[np.int32]

KEPT = 2
"""Real films that are compared in detail with each film."""
BLOCK = 256
"""Films, or pairs, that are worked on at a time by each thread."""
MIRRORED, INVERTED = 1, 2
"""Bits of a view's place in `schemas.VIEWS`."""
DIGITS = 6
"""Of a cosine and of a pose. Beyond them equal films might differ."""
USUAL = (0.6, 0.12)
"""Fisher's z of innocent pairs, mean and deviation, where there are too few films to measure it."""
FEWEST = 20
"""Films from which on it is measured."""
WHOLE, HALVES = 0, 1


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
        deviations.append(max(float(high - low) / 1.349, USUAL[1] / 4))
    return Scale((means[0], means[1]), (deviations[0], deviations[1]))


class _Compared:
    """Pairs of films and real films, compared whole and in a half: arrays (2, n, KEPT, …).

    Args:
        real: (n, KEPT) places of the real films; −1 where there are fewer.
        view: (n, KEPT).
        part: (2, n, KEPT).
    """

    def __init__(self, real: Places, view: NDArray[np.int8], part: NDArray[np.int8]) -> None:
        self.real, self.view, self.part = real, view, part
        self.pose: Poses = np.tile(PLAIN, (*part.shape, 1))
        self.cosine: Floats = np.full(part.shape, np.nan)

    def highest(self) -> tuple[Floats, NDArray[np.int8]]:
        """(2, n) highest cosine of each film, whole and in a half, and 0 or 1: which of them."""
        cosines = np.where(np.isnan(self.cosine), -np.inf, self.cosine).max(axis=2)
        parts = np.repeat(np.array([WHOLE, HALVES], np.int8)[:, None], cosines.shape[1], axis=1)
        return cosines, parts

    def scored(self, scale: Scale) -> Matches:
        """Each pair by its whole films or a half, whichever scores higher; the highest first.

        On a tie the first real film comes first.
        """
        scores = scale.scores(self.cosine, self.part)
        better = scores.argmax(axis=0)[None]

        def of_better(array: NDArray[Any]) -> NDArray[Any]:
            index = better if array.ndim == better.ndim else better[..., None]
            return np.take_along_axis(array, index, axis=0)[0]

        score = of_better(scores)
        order = np.lexsort((self.real, -score), axis=1)

        def in_order(array: NDArray[Any]) -> NDArray[Any]:
            index = order if array.ndim == order.ndim else order[..., None]
            return np.take_along_axis(array, index, axis=1)

        return Matches(
            in_order(self.real),
            in_order(self.view),
            in_order(of_better(self.part)),
            in_order(of_better(self.pose)),
            in_order(of_better(self.cosine)),
            in_order(score),
        )


class Matcher:
    """Compares films with the real films of an audit.

    Args:
        real: (n, SMALL, SMALL) small pictures, in the order of the films' ids.
        groups: (n,) number of each film's patient, or a number of its own.
        seed: see `Descriptor`.
    """

    def __init__(self, real: Small, groups: NDArray[np.integer], *, seed: int) -> None:
        self.real = np.concatenate([smooth(real[block]) for block in _blocks(len(real))])
        self._groups = groups
        self._coarse = Descriptor(self.real, SEARCH, seed=seed)
        self._fine = Descriptor(self.real, ALIGNED, seed=seed)
        self._poses = looks()
        self._looks = self._described_looks()
        slots = self._search(real, "baseline", groups=(groups, groups))
        self._search_scale = _search_scale(slots)
        innocent = self._matched(real, slots, task="align baseline")
        self._scale = scale_of(*innocent.highest())
        self.baseline = innocent.scored(self._scale)
        """Of each real film, its likeliest originals among other patients' real films."""

    def match(
        self,
        films: Small,
        *,
        among: NDArray[np.integer] | None = None,
        also: Slots | None = None,
        task: str = "search",
    ) -> Matches:
        """The likeliest originals of films.

        Args:
            films: (n, SMALL, SMALL) small pictures.
            among: places of the real films that are asked; None: all.
            also: what another search found of the same films.
            task: what the bar on standard error says.
        """
        slots = self._search(films, task, among=among)
        slots = slots if also is None else merged(slots, also)
        return self._matched(films, slots, f"{task}: align").scored(self._scale)

    def plain(self, films: Small) -> Features:
        """(n, d) vectors of whole films as they are, to be compared among themselves."""
        blocks = _blocks(len(films))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return np.concatenate(
                list(pool.map(lambda b: self._coarse(smooth(films[b]), PLAIN, 0), blocks))
            )

    def _described_looks(self) -> list[list[Features]]:
        """Part → look → vectors of the real films; halves are looked at in one pose alone."""
        work = [(0, pose) for pose in self._poses]
        work += [(part, PLAIN) for part in range(1, len(PARTS))]

        def described(item: tuple[int, Poses]) -> Features:
            part, pose = item
            return np.concatenate(
                [self._coarse(self.real[block], pose, part) for block in _blocks(len(self.real))]
            )

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            vectors = list(pool.map(described, work))
        whole = len(self._poses)
        return [vectors[:whole], *([half] for half in vectors[whole:])]

    def _search(
        self,
        films: Small,
        task: str,
        *,
        among: NDArray[np.integer] | None = None,
        groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    ) -> Slots:
        def query(block: slice) -> Iterator[tuple[int, int, bool, Features]]:
            pictures = smooth(films[block])
            for view in (0, MIRRORED):
                shown = in_view(pictures, view)
                values, inside = self._coarse.sampled(shown, PLAIN)
                for part in range(len(PARTS)):
                    yield part, view, True, self._coarse.described(values, inside, part)

        references = self._looks
        if among is not None:
            references = [[look[among] for look in of_part] for of_part in references]
        slots = search(query, len(films), references, groups=groups, task=task)
        if among is None:
            return slots
        return Slots(slots.cosine, among[slots.reference].astype(np.int32), slots.part, slots.view)

    def _matched(self, films: Small, slots: Slots, task: str) -> _Compared:
        """The likeliest real films of each film, compared whole; and in the half that was near."""
        chosen = _likeliest(slots, self._search_scale)
        shape = chosen.reference.shape
        rows = np.indices(shape)[0]
        whole = np.zeros(shape, np.int8)
        compared = _Compared(chosen.reference, chosen.view, np.stack([whole, chosen.part]))
        todo = [(0, *np.nonzero(chosen.reference >= 0))]
        todo += [(1, *np.nonzero((chosen.reference >= 0) & (chosen.part > 0)))]
        kinds, first, second = (
            np.concatenate([np.broadcast_to(part[place], part[1].shape) for part in todo])
            for place in range(3)
        )

        def compare(block: slice) -> int:
            at = kinds[block], first[block], second[block]
            compared.pose[at], compared.cosine[at] = self._compared(
                smooth(films[rows[at[1:]]]),
                chosen.reference[at[1:]],
                chosen.view[at[1:]],
                compared.part[at],
            )
            return len(at[0])

        with (
            threadpool_limits(limits=1),
            ThreadPoolExecutor(os.cpu_count()) as pool,
            progress(task, len(kinds)) as bar,
        ):
            for done in pool.map(compare, _blocks(len(kinds))):
                bar.update(done)
        return compared

    def _compared(
        self,
        films: Pictures,
        real: Places,
        view: NDArray[np.int8],
        part: NDArray[np.int8],
    ) -> tuple[Poses, Floats]:
        """Poses (k, 4) and cosines (k,) of pairs of a film and a real film's place."""
        shown = _each_in_view(films, view)
        originals = self.real[real]
        start = self._best_looks(shown, real, part)
        poses = alignment.aligned(
            alignment.band_passed(shown),
            alignment.band_passed(originals),
            start,
            np.stack([self._fine.weights(each) for each in part]),
        )
        best, cosines = start, self._cosines(shown, originals, start, part)
        moved = self._cosines(shown, originals, poses, part)
        best = np.where((moved > cosines)[:, None], poses, best)
        return np.round(best, DIGITS).astype(np.float32), np.maximum(moved, cosines)

    def _best_looks(self, shown: Pictures, real: Places, part: NDArray[np.int8]) -> Poses:
        """(k, 4) the look in which each real film is most similar; `PLAIN` for halves."""
        start = np.tile(PLAIN, (len(real), 1))
        whole = np.flatnonzero(part == 0)
        if len(whole):
            vectors = self._coarse(shown[whole], PLAIN, 0).astype(np.int64)
            products = np.stack(
                [
                    np.einsum("ij,ij->i", vectors, look[real[whole]].astype(np.int64))
                    for look in self._looks[0]
                ]
            )
            start[whole] = self._poses[products.argmax(axis=0)]
        return start

    def _cosines(
        self, shown: Pictures, originals: Pictures, poses: Poses, part: NDArray[np.int8]
    ) -> Floats:
        """(k,) cosines of films and the originals in their poses, of what both show."""
        original, inside = self._fine.sampled(originals, poses)
        film, _ = self._fine.sampled(shown, PLAIN)
        cosines = np.empty(len(shown))
        for each in np.unique(part):
            chosen = part == each
            vectors = (
                self._fine.described(values[chosen], inside[chosen], int(each)).astype(np.int64)
                for values in (film, original)
            )
            cosines[chosen] = cosine_of(*vectors)
        return cosines


def cosine_of(first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    """(n,) cosines of integer vectors (n, d), row by row; 0 where one is 0."""
    dots, firsts, seconds = (
        np.einsum("ij,ij->i", *pair).astype(np.float64)
        for pair in ((first, second), (first, first), (second, second))
    )
    lengths = np.sqrt(firsts * seconds)
    cosines = np.divide(dots, lengths, out=np.zeros_like(dots), where=lengths > 0)
    return np.round(np.clip(cosines, -1, 1), DIGITS) + 0.0


def in_view(films: Pictures, view: int) -> Pictures:
    """Pictures (n, h, w) as one view shows them: the place of one of `schemas.VIEWS`."""
    shown = films[:, :, ::-1] if view & MIRRORED else films
    return np.float32(1) - shown if view & INVERTED else shown


def _each_in_view(films: Pictures, views: NDArray[np.int8]) -> Pictures:
    shown = np.empty_like(films)
    for view in np.unique(views):
        shown[views == view] = in_view(films[views == view], int(view))
    return shown


def _search_scale(slots: Slots) -> Scale:
    parts = np.repeat(np.arange(len(PARTS)), len(slots.cosine))
    cosines = np.concatenate([slots.of_part(part) for part in range(len(PARTS))])
    return scale_of(cosines, parts)


def _likeliest(slots: Slots, scale: Scale) -> Slots:
    """The `KEPT` real films of highest score in any part and view, each in its best one."""
    scores = scale.scores(slots.cosine, slots.part)
    kept: list[NDArray[np.intp]] = []
    remaining = scores.copy()
    every = np.arange(len(scores))
    for _ in range(KEPT):
        highest = remaining.max(axis=1, keepdims=True)
        # Of those that tie, the first real film; then the first part and view.
        tied = np.where(remaining == highest, slots.reference, np.iinfo(np.int32).max)
        place = tied.argmin(axis=1)
        kept.append(place)
        remaining[slots.reference == slots.reference[every, place][:, None]] = -np.inf
    places = np.stack(kept, axis=1)
    taken = Slots(
        *(
            np.take_along_axis(getattr(slots, name), places, axis=1)
            for name in ("cosine", "reference", "part", "view")
        )
    )
    missing = np.isneginf(np.take_along_axis(scores, places, axis=1))
    missing[:, 1:] |= taken.reference[:, 1:] == taken.reference[:, :1]
    return Slots(
        taken.cosine, np.where(missing, np.int32(-1), taken.reference), taken.part, taken.view
    )


def _blocks(count: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) a number for each name, the same for equal ones."""
    _, places = np.unique(np.array(names), return_inverse=True)
    return places.astype(np.int64)
