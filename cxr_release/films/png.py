"""8-bit grey PNG: the one form in which films travel, and the label that synthetic ones carry.

A film's bytes are made once, here, and copied from then on. The label is part of the bytes from
the first moment, so that no unlabelled synthetic film ever lies on a disk.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from cxr_release.errors import SourceError
from cxr_release.film_id import Origin

Film = NDArray[np.uint8]
"""Grey values (height, width), 0 … 255, bone bright."""

MAX_PIXELS = 4096 * 4096
"""A film of the pipeline is at most this large; anything larger is refused."""

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's code for media made by a trained model."""

_UNREADABLE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)
"""What Pillow raises at bytes that are not a PNG."""

_XMP = (
    '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about=""'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>'
    "</rdf:RDF></x:xmpmeta>"
    '<?xpacket end="r"?>'
)


_SOURCES: Mapping[Origin, str] = {
    "diffusion": "Synthetic radiograph from a trained diffusion model; no patient",
    "autoencoder": "Synthetic radiograph from a trained variational autoencoder; no patient",
    "elsewhere": "Synthetic radiograph from another generator, as its publishers state",
}


def _provenance(source: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Software", "cxr-release")
    info.add_text("Source", source)
    info.add_itxt("XML:com.adobe.xmp", _XMP)
    return info


def encode(film: Film, *, synthetic: bool, origin: Origin = "diffusion") -> bytes:
    """PNG bytes of a film. The same pixels and flags give the same bytes.

    Args:
        film: (height, width) uint8.
        synthetic: splice in the provenance label (XMP DigitalSourceType and text).
        origin: of a synthetic film: who drew it, as the label says.
    """
    options: dict[str, Any] = {"pnginfo": _provenance(_SOURCES[origin])} if synthetic else {}
    stream = io.BytesIO()
    # Run-length strategy: on grainy grey films as small as deflate's best, at 3–4 times its speed.
    image = Image.fromarray(film)
    image.save(stream, format="PNG", compress_level=1, compress_type=3, **options)
    return stream.getvalue()


def encode_evenly(film: Film) -> bytes:
    """PNG bytes of a film, unlabelled and not compressed: films of one size give files of one size.

    Compressed sizes would distinguish grainy films from smooth ones, whatever their names.
    """
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, format="PNG", compress_level=0)
    return stream.getvalue()


def decode(data: bytes, *, where: str) -> Film:
    """Pixels of a PNG that this package wrote, (height, width) uint8.

    Raises:
        SourceError: the bytes are not a whole 8-bit grey PNG; `where` names the film.
    """
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode != "L" or image.width * image.height > MAX_PIXELS:
                raise SourceError(f"is {image.mode} {image.size}, expected 8-bit grey", where=where)
            return np.asarray(image).copy()
    except _UNREADABLE as error:
        raise SourceError(f"not a whole PNG: {error}", where=where) from error


def is_labelled(data: bytes) -> bool:
    """Whether a PNG carries the provenance label of a synthetic film."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        xmp = image.info.get("XML:com.adobe.xmp", "")
        return DIGITAL_SOURCE_TYPE in str(xmp)


def sha256(data: bytes) -> str:
    """SHA-256 of a film's PNG bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def pixel_sha256(film: Film) -> str:
    """SHA-256 of a film's pixels, row by row from the top left, in hex."""
    return hashlib.sha256(np.ascontiguousarray(film).tobytes()).hexdigest()


def cell(data: bytes, name: str) -> dict[str, bytes | str]:
    """A film as a cell of an image column."""
    return {"bytes": data, "path": f"{name}.png"}


def facts(film: Film, data: bytes) -> dict[str, int | str]:
    """The columns of every image table that follow from the film itself."""
    return {
        "width": film.shape[1],
        "height": film.shape[0],
        "sha256": sha256(data),
        "pixel_sha256": pixel_sha256(film),
    }


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
