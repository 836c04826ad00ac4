"""Each film's likeliest originals among the real films: searched, aligned, compared, scored.

1. Search. Every film, in every view, is held against every real film in every look, as a whole and
   half by half; see `search`. The likeliest real films go on.
2. Alignment. The film is laid on each of those; see `alignment`.
3. Comparison. In that pose both are described again, more finely; the cosine of the two is the
   pair's cosine. Only what both films show is compared.
4. Score; see `scores`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization import alignment
from cxr_release.memorization.comparer import Comparer, Small
from cxr_release.memorization.descriptor import (
    Features,
    Pictures,
    smooth,
)
from cxr_release.memorization.parallel import in_parallel
from cxr_release.memorization.scores import (
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
        seed: see `Descriptor`.
        fitted: places of the real films that the descriptors are fitted to; None: all. Films that
            were held out are not among them: to the descriptors they are as new as synthetic ones.
        also: (n, slots) what another search found of the real films among those of other groups,
            in scores.
    """

    def __init__(
        self,
        real: Small,
        groups: NDArray[np.integer],
        *,
        seed: int,
        fitted: NDArray[np.integer] | None = None,
        also: Slots | None = None,
    ) -> None:
        pictures = np.empty(real.shape, np.uint16)
        bands = np.empty(real.shape, np.float16)

        def prepare(block: slice) -> None:
            pictures[block] = smooth(real[block])
            bands[block] = alignment.band_passed(pictures[block])

        for _ in in_parallel(prepare, len(real), "filter real films"):
            pass
        fitted = np.arange(len(real)) if fitted is None else fitted
        self._comparer = Comparer(pictures, bands, fitted, seed=seed)
        parts = list(self._folds(pictures, bands, groups, fitted, seed))
        found = [
            (rows, comparer, self._baseline(comparer, real, groups, rows))
            for rows, comparer in parts
        ]
        self._search_scale = search_scale([slots for _, _, slots in found])
        compared = [
            (
                rows,
                comparer.compare(
                    real[rows], self._likeliest(slots, _rows(also, rows)), task="align baseline"
                ),
            )
            for rows, comparer, slots in found
        ]
        innocent = joined(compared, len(real))
        self._scale = scale_of(*innocent.highest())
        self.baseline = innocent.scored(self._scale)
        """Of each real film, its likeliest originals among other patients' real films."""

    def _folds(
        self,
        pictures: Pictures,
        bands: NDArray[np.float16],
        groups: NDArray[np.integer],
        fitted: NDArray[np.integer],
        seed: int,
    ) -> Iterator[tuple[NDArray[np.integer], Comparer]]:
        """Places of real films, and what compares them with the others.

        A film to which a descriptor was fitted is less like other films in it than a new film is,
        where few others were. So up to `FITTED_ALONE` films are compared by descriptors that were
        fitted to other patients' films (cross-fitting): as new to them as synthetic films are.
        """
        number = groups % FOLDS
        folds = [np.flatnonzero(number == fold) for fold in range(FOLDS)]
        rests = [fitted[number[fitted] != fold] for fold in range(FOLDS)]
        if len(fitted) > FITTED_ALONE or not all(map(len, rests)):
            yield np.arange(len(pictures)), self._comparer
            return
        for rows, rest in zip(folds, rests, strict=True):
            if len(rows):
                yield rows, Comparer(pictures, bands, rest, seed=seed)

    def _baseline(
        self,
        comparer: Comparer,
        real: Small,
        groups: NDArray[np.integer],
        rows: NDArray[np.integer],
    ) -> Slots:
        slots, _ = comparer.search(real[rows], groups=(groups[rows], groups), task="baseline")
        return slots

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
        found = self._comparer.search(films, subset=subset, task=task)
        chosen = [
            self._likeliest(slots, more)
            for slots, more in zip(found, also or (None, None), strict=True)
        ]
        every = self._comparer.compare(films, chosen[0], task=f"{task}: align")
        if subset is None:
            matches = every.scored(self._scale)
            return matches, matches
        # Most films have the same likeliest originals in both: those are compared once.
        other = (chosen[0].reference != chosen[1].reference).any(axis=1)
        other |= (chosen[0].part != chosen[1].part).any(axis=1)
        other |= (chosen[0].view != chosen[1].view).any(axis=1)
        rows = np.flatnonzero(other)
        again = self._comparer.compare(
            films, chosen[1], rows=rows, task=f"{task}: align in the subset"
        )
        return every.scored(self._scale), every.replaced(rows, again).scored(self._scale)

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


def _rows(slots: Slots | None, rows: NDArray[np.integer]) -> Slots | None:
    if slots is None:
        return None
    return Slots(*(getattr(slots, name)[rows] for name in ("value", "reference", "part", "view")))
