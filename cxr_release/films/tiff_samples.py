"""The picture of a TIFF: grey, palette or colour, of any depth, in strips or tiles."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.films.grey import ONE_PICTURE, Samples, check_size, deep_mode, upright
from cxr_release.films.jpeg_samples import BEYOND, check_jpeg, decode_whole
from cxr_release.films.limits import MAX_PAGES, MAX_SAMPLES, MAX_TAG_VALUES

if TYPE_CHECKING:
    from tifffile import TiffPage

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
"""Photometric interpretation → samples a pixel, without transparency and other extras."""
_MODES = {_WHITE_IS_ZERO: "L", _BLACK_IS_ZERO: "L", _PALETTE: "P", _CMYK: "CMYK"}
_FAX = (2, 3, 4)
_JPEG = 7
_COMPRESSIONS = (1, *_FAX, 5, _JPEG, 8, 32773, 32946, 34925, 50000)
"""None, CCITT, LZW, JPEG, deflate (twice), PackBits, LZMA and Zstandard."""
_ASSOCIATED, _UNASSOCIATED = 1, 2
"""Kinds of transparency: colours that are multiplied with it already, and those that are not."""
_REDUCED, _MASK = 1, 4
"""Bits of NewSubfileType: a picture that is not a film of its own."""

_NUMBERS = (
    "imagewidth",
    "imagelength",
    "imagedepth",
    "tilewidth",
    "tilelength",
    "tiledepth",
    "rowsperstrip",
    "samplesperpixel",
    "planarconfig",
    "photometric",
    "compression",
    "predictor",
)
"""What tifffile calls the tags that have one value."""


def read_tiff(data: bytes) -> Samples:
    """Read the picture of a TIFF.

    White is zero, bit order, planes, palettes, transparency and orientation are undone, signed
    and floating samples keep their value. Resolution, SMinSampleValue, response curves and colour
    profiles change nothing: a radiograph's values are shown as they are stored.

    Raises:
        SourceError: strips or tiles are missing or too short, the picture is too large, one of
            several, or stored in a way that is not read.
    """
    import tifffile

    # It logs what it can recover from; what it cannot recover from is raised.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    _check_tags(data)
    # tifffile's special kinds of file are of microscopes, not of films: all are read as plain TIFF.
    plain: dict[str, Any] = {f"is_{kind}": False for kind in tifffile.TIFF.FILE_FLAGS}
    with tifffile.TiffFile(io.BytesIO(data), **plain) as tiff:
        page = _only(tiff)
        _check_page(page)
        stored = _assembled(page, data)
        return _samples(page, stored)


def _check_tags(data: bytes) -> None:
    """Refuse tables of absurd length, which would be read into memory number by number."""
    order = "<" if data[:2] == b"II" else ">"
    large = struct.unpack_from(f"{order}H", data, 2)[0] == 43
    offset_format, count_format, entry_format = ("Q", "Q", "HHQ") if large else ("I", "H", "HHI")
    place, offset = (8 if large else 4), 0
    step = struct.calcsize(f"{order}{entry_format}{offset_format}")
    try:
        for _ in range(MAX_PAGES):
            (offset,) = struct.unpack_from(f"{order}{offset_format}", data, place)
            if not offset:
                return
            (tags,) = struct.unpack_from(f"{order}{count_format}", data, offset)
            first = offset + struct.calcsize(count_format)
            for tag in range(min(tags, 2**12)):
                code, kind, count = struct.unpack_from(
                    f"{order}{entry_format}", data, first + tag * step
                )
                if kind not in (1, 2, 7) and count > MAX_TAG_VALUES:
                    raise SourceError(f"is damaged: its tag {code} has {count} values")
            place = first + tags * step
    except struct.error:
        raise SourceError("is truncated: a TIFF whose directory is not in the file") from None
    raise SourceError("holds more than one picture", remedy=ONE_PICTURE)


def _only(tiff: Any) -> TiffPage:
    """The one film among the pictures of a file: thumbnails and masks do not count."""
    films = [page for page in tiff.pages if not page.subfiletype & (_REDUCED | _MASK)]
    if len(films) > 1:
        raise SourceError("holds more than one picture", remedy=ONE_PICTURE)
    page: TiffPage = films[0] if films else tiff.pages[0]
    return page


def _check_page(page: TiffPage) -> None:
    """Refuse what is too large, or stored in a way that is not read, before pixels are decoded."""
    for tag in _NUMBERS:
        if not isinstance(getattr(page, tag), int):
            raise SourceError(f"is damaged: its {tag} is not a number")
    pixel = min(page.samplesperpixel, MAX_SAMPLES) * (page.dtype.itemsize if page.dtype else 1)
    check_size(page.imagewidth, page.imagelength, pixel)
    if page.is_tiled:
        check_size(page.tilewidth, page.tilelength, pixel)
    if page.imagedepth != 1 or (page.is_tiled and page.tiledepth != 1):
        raise SourceError("is a volume, not a film")
    if page.compression not in _COMPRESSIONS:
        raise _unread(f"the compression {_name(page.compression)}")
    if page.photometric not in _COLOURS:
        raise _unread(f"the photometric interpretation {_name(page.photometric)}")
    kind = page.dtype
    if kind is None or kind.kind not in "buif" or not isinstance(page.bitspersample, int):
        raise _unread(f"{page.bitspersample} bits a sample of the format {page.sampleformat}")
    if not _COLOURS[_photometric(page)] <= page.samplesperpixel <= MAX_SAMPLES:
        raise _unread(f"{page.samplesperpixel} samples a pixel")


def _unread(feature: str) -> SourceError:
    return SourceError(f"has {feature}, which is not read", remedy="save it as 16-bit grey")


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _photometric(page: TiffPage) -> int:
    """How values are meant; where that is not stated, 0 is black, as libtiff takes it."""
    if 262 not in page.tags:
        return _RGB if page.samplesperpixel >= 3 else _BLACK_IS_ZERO
    return int(page.photometric)


def _assembled(page: TiffPage, data: bytes) -> NDArray[Any]:
    """All samples as they are stored: (height, width, samples)."""
    planes, _, height, width, samples = page.shaped
    dtype = np.dtype(np.uint8) if page.bitspersample == 1 else page.dtype
    stored = np.empty((planes, height, width, samples), dtype)
    for segment, (plane, _, top, left, _) in _segments(page, data):
        piece = segment[0, : height - top, : width - left]
        stored[plane, top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return stored[0] if planes == 1 else np.moveaxis(stored[..., 0], 0, -1)


def _segments(page: TiffPage, data: bytes) -> Iterator[tuple[NDArray[Any], tuple[int, ...]]]:
    """Each strip or tile, decoded, and its place."""
    planes, _, height, width, _ = page.shaped
    down = page.tilelength if page.is_tiled else page.rowsperstrip
    across = page.tilewidth if page.is_tiled else width
    if down < 1 or across < 1:
        raise SourceError("is damaged: its strips or tiles have no size")
    count = planes * -(-height // down) * -(-width // across)
    offsets, lengths = page.dataoffsets, page.databytecounts
    unit = "tiles" if page.is_tiled else "strips"
    if min(len(offsets), len(lengths)) < count:
        present = min(len(offsets), len(lengths))
        raise SourceError(f"is truncated: {present} of {count} {unit} are there")
    tables = {"jpegtables": page.jpegtables} if page.compression == _JPEG else {}
    for index, (offset, length) in enumerate(zip(offsets[:count], lengths[:count], strict=True)):
        label = f"{unit[:-1]} {index + 1} of {count}"
        if not offset or not length or offset + length > len(data):
            raise SourceError(f"is truncated: {label} is not in the file")
        coded = data[offset : offset + length]
        try:
            if page.compression == _JPEG:
                segment, place = _jpeg(page, coded, index, (down, across), tables)
            else:
                segment, place = _decoded(page, coded, index)
            # As of a JPEG's scans: lines that are all there do not depend on what follows them.
            if page.compression in _FAX and not np.array_equal(
                segment, _decoded(page, coded + BEYOND, index)[0]
            ):
                raise SourceError("is truncated: its lines stop before the picture does")
        except SourceError as error:
            raise SourceError(f"{error.what} (in {label})") from None
        except Exception as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise SourceError(f"is truncated or damaged in {label} ({reason})") from error
        yield segment, place


def _decoded(
    page: TiffPage, coded: bytes, index: int, **tables: Any
) -> tuple[NDArray[Any], tuple[int, ...]]:
    segment, place, _ = page.decode(coded, index, **tables)
    if segment is None:
        raise SourceError("is empty")
    return segment, place


def _jpeg(
    page: TiffPage, coded: bytes, index: int, size: tuple[int, int], tables: dict[str, Any]
) -> tuple[NDArray[Any], tuple[int, ...]]:
    jpeg = check_jpeg(coded, page.jpegtables or b"")
    if jpeg.height > size[0] or jpeg.width > size[1]:
        raise SourceError("is damaged: larger than its place")
    places: list[tuple[int, ...]] = []

    def decoded(data: bytes) -> NDArray[Any]:
        segment, place = _decoded(page, data, index, **tables)
        places.append(place)
        return segment

    return decode_whole(coded, jpeg, decoded), places[0]


def _samples(page: TiffPage, stored: NDArray[Any]) -> Samples:
    photometric, bits = _photometric(page), int(page.bitspersample)
    count = _COLOURS[photometric]
    most = 2**bits - 1
    colour: NDArray[Any] = stored[..., 0] if count == 1 else stored[..., :count]
    if photometric == _WHITE_IS_ZERO:
        colour = _negative(colour, most)
    elif photometric == _PALETTE:
        colour = _from_palette(page, colour)
    elif photometric == _CMYK:
        colour = _from_cmyk(colour, most)
    elif photometric == _YCBCR and page.compression != _JPEG:
        colour = colour[..., 0]
    if bits < 8 and photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        colour = colour.astype(np.uint8) * np.uint8(255 // most)
    alpha = _alpha(page, stored, count)
    base = _MODES.get(photometric, "RGB")
    mode = base + "A" if alpha is not None and base in ("L", "RGB") else base
    return Samples(
        colour=colour,
        bits=bits,
        mode="1" if bits == 1 and mode == "L" else deep_mode(mode, stored.dtype),
        alpha=alpha,
        opaque=most,
        orientation=upright(page.tags.valueof(274)),
    )


def _negative(values: NDArray[Any], most: int) -> NDArray[Any]:
    if values.dtype.kind == "f":
        return 0 - values
    # Of signed samples, in two's complement, too: the least value becomes the greatest.
    turned: NDArray[Any] = values ^ np.array(most if values.dtype.kind == "u" else -1, values.dtype)
    return turned


def _from_palette(page: TiffPage, indices: NDArray[Any]) -> NDArray[Any]:
    palette = page.colormap
    if palette is None or indices.dtype.kind != "u" or palette.shape[1] <= indices.max():
        raise SourceError("is damaged: a picture with a palette that lacks colours of it")
    colours = palette.T.astype(np.uint16)
    # Shades of 8 bits are stored in 16: doubled, shifted, or, against the standard, as they are.
    if not (colours % 257).any() or not (colours % 256).any():
        colours = (colours >> 8).astype(np.uint8)
    elif colours.max() < 256:
        colours = colours.astype(np.uint8)
    shown: NDArray[Any] = colours[indices]
    return shown


def _from_cmyk(inks: NDArray[Any], most: int) -> NDArray[Any]:
    if inks.dtype.kind != "u":
        raise _unread(f"inks in samples of the type {inks.dtype}")
    light = most - inks.astype(np.uint64)
    shades = (light[..., :3] * light[..., 3:] + most // 2) // most
    return shades.astype(inks.dtype)


def _alpha(page: TiffPage, stored: NDArray[Any], count: int) -> NDArray[Any] | None:
    for at, kind in enumerate(page.extrasamples or ()):
        if kind == _UNASSOCIATED and count + at < stored.shape[2]:
            return stored[..., count + at]
    return None
