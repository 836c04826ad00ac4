"""Films of any size → square films of one size."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

from cxr_release.films.png import Film

Fit = Literal["stretch", "pad"]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the square film; right and bottom are outside."""


def place(width: int, height: int, size: int, fit: Fit) -> Box:
    """Where a film of width × height comes to lie on a square of size × size.

    `stretch` fills the square whatever the proportions (as the paper did); `pad` keeps them and
    centres the film.
    """
    if fit == "stretch":
        return 0, 0, size, size
    scale = size / max(width, height)
    wide, high = (max(1, round(side * scale)) for side in (width, height))
    left, top = (size - wide) // 2, (size - high) // 2
    return left, top, left + wide, top + high


def resample(film: Film, size: int, fit: Fit) -> Film:
    """Resample a film (h, w) to (size, size), antialiased (Lanczos, clipped to 0 … 255).

    What `pad` adds is black, as air around a body is once bone is bright.
    """
    left, top, right, bottom = place(film.shape[1], film.shape[0], size, fit)
    # The gap lets Pillow average large films down first, to 3 times the size at least.
    content = Image.fromarray(film).resize(
        (right - left, bottom - top), Image.Resampling.LANCZOS, reducing_gap=3.0
    )
    square = np.zeros((size, size), np.uint8)
    square[top:bottom, left:right] = np.asarray(content)
    return square


def invert(film: Film, box: Box) -> Film:
    """Turn a negative within its box into a positive; padding stays black."""
    left, top, right, bottom = box
    positive = film.copy()
    positive[top:bottom, left:right] = 255 - film[top:bottom, left:right]
    return positive


def mirror(film: Film) -> Film:
    """Mirror a film left to right."""
    return np.ascontiguousarray(film[:, ::-1])
