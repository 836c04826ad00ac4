"""What somebody learns who has the released films alone, as examples/landmark_model.py does.

The example is written with `datasets` and scikit-learn, and shares no code with this; a test holds
both together. A film's index says which part it is in, so that the order of rows does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.film_id import index_of
from cxr_release.films.png import Film
from cxr_release.landmarks.distances import interval_of
from cxr_release.landmarks.points import Points

SIDE = 32
"""Pixels of each side of the pictures that it learns from."""
STRENGTH = 30.0
"""Of the ridge, on grey values of mean 0 and deviation 1."""
EVERY = 5
"""Films of which the index is a multiple of this are held out."""
LEAST = 5
"""Films of each part."""


def picture_of(film: Film) -> NDArray[np.float64]:
    """A film as the newcomer sees it: (SIDE²,) of mean 0 and deviation 1."""
    from PIL import Image

    small = Image.fromarray(film).resize((SIDE, SIDE), Image.Resampling.BOX)
    flat = np.asarray(small, np.float64).ravel()
    normed: NDArray[np.float64] = (flat - flat.mean()) / (flat.std() + 1e-9)
    return normed


def newcomer(
    ids: Sequence[str],
    pictures: NDArray[np.float64],
    points: Points,
    real: tuple[NDArray[np.float64], Points, Sequence[str]] | None,
) -> dict[str, Any] | None:
    """Learn from released films with all points, and test on others.

    Args:
        ids: of the released films.
        pictures: (n, SIDE²); see `picture_of`.
        points: (n, 23, 2) as released.
        real: pictures, points and patients of control films, where there are any.

    Returns:
        `learnt` (films), `synthetic` and `real` (see `interval_of`; the latter may be None); None
        where there are too few films.
    """
    whole = np.isfinite(points).all(axis=(1, 2))
    out = np.array([index_of(film) % EVERY == 0 for film in ids], bool)
    learnt, tested = whole & ~out, whole & out
    if min(learnt.sum(), tested.sum()) < LEAST:
        return None
    inputs, targets = pictures[learnt], points[learnt].reshape(learnt.sum(), -1)
    mean, level = inputs.mean(axis=0), targets.mean(axis=0)
    centred = inputs - mean
    # Thousands of films with few pixels: here the p × p matrix is the small one.
    products = centred.T @ centred + STRENGTH * np.eye(len(mean))
    weights = np.linalg.solve(products, centred.T @ (targets - level))

    def errors(seen: NDArray[np.float64], truth: Points) -> Points:
        places = (level + (seen - mean) @ weights).reshape(truth.shape)
        means: Points = np.linalg.norm(places - truth, axis=2).mean(axis=1)
        return means

    held_out = [film for film, test in zip(ids, tested, strict=True) if test]
    return {
        "learnt": int(learnt.sum()),
        "synthetic": interval_of(errors(pictures[tested], points[tested]), held_out),
        "real": None if real is None else interval_of(errors(real[0], real[1]), real[2]),
    }
