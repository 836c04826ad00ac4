"""The picture of any PNG. What else the file holds can neither harm it nor cost it.

The chunks that carry the picture are checked, put together as a plain file of their own, and
decoded by libpng; text, colour profiles and the like are not looked at, however large or damaged.
"""

from __future__ import annotations

import io
import logging
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.grey import ONE_PICTURE, Samples, check_size, deep_mode, upright
from cxr_release.films.limits import MAX_METADATA

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGBA: (8, 16),
}
"""Colour type → bits a sample that it may have."""
_SAMPLES = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGBA: 4}
_MODES = {_GREY: "L", _RGB: "RGB", _PALETTE: "P", _GREY_ALPHA: "LA", _RGBA: "RGBA"}

_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT")
"""Chunks of which the picture consists; damage elsewhere does not matter."""
_TURNING = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
"""Chunks that may say how the picture is to be turned."""
_WHOLE = ((0, 0, 1, 1),)
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
"""Of each pass of a picture: first column and row, and steps between its columns and rows."""


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    bits: int
    colour: int
    interlaced: bool

    @property
    def size(self) -> int:
        """Bytes of the filtered rows, of all passes of an interlaced picture."""
        size = 0
        for left, top, across, down in _ADAM7 if self.interlaced else _WHOLE:
            width, height = -(-(self.width - left) // across), -(-(self.height - top) // down)
            if width > 0 and height > 0:
                size += height * (1 + -(-width * self.bits * _SAMPLES[self.colour] // 8))
        return size


def read_png(data: bytes) -> Samples:
    """Read the picture of a PNG.

    8-bit and 16-bit samples keep their value; shallower ones are scaled to 8 bits. gAMA, sBIT and
    colour profiles change nothing: a radiograph's values are shown as they are stored.

    Raises:
        SourceError: the picture is not whole, damaged, one of several, or too large.
    """
    import imagecodecs

    # libpng logs that it can put interlaced pictures together.
    logging.getLogger("imagecodecs").setLevel(logging.CRITICAL + 1)
    chunks = list(_chunks(data))
    header = _header(chunks)
    check_size(header.width, header.height, _SAMPLES[header.colour] * (1 + header.bits // 16))
    _check_single(chunks)
    # Not compressed: inflating it again would take as long as all the rest.
    stored = zlib.compress(_inflated(chunks, header), 0)
    colours = _colours(chunks, header)
    decoded = imagecodecs.png_decode(_png_of([chunks[0], *colours, (b"IDAT", stored)]))
    channels = decoded.shape[2] if decoded.ndim == 3 else 1
    colour = decoded
    if channels != 1:
        colour = decoded[..., 0] if channels == 2 else decoded[..., :3]
    mode = "1" if (header.colour, header.bits) == (_GREY, 1) else _MODES[header.colour]
    return Samples(
        colour=colour,
        bits=header.bits,
        mode=deep_mode(mode, decoded.dtype),
        alpha=decoded[..., -1] if channels in (2, 4) else None,
        opaque=int(np.iinfo(decoded.dtype).max),
        orientation=_orientation(chunks),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and body of each chunk up to the end marker, of those that matter."""
    place = len(SIGNATURE)
    while True:
        if place + 12 > len(data):
            raise SourceError("is truncated: a PNG without its end marker")
        length, name = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise SourceError(f"is truncated: its chunk {_shown(name)} is longer than the file")
        body = data[place + 8 : end - 4]
        if name == b"IEND":
            return
        intact = zlib.crc32(body, zlib.crc32(name)) == struct.unpack_from(">I", data, end - 4)[0]
        if name in _PIXELS and not intact:
            raise SourceError(f"is damaged: its chunk {_shown(name)} has a wrong checksum")
        if name not in _PIXELS and not name[0] & 32:
            raise SourceError(f"has the chunk {_shown(name)}, which is not of the PNG standard")
        if intact:
            yield name, body
        place = end


def _shown(name: bytes) -> str:
    return name.decode("ascii") if name.isalpha() else name.hex()


def _header(chunks: list[tuple[bytes, bytes]]) -> _Header:
    name, body = chunks[0] if chunks else (b"", b"")
    if name != b"IHDR" or len(body) != 13:
        raise SourceError("is damaged: a PNG without its header")
    width, height, bits, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", body)
    if bits not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise SourceError("is damaged: its header does not describe a PNG")
    return _Header(width, height, bits, colour, bool(interlace))


def _check_single(chunks: list[tuple[bytes, bytes]]) -> None:
    """Refuse an animation: which of its pictures is the film?"""
    names = [name for name, _ in chunks]
    frames = dict(chunks).get(b"acTL", b"")
    if len(frames) < 4 or b"IDAT" not in names:
        return
    (count,) = struct.unpack_from(">I", frames)
    # The picture that other readers show need not be one of the frames.
    separate = b"fcTL" not in names[: names.index(b"IDAT")]
    if count + separate > 1:
        raise SourceError("holds more than one picture", remedy=ONE_PICTURE)


def _inflated(chunks: list[tuple[bytes, bytes]], header: _Header) -> bytes:
    """The filtered rows; refuses a picture whose rows are not all there, as decoders forgive."""
    size = header.size
    inflate = zlib.decompressobj()
    coded = b"".join(body for name, body in chunks if name == b"IDAT")
    try:
        rows = inflate.decompress(coded, size)
        # Bytes behind the picture do it no harm; a checksum that is cut short may.
        inflate.decompress(inflate.unconsumed_tail, 1)
    except zlib.error as error:
        raise SourceError(f"is damaged: its pixels cannot be inflated ({error})") from None
    if len(rows) < size:
        raise SourceError(f"is truncated: {100 * len(rows) // size} % of its pixels are there")
    return rows


def _colours(chunks: list[tuple[bytes, bytes]], header: _Header) -> list[tuple[bytes, bytes]]:
    """Palette and transparency, where the kind of picture has them."""
    bodies = dict(chunks)
    palette, clear = bodies.get(b"PLTE", b""), bodies.get(b"tRNS", b"")
    colours = []
    if header.colour == _PALETTE:
        if not palette or len(palette) % 3 or len(palette) > 3 * 2**header.bits:
            raise SourceError("is damaged: a picture with a palette that has no such palette")
        colours.append((b"PLTE", palette))
    fits = {_GREY: len(clear) == 2, _RGB: len(clear) == 6, _PALETTE: len(clear) * 3 <= len(palette)}
    if clear and fits.get(header.colour):
        colours.append((b"tRNS", clear))
    return colours


def _orientation(chunks: list[tuple[bytes, bytes]]) -> int:
    """How the picture is to be turned, where the file says so in EXIF or XMP."""
    metadata = [
        (name, body) for name, body in chunks if name in _TURNING and len(body) <= MAX_METADATA
    ]
    if not metadata:
        return 1
    # Pillow reads all forms of it: it gets the metadata with a picture of one pixel.
    header = struct.pack(">IIBBBBB", 1, 1, 8, _GREY, 0, 0, 0)
    pixel = [(b"IHDR", header), *metadata, (b"IDAT", zlib.compress(bytes(2)))]
    try:
        with Image.open(io.BytesIO(_png_of(pixel)), formats=["PNG"]) as image:
            image.load()
            return upright(image.getexif().get(0x0112))
    except Exception:  # noqa: BLE001 - metadata that cannot be read do not turn the picture
        return 1


def _png_of(chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks and the end marker."""
    parts = [SIGNATURE]
    for name, body in (*chunks, (b"IEND", b"")):
        check = zlib.crc32(body, zlib.crc32(name))
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", check)]
    return b"".join(parts)
