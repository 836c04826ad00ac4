"""Small pictures of large films for the grid: made once, kept in this process's memory alone."""

from __future__ import annotations

import io
import struct
import threading
from collections import OrderedDict

from PIL import Image

from cxr_release.errors import TableError

WIDTHS = (256, 512)
"""Pixels of the longer side of a small picture: the page asks for one of these."""
MOST_BYTES = 2**27
"""Bytes of small pictures that are kept, the oldest going first: 48 of 256 pixels take 2 MB."""
_HEAD = struct.Struct(">4s2I")


class Thumbnails:
    """Small pictures by film and width. Any number of threads may use it.

    Args:
        most: bytes that are kept at most.
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, film: str, width: int) -> bytes | None:
        """A small picture that was made before, or None."""
        with self._lock:
            data = self._kept.get((film, width))
            if data is not None:
                self._kept.move_to_end((film, width))
            return data

    def make(self, film: str, data: bytes, width: int) -> bytes:
        """A small picture of a film, kept from now on; a film that is no larger comes as it is.

        Args:
            film: what names its bytes, such as their SHA-256.
            data: PNG bytes of the film.
            width: one of `WIDTHS`.

        Raises:
            TableError: these are not the bytes of a PNG.
        """
        small = _reduced(data, width)
        if small is data:  # it costs nothing to read it again
            return data
        with self._lock:
            self._bytes += len(small) - len(self._kept.pop((film, width), b""))
            self._kept[film, width] = small
            while self._bytes > self._most:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return small


def side_of(data: bytes) -> int:
    """The longer side of a PNG in pixels, from its first bytes.

    Raises:
        TableError: these are not the bytes of a PNG.
    """
    if len(data) < 24:
        raise TableError("is not a PNG")
    name, width, height = _HEAD.unpack_from(data, 12)
    if name != b"IHDR":
        raise TableError("is not a PNG")
    side: int = max(width, height)
    return side


def _reduced(data: bytes, width: int) -> bytes:
    """PNG bytes at most `width` pixels wide and high, grey and without any label or text."""
    side = side_of(data)
    if side <= width:
        return data
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        size = tuple(max(1, round(width * length / side)) for length in image.size)
        # Boxes first, to twice the size, then a smooth filter: no pattern of the grid is left.
        small = image.resize((size[0], size[1]), Image.Resampling.LANCZOS, reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, format="PNG", compress_level=1, compress_type=3)
    return stream.getvalue()
