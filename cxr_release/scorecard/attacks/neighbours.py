"""Distances between films that several attacks need, each taken once.

The attacker holds a film and the release, and measures how near the release comes to it. Whether
that is near can only be told from films that are surely not in the release: the control's. They are
halved by patient, and each half is the reference of the other half and of as many trained patients,
so that no film is held against its own patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import Cosines, Vectors, merged, nearest_cosines

K = 5
"""Nearest films that are kept."""


@dataclass(frozen=True)
class Neighbours:
    """Cosines with the `K` nearest films of a release, or of something in its place."""

    members: Cosines
    """(trained films, K), falling."""
    controls: Cosines
    """(control films, K)."""

    def joined(self, further: Neighbours) -> Neighbours:
        """What they would be if the films of both were released together."""
        return Neighbours(
            merged([self.members, further.members]), merged([self.controls, further.controls])
        )


def neighbours(sets: ScoreSets, release: Vectors, *, task: str) -> Neighbours:
    """The cosines of trained and of control films with a release.

    Args:
        sets: the films.
        release: (r, d).
        task: what a bar on standard error says.
    """
    return Neighbours(
        nearest_cosines(sets.trained.vectors, release, K, task=task),
        nearest_cosines(sets.control.vectors, release, K, task=task),
    )


def reference_neighbours(sets: ScoreSets) -> Neighbours:
    """The cosines of trained and of control films with the half of the control that is not theirs.

    Trained films are halved likewise, so that each is held against one half.
    """
    halves = sets.control.halves()
    return Neighbours(
        _crosswise(sets.trained, sets.trained.halves(), sets.control, halves),
        _crosswise(sets.control, halves, sets.control, halves),
    )


def _crosswise(
    part: Part,
    halves: Sequence[NDArray[np.int64]],
    control: Part,
    references: Sequence[NDArray[np.int64]],
) -> Cosines:
    cosines = np.empty((len(part), K), np.float32)
    for places, reference in zip(halves, reversed(references), strict=True):
        cosines[places] = nearest_cosines(
            part.vectors[places], control.vectors[reference], K, task="reference"
        )
    return cosines
