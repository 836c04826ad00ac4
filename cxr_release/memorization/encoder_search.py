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
    """

    def __init__(self, real: Mapping[str, Views], groups: NDArray[np.integer]) -> None:
        self._references = [[columns(quantised(real["plain"]))]]
        slots, _ = search(
            _query(real), len(groups), self._references, groups=(groups, groups), task="baseline"
        )
        self._scale = search_scale([slots])
        self.baseline = in_scores(slots, self._scale)
        """What is found of each real film among those of other groups, in scores."""

    def match(
        self, films: Mapping[str, Views], *, subset: NDArray[np.integer] | None = None
    ) -> tuple[Slots, Slots]:
        """What is found of films, in scores, and what in a subset of the real ones.

        Args:
            films: view → (m, d) features.
            subset: places of real films, rising.
        """
        count = len(films["plain"])
        found = search(_query(films), count, self._references, subset=subset, task="encoder search")
        first, second = (in_scores(slots, self._scale) for slots in found)
        return first, second


def _query(films: Mapping[str, Views]) -> Query:
    def query(block: slice) -> Iterator[tuple[int, int, bool, Features]]:
        for place, view in enumerate(VIEWS):
            yield 0, place, False, quantised(np.asarray(films[view][block]))

    return query
