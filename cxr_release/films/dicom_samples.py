"""The picture of a DICOM file, and what its header says of it.

What is asked for, what is refused and what is read of the header: `dicom_header`; how grey levels
become 8 bits: `dicom_levels`.
"""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.dicom_file import INSTALL, code, open_dataset, unreadable_as_fault, whole
from cxr_release.films.dicom_header import (
    Refusal,
    aspect_ratio,
    not_asked_for,
    not_clear,
    read_header,
)
from cxr_release.films.dicom_levels import Stored, displayed
from cxr_release.films.facts import Header
from cxr_release.films.grey import ONE_PICTURE, Samples, check_size
from cxr_release.films.jpeg_samples import read_jpeg
from cxr_release.films.png import Film
from cxr_release.params.films import DicomParams

if TYPE_CHECKING:
    from pydicom import Dataset

_GREY = ("MONOCHROME1", "MONOCHROME2")
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_NATIVE = frozenset(
    {
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    }
)
_RLE = "1.2.840.10008.1.2.5"
_MASKED = _NATIVE | {_RLE}
"""Transfer syntaxes in which words may hold other bits than a pixel's."""
_JPEG = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70))
_JPEG_2000 = b"\xff\x4f\xff\x51"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_JPEG_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}


def read_dicom(data: bytes, settings: DicomParams) -> tuple[Samples, Header]:
    """Read the film of a DICOM file, as its header displays it: bone bright, unless it says else.

    Raises:
        SourceError: it holds no film, none of those that the settings ask for, text that is burned
            in, several frames or colour; it is damaged, blank or too large; or it is stored in a
            way that is not read. Nothing of the file's text is in the message.
    """
    dataset = open_dataset(io.BytesIO(data))
    with unreadable_as_fault():
        _raise(not_asked_for(dataset, settings))
        if not any(name in dataset for name in _PIXELS):
            raise SourceError("has no pixels, or is truncated")
        _raise(not_clear(dataset, settings))
        syntax = _syntax(dataset)
        stored = _check(dataset, settings, syntax)
        raw = _decoded(dataset, syntax)
        if not (stored.signed or syntax in _MASKED) and raw.max() >= 2**stored.bits:
            # A codestream says itself how many bits it has, and some headers say fewer.
            stored = Stored(8 * raw.dtype.itemsize, 0, signed=False)
        film = displayed(dataset, raw, stored)
        header = read_header(dataset, settings, syntax)
        if header.spacing is None and aspect_ratio(dataset) != 1:
            film, header = _with_square_pixels(film, header, aspect_ratio(dataset))
        mode = "I;16" if whole(dataset, "BitsAllocated") > 8 else "L"
        return Samples(film, whole(dataset, "BitsStored"), mode), header


def _raise(refusal: Refusal | None) -> None:
    if refusal:
        raise SourceError(refusal.what, remedy=refusal.remedy)


def _syntax(dataset: Dataset) -> str:
    """UID of the transfer syntax; where none is stated, that in which the file was read."""
    stated = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    if stated:
        return stated
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    implicit, little = dataset.original_encoding
    explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return str(dataset.file_meta.TransferSyntaxUID)


def _check(dataset: Dataset, settings: DicomParams, syntax: str) -> Stored:
    """Refuse what is not one grey film of a usual depth and size, before anything is decoded."""
    frames = _frames(dataset)
    if frames > 1 and settings.frames != "first":
        raise SourceError(
            f"has {frames:,} frames",
            remedy=f"{ONE_PICTURE}, or set ingest.dicom.frames to first",
        )
    if whole(dataset, "SamplesPerPixel", 1) != 1 or code(
        dataset, "PhotometricInterpretation"
    ) not in ("", *_GREY):
        raise SourceError("is in colour, and not a radiograph", remedy="take it out")
    if not code(dataset, "PhotometricInterpretation"):
        raise SourceError("is damaged: it does not state its PhotometricInterpretation")
    if "PixelData" not in dataset:
        raise SourceError("has floating-point pixels, which are not read")
    allocated, bits = whole(dataset, "BitsAllocated"), whole(dataset, "BitsStored")
    if allocated not in (8, 16) or not 2 <= bits <= allocated:
        raise SourceError(f"has {bits} bits stored in {allocated}, which is not read")
    high = whole(dataset, "HighBit", bits - 1)
    if not bits - 1 <= high < allocated:
        raise SourceError(f"is damaged: its high bit is {high}, of {bits} bits in {allocated}")
    check_size(whole(dataset, "Columns"), whole(dataset, "Rows"), allocated // 8)
    # What a codestream holds begins at its lowest bit.
    shift = high - bits + 1 if syntax in _MASKED else 0
    return Stored(bits, shift, whole(dataset, "PixelRepresentation", 0) == 1)


def _decoded(dataset: Dataset, syntax: str) -> NDArray[Any]:
    """(height, width), unsigned words as they are stored."""
    from pydicom.pixels.utils import pixel_array

    height, width = whole(dataset, "Rows"), whole(dataset, "Columns")
    size = height * width * whole(dataset, "BitsAllocated") // 8
    if syntax in _NATIVE:
        if len(dataset.PixelData) < size:
            raise SourceError(
                f"is truncated: {len(dataset.PixelData):,} of {size:,} bytes of its pixels"
            )
        array = pixel_array(dataset, raw=True, index=0, correct_unused_bits=False)
    elif syntax == _RLE:
        array = _from_run_lengths(_frame(dataset), size // (height * width), size)
        array = array.reshape(height, width)
    else:
        if syntax not in _JPEG:
            _require_decoder(syntax)
        frame = _frame(dataset)
        _check_codestream(frame, width, height)
        # GDCM makes up what a truncated JPEG lacks, and does not read 12 bits with loss.
        if syntax in _JPEG:
            array = read_jpeg(frame).colour
        else:
            array = pixel_array(dataset, raw=True, index=0)
    if array.shape != (height, width) or array.dtype.itemsize > 2:
        raise SourceError("is damaged: its pixels are not of the size that it states")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    return array.view(f"u{array.dtype.itemsize}")


def _require_decoder(syntax: str) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    try:
        available = get_decoder(syntax).is_available
    except NotImplementedError:
        raise SourceError(f"is compressed in a way that is not read{_name(syntax)}") from None
    if not available:
        raise SourceError(
            f"is compressed, and its decoder is missing{_name(syntax)}", remedy=INSTALL
        )


def _name(syntax: str) -> str:
    """Name of a transfer syntax of the standard, in parentheses; empty for any other text."""
    from pydicom.uid import UID

    name = UID(syntax).name
    return "" if name == syntax else f" ({name})"


def _frames(dataset: Dataset) -> int:
    """How many frames it has: 0, as some programs write it, is one."""
    return max(1, whole(dataset, "NumberOfFrames", 1))


def _frame(dataset: Dataset) -> bytes:
    """The first compressed picture."""
    from pydicom.encaps import generate_frames

    frames = generate_frames(dataset.PixelData, number_of_frames=_frames(dataset))
    frame: bytes = next(iter(frames), b"")
    return frame


def _from_run_lengths(frame: bytes, itemsize: int, size: int) -> NDArray[Any]:
    """Words of run lengths (PS3.5 annex G), of which no more are made than the film has."""
    import imagecodecs

    dtype = np.dtype(f"<u{itemsize}")
    # What is not there stays as it was, and shows.
    blank, full = bytearray(size), bytearray(b"\xff") * size
    for words in (blank, full):
        imagecodecs.dicomrle_decode(frame, dtype, out=words)
    if blank != full:
        raise SourceError("is truncated: its run lengths stop before the picture does")
    return np.frombuffer(blank, dtype)


def _check_codestream(frame: bytes, width: int, height: int) -> None:
    """Refuse a codestream of another picture than the header's, before a decoder allocates it."""
    right, bottom, components = _picture(frame)
    check_size(right, bottom, 2)
    if components != 1 or (right, bottom) != (width, height):
        raise SourceError(
            f"is damaged: its compressed picture is {right} × {bottom} of {components} channels,"
            f" and its header says {width} × {height} of 1"
        )
    if b"\xff\xd9" not in frame[-64:]:
        raise SourceError("is truncated: its compressed picture has no end")


def _picture(frame: bytes) -> tuple[int, int, int]:
    """Width, height and channels of a JPEG, JPEG-LS or JPEG 2000."""
    size = frame.find(_JPEG_2000, 0, 4096)
    if size >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", frame, size + 8)
        (components,) = struct.unpack_from(">H", frame, size + 40)
        return right - left, bottom - top, components
    place = 2
    while frame[:2] == b"\xff\xd8" and place + 10 <= len(frame) and frame[place] == 0xFF:
        marker = frame[place + 1]
        if marker in _JPEG_FRAMES:
            _, height, width, components = struct.unpack_from(">BHHB", frame, place + 4)
            return width, height, components
        if marker == 0xFF or marker in _JPEG_ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + struct.unpack_from(">H", frame, place + 2)[0]
    raise SourceError("is damaged: its compressed picture has no frame header")


def _with_square_pixels(film: Film, header: Header, ratio: float) -> tuple[Film, Header]:
    """A film whose pixels are not square as it is displayed: its smaller direction lengthened."""
    height, width = film.shape
    across, down = (1.0, ratio) if ratio > 1 else (1 / ratio, 1.0)
    size = round(width * across), round(height * down)
    check_size(*size)
    shown = np.asarray(Image.fromarray(film).resize(size, Image.Resampling.BICUBIC))
    box = header.exposed
    if box is not None:
        left, top, right, bottom = box
        box = (round(left * across), round(top * down), round(right * across), round(bottom * down))
    return shown, replace(header, exposed=box)
