"""What a PNG file holds beside its picture."""

from __future__ import annotations

import struct


def ancillary(data: bytes) -> bytes:
    """Everything in a PNG that is neither picture nor frame: text, times, what trails the end."""
    rest, place = bytearray(), 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 12 + length
        if data[place + 4 : place + 8] not in (b"IHDR", b"IDAT", b"IEND"):
            rest += data[place:end]
        place = end
        if data[place - 8 : place - 4] == b"IEND":
            break
    return bytes(rest + data[place:])
