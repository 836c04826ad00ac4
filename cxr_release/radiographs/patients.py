"""`patients.csv` beside the films: which film belongs to which patient."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from cxr_release.errors import Fault, SourceError

PATIENTS = "patients.csv"
COLUMNS = ("file", "patient")
MAX_BYTES = 2**26


def read_patients(path: Path, files: set[str]) -> tuple[dict[str, str], list[Fault]]:
    """Patient key of each of `files` and what is wrong with the table.

    Columns `file` and `patient`; others are ignored. A film without a row, with two rows or
    without a key is at fault by its own name; a row for no film by its line.

    Raises:
        SourceError: the table cannot be read at all.
    """
    rows = _rows(path)
    times = Counter(name for _, name, _ in rows)
    patients = {name: patient for _, name, patient in rows}
    faults = [
        Fault(f"{PATIENTS} line {line}", f"names {name!r}, which is no film here")
        for line, name, _ in rows
        if name not in files
    ]
    for name in sorted(files):
        if times[name] == 0:
            faults.append(Fault(name, f"has no row in {PATIENTS}"))
        elif times[name] > 1:
            faults.append(Fault(name, f"has {times[name]} rows in {PATIENTS}"))
        elif not patients[name]:
            faults.append(Fault(name, f"has no patient key in {PATIENTS}"))
    return patients, faults


def _rows(path: Path) -> list[tuple[int, str, str]]:
    """Line, file and patient of each row."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"is larger than {MAX_BYTES >> 20} MiB", where=str(path))
        with path.open(encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream, strict=True, restval="")
            header = table.fieldnames or []
            missing = [name for name in COLUMNS if name not in header]
            if missing:
                raise SourceError(
                    f"has no column {' and no column '.join(missing)}",
                    where=str(path),
                    remedy="its first line is `file,patient`",
                )
            return [(table.line_num, row["file"].strip(), row["patient"].strip()) for row in table]
    except OSError as error:
        raise SourceError(f"cannot be read ({error.strerror})", where=str(path)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"is no UTF-8 CSV table ({error})", where=str(path)) from error
