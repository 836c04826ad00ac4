"""PNG files that somebody else made: their frame, looked at before anything is decoded."""

from __future__ import annotations

import struct
import zlib

from cxr_release.films.png import MAX_PIXELS

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEAD = struct.Struct(">IIBBBBB")
_GREY = (8, 0, 0, 0, 0)
"""Bits, colour type, compression, filter, interlacing of an 8-bit grey PNG of ours."""


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height as a PNG states them, or None of anything that does not begin as one."""
    head = _head(data)
    return None if head is None else (head[0], head[1])


def _head(data: bytes) -> tuple[int, ...] | None:
    if data[:16] != _SIGNATURE + b"\x00\x00\x00\x0dIHDR" or len(data) < 16 + _HEAD.size:
        return None
    return _HEAD.unpack_from(data, 16)


def frame_fault(data: bytes) -> str:
    """Why the bytes are not a plain grey film of bounded size; empty where they are one.

    Beside its pixels a film may hold chunks of text, which are not looked at here, between its
    head and its pixels; and nothing else, not inside the compressed pixels either.
    """
    head = _head(data)
    if head is None:
        return "is not a PNG"
    width, height = head[:2]
    if head[2:] != _GREY:
        return "is not an 8-bit grey PNG"
    if not 0 < width * height <= MAX_PIXELS:
        return f"is {width:,} × {height:,} pixels, and was not decoded"
    chunks = _chunks(data)
    if chunks is None:
        return "is not a whole PNG"
    kinds = [kind for kind, _ in chunks]
    pixels = kinds.index(b"IDAT") if b"IDAT" in kinds else len(kinds)
    if {*kinds[1:pixels]} & {b"IHDR", b"IEND"} or {*kinds[pixels:-1]} != {b"IDAT"}:
        return "holds chunks out of their place"
    stream = b"".join(part for kind, part in chunks if kind == b"IDAT")
    return _stream_fault(stream, (width + 1) * height)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Kind and content of every chunk; None where one is damaged, or more follows the last."""
    found, place = [], len(_SIGNATURE)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if end > len(data) or data[end - 4 : end] != _sum(data[place + 4 : end - 4]):
            return None
        found.append((kind, data[place + 8 : end - 4]))
        place = end
        if kind == b"IEND":
            return found if place == len(data) and not length else None
    return None


def _sum(checked: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(checked))


def _stream_fault(stream: bytes, expected: int) -> str:
    """Whether compressed pixels hold those of the film and not a byte more."""
    inflate = zlib.decompressobj()
    try:
        size = len(inflate.decompress(stream, expected + 1))
    except zlib.error as error:
        return f"its pixels cannot be read: {error}"
    if size != expected or not inflate.eof or inflate.unused_data:
        return "its compressed pixels hold less or more than the film"
    return ""
