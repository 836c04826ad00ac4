"""Sets for a score whose features are given: no film is drawn, read or encoded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxr_release.scorecard.picture_features import PictureFeatures
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.vectors import unit

WIDTH = 6


def points(centres: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """(n, WIDTH) features around one centre for each film."""
    return centres[:, None] * np.ones(WIDTH) + chance.normal(size=(len(centres), WIDTH))


def part(name: str, vectors: np.ndarray, patients: Sequence[str] | None = None) -> Part:
    """Films with these vectors; each of a patient of its own unless stated."""
    ids = tuple(f"{name}-{place}" for place in range(len(vectors)))
    owners = tuple(patients or [f"patient {film}" for film in ids])
    # A further direction keeps how far vectors lie from the origin when they are cut to length 1.
    lifted = np.hstack([vectors, np.full((len(vectors), 1), 8.0)])
    pictures = np.zeros((len(vectors), 1, 1), np.uint8)
    return Part(
        ids, owners, tuple(f"{place:064x}" for place in range(len(ids))), unit(lifted), pictures
    )


def sets_of(
    trained: np.ndarray,
    control: np.ndarray,
    released: np.ndarray,
    *,
    other: np.ndarray | None = None,
) -> tuple[ScoreSets, PictureFeatures]:
    """Sets of films with these features, and vectors that follow from them.

    Args:
        trained: (n, WIDTH).
        control: likewise.
        released: likewise.
        other: features of the released films that vectors follow from, where they are others.
    """
    shown = released if other is None else other
    sets = ScoreSets(part("t", trained), part("c", control), part("r", shown), {}, {}, {})
    every = np.arange(len(released))
    return sets, PictureFeatures(trained, control, released, every, every)
