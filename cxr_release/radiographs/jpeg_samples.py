"""The picture of any JPEG: baseline, progressive or lossless, of 8, 12 or 16 bits."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.radiographs.samples import ONE_PICTURE, Samples, check_size, deep_mode, upright

SIGNATURE = b"\xff\xd8\xff"

_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS = 0xC0, 0xC1, 0xC2, 0xC3
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Markers that begin a picture; between them lie tables, and 0xF7 is that of JPEG-LS."""
_EOI, _SOS, _APP1 = 0xD9, 0xDA, 0xE1
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
"""Markers without a body."""

_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
BEYOND = bytes.fromhex("a5396c1be847d2905eb40f73c82a9d61")
"""What is laid behind coded pixels to see whether a decoder reads on; no marker is in it."""


@dataclass
class Jpeg:
    """What the markers of a JPEG say."""

    kind: int = 0
    bits: int = 0
    width: int = 0
    height: int = 0
    components: bytes = b""
    scans: list[tuple[bytes, int, int, int]] = field(default_factory=list)
    """Components of each scan, its first and last coefficient, and the bits that it leaves out."""
    ends: list[int] = field(default_factory=list)
    """Places at which coded pixels end."""
    exif: bytes = b""


def read_jpeg(data: bytes) -> Samples:
    """Read the picture of a JPEG.

    Raises:
        SourceError: the picture is not whole, too large, one of several, or of a kind that is not
            read.
    """
    jpeg = check_jpeg(data)
    if jpeg.bits == 8 and jpeg.kind != _LOSSLESS:
        return _read_common(data, jpeg)
    import imagecodecs

    colour = whole(data, jpeg, imagecodecs.jpeg8_decode)
    if colour.ndim == 3 and colour.shape[2] != 3:
        raise SourceError(f"has {colour.shape[2]} channels of {jpeg.bits} bits, which are not read")
    exif = Image.Exif()
    exif.load(jpeg.exif)
    mode = deep_mode("L" if colour.ndim == 2 else "RGB", colour.dtype)
    return Samples(colour, jpeg.bits, mode, orientation=upright(exif.get(0x0112)))


def _read_common(data: bytes, jpeg: Jpeg) -> Samples:
    """8 bits a sample, which Pillow knows with all the colours of cameras and scanners."""
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise SourceError("holds more than one picture", remedy=ONE_PICTURE)
        mode, orientation = image.mode, image.getexif().get(0x0112)

    def decoded(data: bytes) -> NDArray[Any]:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            return np.asarray(image if mode == "L" else image.convert("RGB"))

    return Samples(whole(data, jpeg, decoded), 8, mode, orientation=upright(orientation))


def check_jpeg(data: bytes) -> Jpeg:
    """Read the markers of a JPEG, and refuse it if scans are missing. Decodes nothing.

    Raises:
        SourceError: it has no end, lacks scans, is too large, or of a kind that is not read.
    """
    jpeg = Jpeg()
    for marker, start, stop in _segments(data, jpeg):
        body = data[start:stop]
        if marker in _FRAMES:
            _begin(jpeg, marker, body)
        elif marker == _SOS:
            _add_scan(jpeg, body)
        elif marker == _APP1 and body.startswith(b"Exif\0\0"):
            jpeg.exif = jpeg.exif or body
    if not jpeg.kind:
        raise SourceError("is damaged: a JPEG without a picture")
    if _missing(jpeg):
        raise SourceError("is truncated: a JPEG without its last scans")
    return jpeg


def _segments(data: bytes, jpeg: Jpeg) -> Iterator[tuple[int, int, int]]:
    """Marker, first and last place of each segment; notes where scans end."""
    place, coded = 2, False
    while True:
        found = _MARKER.search(data, place)
        if found is None:
            raise SourceError("is truncated: a JPEG without its end marker")
        marker, place = found[1][0], found.end()
        if coded:
            jpeg.ends.append(found.start())
        if marker == _EOI:
            return
        if marker in _ALONE:
            continue
        coded = marker == _SOS
        if place + 2 > len(data):
            raise SourceError("is truncated: a JPEG without its end marker")
        (length,) = struct.unpack_from(">H", data, place)
        yield marker, place + 2, place + length
        place += max(length, 2)


def _begin(jpeg: Jpeg, marker: int, body: bytes) -> None:
    if jpeg.kind:
        raise SourceError("holds more than one picture", remedy=ONE_PICTURE)
    if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS):
        known = "JPEG-LS" if marker == 0xF7 else f"JPEG with the marker SOF{marker - 0xC0}"
        raise SourceError(f"is {known}, which is not read", remedy="save it as PNG or TIFF")
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise SourceError("is damaged: its frame header is too short")
    jpeg.kind = marker
    jpeg.bits, jpeg.height, jpeg.width = struct.unpack_from(">BHH", body)
    jpeg.components = body[6 : 6 + 3 * body[5] : 3]
    check_size(jpeg.width, jpeg.height)


def _add_scan(jpeg: Jpeg, body: bytes) -> None:
    if not body or len(body) < 4 + 2 * body[0]:
        raise SourceError("is damaged: a scan header is too short")
    parts = body[1 : 1 + 2 * body[0] : 2]
    first, last, bits = body[1 + 2 * body[0] :][:3]
    jpeg.scans.append((parts, first, last, bits & 15))


def _missing(jpeg: Jpeg) -> bool:
    """Whether a component, a coefficient or a bit of one stands in no scan."""
    if jpeg.kind != _PROGRESSIVE:
        scanned = {part for parts, *_ in jpeg.scans for part in parts}
        return not scanned.issuperset(jpeg.components)
    left = {part: np.full(64, 15) for part in jpeg.components}
    for parts, first, last, bits in jpeg.scans:
        for part in parts:
            if part in left:
                left[part][first : last + 1] = bits
    return any(bits.any() for bits in left.values())


def whole(data: bytes, jpeg: Jpeg, decoded: Callable[[bytes], NDArray[Any]]) -> NDArray[Any]:
    """Decode a JPEG, and refuse it if pixels are missing.

    Decoders make up what a scan lacks. But whoever decodes a scan that is whole never reads on
    beyond it, so that the picture does not depend on what is put there.

    Raises:
        SourceError: the picture depends on bytes behind a scan.
    """
    colour = decoded(data)
    places = [0, *jpeg.ends, len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(places)]
    if not np.array_equal(colour, decoded(BEYOND.join(pieces))):
        raise SourceError("is truncated: its scans stop before the picture does")
    return colour
