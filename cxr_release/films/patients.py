"""`patients.csv` beside the films: which film belongs to which patient.

An empty key says that the patient is not stated. Two keys that a person would read as one (`P07`
and `p7`) are a fault: whether they are one patient or two, only their author can say. So are
keys that name no patient: films of `unknown` or `1.2E+11` need not be of one patient.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cxr_release.errors import Fault, SourceError
from cxr_release.files import read_bounded
from cxr_release.films.csv_table import SEPARATORS, CsvTable, parse_table
from cxr_release.films.limits import MAX_PATIENTS_BYTES
from cxr_release.spelling import by_form, folded

PATIENTS = "patients.csv"
COLUMNS = ("file", "patient")

_PLACEHOLDERS = frozenset(
    """
    anon anonym anonymised anonymized anonymous blank desconocido empty inconnu keine missing na nan
    nil none notapplicable notavailable notknown notstated null ohne sconosciuto tba tbd unbekannt
    undefined unknown unspecified unstated
    """.split()  # noqa: SIM905 - a list of words is read as one
)
"""What people and programs write where they do not know the patient."""
_SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+)?e\+\d+")


@dataclass(frozen=True)
class _Row:
    line: int
    file: str
    patient: str


def read_patients(path: Path, files: set[str]) -> tuple[dict[str, str], list[Fault]]:
    """Patient key of each of `files` whose patient is stated, and what is wrong with the table.

    Columns `file` and `patient`; for others see `read_columns`. An empty key states no patient. A
    film without a row, with two rows, or with a key that another one resembles too much (see
    `canonical`) is at fault by its own name; a row without a film by its line.

    Raises:
        SourceError: the table cannot be read at all.
    """
    rows, faults = _rows(path)
    forms = by_form(files)
    rows = [replace(row, file=forms.get(row.file, row.file)) for row in rows]
    times = Counter(row.file for row in rows)
    faults += [
        Fault(f"{PATIENTS}: line {row.line}", f"names {row.file!r}, which is not a film here")
        for row in rows
        if row.file not in files
    ]
    for name in sorted(files):
        if times[name] == 0:
            faults.append(
                Fault(
                    name,
                    f"has no row in {PATIENTS}",
                    "add one; an empty key says that the patient is not stated",
                )
            )
        elif times[name] > 1:
            faults.append(Fault(name, f"has {times[name]} rows in {PATIENTS}"))
    faults += spelling_faults(
        (row.file, f"{PATIENTS}: line {row.line}", row.patient) for row in rows if row.file in files
    )
    return {row.file: row.patient for row in rows if row.patient}, faults


def read_columns(path: Path, files: set[str]) -> dict[str, dict[str, str]]:
    """What the table states of `files` beyond their patients.

    Args:
        path: the table; see `read_patients`, which is to have found no fault in it.
        files: names of films. Rows of others, torn rows, and further rows of a film are passed
            over.

    Returns:
        Column → file → what stands there, blanks around it taken off. Empty cells, and columns
        without a name or of the same name as an earlier one, are left out; so are columns without
        any value.

    Raises:
        SourceError: the table cannot be read at all.
    """
    columns: dict[str, dict[str, str]] = {}
    for cell in cells_of(read_table(path), files):
        columns.setdefault(cell.column, {}).setdefault(cell.film, cell.text)
    return columns


@dataclass(frozen=True)
class Cell:
    """What a table states of a film, beyond its patient."""

    column: str
    film: str
    text: str
    """Blanks around it taken off; never empty."""
    line: int


def cells_of(table: CsvTable, files: Collection[str]) -> Iterator[Cell]:
    """Cells of the further columns of a table; see `read_columns`."""
    forms = by_form(files)
    header = list(table.header)
    further = [
        (place, name)
        for place, name in enumerate(header)
        if name not in COLUMNS and name and header.index(name) == place
    ]
    file = header.index("file")
    for line, cells in table.rows:
        if len(cells) != len(header):
            continue
        name = cells[file].strip()
        film = forms.get(name, name)
        if film in files:
            for place, column in further:
                if cells[place].strip():
                    yield Cell(column, film, cells[place].strip(), line)


def counted(patients: Collection[str | None]) -> dict[str, int | None]:
    """How many patients films are of; None unless each film's is stated.

    Args:
        patients: of each film, None where it is not stated.

    Returns:
        `patients`, and `patients_not_stated`, the films without one.
    """
    without = sum(patient is None for patient in patients)
    return {
        "patients": None if without else len(set(patients)),
        "patients_not_stated": without,
    }


def canonical(key: str) -> str:
    """What is left of a patient key without what a person does not see or reads over.

    What `folded` leaves out, leading zeros of each number and a decimal point with nothing but
    zeros behind it make no difference.
    """
    return re.sub(r"(?<![0-9])0+(?=[0-9])|(?<=[0-9])(?:\.0+)+$", "", folded(key))


def is_placeholder(text: str) -> bool:
    """Whether a cell says in words that nothing is known, such as `n/a` or `unknown`."""
    plain = canonical(text)
    return plain in ("", "-", "--", "–", "—", "?", ".") or (
        re.sub(r"[\W_]+", "", plain) in _PLACEHOLDERS
    )


def no_patient(key: str) -> str:
    """Why a key does not identify a patient; empty where it may."""
    plain = canonical(key)
    word = re.sub(r"[\W_]+", "", plain)
    spreadsheet_error = plain[:1] == "#" and plain[-1] in "!?"
    if not word or word in _PLACEHOLDERS or plain == "-1" or spreadsheet_error:
        return "which names no patient"
    if _SHORTENED.fullmatch(plain):
        return "a number that a spreadsheet has shortened: it may be several patients'"
    return ""


def spelling_faults(stated: Iterable[tuple[str, str, str]]) -> list[Fault]:
    """A fault for each film whose patient key is another's in another spelling, or cannot be seen.

    Args:
        stated: film, the place of its key, and the key; empty keys are passed over.
    """
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for film, place, key in stated:
        if key:
            groups.setdefault(canonical(key), []).append((film, place, key))
    faults = [
        Fault(
            film,
            f"has a patient key that cannot be seen, {key!a} ({place})",
            "leave it empty where the patient is not stated",
        )
        for film, place, key in groups.pop("", [])
    ]
    for canon in [canon for canon, group in groups.items() if no_patient(group[0][2])]:
        faults += [
            Fault(
                film,
                f"has the patient key {key!a} ({place}), {no_patient(key)}",
                "leave it empty where the patient is not stated; write other keys in full",
            )
            for film, place, key in groups.pop(canon)
        ]
    for group in groups.values():
        first = group[0]
        other = next((entry for entry in group if entry[2] != first[2]), None)
        for film, place, key in group if other else ():
            twin, elsewhere, spelt = other if other and key == first[2] else first
            faults.append(
                Fault(
                    film,
                    f"has the patient key {key!a} ({place}), and {twin} has {spelt!a}"
                    f" ({elsewhere}): they differ only by case, leading zeros, form of Unicode or"
                    " invisible characters",
                    "write one patient in one way, and two patients in ways that differ more",
                )
            )
    return faults


def _rows(path: Path) -> tuple[list[_Row], list[Fault]]:
    """Rows of the table, and a fault for each that has not as many cells as the first line."""
    table = read_table(path)
    header = list(table.header)
    file, patient = (header.index(name) for name in COLUMNS)
    rows, faults = [], []
    for line, cells in table.rows:
        # Blanks around a value are how people write tables; anything else is part of it.
        name = cells[file].strip() if file < len(cells) else ""
        key = cells[patient].strip(" \t") if patient < len(cells) else ""
        torn = len(cells) != len(header)
        rows.append(_Row(line, name, "" if torn else key))
        if torn:
            faults.append(_torn(line, len(cells), len(header), table.separator))
    return rows, faults


def read_table(path: Path) -> CsvTable:
    """The table, as `parse_table` takes it.

    Raises:
        SourceError: it cannot be read, or has no columns `file` and `patient`.
    """
    try:
        table = parse_table(read_bounded(path, MAX_PATIENTS_BYTES, follow=True), COLUMNS)
        _check_header(list(table.header), path)
        return table
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except SourceError as error:
        raise SourceError(error.what, where=str(path), remedy=error.remedy) from error
    except csv.Error as error:
        raise SourceError(f"is not a UTF-8 CSV table ({error})", where=str(path)) from error


def _check_header(header: list[str], path: Path) -> None:
    remedy = "its first line is `file,patient`"
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        fault = f"has no column {' and no column '.join(missing)}"
        raise SourceError(fault, where=str(path), remedy=remedy)
    for name in COLUMNS:
        if header.count(name) > 1:
            raise SourceError(f"has two columns {name}", where=str(path), remedy=remedy)


def _torn(line: int, cells: int, columns: int, separator: str) -> Fault:
    sign = SEPARATORS[separator]
    return Fault(
        f"{PATIENTS}: line {line}",
        f"has {cells} cell{'s' * (cells != 1)}, and the first line has {columns}",
        f"put a key that contains a {sign} in quotes; leave an empty key after its {sign}",
    )
