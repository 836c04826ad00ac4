"""Ways in which a copy may differ from the film it was copied from; planted to try the search.

Each takes a film and gives an altered copy of the same size. Where chance has a part in it, it is
drawn from the generator that is given, so that the same seed plants the same copies.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from cxr_release.radiographs.png import Film
from cxr_release.radiographs.resample import mirror

TURN = 3.0
"""Degrees."""
CROP = 0.05
"""Share of each side that is cut off; what is left is brought to the old size."""
JPEG_QUALITY = 50
NOISE = 0.05
"""Standard deviation, of the whole range of greys."""
BLUR_SIDE, BLUR_SIGMA = 1 / 3, 1 / 36
"""Side of the blurred patch and standard deviation of the blur, of the film's side."""

Alter = Callable[[Film, np.random.Generator], Film]
RECOMPRESSED = f"JPEG of quality {JPEG_QUALITY}"


def _turned(degrees: float) -> Alter:
    def alter(film: Film, _: np.random.Generator) -> Film:
        edge = np.concatenate([film[0], film[-1], film[:, 0], film[:, -1]])
        turned = Image.fromarray(film).rotate(
            degrees, Image.Resampling.BICUBIC, fillcolor=int(np.median(edge))
        )
        return np.asarray(turned)

    return alter


def _cropped(film: Film, left: float, top: float) -> Film:
    """Cut `CROP` of each side off, `left` and `top` of it on the left and at the top (0 … 1)."""
    height, width = film.shape
    wide, high = (1 - CROP) * width, (1 - CROP) * height
    x, y = left * CROP * width, top * CROP * height
    box = (x, y, x + wide, y + high)
    resized = Image.fromarray(film).resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(resized)


def _gamma(exponent: float) -> Alter:
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return lambda film, _: table[film]


def _recompressed(film: Film, _: np.random.Generator) -> Film:
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, format="JPEG", quality=JPEG_QUALITY)
    with Image.open(stream, formats=["JPEG"]) as picture:
        return np.asarray(picture)


def _noisy(film: Film, chance: np.random.Generator) -> Film:
    grey = film + chance.normal(0, 255 * NOISE, film.shape)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def _blurred(film: Film, chance: np.random.Generator) -> Film:
    height, width = film.shape
    side = max(1, round(BLUR_SIDE * min(film.shape)))
    x, y = (int(chance.integers(0, size - side + 1)) for size in (width, height))
    picture = Image.fromarray(film)
    patch = picture.crop((x, y, x + side, y + side))
    picture.paste(patch.filter(ImageFilter.GaussianBlur(BLUR_SIGMA * min(film.shape))), (x, y))
    return np.asarray(picture)


ALTERATIONS: dict[str, Alter] = {
    "identical": lambda film, _: film,
    "mirrored": lambda film, _: mirror(film),
    "inverted": lambda film, _: 255 - film,
    "turned +3°": _turned(TURN),
    "turned −3°": _turned(-TURN),
    "cropped 5 %": lambda film, _: _cropped(film, 0.5, 0.5),
    "cropped 5 %, off centre": lambda film, chance: _cropped(film, *chance.random(2)),
    "gamma 0.8": _gamma(0.8),
    "gamma 1.25": _gamma(1.25),
    RECOMPRESSED: _recompressed,
    "noise 5 %": _noisy,
    "blurred patch": _blurred,
}
"""Name → what is done to the copy."""
