"""Ratings as CSV from any program: its text, each line, then all of them as a study."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.files import read_bounded
from cxr_release.reader_study.ratings import REAL, Rating
from cxr_release.reader_study.study_checks import faults_of

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
        problem: what is wrong.
        remedy: what to do.
    """

    def __init__(self, path: Path, line: int, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.fault = Fault(f"{path.name}: line {line}" if line else path.name, problem, remedy)


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
            problem = f"cannot be read as CSV: {reason}"
            # A quote that stays open swallows lines up to the end, or to the longest cell.
            if "unexpected end" in reason:
                problem = "a quote opens here and never closes"
            if "field limit" in reason:
                problem = "a field is far too long, or a quote opens here and never closes"
            raise UnreadableError(path, start, problem, remedy) from None
        # Spreadsheets leave lines of nothing but commas.
        if any(cell.strip() for cell in cells):
            yield start, cells


def _text(path: Path, remedy: str) -> str:
    try:
        data = read_bounded(path, MAX_BYTES, follow=True)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise UnreadableError(path, 0, problem, "name a CSV file of ratings") from None
    for start, kind in _NOT_UTF8.items():
        if data.startswith(start):
            raise UnreadableError(path, 1, f"is {kind}, not UTF-8 text", remedy)
    if b"\0" in data:
        raise UnreadableError(path, _line_at(data, data.index(b"\0")), "holds a NUL byte", remedy)
    try:
        # Spreadsheets put a byte order mark in front.
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {data[error.start]:#04x})"
        raise UnreadableError(path, _line_at(data, error.start), problem, remedy) from None
    if not text.strip():
        raise UnreadableError(path, 1, "is empty", remedy)
    first = text.lstrip().partition("\n")[0]
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if first.count(mark) > first.count(","):
            problem = f"has {name} between its columns, expected commas"
            raise UnreadableError(path, 1, problem, remedy)
    return text


def _line_at(data: bytes, place: int) -> int:
    before = data[:place].replace(b"\r\n", b"\n")
    return 1 + before.count(b"\n") + before.count(b"\r")


MAX_KINDS, MAX_FAULTS = 500, 100_000
"""Of one file; past them it is the file that is wrong. Kinds: equal faults count once."""
MAX_NAME, MAX_IMAGE = 64, 255
"""Characters of a reader's or a source's name, and of an image's."""
_AS_CSV = "save it as `CSV UTF-8`, with commas between the columns"
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _name(cell: str) -> str | None:
    """What people call a reader or a source; the release calls them otherwise."""
    return cell if 0 < len(cell) <= MAX_NAME and cell.isprintable() else None


def _image(cell: str) -> str | None:
    good = 0 < len(cell) <= MAX_IMAGE and cell.isprintable() and not {"/", "\\"} & {*cell}
    return cell if good else None


CELLS: dict[str, tuple[Callable[[str], Any], str]] = {
    "rater": (_name, f"expected a name of at most {MAX_NAME} characters"),
    "quartet": (
        lambda cell: int(cell) if re.fullmatch(r"[0-9]{1,9}", cell) else None,
        "expected a whole number",
    ),
    "image": (
        _image,
        f"expected a file's name of at most {MAX_IMAGE} characters, without its folder",
    ),
    "source": (_name, f"expected a name of at most {MAX_NAME} characters"),
    "rating": ({str(value): value for value in range(1, 5)}.get, "expected 1, 2, 3 or 4"),
    "identified_as_real": (lambda cell: _BOOLEANS.get(cell.lower()), "expected true or false"),
}
"""Column of `schemas.RESPONSES` → what its cells mean (None: nothing), and what is expected."""


def read_csv(
    path: Path, *, blinded: bool = False, real: str = REAL
) -> tuple[list[Rating], list[Fault]]:
    """What the lines of one file say, each by itself.

    The columns are those of `schemas.RESPONSES` in any order. Readers and sources have names of 1
    to 64 printable characters, images file names of 1 to 255; a quartet is a whole number, a
    rating 1 to 4; `identified_as_real` is true or false in any case, or 1 or 0.

    Args:
        path: the CSV; see `read_records`.
        blinded: whether the column `source` may be missing; then `Rating.source` is None.
        real: what it calls the source of the real films, which is `REAL` in what is returned.

    Returns:
        The ratings of lines without a fault, in the file's order, and the faults, each with its
        line.
    """
    rows: list[Rating] = []
    faults: list[Fault] = []
    kinds: set[tuple[str, str]] = set()
    try:
        records = read_records(path, remedy=_AS_CSV)
        names = [name.strip() for name in next(records)[1]]
        problem = "; ".join(_header_faults(names, optional={"source"} if blinded else set()))
        if problem:
            raise UnreadableError(path, 1, problem, f"the first line must be {','.join(CELLS)}")
        for line, cells in records:
            if len(kinds) >= MAX_KINDS or len(faults) >= MAX_FAULTS:
                problem = "and more lines after it are wrong"
                raise UnreadableError(path, line, problem, "mend these first")
            row, problems = _row(names, [cell.strip() for cell in cells], real)
            kinds |= set(problems)
            faults += [Fault(f"{path.name}: line {line}", *problem) for problem in problems]
            if not problems:
                rows.append(Rating(file=path.name, line=line, **row))
        if not rows and not faults:
            raise UnreadableError(path, 1, "has a header and no ratings", _AS_CSV)
    except UnreadableError as error:
        faults.append(error.fault)
    return rows, faults


def _header_faults(names: Sequence[str], optional: set[str]) -> Iterator[str]:
    for problem, columns in (
        ("has no column", [name for name in CELLS if name not in {*names, *optional}]),
        (
            "has the unknown column",
            [*dict.fromkeys(name for name in names if name not in CELLS)][:10],
        ),
        ("has twice the column", [name for name in CELLS if names.count(name) > 1]),
    ):
        if columns:
            yield f"{problem} {', '.join(map(_quoted, columns))}"


def _row(
    names: Sequence[str], cells: Sequence[str], real: str
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Fields of a `Rating`, and what is wrong with them, with what to do."""
    if list(cells) == list(names):
        return {}, [("repeats the header", "remove this line")]
    if len(cells) != len(names):
        return {}, [(f"has {len(cells)} fields, expected {len(names)}", "")]
    row: dict[str, Any] = {"source": None}
    faults = []
    for name, cell in zip(names, cells, strict=True):
        meaning, expected = CELLS[name]
        row[name] = meaning(cell)
        if row[name] is None:
            problem = f"{name} is {_quoted(cell)}" if cell else f"missing {name}"
            faults.append((problem, expected))
    if row["source"] == REAL != real:
        problem = f"source is {REAL}, but the real films are called {_quoted(real)}"
        faults.append((problem, "rename one"))
    elif row["source"] == real:
        row["source"] = REAL
    return row, faults


def _quoted(value: str) -> str:
    return ascii(value if len(value) <= 40 else f"{value[:40]}…")


def read_responses(path: Path, *, real: str = REAL) -> list[Rating]:
    """Ratings of a whole study from one file.

    Args:
        path: the CSV.
        real: what it calls the source of the real films, which is `REAL` in what is returned.

    Raises:
        ReaderStudyError: with every fault and its line, first of the lines and then of the study.
            What may be missing because a line is faulty is not named a second time.
    """
    rows, faults = read_csv(path, real=real)
    sources = {row.source for row in rows}
    if rows and real != REAL not in sources:
        names = ", ".join(sorted(map(str, sources)))
        problem = f"no film has the source {real!a}; the sources are {names}"
        faults.append(Fault(path.name, problem, "name the one of the real films"))
    elif rows:
        faults += faults_of(rows, unfinished={row.rater for row in rows} if faults else ())
    if faults:
        raise ReaderStudyError(
            f"{len(faults)} fault(s), nothing is analysed",
            where=str(path),
            remedy="mend the lines named and run it again",
            faults=faults,
        )
    return rows
