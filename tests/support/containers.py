"""Files that hold a film without loss, written here: not by the libraries that read them."""

from __future__ import annotations

import struct
import zlib
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes, *, damaged: bool = False) -> bytes:
    check = zlib.crc32(name + data) ^ damaged
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def packed(pixels: Pixels, bits: int, order: Literal["<", ">"] = ">") -> bytes:
    """Rows of unsigned samples, each row filled up to a byte; of 8, 16 and 32 bits in `order`."""
    rows = pixels.reshape(len(pixels), -1)
    if bits in (8, 16, 32):
        return rows.astype(f"{order}u{bits // 8}").tobytes()
    spread = np.unpackbits(rows.astype(">u4").view(np.uint8).reshape(*rows.shape, 4), axis=2)
    return np.packbits(spread[..., 32 - bits :].reshape(len(rows), -1), axis=1).tobytes()


def rows_of(pixels: Pixels, bits: int) -> bytes:
    """Rows of a PNG, unfiltered."""
    if not pixels.size:
        return b""
    data = packed(pixels, bits)
    step = len(data) // len(pixels)
    return b"".join(b"\0" + data[at : at + step] for at in range(0, len(data), step))


def write_png(
    pixels: Pixels,
    bits: int,
    colour: int = GREY,
    *,
    interlaced: bool = False,
    before: bytes = b"",
    after: bytes = b"",
    keep: float = 1.0,
    pieces: int = 1,
) -> bytes:
    """A PNG of (height, width) or (height, width, channels).

    `before` and `after` are chunks around the picture; `keep` is the part of the rows' bytes that
    is written, in a stream that ends well; `pieces` is the number of chunks that hold it.
    """
    if interlaced:
        parts = (pixels[top::down, left::across] for left, top, across, down in ADAM7)
        rows = b"".join(rows_of(part, bits) for part in parts)
    else:
        rows = rows_of(pixels, bits)
    coded = zlib.compress(rows[: int(keep * len(rows))])
    step = -(-len(coded) // pieces)
    height, width = pixels.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    data = [chunk(b"IDAT", coded[at : at + step]) for at in range(0, len(coded), step)]
    return b"".join([SIGNATURE, chunk(b"IHDR", header), before, *data, after, chunk(b"IEND", b"")])


def write_tiff(
    pixels: Pixels,
    bits: int,
    *,
    order: Literal["<", ">"] = "<",
    photometric: int = 1,
    rows: int = 0,
    tile: int = 0,
    planar: bool = False,
    deflated: bool = False,
    lsb_first: bool = False,
    tags: dict[int, tuple[int, int]] | None = None,
    lost: int = -1,
) -> bytes:
    """A TIFF of (height, width) or (height, width, samples), unsigned samples.

    `rows` a strip (all of them by default), or tiles of `tile` pixels square; `tags` are others
    with one value each: number → (type, value); `lost` is a strip or tile of 0 bytes.
    """
    cube = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, samples = cube.shape
    planes = [cube[..., at : at + 1] for at in range(samples)] if planar else [cube]
    parts = []
    for plane in planes:
        if tile:
            full = np.pad(plane, [(0, -height % tile), (0, -width % tile), (0, 0)])
            parts += [
                full[top : top + tile, left : left + tile]
                for top in range(0, height, tile)
                for left in range(0, width, tile)
            ]
        else:
            step = rows or height
            parts += [plane[top : top + step] for top in range(0, height, step)]
    data = [packed(part, bits, order) for part in parts]
    if deflated:
        data = [zlib.compress(part) for part in data]
    if lsb_first:
        turned = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
        data = [part.translate(turned) for part in data]
    lengths = [0 if at == lost else len(part) for at, part in enumerate(data)]
    starts = [8 + sum(map(len, data[:at])) for at in range(len(data))]
    place = (324, 325) if tile else (273, 279)
    entries: dict[int, tuple[int, list[int]]] = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [bits] * samples),
        259: (3, [8 if deflated else 1]),
        262: (3, [photometric]),
        266: (3, [2 if lsb_first else 1]),
        277: (3, [samples]),
        284: (3, [2 if planar else 1]),
        place[0]: (4, starts),
        place[1]: (4, lengths),
        **({322: (3, [tile]), 323: (3, [tile])} if tile else {278: (4, [rows or height])}),
        **{number: (kind, [value]) for number, (kind, value) in (tags or {}).items()},
    }
    return _tiff(entries, b"".join(data), order)


def _tiff(entries: dict[int, tuple[int, list[int]]], data: bytes, order: str) -> bytes:
    body = data + bytes(len(data) % 2)
    directory, beyond = b"", b""
    first = 8 + len(body)
    after = first + 2 + 12 * len(entries) + 4
    for number, (kind, values) in sorted(entries.items()):
        coded = struct.pack(f"{order}{len(values)}{'I' if kind == 4 else 'H'}", *values)
        if len(coded) > 4:
            value = struct.pack(f"{order}I", after + len(beyond))
            beyond += coded
        else:
            value = coded.ljust(4, b"\0")
        directory += struct.pack(f"{order}HHI", number, kind, len(values)) + value
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, first)
    count = struct.pack(f"{order}H", len(entries))
    return head + body + count + directory + bytes(4) + beyond
