"""Films held against the real films: searched in every look, and laid on the likeliest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization import alignment
from cxr_release.memorization.descriptor import (
    ALIGNED,
    SEARCH,
    WHITE,
    Descriptor,
    Features,
    Pictures,
    smooth,
)
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.poses import PLAIN, Poses, looks
from cxr_release.memorization.scores import Compared, Floats, Places
from cxr_release.memorization.search import Query, References, Slots, columns, search
from cxr_release.schemas import PARTS

Small = NDArray[np.uint8]
"""(n, SMALL, SMALL) small pictures of films."""

MIRRORED, INVERTED = 1, 2
"""Bits of a view's place in `schemas.VIEWS`."""
FILMS = 64
"""Films whose pairs are laid on each other at a time by each thread."""
DIGITS = 6
"""Of a cosine and of a pose. Beyond them equal films might differ."""


class Comparer:
    """Compares films with all real films, by descriptors that are fitted to some of them.

    Args:
        real: (n, SMALL, SMALL) the real films, see `descriptor.smooth`.
        bands: likewise, see `alignment.band_passed`.
        fitted: places of the films that the descriptors are fitted to, one or more.
        seed: see `Descriptor`.
    """

    def __init__(
        self,
        real: Pictures,
        bands: NDArray[np.float16],
        fitted: NDArray[np.integer],
        *,
        seed: int,
    ) -> None:
        self._real, self._bands = real, bands
        self._coarse = Descriptor(real[fitted], SEARCH, seed=seed)
        self._fine = Descriptor(real[fitted], ALIGNED, seed=seed)
        self._poses = looks()
        self._looks = self._described_looks()

    def search(
        self,
        films: Small,
        *,
        groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
        subset: NDArray[np.integer] | None = None,
        task: str,
    ) -> tuple[Slots, Slots]:
        """The nearest real films of some films; see `search.search`."""
        return search(
            self._query(films), len(films), self._looks, groups=groups, subset=subset, task=task
        )

    def plain(self, films: Small) -> Features:
        """(n, d) vectors of whole films as they are, to be compared among themselves."""

        def described(block: slice) -> Features:
            return self._coarse(smooth(films[block]), PLAIN, 0)

        return np.concatenate(list(in_parallel(described, len(films), "describe")))

    def _described_looks(self) -> References:
        """Part → look → vectors of the real films; halves are looked at in one pose alone."""

        def described(block: slice) -> list[list[Features]]:
            films = self._real[block]
            whole = [self._coarse(films, pose, 0) for pose in self._poses]
            return [whole, *([self._coarse(films, PLAIN, part)] for part in range(1, len(PARTS)))]

        pieces = list(in_parallel(described, len(self._real), "look at real films"))
        return [
            [columns(np.concatenate(look)) for look in zip(*of_part, strict=True)]
            for of_part in zip(*pieces, strict=True)
        ]

    def _query(self, films: Small) -> Query:
        def query(block: slice) -> Iterator[tuple[int, int, bool, Features]]:
            pictures = smooth(films[block])
            for view in (0, MIRRORED):
                shown = pictures[:, :, ::-1] if view else pictures
                values, inside = self._coarse.sampled(shown, PLAIN)
                for part in range(len(PARTS)):
                    yield part, view, True, self._coarse.described(values, inside, part)

        return query

    def compare(
        self,
        films: Small,
        chosen: Slots,
        *,
        rows: NDArray[np.integer] | None = None,
        task: str,
    ) -> Compared:
        """Some films and their likeliest real films, whole, and in the half that was near.

        Args:
            films: all of them.
            chosen: of all of them; see `scores.likeliest`.
            rows: which of them; None: all.
            task: what the bar on standard error says.
        """
        rows = np.arange(len(films)) if rows is None else rows
        real, view, part = (getattr(chosen, name)[rows] for name in ("reference", "view", "part"))
        compared = Compared(real, view, np.stack([np.zeros_like(part), part]))
        there = np.stack([real >= 0, (real >= 0) & (part > 0)])

        def lay(block: slice) -> None:
            kinds, places, nth = np.nonzero(there[:, block])
            if not len(kinds):
                return
            at = kinds, places + block.start, nth
            pictures = smooth(films[rows[block]])
            compared.pose[at], compared.cosine[at] = self._laid(
                pictures[places],
                alignment.band_passed(pictures)[places],
                real[at[1:]],
                view[at[1:]],
                compared.part[at],
            )

        for _ in in_parallel(lay, len(rows), task, step=FILMS):
            pass
        return compared

    def _laid(
        self,
        pictures: Pictures,
        bands: alignment.Bands,
        real: Places,
        view: NDArray[np.int8],
        part: NDArray[np.int8],
    ) -> tuple[Poses, Floats]:
        """Poses (k, 4) and cosines (k,) of pairs of a film and a real film's place."""
        shown = each_in_view(pictures, view, inverse=lambda grey: WHITE - grey)
        poses = alignment.aligned(
            each_in_view(bands, view, inverse=np.negative),
            self._bands[real].astype(np.float32),
            self._best_looks(shown, real, part),
            np.stack([self._fine.weights(each) for each in part]),
        )
        poses = np.round(poses, DIGITS)
        return poses, self._cosines(shown, self._real[real], poses, part)

    def _best_looks(self, shown: Pictures, real: Places, part: NDArray[np.int8]) -> Poses:
        """(k, 4) the look in which each real film is most similar; `PLAIN` for halves."""
        start = np.tile(PLAIN, (len(real), 1))
        whole = np.flatnonzero(part == 0)
        if len(whole):
            vectors = self._coarse(shown[whole], PLAIN, 0).astype(np.float32)
            products = np.stack(
                [np.einsum("ij,ji->i", vectors, look[:, real[whole]]) for look in self._looks[0]]
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
    rounded: Floats = np.round(np.clip(cosines, -1, 1), DIGITS) + 0.0
    return rounded


def each_in_view(
    pictures: NDArray[Any], views: NDArray[np.int8], *, inverse: Callable[[Any], Any]
) -> NDArray[Any]:
    """Pictures (n, h, w), each as its view shows it.

    Args:
        pictures: of any kind.
        views: (n,) places of `schemas.VIEWS`.
        inverse: of such pictures.
    """
    shown = pictures.copy()
    mirrored, inverted = (views & bit > 0 for bit in (MIRRORED, INVERTED))
    shown[mirrored] = shown[mirrored, :, ::-1]
    shown[inverted] = inverse(shown[inverted])
    return shown
