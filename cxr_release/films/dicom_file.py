"""A DICOM file: known by its content, opened without noise, and asked for values without trust.

pydicom decodes values when they are asked for, so that each access may raise; and what it and GDCM
say of a file may hold a patient's name. So every access stands in `unreadable_as_fault` or in
`value`, nothing of theirs is repeated, and both are silenced.
"""

from __future__ import annotations

import io
import logging
import math
import re
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

from cxr_release.errors import SourceError
from cxr_release.films.limits import MAX_BYTES, MAX_ELEMENTS

if TYPE_CHECKING:
    from pydicom import Dataset

SNIFFED = 256
"""Bytes at the start of a file by which it is known."""
INSTALL = "install cxr-release[dicom]"
DEFLATED = "1.2.840.10008.1.2.1.99"

_PREAMBLE = 128
_PIXELS = 0x7FE00008
"""The first tag that may hold pixels."""
_FIRST_ELEMENTS = {
    2: range(0x0104),
    8: range(0x0019),
}
"""Group → elements of which one comes first in a file without a preamble."""
_FIRST_VRS = frozenset({b"UL", b"OB", b"UI", b"CS", b"SH", b"DA", b"TM", b"US", b"LO", b"DT"})
_LONGEST_FIRST = 256
"""Bytes of the first value of a file without a preamble."""
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")


def is_dicom(start: bytes) -> bool:
    """Whether the first `SNIFFED` bytes of a file are those of a DICOM file.

    They are with the mark behind the preamble; or without either, where the first element is one
    of group 2 or 8 with a plausible length.
    """
    if start[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return True
    if len(start) < 16:
        return False
    group, element = struct.unpack_from("<HH", start)
    if element not in _FIRST_ELEMENTS.get(group, ()):
        return False
    if start[4:6] in _FIRST_VRS:
        place, form = (8, "<I") if start[4:6] == b"OB" else (6, "<H")
        return bool(struct.unpack_from(form, start, place)[0] <= _LONGEST_FIRST)
    # Implicit: four bytes of length, and the next element is of the same or the next group.
    length: int = struct.unpack_from("<I", start, 4)[0]
    behind = start[8 + length : 10 + length]
    return length <= _LONGEST_FIRST and len(behind) == 2 and behind in (b"\2\0", b"\x08\0")


@cache
def silenced() -> None:
    """Load pydicom, and silence it and GDCM for good: what they say may hold a file's text.

    Raises:
        SourceError: pydicom is not installed.
    """
    try:
        import pydicom.config
    except ImportError:
        raise SourceError("is a DICOM file, and pydicom is missing", remedy=INSTALL) from None
    # Values are checked here where they matter; pydicom would quote them in warnings.
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")
    try:
        import gdcm
    except ImportError:
        return
    for off in (gdcm.Trace.DebugOff, gdcm.Trace.WarningOff, gdcm.Trace.ErrorOff):
        off()


@contextmanager
def unreadable_as_fault(what: str = "is truncated or damaged") -> Iterator[None]:
    """Around all that touches pydicom: whatever a hostile file makes it raise becomes a fault.

    Nothing of the exception's text is kept: it may quote the file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (SourceError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - the file decides what is raised
            name = type(error).__name__
            raise SourceError(f"{what} (a DICOM file: {name})") from None


def open_dataset(stream: BinaryIO, only: Sequence[str] = ()) -> Dataset:
    """Read the elements of a file; their values are decoded when they are asked for.

    Args:
        stream: the file, at its start.
        only: keywords of the elements that are wanted, before the pixels; none: all elements.

    Raises:
        SourceError: it cannot be read, has too many elements, or is deflated and too large.
    """
    silenced()
    from pydicom.filereader import read_partial
    from pydicom.tag import BaseTag, Tag

    count = 0

    def is_enough(tag: BaseTag, *_: object) -> bool:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise SourceError(f"is damaged: it has more than {MAX_ELEMENTS:,} elements")
        return bool(only) and tag >= _PIXELS

    with unreadable_as_fault():
        start = stream.read(MAX_BYTES) if _is_deflated(stream) else b""
        if start:
            stream = io.BytesIO(_inflated(start))
        stream.seek(0)
        wanted: Any = [Tag(keyword) for keyword in only] or None
        return read_partial(stream, is_enough, force=True, specific_tags=wanted)


def _is_deflated(stream: BinaryIO) -> bool:
    start = stream.read(4096)
    stream.seek(0)
    return DEFLATED.encode() in start and start[_PREAMBLE : _PREAMBLE + 4] == b"DICM"


def _inflated(data: bytes) -> bytes:
    """A deflated file as a plain one, inflated to `MAX_BYTES` at most: pydicom knows no limit."""
    from pydicom import dcmread
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import ExplicitVRLittleEndian

    # The elements before the deflated part are its own group, whose length comes first.
    (length,) = struct.unpack_from("<I", data, _PREAMBLE + 12)
    head = _PREAMBLE + 16 + length
    # Without what is behind them there is nothing to inflate.
    meta = dcmread(io.BytesIO(data[:head]), force=True).file_meta
    if meta.get("TransferSyntaxUID") != DEFLATED:
        return data
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    body = inflater.decompress(data[head:], MAX_BYTES)
    if inflater.unconsumed_tail:
        raise SourceError(f"holds more than {MAX_BYTES >> 20} MiB: refused as a compression bomb")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    plain = DicomBytesIO()
    write_file_meta_info(plain, meta, enforce_standard=False)
    return bytes(_PREAMBLE) + b"DICM" + plain.getvalue() + body


def value(dataset: Dataset, keyword: str) -> Any:
    """Value of an element; None where there is none, or where it cannot be decoded."""
    try:
        return dataset.get(keyword)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a damaged value is as good as none
        return None


def values(dataset: Dataset, keyword: str) -> Sequence[Any]:
    """All values of an element; none where there is none."""
    stated = value(dataset, keyword)
    if stated is None or stated == "":
        return ()
    return (stated,) if isinstance(stated, str | bytes | int | float) else list(stated)


def codes(dataset: Dataset, keyword: str) -> list[str]:
    """Values of an element that have the form of a code, in capitals; free text is dropped."""
    texts = (str(entry).strip().upper() for entry in values(dataset, keyword)[:32])
    return [text for text in texts if _CODE.fullmatch(text)]


def code(dataset: Dataset, keyword: str) -> str:
    """First value of an element, where it has the form of a code; else an empty text."""
    return next(iter(codes(dataset, keyword)), "")


def numbers(dataset: Dataset, keyword: str, most: int = 1024) -> list[float]:
    """Values of an element as finite numbers; none where one of them is not one."""
    try:
        stated = [float(entry) for entry in values(dataset, keyword)[:most]]
    except (TypeError, ValueError, OverflowError):
        return []
    return stated if all(map(math.isfinite, stated)) else []


def whole(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """An element's whole number.

    Raises:
        SourceError: it is not stated, and there is no default.
    """
    stated = numbers(dataset, keyword, 1)
    if not stated:
        if default is None:
            raise SourceError(f"is damaged: it does not state its {keyword}")
        return default
    return int(stated[0])


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Items of a sequence; none where it is not one."""
    from pydicom import Dataset, Sequence

    sequence = value(dataset, keyword)
    if not isinstance(sequence, Sequence):
        return ()
    return [entry for entry in sequence if isinstance(entry, Dataset)]
