"""A CSV file that anybody may have made: its text, and its records with the lines they begin on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 2**26
_NOT_UTF8 = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "a spreadsheet (or another zip archive)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
}


class Unusable(Exception):  # noqa: N818 - its caller makes a fault of it
    """From here on nothing can be read.

    Args:
        line: of the file, from 1; 0: of the whole file.
        what: is wrong.
        remedy: what to do; empty: what holds for every file of this kind.
    """

    def __init__(self, line: int, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.line, self.what, self.remedy = line, what, remedy

    def where(self, path: Path) -> str:
        """The file, and the line where there is one."""
        return f"{path.name}: line {self.line}" if self.line else path.name


def read_text(path: Path) -> str:
    """A file's text, with commas between its columns.

    Raises:
        Unusable: it is no file, too large, empty, no UTF-8, or has other marks than commas.
    """
    try:
        if not path.exists():
            raise Unusable(0, "no such file", "name a CSV file")
        # Opening a pipe would wait for ever, and some devices never end.
        if not path.is_file():
            raise Unusable(0, "is no file", "name a CSV file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unusable(0, f"cannot be read: {error.strerror}", "name a CSV file") from None
    if len(data) > MAX_BYTES:
        raise Unusable(0, f"is larger than {MAX_BYTES >> 20} MiB", "is this a file of ratings?")
    for start, kind in _NOT_UTF8.items():
        if data.startswith(start):
            raise Unusable(1, f"is {kind} and no UTF-8 text")
    if b"\0" in data:
        raise Unusable(_line_at(data, data.index(b"\0")), "holds a NUL byte")
    try:
        # Spreadsheets put a byte order mark in front.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is no UTF-8 (byte {data[error.start]:#04x})"
        raise Unusable(_line_at(data, error.start), what) from None
    if not text.strip():
        raise Unusable(1, "is empty")
    first = text.lstrip().partition("\n")[0]
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.count(mark) > first.count(","):
            raise Unusable(1, f"has {name} between its columns, expected commas")
    return text


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The records that hold anything, each with the line on which it begins.

    Raises:
        Unusable: the quotes of one are broken; nothing after it can be told.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        # A quoted cell may run over several lines: the record's first one is named.
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            found = str(error)
            what = f"cannot be read as CSV: {found}"
            # A quote that stays open swallows lines up to the end, or to the longest cell.
            if "unexpected end" in found:
                what = "a quote opens here and never closes"
            if "field limit" in found:
                what = "a field is far too long, or a quote opens here and never closes"
            raise Unusable(start, what) from None
        # Spreadsheets leave lines of nothing but commas.
        if any(cell.strip() for cell in cells):
            yield start, cells


def _line_at(data: bytes, place: int) -> int:
    before = data[:place].replace(b"\r\n", b"\n")
    return 1 + before.count(b"\n") + before.count(b"\r")
