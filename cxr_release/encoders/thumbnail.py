"""An encoder without weights: the film itself, small.

A copy is found among films of one view of one body part, all of them alike in the large. So what
all share, slow changes of brightness, is taken out, and with it grain; and the edges, where
collimation and cropping make two copies differ most, count least. A real film is cropped at nine
places: a copy that was cropped on one side is a shifted one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import Encoder, fingerprint

VERSION = 2
"""Of what is done below: other features need another number, so that no cache keeps the old."""

FINE, COARSE = 1 / 32, 1 / 8
"""Standard deviations, of a film's side, of the two blurs whose difference is taken."""
WINDOW = 0.95
"""Share of each side that a crop shows."""
STEP = 0.02
"""By how much of the side the other crops lie off the middle."""
FLAT = 1e-5
"""Length, of greys from 0 to 1, below which a vector is rounding and no film."""

Features = NDArray[np.float32]

_PLACES = {"left": -1, "": 0, "right": 1}
_HEIGHTS = {"up": -1, "": 0, "down": 1}


def thumbnail(side: int) -> Encoder:
    """Scale a film to `side` × `side` grey values, band-pass and taper it, and give it length 1.

    The band-pass is a difference of Gaussians (`FINE` − `COARSE`), the taper sin² along both
    sides: the cosine of two films is the normalised cross-correlation of their thumbnails, pixels
    weighted by the taper. A constant film becomes the zero vector, which is like nothing.

    Returns:
        An encoder of `side`² features that crops real films at nine places.
    """
    from scipy.ndimage import gaussian_filter1d

    fine, coarse = (
        gaussian_filter1d(np.eye(side), sigma * side, axis=0) for sigma in (FINE, COARSE)
    )
    taper = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    weight = np.outer(taper, taper) / taper.sum() ** 2

    def transform(film: Image.Image, right: int = 0, down: int = 0) -> Features:
        left, top = ((1 - WINDOW) / 2 + STEP * steps for steps in (right, down))
        box = (
            left * film.width,
            top * film.height,
            (left + WINDOW) * film.width,
            (top + WINDOW) * film.height,
        )
        # As floats, so that nothing is rounded and a negative is exactly the negative.
        grey = film.convert("L").convert("F").resize((side, side), Image.Resampling.LANCZOS, box)
        small = np.asarray(grey, np.float64) / 255
        return _vector(fine @ small @ fine.T - coarse @ small @ coarse.T, weight)

    crops: dict[str, Callable[[Image.Image], Features]] = {
        f"{height} {place}".strip(): partial(transform, right=right, down=down)
        for (height, down), (place, right) in product(_HEIGHTS.items(), _PLACES.items())
        if right or down
    }
    return Encoder(
        name=f"thumbnail-{side}",
        dimensions=side * side,
        model=None,
        transform=transform,
        fingerprint=fingerprint(f"thumbnail version {VERSION}", side=side),
        more_crops=crops,
    )


def _vector(small: NDArray[np.float64], weight: NDArray[np.float64]) -> Features:
    """Weighted mean 0, length 1: (side²,)."""
    centred = (small - (weight * small).sum()) * np.sqrt(weight)
    length = np.linalg.norm(centred)
    unit = centred / length if length > FLAT else np.zeros_like(centred)
    vector: Features = unit.astype(np.float32).ravel()
    return vector
