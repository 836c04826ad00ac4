"""Bytes of a film → 8-bit grey PNG of bounded size, and what was done on the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.radiographs import png
from cxr_release.radiographs.decode import Decoded, decode

VERSION = 2
"""Of how films are read here: other pixels need another number, so that no cache keeps the old."""

MAX_SIDE = 2048
"""Pixels; a larger film is reduced, since no encoder sees more."""

_LABEL = png.DIGITAL_SOURCE_TYPE.encode()
_DEEP = ("I;16", "I", "F")
"""Names of grey of more than 8 bits."""


@dataclass(frozen=True)
class Opened:
    """A film that was read, or tried."""

    id: str
    png: bytes = b""
    """8-bit grey, at most `MAX_SIDE` pixels on a side; empty where there is a fault."""
    fault: str = ""
    note: str = ""
    """What was done to it beyond reading."""


def as_png(name: str, data: bytes) -> Opened:
    """Decode a film and encode it as the encoders take it: 8-bit grey, not too large."""
    try:
        decoded = decode(data)
    except SourceError as error:
        return Opened(name, fault=str(error))
    film, reduced = _reduced(decoded.film)
    note = "; ".join(one for one in (_converted(decoded), reduced) if one)
    # A synthetic film keeps its label: see `png`.
    return Opened(name, png=png.encode(film, synthetic=_LABEL in data), note=note)


def _converted(decoded: Decoded) -> str:
    if decoded.mode in _DEEP:
        return f"{decoded.bits}-bit grey windowed to 8 bits"
    if decoded.mode not in ("L", "1"):
        return f"{decoded.bits}-bit {decoded.mode} turned to 8-bit grey"
    return ""


def _reduced(film: png.Film) -> tuple[png.Film, str]:
    height, width = film.shape
    scale = MAX_SIDE / max(film.shape)
    if scale >= 1:
        return film, ""
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # The gap lets Pillow average large films down first, to 3 times the size at least.
    small = Image.fromarray(film).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(small), f"reduced from {width} × {height} to {size[0]} × {size[1]} pixels"
