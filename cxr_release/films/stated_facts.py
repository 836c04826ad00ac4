"""What a table beside films states of them, in the columns that are asked for, with their kinds.

A code is a short word that several films share: a site, a diagnosis, a class. Its case and its
spelling are the table's. A number has a point or, where commas do not part the cells, a comma; a
column that has both is a fault, since one of them may part thousands.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cxr_release.errors import Fault
from cxr_release.films.facts import Value
from cxr_release.films.limits import AGE, OLDEST
from cxr_release.films.patients import COLUMNS, PATIENTS, Cell, cells_of, is_placeholder, read_table

Kind = Literal["number", "code"]
LONGEST_CODE = 40
"""Characters of a code: what is longer is a sentence."""
MOST_YEARS = 130
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:[.,][0-9]{1,12})?")


@dataclass(frozen=True)
class StatedFacts:
    """What a table states of films."""

    of: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Film → column → value; a column is missing where it is not stated."""
    columns: tuple[str, ...] = ()
    """All of its columns that could be asked for, in their order."""
    faults: tuple[Fault, ...] = ()
    """Of films, by their names."""


def read_stated(path: Path, files: Collection[str], kinds: Mapping[str, Kind]) -> StatedFacts:
    """What a table states of `files` in the columns of `kinds`.

    Args:
        path: the table; `read_patients` is to have found no fault in it.
        files: names of films.
        kinds: column → what it holds. A column that the table does not have is passed over.

    Raises:
        SourceError: the table cannot be read at all.
    """
    table = read_table(path)
    columns = tuple(dict.fromkeys(name for name in table.header if name and name not in COLUMNS))
    cells: dict[str, dict[str, Cell]] = defaultdict(dict)
    for cell in cells_of(table, files):
        if cell.column in kinds and not is_placeholder(cell.text):
            cells[cell.column].setdefault(cell.film, cell)
    of: dict[str, dict[str, Value]] = defaultdict(dict)
    faults = []
    for column, stated in cells.items():
        comma = table.decimal_comma and not any("." in cell.text for cell in stated.values())
        for film, cell in stated.items():
            value = _value(column, cell.text, kinds[column], decimal_comma=comma)
            if isinstance(value, Problem):
                faults.append(_fault(cell, value))
            else:
                of[film][column] = value
    return StatedFacts(dict(of), columns, tuple(faults))


@dataclass(frozen=True)
class Problem:
    """Why a text is not a value."""

    what: str
    remedy: str


def _value(column: str, text: str, kind: Kind, *, decimal_comma: bool) -> Value | Problem:
    return (
        as_number(column, text, decimal_comma=decimal_comma) if kind == "number" else as_code(text)
    )


def as_number(column: str, text: str, *, decimal_comma: bool = False) -> float | Problem:
    """A text as a number; years of an age at most `OLDEST`.

    Args:
        column: whose it is: `age` is years, 0 to `MOST_YEARS`.
        text: digits, with a sign and one decimal point, or comma, at most.
        decimal_comma: whether it may be a comma.
    """
    if not _NUMBER.fullmatch(text) or ("," in text and not decimal_comma):
        return Problem("which is not a number", "write digits, with a decimal point at most")
    number = float(text.replace(",", "."))
    if column.casefold() != AGE:
        return number
    if not 0 <= number <= MOST_YEARS:
        return Problem("which is not an age in years", "leave it empty where it is not known")
    return min(number, float(OLDEST))


def as_code(text: str) -> str | Problem:
    """A text as a code: one form of Unicode, single blanks."""
    code = " ".join(unicodedata.normalize("NFC", text).split())
    if not code.isprintable():
        return Problem("which cannot be printed", "write it anew")
    if len(code) > LONGEST_CODE:
        return Problem(
            f"of {len(code)} characters, and a code has {LONGEST_CODE} at most",
            "write a short word, or take the column out of ingest.facts",
        )
    return code


def _fault(cell: Cell, problem: Problem) -> Fault:
    shown = cell.text if len(cell.text) <= LONGEST_CODE else f"{cell.text[:LONGEST_CODE]}…"
    where = f"{PATIENTS}: line {cell.line}"
    return Fault(
        cell.film, f"has the {cell.column} {shown!a} ({where}), {problem.what}", problem.remedy
    )
