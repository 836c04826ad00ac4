"""Random convolution features of the films of a score, taken once for fidelity and coverage.

They are taken of small pictures, so that films of any size are compared alike; what is finer than
1/64 of a side is for extractors that read whole films (`extractors`). Of a large release a part is
taken, at random: what is measured here takes fewer films than that at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.fidelity.distances import random_conv_features
from cxr_release.generators.runtime.compute import cores
from cxr_release.scorecard.sets import Places, ScoreSets

Features = NDArray[np.float64]
"""(films, d)."""

MOST = 6000
"""Released films whose features are taken, at most, but for those of rare checkpoints."""
OF_CHECKPOINT = 200
"""Films of each checkpoint at least, where it has so many."""
PIECE = 64
"""Pictures at a time on a core."""
_SEED = 1801


@dataclass(frozen=True)
class PictureFeatures:
    """Features of the films of each part, in the parts' order."""

    trained: Features
    control: Features
    released: Features
    """(places, d)."""
    places: Places
    """Places in `ScoreSets.released` whose features `released` are, rising."""
    pooled: Places
    """Places in `places` of films that were drawn from all alike, rising: all, or `MOST`."""


def picture_features(sets: ScoreSets) -> PictureFeatures:
    """Random convolution features of trained, control and released films.

    Args:
        sets: see `score_sets`.
    """
    pooled = some_of(np.arange(len(sets.released)), MOST, seed=_SEED)
    of_checkpoints = [
        some_of(places, OF_CHECKPOINT, seed=_SEED) for places in sets.checkpoints.values()
    ]
    # Those of a checkpoint are drawn by themselves only where too few are among the others.
    rare = [
        places
        for every, places in zip(sets.checkpoints.values(), of_checkpoints, strict=True)
        if len(np.intersect1d(every, pooled)) < len(places)
    ]
    places = np.unique(np.concatenate([pooled, *rare]))
    return PictureFeatures(
        features_of_pictures(sets.trained.pictures),
        features_of_pictures(sets.control.pictures),
        features_of_pictures(sets.released.pictures[places]),
        places,
        np.searchsorted(places, pooled),
    )


def features_of_pictures(pictures: NDArray[np.uint8]) -> Features:
    """`random_conv_features`, on all cores; the same bits on one core as on several.

    Args:
        pictures: (n, SMALL, SMALL).
    """
    if not len(pictures):
        return random_conv_features(np.zeros((1, 64, 64), np.uint8))[:0]
    pieces = [pictures[start : start + PIECE] for start in range(0, len(pictures), PIECE)]
    with cores() as pool:
        return np.concatenate(list(pool.map(random_conv_features, pieces)))


def some_of(places: Places, most: int, *, seed: int) -> Places:
    """Some of the places at random, rising; all where there are no more than that."""
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False))
