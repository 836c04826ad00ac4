"""Each film's likeliest originals among the real films: searched, aligned, compared, scored.

1. Search. Every film, in every view, is held against every real film in every look, as a whole and
   half by half; see `search`. The likeliest real films go on.
2. Alignment. The film is laid on each of those; see `alignment`.
3. Comparison. In that pose both are described again, more finely; the cosine of the two is the
   pair's cosine. Only what both films show is compared.
4. Score; see `scores`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization import alignment
from cxr_release.memorization.comparer import Comparer, Small, comparers
from cxr_release.memorization.descriptor import Features
from cxr_release.memorization.list_length import KEPT
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.sampler import Pictures, smooth
from cxr_release.memorization.scores import (
    Compared,
    Matches,
    in_scores,
    joined,
    likeliest,
    scale_of,
    search_scale,
)
from cxr_release.memorization.search import Slots, merged

FOLDS, FITTED_ALONE = 4, 480
"""Of patients, and films up to which those of a fold are compared without having been fitted to.
Of 60, 120, 240 and 360 films that were fitted to, new films of the same kind were nearer to one of
them than they were to each other in 89, 76, 58 and 50 % of cases."""


class Matcher:
    """Compares films with the real films of an audit.

    Args:
        real: (n, SMALL, SMALL) small pictures, in the order of the films' ids.
        groups: (n,) number of each film's patient, or a number of its own.
        seed: see `discriminant.fitted`.
        tuning: places of the real films that the generator was tuned with, rising; None where the
            films were not split. Only these fit the descriptors: to them, films that were held out
            are as new as synthetic ones. What is found among them alone is told, too.
        also: what another search found of the real films among those of other groups, in scores,
            and among those of `tuning`: (n, slots) each.
    """

    def __init__(
        self,
        real: Small,
        groups: NDArray[np.integer],
        *,
        seed: int,
        tuning: NDArray[np.integer] | None = None,
        also: tuple[Slots, Slots] | None = None,
    ) -> None:
        self._tuning = tuning
        pictures = np.empty(real.shape, np.int16)
        bands = np.empty(real.shape, np.float16)

        def prepare(block: slice) -> None:
            pictures[block] = smooth(real[block])
            bands[block] = alignment.band_passed(pictures[block])

        for _ in in_parallel(prepare, len(real), "filter real films"):
            pass
        self._comparer, parts = self._comparers(pictures, bands, groups, seed)
        searched = [
            (rows, comparer, self._baseline(comparer, real, groups, rows))
            for rows, comparer in parts
        ]
        self._search_scale = search_scale([every for _, _, (every, _) in searched])
        compared = []
        for rows, comparer, slots in searched:
            more = None if also is None else (_rows(also[0], rows), _rows(also[1], rows))
            pairs, _ = self._compared(comparer, real[rows], slots, more, task="baseline")
            compared.append((rows, pairs))
        innocent = joined(compared, len(real))
        self._scale = scale_of(*innocent.highest())
        self.baseline = innocent.scored(self._scale)
        """Of each real film, its likeliest originals among other patients' real films."""

    def _comparers(
        self,
        pictures: Pictures,
        bands: NDArray[np.float16],
        groups: NDArray[np.integer],
        seed: int,
    ) -> tuple[Comparer, list[tuple[NDArray[np.integer], Comparer]]]:
        """What compares films with the real ones, and what compares some real films with others.

        A film to which a descriptor was fitted is less like other films in it than a new film is,
        where few others were. So up to `FITTED_ALONE` films are compared by descriptors that were
        fitted to other patients' films (cross-fitting): as new to them as synthetic films are.
        """
        every = np.arange(len(pictures))
        chosen = every if self._tuning is None else self._tuning
        folds = groups % FOLDS
        if len(chosen) > FITTED_ALONE or len(set(folds[chosen])) < 2:
            folds = np.zeros_like(folds)
        first, *others = comparers(pictures, bands, chosen, folds, seed=seed)
        # Of the films of the last folds, none may be among those that are fitted to.
        others += [first] * (FOLDS - len(others))
        rows = [np.flatnonzero(folds == fold) for fold in range(FOLDS)]
        return first, [part for part in zip(rows, others, strict=True) if len(part[0])]

    def _baseline(
        self,
        comparer: Comparer,
        real: Small,
        groups: NDArray[np.integer],
        rows: NDArray[np.integer],
    ) -> tuple[Slots, Slots]:
        of_films = groups[rows], groups
        return comparer.search(real[rows], groups=of_films, subset=self._tuning, task="baseline")

    def match(
        self,
        films: Small,
        *,
        also: tuple[Slots, Slots] | None = None,
        task: str = "search",
    ) -> tuple[Matches, Matches]:
        """The likeliest originals of films.

        Args:
            films: (n, SMALL, SMALL) small pictures.
            also: what another search found of the same films, in scores, and among those of
                `tuning`.
            task: what the bar on standard error says.

        Returns:
            Those among all real films, and those among `tuning`, none of which scores higher than
            the first of all: the same where there was no split.
        """
        found = self._comparer.search(films, subset=self._tuning, task=task)
        every, in_tuning = self._compared(self._comparer, films, found, also, task=task)
        matches = every.scored(self._scale)
        return matches, matches if in_tuning is every else in_tuning.scored(self._scale)

    def _compared(
        self,
        comparer: Comparer,
        films: Small,
        found: tuple[Slots, Slots],
        also: tuple[Slots, Slots] | None,
        *,
        task: str,
    ) -> tuple[Compared, Compared]:
        """Films and their likeliest originals, aligned: among all real films, and in `tuning`.

        What is likely in the search may be less so when it is aligned, and the other way round. So
        the likeliest of `tuning` count among all, whether or not others come before them.
        """
        every, in_tuning = (
            self._likeliest(slots, more)
            for slots, more in zip(found, also or (None, None), strict=True)
        )
        if self._tuning is None:
            compared = comparer.compare(films, every, task=f"{task}: align")
            return compared, compared
        both = likeliest(merged(every, in_tuning), 2 * KEPT)
        compared = comparer.compare(films, both, task=f"{task}: align")
        return compared, compared.among(self._tuning)

    def plain(self, films: Small) -> Features:
        """(n, d) vectors of whole films as they are, to be compared among themselves."""
        return self._comparer.plain(films)

    def _likeliest(self, slots: Slots, also: Slots | None) -> Slots:
        scored = in_scores(slots, self._search_scale)
        return likeliest(scored if also is None else merged(scored, also))


def numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """(n,) a number for each name, the same for equal ones."""
    _, places = np.unique(np.array(names), return_inverse=True)
    return places.astype(np.int64)


def _rows(slots: Slots, rows: NDArray[np.integer]) -> Slots:
    return Slots(*(getattr(slots, name)[rows] for name in ("value", "reference", "part", "view")))
