"""From Qualtrics' CSV export of the survey to blinded ratings, whole or not at all.

Reads the reader's code, the picks, the ratings, the status and which kit it was, and no other
column: what else an export holds (addresses, names, places) goes nowhere, faults included.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.files import write_once
from cxr_release.reader_study.kit import Kit, open_kit
from cxr_release.reader_study.qualtrics.csv_export import (
    FINISHED,
    STATUS,
    Columns,
    Response,
    columns_of,
    read_export,
)
from cxr_release.reader_study.qualtrics.survey import Asked, film_said, mark_of, rating_said
from cxr_release.spelling import folded, one_person

MAX_FAULTS = 5000
"""Past them it is the export that is wrong."""
COLUMNS = [one.name for one in schemas.RESPONSES.columns if one.name != "source"]
LEFT_OUT = ("preview", "spam", "unfinished")

# Qualtrics' numbers for these are sums: 9 is a preview that looks like spam.
_PREVIEW, _TEST, _IMPORTED, _SPAM, _OFFLINE = 1, 2, 4, 8, 16
_STATUSES = {
    "ip address": 0,
    "survey preview": _PREVIEW,
    "survey test": _TEST,
    "imported": _IMPORTED,
    "spam": _SPAM,
    "possible spam": _SPAM,
    "offline": _OFFLINE,
    **{str(number): number for number in range(2 * _OFFLINE)},
}
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
_CODE = re.compile(schemas.RESPONSES.columns[0].matches)
_NUMERIC = 'export it again with "Use numeric values"'
Row = dict[str, str]


def import_qualtrics(export: Path, kit: Path, output: Path) -> dict[str, Any]:
    """Write the ratings of all finished responses as one blinded tidy CSV.

    Previews, tests, what Qualtrics takes for spam, and unfinished responses are left out.

    Args:
        export: CSV of the survey that `export_qualtrics` wrote, in the present or the legacy
            layout, with numeric values or choice text.
        kit: `schemas.KIT`, the same as then.
        output: CSV with `rater,quartet,image,rating,identified_as_real`, by these columns. Must
            not be there.

    Returns:
        `raters`, `quartets`, `ratings` (how many of each), `left_out` (responses by reason:
        `preview`, `spam`, `unfinished`) and `kit_confirmed` (whether each response names this kit;
        one that names another is a fault).

    Raises:
        ReaderStudyError: with every fault, its line and column.
        TableError: the kit is missing or breaks its schema.
    """
    if os.path.lexists(output):
        raise _there(output)
    blinded = open_kit(kit)
    found = _Imported(export, blinded)
    if found.faults:
        raise ReaderStudyError(
            f"{len(found.faults)} fault(s), nothing is imported",
            where=str(export),
            remedy="mend the export, or the survey's settings, and import it again",
            faults=found.faults,
        )
    text = _as_csv(found.rows)
    try:
        write_once(output, text)
        if output.read_bytes() != text.encode():
            raise _there(output)
    except OSError as error:
        raise ReaderStudyError(f"cannot be written: {error.strerror}", where=str(output)) from error
    return {
        "raters": len(found.raters),
        "quartets": len(blinded.quartets),
        "ratings": len(found.rows),
        "left_out": {reason: found.left_out[reason] for reason in LEFT_OUT},
        "kit_confirmed": found.kit_confirmed,
    }


def text_of(found: Mapping[str, Any], output: Path) -> str:
    """What `import_qualtrics` took in, for people."""
    left_out = [f"{count:,} {reason}" for reason, count in found["left_out"].items() if count]
    lines = [
        f"{found['raters']:,} reader(s), {found['quartets']:,} quartets,"
        f" {found['ratings']:,} ratings in {output}, blinded: `dvc repro` unblinds them",
        *([f"left out: {', '.join(left_out)} response(s)"] if left_out else []),
    ]
    if not found["kit_confirmed"]:
        lines.append("the export does not name its kit: make sure that it is of this survey")
    return "\n".join(lines)


class _Imported:
    """What was read of one export."""

    def __init__(self, path: Path, kit: Kit) -> None:
        self._kit, self._name, self._mark = kit, path.name, mark_of(kit)
        export = read_export(path)
        self._columns: Columns = columns_of(export, kit, path.name)
        self.faults: list[Fault] = [*self._columns.faults]
        self.rows: list[Row] = []
        self.left_out: Counter[str] = Counter()
        self.raters: dict[str, int] = {}
        """Reader's code → line of the response."""
        self._spelt: dict[str, str] = {}
        """Code as `folded` leaves it → as it was typed first."""
        self.kit_confirmed = True
        responses = 0
        for row in export.rows:
            if len(self.faults) >= MAX_FAULTS:
                what = f"holds {MAX_FAULTS} faults or more; the rest is not named"
                self.faults.append(Fault(path.name, what))
                return
            if isinstance(row, Fault):
                self.faults.append(row)
                continue
            kept = self._kept(row)
            responses += kept
            if kept:
                self._take(row)
        if not responses and not self.faults:
            left = ", ".join(f"{number} {why}" for why, number in sorted(self.left_out.items()))
            what = f"holds no finished response (left out: {left})" if left else "has no responses"
            self.faults.append(Fault(path.name, what, "export it when readers have finished"))

    def _kept(self, row: Response) -> bool:
        """Whether it is a reader's finished response; else it is counted, or is a fault."""
        status = self._said(row, STATUS, _STATUSES, "is no status of a response known here")
        finished = self._said(row, FINISHED, _TRUTH, "is neither true nor false")
        if status is None or finished is None:
            return False
        if status & (_PREVIEW | _TEST):
            self.left_out["preview"] += 1
        elif status & _SPAM:
            self.left_out["spam"] += 1
        elif not finished:
            self.left_out["unfinished"] += 1
        else:
            return True
        return False

    def _said(self, row: Response, which: str, known: Mapping[str, int], what: str) -> int | None:
        column = self._columns.about.get(which)
        if column is None:
            # That is a fault already, and the answers are looked at all the same.
            return int(which == FINISHED)
        found = known.get(" ".join(row.cells[column].lower().split()))
        if found is None:
            number = row.cells[column].strip().isdecimal()
            self._fault(row, column, what, "is it a reader's response?" if number else _NUMERIC)
        return found

    def _take(self, row: Response) -> None:
        rater = self._rater(row)
        self._confirm_kit(row)
        for quartet, films in self._kit.quartets.items():
            picked = self._read(row, Asked(quartet), len(films))
            for place, film in enumerate(films, start=1):
                rating = self._read(row, Asked(quartet, place), 4)
                values = (rater, quartet, film.name, rating, str(place == picked).lower())
                self.rows.append(dict(zip(COLUMNS, map(str, values), strict=True)))

    def _rater(self, row: Response) -> str:
        column = self._columns.asked.get(Asked())
        if column is None:
            return ""
        code = row.cells[column].strip()
        if not code:
            self._fault(row, column, "has no reader's code", "ask whose it is, and type it in")
        elif not _CODE.fullmatch(code):
            # Not shown: people type their names and addresses here.
            what = "is no reader's code of 1 to 64 letters, digits, . _ -"
            self._fault(row, column, what, "ask whose it is, and correct it")
        elif code in self.raters:
            what = f"has the same reader's code as line {self.raters[code]}"
            self._fault(row, column, what, "remove the response that does not count")
        elif (twin := self._spelt.get(folded(code))) is not None:
            what = f"{one_person([twin, code], 'reader')}, first on line {self.raters[twin]}"
            self._fault(row, column, what, "ask whose they are, and correct one")
        else:
            self.raters[code] = row.line
            self._spelt[folded(code)] = code
        return code

    def _confirm_kit(self, row: Response) -> None:
        column = self._columns.kit
        found = row.cells[column].strip().lower() if column is not None else ""
        if not found:
            self.kit_confirmed = False
        elif column is not None and found != self._mark:
            what = "answers another kit than this one"
            self._fault(row, column, what, "import it with the kit that was exported")

    def _read(self, row: Response, asked: Asked, most: int) -> int:
        """What a cell says, 1 … `most`; 0 where it is a fault."""
        column = self._columns.asked.get(asked)
        if column is None:
            return 0
        cell = row.cells[column]
        what = "rating" if asked.film else "pick"
        said = rating_said(cell) if asked.film else film_said(cell)
        if said is not None and 1 <= said <= most:
            return said
        if not cell.strip():
            self._fault(row, column, f"missing {what}", "remove the response, or ask the reader")
        elif said is None:
            self._fault(row, column, f"is no {what} known here", _NUMERIC)
        elif asked.film:
            self._fault(row, column, f"rating is {said}, expected 1 to {most}")
        else:
            self._fault(row, column, f"picks film {said} of {most}")
        return 0

    def _fault(self, row: Response, column: int, what: str, remedy: str = "") -> None:
        where = f"{self._name}: line {row.line}, column {self._columns.names[column]}"
        self.faults.append(Fault(where, what, remedy))


def _as_csv(rows: Sequence[Row]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        sorted(rows, key=lambda row: (row["rater"], int(row["quartet"]), row["image"]))
    )
    return stream.getvalue()


def _there(output: Path) -> ReaderStudyError:
    return ReaderStudyError(
        "is there already", where=str(output), remedy="give another name, or move it away"
    )
