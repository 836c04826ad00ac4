"""Bytes of a PNG, JPEG, TIFF or DICOM file → 8-bit grey pixels. Distrusts the bytes."""

from __future__ import annotations

import re
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import SourceError
from cxr_release.films import jpeg_samples, png_samples, tiff_samples
from cxr_release.films.dicom_file import SNIFFED, is_dicom
from cxr_release.films.dicom_samples import read_dicom
from cxr_release.films.facts import NOTHING_STATED, Header
from cxr_release.films.grey import Samples, grey, window
from cxr_release.films.limits import MAX_BYTES
from cxr_release.films.png import Film
from cxr_release.params.films import DicomParams

_ADDRESS = re.compile(r" <[^<>]* at 0x[0-9a-fA-F]+>")
"""A place in memory in a decoder's message: the same film has the same fault on every run."""


@dataclass(frozen=True)
class Decoded:
    """A film as it is displayed: rotated as its metadata say, in 8-bit grey."""

    film: Film
    bits: int
    """Bits a sample in the file."""
    mode: str
    """Pillow's name of the pixel format: L, I;16, F, RGB, P, CMYK …"""
    header: Header = NOTHING_STATED


def read_bytes(path: Path) -> bytes:
    """Read a regular file, whole and once.

    Raises:
        SourceError: it is empty, too large, not a regular file, or cannot be read.
    """
    try:
        # Before opening: opening a named pipe would wait for ever.
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("is not a regular file")
        if status.st_size > MAX_BYTES:
            raise SourceError(f"is larger than {MAX_BYTES >> 20} MiB")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES)
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})") from error
    if not data:
        raise SourceError("is empty (0 bytes)")
    return data


def decode(data: bytes, dicom: DicomParams | None = None) -> Decoded:
    """Decode a film.

    8-bit samples stay as they are; colour becomes luma, transparency lies on black; deeper
    samples are windowed (`window`), in whatever container they come. DICOM is shown as its header
    says.

    Args:
        data: of the file.
        dicom: which DICOM films are asked for; None: those of the defaults.

    Raises:
        SourceError: the bytes are not an image, truncated, damaged, a decompression bomb, more
            than one picture, a picture without any contrast, or stored in a way that is not read.
    """
    with warnings.catch_warnings():
        # Decoders warn of odd metadata, which are not kept, and of sizes, which are checked here.
        warnings.simplefilter("ignore")
        try:
            samples, header = _read(data, dicom or DicomParams())
            return Decoded(window(grey(samples)), samples.bits, samples.mode, header)
        except (SourceError, MemoryError):
            raise
        except Exception as error:  # hostile bytes make a decoder raise anything
            reason = " ".join(_ADDRESS.sub("", str(error)).split())[:120] or type(error).__name__
            raise SourceError(f"is truncated or damaged ({reason})") from error


def is_film(start: bytes) -> bool:
    """Whether a file that starts so, with `SNIFFED` bytes or more, is in a form that is read."""
    return start.startswith(_PICTURES) or is_dicom(start[:SNIFFED])


_PICTURES = (png_samples.SIGNATURE, jpeg_samples.SIGNATURE, *tiff_samples.SIGNATURES)


def _read(data: bytes, dicom: DicomParams) -> tuple[Samples, Header]:
    if data.startswith(png_samples.SIGNATURE):
        return png_samples.read_png(data), NOTHING_STATED
    if data.startswith(jpeg_samples.SIGNATURE):
        return jpeg_samples.read_jpeg(data), NOTHING_STATED
    if is_dicom(data[:SNIFFED]):  # before TIFF: a slide scanner's file may be both
        return read_dicom(data, dicom)
    if data.startswith(tiff_samples.SIGNATURES):
        return tiff_samples.read_tiff(data), NOTHING_STATED
    raise SourceError(
        "is not a PNG, JPEG or TIFF image, nor DICOM", remedy="convert it, or take it out"
    )
