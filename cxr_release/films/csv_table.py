"""Tables of commas, as people's programs write them: what of it is text, and what are cells.

Excel writes semicolons where the decimal sign is a comma, tabs under "Unicode Text", a first line
`sep=;`, UTF-16 or UTF-8 behind a byte order mark, separators behind the last column, and rows of
nothing but separators. All of that is read. What it writes under plain "CSV" is in the code page of
the machine, mostly Windows-1252, and nothing in the file says which: a patient's key read in the
wrong one is another key, so that is refused by name.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cxr_release.errors import SourceError

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
"""Between cells → what it is called."""
SAVE = "save it as `CSV UTF-8`"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*(?:\r\n|\n|\r|$)', re.IGNORECASE)
"""A first line that is for Excel alone."""


@dataclass(frozen=True)
class CsvTable:
    """The cells of a table."""

    header: Sequence[str]
    """Names of columns, blanks around them taken off; empty for a column without a name."""
    rows: Sequence[tuple[int, Sequence[str]]]
    """Line on which a row ends, and its cells, as they are written; no row without any. Empty
    cells behind the last column that has a name are left out."""
    separator: str

    @property
    def decimal_comma(self) -> bool:
        """Whether numbers may have a comma for a point: commas do not part the cells."""
        return self.separator != ","


def parse_table(data: bytes, required: Collection[str]) -> CsvTable:
    """Cells of a table of commas, semicolons or tabs.

    Args:
        data: all bytes of the file.
        required: columns that it must have: the separator is the one that yields them.

    Raises:
        SourceError: it is not text in Unicode, or not a table; without a place.
        csv.Error: quotes do not match; the message is for people.
    """
    text = _text(data)
    stated = _SEPARATOR.match(text)
    skipped = int(stated is not None)
    body = text[stated.end() :] if stated else text
    candidates = [stated[1]] if stated else list(SEPARATORS)
    if candidates[0] not in SEPARATORS:
        raise SourceError(
            f"has cells between {candidates[0]!a}, as its first line says",
            remedy="save it with commas or semicolons",
        )
    separator = next(
        (each for each in candidates if set(required) <= _names(body, each)), candidates[0]
    )
    rows = _cells(body, separator)
    names = [name.strip() for name in rows[0][1]] if rows else []
    while names and not names[-1]:
        names.pop()
    return CsvTable(
        names,
        [
            (line + skipped, _cut(cells, len(names)))
            for line, cells in rows[1:]
            if any(cell.strip() for cell in cells)
        ],
        separator,
    )


def _names(text: str, separator: str) -> set[str]:
    """Names of the columns, if the cells were parted so; none where they cannot be."""
    try:
        return {name.strip() for _, cells in _cells(text, separator, header=True) for name in cells}
    except csv.Error:
        return set()


def _cells(text: str, separator: str, *, header: bool = False) -> list[tuple[int, list[str]]]:
    """Line and cells of each row that is not empty; of the first alone for the header."""
    with io.StringIO(text, newline="") as stream:
        table = csv.reader(stream, strict=True, delimiter=separator)
        rows = []
        for cells in table:
            if any(cell.strip() for cell in cells):
                rows.append((table.line_num, cells))
                if header:
                    break
        return rows


def _cut(cells: Sequence[str], columns: int) -> Sequence[str]:
    """Cells without empty ones behind the last column."""
    end = len(cells)
    while end > columns and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _text(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    if not encoding:
        raise SourceError("is in UTF-32", remedy=SAVE)
    if encoding == "utf-8" and b"\0" in data[:64]:
        raise SourceError(
            "holds zero bytes: it is not text, or UTF-16 without a byte order mark", remedy=SAVE
        )
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise SourceError(f"is damaged UTF-16 or UTF-8 text ({error})", remedy=SAVE) from error
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"is not a UTF-8 CSV table (byte 0x{data[error.start]:02x}, line {line}): perhaps"
            " Windows-1252, in which Excel writes under plain `CSV`, or another code page",
            remedy=SAVE,
        ) from error
