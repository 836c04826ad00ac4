"""Samples as a file stores them → 8-bit grey, one value a pixel, as a viewer shows it.

Colour, transparency and rotation come first; then grey of any depth is windowed: which values are
film, and which are markers or padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.films.limits import MAX_BYTES, MAX_PIXELS
from cxr_release.films.png import Film

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
            f"has more than {MAX_PIXELS >> 20} Mi pixels: refused as a decompression bomb"
            f" ({width} × {height})"
        )
    if width * height * pixel > MAX_BYTES:
        raise SourceError(f"has pixels of more than {MAX_BYTES >> 20} MiB")


def upright(value: object) -> int:
    """A value of the tag Orientation; 1, which turns nothing, where it is not a valid one."""
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


BAND = 1 / 8
"""Width of the bands in which film is looked for, relative to the middle half of the values."""
GAPS = 16
"""Least width of a band in usual gaps between neighbouring values: films of few values have wide
gaps."""
VALUES = 4
"""Values that a band of film holds at least: a marker is a single value, or two."""
FAINT = 1 / 2000
"""Share of all that a band of film holds at least: the soft edges of markers hold less."""
NEAR = 1
"""How far around the common values those of the same film lie, relative to their range."""
TAIL = 1 / 4
"""Part of the range by which a thin tail without a gap may lengthen it on either side."""


def window(pixels: NDArray[Any]) -> Film:
    """Grey values of any depth as 8 bits.

    8-bit films are returned as they are. Others are scaled linearly from their `exposed_range`
    to 0 … 255: a 12-bit film in a 16-bit file comes out as bright as any other, and a lead marker
    does not darken the rest.

    Args:
        pixels: (height, width), integer or float.

    Raises:
        SourceError: a pixel is not a finite number, or all pixels are equal.
    """
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise SourceError("has pixels that are not finite numbers")
    if pixels.min() == pixels.max():
        raise SourceError("is blank: every pixel has the same value")
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        counts = np.bincount(pixels.ravel(), minlength=2**16)
        film: Film = exposed_shades(np.arange(2**16), counts)[pixels]
        return film
    levels, counts = np.unique(pixels, return_counts=True)
    return _scaled(pixels, *exposed_range(levels, counts))


def exposed_shades(values: NDArray[Any], counts: NDArray[Any]) -> Film:
    """Shade of each of a film's grey levels, scaled as `window` scales a film.

    Args:
        values: the grey value of each level, in any order, equal ones too.
        counts: pixels of each; two values or more have some.
    """
    used = np.flatnonzero(counts)
    levels, which = np.unique(values[used], return_inverse=True)
    if len(levels) < 2:
        raise SourceError("is blank: every pixel has the same value")
    low, high = exposed_range(levels, np.bincount(which, counts[used]).astype(np.int64))
    return _scaled(values, low, high)


def exposed_range(levels: NDArray[Any], counts: NDArray[Any]) -> tuple[float, float]:
    """The grey values between which a film lies; beyond them are markers, padding and shutters.

    The size of a marker says nothing: a frame may be wider than the film in it. But it has one
    grey value or few, far from others, where a film has many, near each other. So no value weighs
    more than a usual one does, and the range ends at the outermost values that close a band, a
    sixteenth of a usual film's range wide, which holds `VALUES` values and the share `FAINT` of
    all; the more the farther it lies from the middle half. A film that uses all of its values is
    not clipped.

    What is usual follows from the film's own values. The soft edges of burned-in text lay thousands
    of values with a pixel or two over the whole range, more than a film may have; so the common
    values say first, roughly, where the film lies.

    Args:
        levels: the distinct grey values, ascending, two or more.
        counts: pixels of each.

    Returns:
        Lowest and highest value, the first below the second.
    """
    levels = levels.astype(np.float64)
    common = np.flatnonzero(counts >= _common(counts))
    if len(common) < 2:
        return _ends(levels, counts, np.arange(len(levels)))
    low, high = _ends(levels, counts, common)
    around = NEAR * (high - low)
    near = np.flatnonzero((levels >= low - around) & (levels <= high + around))
    # Faint tails of a film are within its usual values, not within its common ones.
    lowest, highest = _ends(levels, counts, near)
    return min(low, lowest), max(high, highest)


def _common(counts: NDArray[Any]) -> int:
    """Pixels that a common value has: as many as there are values with so many, or more."""
    descending = np.sort(counts)[::-1]
    return int(np.count_nonzero(descending >= np.arange(1, len(counts) + 1)))


def _ends(
    levels: NDArray[np.float64], counts: NDArray[Any], film: NDArray[np.intp]
) -> tuple[float, float]:
    """Ends of the exposed range, where the values at the indices `film` are a film's."""
    usual = float(np.median(counts[film]))
    sums = np.concatenate([[0.0], np.cumsum(np.minimum(counts, usual))])
    total = sums[-1]
    left = levels[np.argmax(sums[1:] >= total / 4)]
    right = levels[len(levels) - 1 - np.argmax((total - sums[:-1] >= total / 4)[::-1])]
    width = max(BAND * (right - left), GAPS * float(np.median(np.diff(levels[film]))))
    away = np.maximum(left - levels, levels - right) / max(right - left, width)
    least = np.maximum(FAINT * total * np.maximum(away, 1), min(VALUES * usual, total / 4))
    at = np.arange(len(levels))
    above = sums[np.searchsorted(levels, levels + width, side="right")] - sums[at]
    below = sums[at + 1] - sums[np.searchsorted(levels, levels - width)]
    first = int(np.argmax(above >= least))
    last = len(levels) - 1 - int(np.argmax((below >= least)[::-1]))
    if first >= last:
        return float(levels[0]), float(levels[-1])
    gaps = np.flatnonzero(np.diff(levels) > width)
    thin = TAIL * (levels[last] - levels[first])
    start = max(gaps[gaps < first] + 1, default=0)
    stop = min(gaps[gaps >= last], default=len(levels) - 1)
    low = start if levels[first] - levels[start] <= thin else first
    high = stop if levels[stop] - levels[last] <= thin else last
    return float(levels[low]), float(levels[high])


def _scaled(values: NDArray[Any], low: float, high: float) -> Film:
    scaled = (values.astype(np.float64) - low) / (high - low) * 255
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
