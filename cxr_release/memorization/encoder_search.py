"""A second search, by the features of a network: what it finds near is aligned and scored, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from cxr_release.encoders.encoding import Features as Views
from cxr_release.memorization.descriptor import Features, quantised
from cxr_release.memorization.scores import in_scores, search_scale
from cxr_release.memorization.search import Query, Slots, columns, search
from cxr_release.schemas import VIEWS


class EncoderSearch:
    """Compares films with the real ones by the cosine of a network's features.

    Args:
        real: view → (n, d) features of the real films.
        groups: (n,) number of each film's patient, or a number of its own.
        tuning: places of the real films that are searched by themselves, too; rising.
    """

    def __init__(
        self,
        real: Mapping[str, Views],
        groups: NDArray[np.integer],
        tuning: NDArray[np.integer] | None = None,
    ) -> None:
        self._references = [[columns(quantised(real["plain"]))]]
        self._tuning = tuning
        found = search(
            _query(real),
            len(groups),
            self._references,
            groups=(groups, groups),
            subset=tuning,
            task="baseline",
        )
        self._scale = search_scale(found[:1])
        self.baseline = self._scored(found)
        """What is found of each real film among those of other groups; see `match`."""

    def match(self, films: Mapping[str, Views]) -> tuple[Slots, Slots]:
        """What is found of films (view → (m, d) features), in scores, and what in `tuning`."""
        count = len(films["plain"])
        return self._scored(
            search(
                _query(films), count, self._references, subset=self._tuning, task="encoder search"
            )
        )

    def _scored(self, found: tuple[Slots, Slots]) -> tuple[Slots, Slots]:
        every, in_tuning = (in_scores(slots, self._scale) for slots in found)
        return every, in_tuning


def _query(films: Mapping[str, Views]) -> Query:
    def query(block: slice) -> Iterator[tuple[int, int, bool, Features]]:
        for place, view in enumerate(VIEWS):
            yield 0, place, False, quantised(np.asarray(films[view][block]))

    return query
