"""Each film's likeliest originals among the real films: searched, aligned, compared, scored.

1. Search. Every film, in every view, is held against every real film in every look, as a whole and
   half by half; see `search`. The likeliest real films go on.
2. Alignment. The film is laid on each of those; see `alignment`.
3. Comparison. In that pose both are described again, more finely; the cosine of the two is the
   pair's cosine. Only what both films show is compared.
4. Score; see `scores`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

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
from cxr_release.memorization.scores import (
    Compared,
    Floats,
    Matches,
    Places,
    in_scores,
    likeliest,
    scale_of,
    search_scale,
)
from cxr_release.memorization.search import Query, References, Slots, columns, merged, search
from cxr_release.schemas import PARTS

Small = NDArray[np.uint8]
"""(n, SMALL, SMALL) small pictures of films."""

MIRRORED, INVERTED = 1, 2
"""Bits of a view's place in `schemas.VIEWS`."""
Shown = TypeVar("Shown", bound=NDArray[Any])

FILMS = 64
"""Films whose pairs are laid on each other at a time by each thread."""
DIGITS = 6
"""Of a cosine and of a pose. Beyond them equal films might differ."""


class Matcher:
    """Compares films with the real films of an audit.

    Args:
        real: (n, SMALL, SMALL) small pictures, in the order of the films' ids.
        groups: (n,) number of each film's patient, or a number of its own.
        seed: see `Descriptor`.
        also: (n, slots) what another search found of the real films among those of other groups,
            in scores.
    """

    def __init__(
        self, real: Small, groups: NDArray[np.integer], *, seed: int, also: Slots | None = None
    ) -> None:
        self.real = np.empty(real.shape, np.uint16)
        self._bands = np.empty(real.shape, np.float16)

        def prepare(block: slice) -> None:
            self.real[block] = smooth(real[block])
            self._bands[block] = alignment.band_passed(self.real[block])

        for _ in in_parallel(prepare, len(real), "filter real films"):
            pass
        self._coarse = Descriptor(self.real, SEARCH, seed=seed)
        self._fine = Descriptor(self.real, ALIGNED, seed=seed)
        self._poses = looks()
        self._looks = self._described_looks()
        slots, _ = search(
            self._query(real), len(real), self._looks, groups=(groups, groups), task="baseline"
        )
        self._search_scale = search_scale(slots)
        innocent = self._compared(real, self._likeliest(slots, also), task="align baseline")
        self._scale = scale_of(*innocent.highest())
        self.baseline = innocent.scored(self._scale)
        """Of each real film, its likeliest originals among other patients' real films."""

    def match(
        self,
        films: Small,
        *,
        subset: NDArray[np.integer] | None = None,
        also: tuple[Slots, Slots] | None = None,
        task: str = "search",
    ) -> tuple[Matches, Matches]:
        """The likeliest originals of films.

        Args:
            films: (n, SMALL, SMALL) small pictures.
            subset: places of real films, rising, that are searched by themselves, too.
            also: what another search found of the same films, in scores, and in the subset.
            task: what the bar on standard error says.

        Returns:
            Those among all real films, and those in the subset: the same where there is none.
        """
        found = search(self._query(films), len(films), self._looks, subset=subset, task=task)
        chosen = [
            self._likeliest(slots, more)
            for slots, more in zip(found, also or (None, None), strict=True)
        ]
        every = self._compared(films, chosen[0], task=f"{task}: align")
        if subset is None:
            matches = every.scored(self._scale)
            return matches, matches
        # Most films have the same likeliest originals in both: those are compared once.
        other = (chosen[0].reference != chosen[1].reference).any(axis=1)
        other |= (chosen[0].part != chosen[1].part).any(axis=1)
        other |= (chosen[0].view != chosen[1].view).any(axis=1)
        rows = np.flatnonzero(other)
        again = self._compared(films, chosen[1], rows=rows, task=f"{task}: align in the subset")
        return every.scored(self._scale), every.replaced(rows, again).scored(self._scale)

    def plain(self, films: Small) -> Features:
        """(n, d) vectors of whole films as they are, to be compared among themselves."""

        def described(block: slice) -> Features:
            return self._coarse(smooth(films[block]), PLAIN, 0)

        return np.concatenate(list(in_parallel(described, len(films), "describe")))

    def _described_looks(self) -> References:
        """Part → look → vectors of the real films; halves are looked at in one pose alone."""

        def described(block: slice) -> list[list[Features]]:
            films = self.real[block]
            whole = [self._coarse(films, pose, 0) for pose in self._poses]
            return [whole, *([self._coarse(films, PLAIN, part)] for part in range(1, len(PARTS)))]

        pieces = list(in_parallel(described, len(self.real), "look at real films"))
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

    def _likeliest(self, slots: Slots, also: Slots | None) -> Slots:
        scored = in_scores(slots, self._search_scale)
        return likeliest(scored if also is None else merged(scored, also))

    def _compared(
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
        return poses, self._cosines(shown, self.real[real], poses, part)

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
    pictures: Shown, views: NDArray[np.int8], *, inverse: Callable[[Any], Any]
) -> Shown:
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


def numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) a number for each name, the same for equal ones."""
    _, places = np.unique(np.array(names), return_inverse=True)
    return places.astype(np.int64)
