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
from cxr_release.films.grey import ONE_PICTURE, Samples, check_size, deep_mode, upright

SIGNATURE = b"\xff\xd8\xff"

_BASELINE, _EXTENDED, _PROGRESSIVE, _LOSSLESS = 0xC0, 0xC1, 0xC2, 0xC3
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Markers that begin a picture; between them lie tables, and 0xF7 is that of JPEG-LS."""
_EOI, _SOS, _DRI, _APP1 = 0xD9, 0xDA, 0xDD, 0xE1
_RST0, _RST7 = 0xD0, 0xD7
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
"""Markers without a body."""

_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)
BEYOND = bytes.fromhex("a5396c1be847d2905eb40f73c82a9d61")
"""What is laid behind coded pixels to see whether a decoder reads on; no marker is in it."""


@dataclass
class _Scan:
    components: bytes
    first: int
    """Coefficient."""
    last: int
    bits: int
    """Lowest ones of each coefficient, which the scan leaves out."""
    interval: int
    """Units between two restarts; 0 for none."""
    restarts: list[int] = field(default_factory=list)
    """Numbers of its restart markers, 0 … 7."""


@dataclass
class Jpeg:
    """What the markers of a JPEG say."""

    kind: int = 0
    bits: int = 0
    width: int = 0
    height: int = 0
    components: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Samples that each has in a unit of the picture: across and down."""
    scans: list[_Scan] = field(default_factory=list)
    interval: int = 0
    """Units between two restarts, as last stated."""
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

    colour = decode_whole(data, jpeg, imagecodecs.jpeg8_decode)
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

    return Samples(decode_whole(data, jpeg, decoded), 8, mode, orientation=upright(orientation))


def check_jpeg(data: bytes, tables: bytes = b"") -> Jpeg:
    """Read the markers of a JPEG, and refuse it if scans are missing. Decodes nothing.

    Args:
        data: of the JPEG.
        tables: a JPEG without a picture, which holds the tables of this one.

    Raises:
        SourceError: it has no end, lacks scans or parts of one between two restarts, is too large,
            or of a kind that is not read.
    """
    jpeg = Jpeg()
    for marker, start, stop in _segments(tables, jpeg) if tables else ():
        if marker == _DRI:
            jpeg.interval = _interval(tables[start:stop])
    for marker, start, stop in _segments(data, jpeg):
        body = data[start:stop]
        if marker in _FRAMES:
            _begin(jpeg, marker, body)
        elif marker == _SOS:
            _add_scan(jpeg, body)
        elif marker == _DRI:
            jpeg.interval = _interval(body)
        elif marker == _APP1 and body.startswith(b"Exif\0\0"):
            jpeg.exif = jpeg.exif or body
    if not jpeg.kind:
        raise SourceError("is damaged: a JPEG without a picture")
    if _missing(jpeg):
        raise SourceError("is truncated: a JPEG without its last scans")
    for scan in jpeg.scans:
        _check_restarts(jpeg, scan)
    return jpeg


def _segments(data: bytes, jpeg: Jpeg) -> Iterator[tuple[int, int, int]]:
    """Marker, first and last place of each segment; notes where scans end."""
    place, coded = 2, False
    while True:
        match = _MARKER.search(data, place)
        if match is None:
            raise SourceError("is truncated: a JPEG without its end marker")
        marker, place = match[1][0], match.end()
        if coded:
            jpeg.ends.append(match.start())
        if marker == _EOI:
            return
        if marker in _ALONE:
            if coded and _RST0 <= marker <= _RST7:
                jpeg.scans[-1].restarts.append(marker - _RST0)
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
        form = "JPEG-LS" if marker == 0xF7 else f"JPEG with the marker SOF{marker - 0xC0}"
        raise SourceError(f"is {form}, which is not read", remedy="save it as PNG or TIFF")
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise SourceError("is damaged: its frame header is too short")
    jpeg.kind = marker
    jpeg.bits, jpeg.height, jpeg.width = struct.unpack_from(">BHH", body)
    parts = (body[at : at + 2] for at in range(6, 6 + 3 * body[5], 3))
    jpeg.components = {name: (sizes >> 4, sizes & 15) for name, sizes in parts}
    if not jpeg.components or any(0 in sizes for sizes in jpeg.components.values()):
        raise SourceError("is damaged: its frame header does not describe a picture")
    check_size(jpeg.width, jpeg.height)


def _add_scan(jpeg: Jpeg, body: bytes) -> None:
    if not body or len(body) < 4 + 2 * body[0]:
        raise SourceError("is damaged: a scan header is too short")
    parts = body[1 : 1 + 2 * body[0] : 2]
    first, last, bits = body[1 + 2 * body[0] :][:3]
    jpeg.scans.append(_Scan(parts, first, last, bits & 15, jpeg.interval))


def _interval(body: bytes) -> int:
    if len(body) < 2:
        raise SourceError("is damaged: its restart interval is too short")
    return int.from_bytes(body[:2], "big")


def _check_restarts(jpeg: Jpeg, scan: _Scan) -> None:
    """Refuse a scan that lacks what lies between two restarts: decoders find the next and go on."""
    if not scan.interval:
        return
    intervals = -(-_units(jpeg, scan) // scan.interval)
    if len(scan.restarts) < intervals - 1:
        raise SourceError(
            f"is truncated: a scan has {len(scan.restarts) + 1} of {intervals} restart intervals"
        )
    if any(number != at % 8 for at, number in enumerate(scan.restarts)):
        raise SourceError("is damaged: its restart markers are not in order")


def _units(jpeg: Jpeg, scan: _Scan) -> int:
    """Units of a scan, between some of which it restarts (ITU-T T.81, A.2)."""
    side = 1 if jpeg.kind == _LOSSLESS else 8
    most_across = max(across for across, _ in jpeg.components.values())
    most_down = max(down for _, down in jpeg.components.values())
    if len(scan.components) > 1:  # a unit holds all samples of a part of the picture
        return -(-jpeg.width // (side * most_across)) * -(-jpeg.height // (side * most_down))
    across, down = jpeg.components.get(scan.components[0], (1, 1))
    width, height = -(-jpeg.width * across // most_across), -(-jpeg.height * down // most_down)
    return -(-width // side) * -(-height // side)


def _missing(jpeg: Jpeg) -> bool:
    """Whether a component, a coefficient or a bit of one is in none of the scans."""
    if jpeg.kind != _PROGRESSIVE:
        scanned = {part for scan in jpeg.scans for part in scan.components}
        return not scanned.issuperset(jpeg.components)
    missing = {part: np.full(64, 15) for part in jpeg.components}
    for scan in jpeg.scans:
        for part in scan.components:
            if part in missing:
                missing[part][scan.first : scan.last + 1] = scan.bits
    return any(bits.any() for bits in missing.values())


def decode_whole(data: bytes, jpeg: Jpeg, decoded: Callable[[bytes], NDArray[Any]]) -> NDArray[Any]:
    """Decode a JPEG, and refuse it if pixels are missing.

    Decoders make up what a scan lacks. But a decoder of a whole scan never reads beyond it, so that
    the picture does not depend on what is put there.

    Raises:
        SourceError: the picture depends on bytes behind a scan.
    """
    colour = decoded(data)
    places = [0, *jpeg.ends, len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(places)]
    if not np.array_equal(colour, decoded(BEYOND.join(pieces))):
        raise SourceError("is truncated: its scans stop before the picture does")
    return colour
