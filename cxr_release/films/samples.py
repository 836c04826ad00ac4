"""Samples as a file stores them → one grey value a pixel, as a viewer shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError

MAX_PIXELS = 2**26
"""67 megapixels: above any radiography detector or film scanner."""

MAX_DECODED = 8 * MAX_PIXELS
"""512 MiB: what a picture may take in memory before it is turned to grey."""
ONE_PICTURE = "save each as a file of its own"
"""What to do about a file of several pictures."""

LUMA = (19595, 38470, 7471)
"""Weights of red, green and blue in 65,536ths (ITU-R BT.601): grey in colour keeps its value."""
ROWS = 256
"""Rows that are turned to grey at a time: bounds memory for large films."""


@dataclass(frozen=True)
class Samples:
    """The picture of a file, in the depth that it is stored in."""

    colour: NDArray[Any]
    """(height, width) grey, 0 black, or (height, width, 3) red, green and blue; any depth."""
    bits: int
    """Bits a sample in the file."""
    mode: str
    """Kind of pixel: L (grey), LA, RGB, RGBA, P, CMYK, 1 (black and white); of deep grey I;16,
    I or F. With `bits` this is what Pillow would call it."""
    alpha: NDArray[Any] | None = None
    """(height, width), 0 where the picture is transparent."""
    opaque: int = 255
    """`alpha` where the picture is not transparent at all."""
    orientation: int = 1
    """How it is to be turned: a value of the EXIF tag Orientation, 1 … 8."""


def check_size(width: int, height: int, pixel: int = 1) -> None:
    """Refuse a picture that is too large, before anything of that size is allocated.

    Args:
        width: in pixels.
        height: in pixels.
        pixel: bytes of one.
    """
    if width < 1 or height < 1:
        raise SourceError(f"has no pixels ({width} × {height})")
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"has more than {MAX_PIXELS >> 20} Mi pixels: taken for a decompression bomb"
            f" ({width} × {height})"
        )
    if width * height * pixel > MAX_DECODED:
        raise SourceError(f"has pixels of more than {MAX_DECODED >> 20} MiB")


def upright(value: object) -> int:
    """A value of the tag Orientation; 1, which turns nothing, where it is none."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def deep_mode(mode: str, dtype: np.dtype[Any]) -> str:
    """Name of a kind of pixel; grey has other names for samples of more than a byte."""
    if mode != "L" or dtype.itemsize == 1:
        return mode
    if dtype.kind == "f":
        return "F"
    return "I;16" if dtype.itemsize == 2 else "I"


def grey(samples: Samples) -> NDArray[Any]:
    """Grey values in the depth of the file: (height, width), turned as the file says.

    Colour becomes luma, and transparency lies on black. Transparency that is the same everywhere
    says nothing about the picture and is left out.

    Raises:
        SourceError: all that the file shows is in its transparency.
    """
    values = samples.colour if samples.colour.ndim == 2 else _luma(samples.colour)
    alpha = samples.alpha
    if alpha is not None and alpha.min() != alpha.max():
        values = _on_black(values, alpha, samples.opaque)
        if not values.any():
            raise SourceError(
                "has a picture in its transparency alone", remedy="save it without transparency"
            )
    return _turned(values, samples.orientation)


def _luma(colour: NDArray[Any]) -> NDArray[Any]:
    grey = np.empty(colour.shape[:2], colour.dtype)
    weights = np.array(LUMA)
    for start in range(0, len(grey), ROWS):
        rows = colour[start : start + ROWS]
        if colour.dtype.kind == "u" and colour.dtype.itemsize <= 2:
            parts = rows.astype(np.int64) * weights
            grey[start : start + ROWS] = (parts.sum(axis=2) + 2**15) >> 16
        else:
            grey[start : start + ROWS] = (rows.astype(np.float64) * weights).sum(axis=2) / 2**16
    return grey


def _on_black(values: NDArray[Any], alpha: NDArray[Any], opaque: int) -> NDArray[Any]:
    if values.dtype.kind != "u":
        raise SourceError("has transparency over samples that have no black")
    shown = np.empty_like(values)
    for start in range(0, len(values), ROWS):
        rows = slice(start, start + ROWS)
        shown[rows] = (values[rows].astype(np.uint64) * alpha[rows] + opaque // 2) // opaque
    return shown


def _turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    if orientation == 1:
        return values
    if orientation >= 5:
        values = values.T
    # Of each value: whether it is then mirrored top to bottom, and left to right.
    down, across = {
        2: (False, True),
        3: (True, True),
        4: (True, False),
        5: (False, False),
        6: (False, True),
        7: (True, True),
        8: (True, False),
    }[orientation]
    return np.ascontiguousarray(values[:: -1 if down else 1, :: -1 if across else 1])
