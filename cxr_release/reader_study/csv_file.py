"""A CSV file that anybody may have made: its records, with the lines on which they begin."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from cxr_release.errors import Fault
from cxr_release.files import read_bounded

MAX_BYTES = 2**26
_NOT_UTF8 = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a spreadsheet (or another zip archive)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
}


class UnreadableError(Exception):
    """From here on nothing can be read of a file.

    Args:
        path: the file.
        line: from 1; 0: of the whole file.
        what: is wrong.
        remedy: what to do.
    """

    def __init__(self, path: Path, line: int, what: str, remedy: str) -> None:
        super().__init__(what)
        self.fault = Fault(f"{path.name}: line {line}" if line else path.name, what, remedy)


def read_records(path: Path, *, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """The records that hold anything, each as the line on which it begins and its cells.

    Args:
        path: UTF-8 (with or without a byte order mark; any line ends) with commas, at most 64 MiB.
        remedy: what to do where it is not.

    Raises:
        UnreadableError: it cannot be read, or not from this line on.
    """
    reader = csv.reader(io.StringIO(_text(path, remedy), newline=""), strict=True)
    while True:
        # A quoted cell may run over several lines: the record's first one is named.
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = str(error)
            what = f"cannot be read as CSV: {reason}"
            # A quote that stays open swallows lines up to the end, or to the longest cell.
            if "unexpected end" in reason:
                what = "a quote opens here and never closes"
            if "field limit" in reason:
                what = "a field is far too long, or a quote opens here and never closes"
            raise UnreadableError(path, start, what, remedy) from None
        # Spreadsheets leave lines of nothing but commas.
        if any(cell.strip() for cell in cells):
            yield start, cells


def _text(path: Path, remedy: str) -> str:
    try:
        data = read_bounded(path, MAX_BYTES, follow=True)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise UnreadableError(path, 0, what, "name a CSV file of ratings") from None
    for start, kind in _NOT_UTF8.items():
        if data.startswith(start):
            raise UnreadableError(path, 1, f"is {kind}, not UTF-8 text", remedy)
    if b"\0" in data:
        raise UnreadableError(path, _line_at(data, data.index(b"\0")), "holds a NUL byte", remedy)
    try:
        # Spreadsheets put a byte order mark in front.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 (byte {data[error.start]:#04x})"
        raise UnreadableError(path, _line_at(data, error.start), what, remedy) from None
    if not text.strip():
        raise UnreadableError(path, 1, "is empty", remedy)
    first = text.lstrip().partition("\n")[0]
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.count(mark) > first.count(","):
            what = f"has {name} between its columns, expected commas"
            raise UnreadableError(path, 1, what, remedy)
    return text


def _line_at(data: bytes, place: int) -> int:
    before = data[:place].replace(b"\r\n", b"\n")
    return 1 + before.count(b"\n") + before.count(b"\r")
