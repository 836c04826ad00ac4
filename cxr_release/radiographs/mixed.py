"""Films that face both ways at once, mixed from films that face one way.

Early checkpoints draw such films: a jaw on the left, the spine of a film that faces right. Mixed
from real films they show how much evidence for either side a film holds that faces neither.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.thumbnail import SIDE, Thumbnail

PATCHES = 3
"""Patches on each side of a film: each is of the one film or of the other, with soft borders."""
SHARPNESS = 4.0
"""How quickly one film gives way to the other."""


def mixed(small: Thumbnail, count: int, *, share: float, seed: int) -> Thumbnail:
    """Films of which a share is one film, and the rest the mirror image of another.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films that face one way, n ≥ 1.
        count: films to mix.
        share: of the film's area that faces as `small` does, in random soft patches, 0 … 1; with
            0.5 a mixed film faces neither way.
        seed: same seed, same films.

    Returns:
        (count, SIDE, SIDE).
    """
    chance = np.random.default_rng(seed)
    first, second = chance.integers(len(small), size=(2, count))
    own = _patches(chance, count, share)
    films: Thumbnail = own * small[first] + (1 - own) * small[second][:, :, ::-1]
    return films


def _patches(chance: np.random.Generator, count: int, share: float) -> NDArray[np.float32]:
    """Smooth random weights, (count, SIDE, SIDE): a share of each is above a half."""
    places = (np.arange(SIDE) + 0.5) / SIDE * PATCHES - 0.5
    between = 1 - np.abs(np.clip(places, 0, PATCHES - 1)[:, None] - np.arange(PATCHES))
    spread = np.maximum(between, 0).astype(np.float32)
    heights = spread @ chance.standard_normal((count, PATCHES, PATCHES), np.float32) @ spread.T
    heights -= np.quantile(heights, 1 - share, axis=(1, 2), keepdims=True).astype(np.float32)
    heights /= np.maximum(heights.std(axis=(1, 2), keepdims=True), 1e-6)
    weights: NDArray[np.float32] = 1 / (1 + np.exp(-SHARPNESS * heights))
    return weights
