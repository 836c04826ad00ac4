"""Films held against the real films: searched in every look, and laid on the likeliest of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization import alignment
from cxr_release.memorization.descriptor import Descriptor, Features
from cxr_release.memorization.discriminant import ALIGNED, SEARCH, fitted
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.poses import PLAIN, Poses, looks
from cxr_release.memorization.sampler import Pictures, smooth
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
    """Compares films with all real films; see `comparers`.

    Args:
        real: (n, SMALL, SMALL) the real films, see `sampler.smooth`.
        bands: likewise, see `alignment.band_passed`.
        coarse: what films are searched by.
        fine: what films are compared by once they are aligned.
        described: the real films in every look, by `coarse`.
    """

    def __init__(
        self,
        real: Pictures,
        bands: NDArray[np.float16],
        coarse: Descriptor,
        fine: Descriptor,
        described: References,
    ) -> None:
        self._real, self._bands = real, bands
        self._coarse, self._fine = coarse, fine
        self._poses, self._looks = looks(), described

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

    def _query(self, films: Small) -> Query:
        def query(block: slice) -> Iterator[tuple[int, int, bool, Features]]:
            pictures = smooth(films[block])
            for view in (0, MIRRORED):
                shown = pictures[:, :, ::-1] if view else pictures
                values, inside = self._coarse.sampler.sampled(shown, PLAIN)
                for part in range(len(PARTS)):
                    yield part, view, True, self._coarse.described(values, inside, part)

        return query

    def compare(self, films: Small, chosen: Slots, *, task: str) -> Compared:
        """Films and their likeliest real films, whole, and in the half that was near.

        Args:
            films: (n, SMALL, SMALL) small pictures.
            chosen: see `scores.likeliest`.
            task: what the bar on standard error says.
        """
        real, view, part = chosen.reference, chosen.view, chosen.part
        compared = Compared(real, view, np.stack([np.zeros_like(part), part]))
        there = np.stack([real >= 0, (real >= 0) & (part > 0)])

        def lay(block: slice) -> None:
            kinds, places, nth = np.nonzero(there[:, block])
            if not len(kinds):
                return
            at = kinds, places + block.start, nth
            pictures = smooth(films[block])
            compared.pose[at], compared.cosine[at] = self._laid(
                pictures[places],
                alignment.band_passed(pictures)[places],
                real[at[1:]],
                view[at[1:]],
                compared.part[at],
            )

        for _ in in_parallel(lay, len(films), task, step=FILMS):
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
        shown = each_in_view(pictures, view)
        poses = alignment.aligned(
            each_in_view(bands, view),
            self._bands[real].astype(np.float32),
            self._best_looks(shown, real, part),
            np.stack([self._fine.sampler.weights(each) for each in part]),
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
        original, inside = self._fine.sampler.sampled(originals, poses)
        film, _ = self._fine.sampler.sampled(shown, PLAIN)
        cosines = np.empty(len(shown))
        for each in np.unique(part):
            chosen = part == each
            vectors = (
                self._fine.described(values[chosen], inside[chosen], int(each)).astype(np.int64)
                for values in (film, original)
            )
            cosines[chosen] = cosine_of(*vectors)
        return cosines


def comparers(
    real: Pictures,
    bands: NDArray[np.float16],
    chosen: NDArray[np.integer],
    folds: NDArray[np.integer],
    *,
    seed: int,
) -> list[Comparer]:
    """What compares films with all real films, fitted to some of these.

    Args:
        real: (n, SMALL, SMALL) the real films, see `sampler.smooth`.
        bands: likewise, see `alignment.band_passed`.
        chosen: places of the films to fit to, one or more.
        folds: (n,) number of each film's fold, from 0 on.
        seed: see `discriminant.fitted`.

    Returns:
        The one that is fitted to all of them; where they are of several folds, also those that are
        not fitted to the films of fold 0, 1 and so on.
    """
    coarse, fine = (
        fitted(real[chosen], folds[chosen], setting, seed=seed) for setting in (SEARCH, ALIGNED)
    )
    return [
        Comparer(real, bands, *each)
        for each in zip(coarse, fine, _described_looks(real, coarse), strict=True)
    ]


def _described_looks(real: Pictures, descriptors: Sequence[Descriptor]) -> list[References]:
    """By each descriptor, part → look → vectors of the real films; of halves one look alone."""
    parts = [(0, pose) for pose in looks()] + [(part, PLAIN) for part in range(1, len(PARTS))]
    sampler = descriptors[0].sampler

    def described(block: slice) -> list[list[Features]]:
        of_looks = []
        for part, pose in parts:
            vectors = sampler.vectors(*sampler.sampled(real[block], pose), part)
            of_looks.append([descriptor.projected(vectors, part) for descriptor in descriptors])
        return of_looks

    pieces = list(in_parallel(described, len(real), "look at real films"))
    references: list[References] = []
    for place in range(len(descriptors)):
        of_parts: list[list[NDArray[np.float32]]] = [[] for _ in PARTS]
        for look, (part, _) in enumerate(parts):
            rows = np.concatenate([piece[look][place] for piece in pieces])
            of_parts[part].append(columns(rows))
        references.append(of_parts)
    return references


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


def each_in_view(pictures: NDArray[Any], views: NDArray[np.int8]) -> NDArray[Any]:
    """Pictures (n, h, w), each as its view shows it.

    Args:
        pictures: whose negatives have the opposite numbers.
        views: (n,) places of `schemas.VIEWS`.
    """
    shown = pictures.copy()
    mirrored, inverted = (views & bit > 0 for bit in (MIRRORED, INVERTED))
    shown[mirrored] = shown[mirrored, :, ::-1]
    shown[inverted] *= -1
    return shown
