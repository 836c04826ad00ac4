"""Readers' ratings as tidy CSV: each line by itself, then all of them as a study."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.reader_study.csv_file import UnreadableError, read_records
from cxr_release.reader_study.ratings import REAL, Rating
from cxr_release.reader_study.study_checks import faults_of

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
    "rating": ({str(one): one for one in range(1, 5)}.get, "expected 1, 2, 3 or 4"),
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
        path: the CSV; see `csv_file.read_records`.
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
        wrong = "; ".join(_header_faults(names, optional={"source"} if blinded else set()))
        if wrong:
            raise UnreadableError(path, 1, wrong, f"the first line is to be {','.join(CELLS)}")
        for line, cells in records:
            if len(kinds) >= MAX_KINDS or len(faults) >= MAX_FAULTS:
                what = "and more lines after it are wrong"
                raise UnreadableError(path, line, what, "mend these first")
            row, found = _row(names, [cell.strip() for cell in cells], real)
            kinds |= set(found)
            faults += [Fault(f"{path.name}: line {line}", *one) for one in found]
            if not found:
                rows.append(Rating(file=path.name, line=line, **row))
        if not rows and not faults:
            raise UnreadableError(path, 1, "has a header and no ratings", _AS_CSV)
    except UnreadableError as error:
        faults.append(error.fault)
    return rows, faults


def _header_faults(names: Sequence[str], optional: set[str]) -> Iterator[str]:
    for what, which in (
        ("has no column", [name for name in CELLS if name not in {*names, *optional}]),
        ("has the unknown column", [one for one in dict.fromkeys(names) if one not in CELLS][:10]),
        ("has twice the column", [name for name in CELLS if names.count(name) > 1]),
    ):
        if which:
            yield f"{what} {', '.join(map(_quoted, which))}"


def _row(
    names: Sequence[str], cells: Sequence[str], real: str
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Fields of a `Rating`, and what is wrong with them, with what to do."""
    if list(cells) == list(names):
        return {}, [("is the header once more", "remove this line")]
    if len(cells) != len(names):
        return {}, [(f"has {len(cells)} fields, expected {len(names)}", "")]
    row: dict[str, Any] = {"source": None}
    faults = []
    for name, cell in zip(names, cells, strict=True):
        meaning, expected = CELLS[name]
        row[name] = meaning(cell)
        if row[name] is None:
            what = f"{name} is {_quoted(cell)}" if cell else f"missing {name}"
            faults.append((what, expected))
    if row["source"] == REAL != real:
        what = f"source is {REAL}, and the real films are said to be {_quoted(real)}"
        faults.append((what, "rename one"))
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
        named = ", ".join(sorted(map(str, sources)))
        what = f"no film has the source {real!a}; the sources are {named}"
        faults.append(Fault(path.name, what, "name the one of the real films"))
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
