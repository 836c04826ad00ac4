"""Bytes of a PNG, JPEG or TIFF → 8-bit grey pixels. Distrusts the bytes."""

from __future__ import annotations

import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cxr_release.errors import SourceError
from cxr_release.radiographs.png import Film

FORMATS = ("PNG", "JPEG", "TIFF")
MAX_PIXELS = 2**26
"""67 megapixels: above any radiography detector or film scanner."""
MAX_BYTES = 2**29
"""512 MiB: above an uncompressed colour film of `MAX_PIXELS`."""
CLIPPED = 0.005
"""Share of pixels at each end of a deep film that its 8-bit window may clip: markers and noise."""

_PNG_END = b"IEND\xaeB`\x82"
_NO_IMAGE = f"is no {', '.join(FORMATS[:-1])} or {FORMATS[-1]} image"


@dataclass(frozen=True)
class Decoded:
    """A film as it is displayed: rotated as its metadata say, in 8-bit grey."""

    film: Film
    bits: int
    """Bits a sample in the file."""
    mode: str
    """Pillow's name of the pixel format: L, I;16, F, RGB, P, CMYK …"""


def read_bytes(path: Path) -> bytes:
    """Read a regular file, whole and once.

    Raises:
        SourceError: it is empty, too large, no regular file, or cannot be read.
    """
    try:
        # Before opening: opening a named pipe would wait for ever.
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SourceError("is no regular file")
        if found.st_size > MAX_BYTES:
            raise SourceError(f"is larger than {MAX_BYTES >> 20} MiB")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error
    if not data:
        raise SourceError("is empty (0 bytes)")
    return data


def decode(data: bytes) -> Decoded:
    """Decode a film.

    8-bit samples stay as they are; colour becomes luma, transparency lies on black; deeper
    samples are windowed (`window`).

    Raises:
        SourceError: the bytes are no image, truncated, damaged, a decompression bomb, more than
            one picture, or a picture without any contrast.
    """
    with warnings.catch_warnings():
        # Pillow warns of odd metadata, which are not kept, and of sizes, which are checked here.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_header(image)
                _check_whole(image, data)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                bits = _bits(image, data)
                ImageOps.exif_transpose(image, in_place=True)
                return Decoded(window(_grey(image)), bits, image.mode)
        except (SourceError, MemoryError):
            raise
        except UnidentifiedImageError:
            raise SourceError(_NO_IMAGE, remedy="convert it, or take it out") from None
        except Image.DecompressionBombError:
            raise SourceError(_bomb()) from None
        except Exception as error:  # hostile bytes make a decoder raise anything
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise SourceError(f"is truncated or damaged ({reason})") from error


def window(pixels: NDArray[Any]) -> Film:
    """Grey values of any depth as 8 bit.

    8-bit films are returned as they are. Others are scaled linearly so that the share `CLIPPED`
    of the pixels falls on or below 0 and as many on or above 255: a 12-bit film in a 16-bit file
    comes out as bright as any other, and a lead marker does not darken the rest.

    Raises:
        SourceError: a pixel is no number, or all pixels are equal.
    """
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise SourceError("has pixels that are no finite numbers")
    if pixels.min() == pixels.max():
        raise SourceError("is blank: every pixel has the same value")
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        levels = np.arange(2**16)
        counts = np.bincount(pixels.ravel(), minlength=2**16)
        low, high = np.searchsorted(np.cumsum(counts), _ranks(pixels.size), side="right")
        table = _scaled(levels, *_not_equal(low, high, pixels))
        film: Film = table[pixels]
        return film
    low, high = np.partition(pixels.ravel(), _ranks(pixels.size))[_ranks(pixels.size)]
    return _scaled(pixels, *_not_equal(low, high, pixels))


def _ranks(count: int) -> list[int]:
    clipped = int(CLIPPED * count)
    return [clipped, count - 1 - clipped]


def _not_equal(low: Any, high: Any, pixels: NDArray[Any]) -> tuple[float, float]:
    if low == high:
        return float(pixels.min()), float(pixels.max())
    return float(low), float(high)


def _scaled(values: NDArray[Any], low: float, high: float) -> Film:
    scaled = (values.astype(np.float64) - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _check_header(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise SourceError(_bomb(image.width, image.height))
    try:
        image.seek(1)
    except EOFError:
        return
    raise SourceError("holds more than one picture", remedy="save each as a file of its own")


def _bomb(*size: int) -> str:
    named = f" ({size[0]} × {size[1]})" if size else ""
    return f"has more than {MAX_PIXELS >> 20} Mi pixels{named}: taken for a decompression bomb"


def _check_whole(image: Image.Image, data: bytes) -> None:
    """Refuse files that lack their end, which decoders forgive when the pixels suffice."""
    if image.format == "PNG":
        image.seek(0)
        image.verify()
        if _PNG_END not in data:
            raise SourceError("is truncated: a PNG without its end marker")
    elif image.format == "JPEG" and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda"):
        raise SourceError("is truncated: a JPEG without its end marker")


def _bits(image: Image.Image, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]  # bit depth in the IHDR chunk, which always comes first
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(258, (1,))))  # type: ignore[attr-defined]
    return 8


def _grey(image: Image.Image) -> NDArray[Any]:
    if image.mode in ("L", "F", "I"):
        return np.asarray(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if image.has_transparency_data:
        film = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", film.size, "black"), film)
    elif image.mode == "1":
        return np.asarray(image.convert("L"))
    return np.asarray(image.convert("RGB").convert("L"))
