"""Readers' ratings as they come back: tidy CSV files, one or many."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.errors import Fault, ReaderStudyError

COLUMNS = [column.name for column in schemas.RESPONSES.columns]
BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
Row = dict[str, Any]


def read_responses(folder: Path) -> list[Row]:
    """Rows of `schemas.RESPONSES` from every CSV file of a folder, sorted.

    Raises:
        ReaderStudyError: with every fault of every file, each with its line.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        if path.suffix != ".csv":
            faults.append(Fault(path.name, "is no CSV file", "move it away"))
            continue
        _read(path, rows, faults)
    faults.extend(_picks(rows))
    if faults:
        raise ReaderStudyError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return sorted(rows, key=lambda row: (row["rater"], row["quartet"], row["image"]))


def _read(path: Path, rows: list[Row], faults: list[Fault]) -> None:
    try:
        # utf-8-sig: spreadsheets put a byte order mark in front.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Fault(path.name, f"is not UTF-8: {error.reason}", "save it as CSV UTF-8"))
        return
    reader = csv.DictReader(io.StringIO(text))
    if sorted(reader.fieldnames or []) != sorted(COLUMNS):
        found = ", ".join(reader.fieldnames or ["nothing"])
        faults.append(
            Fault(
                f"{path.name}: line 1", f"has the columns {found}", f"expected {','.join(COLUMNS)}"
            )
        )
        return
    for raw in reader:
        where = f"{path.name}: line {reader.line_num}"
        try:
            rows.append(_row(raw))
        except (ValueError, KeyError, AttributeError) as error:
            faults.append(Fault(where, f"is no rating: {error}"))


def _row(raw: dict[str, str]) -> Row:
    if None in raw or None in raw.values():
        raise ValueError("wrong number of fields")
    rating = int(raw["rating"])
    if not 1 <= rating <= 4:
        raise ValueError(f"rating is {rating}, expected 1–4")
    return {
        "rater": raw["rater"].strip(),
        "quartet": int(raw["quartet"]),
        "image": raw["image"].strip(),
        "source": raw["source"].strip(),
        "rating": rating,
        "identified_as_real": BOOLEANS[raw["identified_as_real"].strip().lower()],
    }


def _picks(rows: Iterable[Row]) -> Iterable[Fault]:
    picks: Counter[tuple[str, int]] = Counter()
    for row in rows:
        picks[row["rater"], row["quartet"]] += row["identified_as_real"]
    for (rater, quartet), count in sorted(picks.items()):
        if count != 1:
            yield Fault(f"rater {rater}, quartet {quartet}", f"has {count} picks", "expected one")
