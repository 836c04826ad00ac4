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
    Export,
    columns_of,
    read_export,
)
from cxr_release.reader_study.qualtrics.survey import (
    Question,
    film_in_cell,
    mark_of,
    rating_in_cell,
)
from cxr_release.reader_study.responses import UnreadableError
from cxr_release.spelling import folded, one_person

MAX_FAULTS = 5000
"""Past them it is the export that is wrong."""
COLUMNS = [column.name for column in schemas.RESPONSES.columns if column.name != "source"]
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
Cells = Sequence[str]


def import_qualtrics(export: Path, kit: Path, output: Path) -> dict[str, Any]:
    """Write the ratings of all finished responses as one blinded tidy CSV.

    Previews, tests, what Qualtrics marks as spam, and unfinished responses are left out.

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
    imported = _Imported(export, blinded)
    if imported.faults:
        raise ReaderStudyError(
            f"{len(imported.faults)} fault(s), nothing is imported",
            where=str(export),
            remedy="mend the export, or the survey's settings, and import it again",
            faults=imported.faults,
        )
    text = _as_csv(imported.rows)
    try:
        write_once(output, text)
        if output.read_bytes() != text.encode():
            raise _there(output)
    except OSError as error:
        raise ReaderStudyError(f"cannot be written: {error.strerror}", where=str(output)) from error
    return {
        "raters": len(imported.readers),
        "quartets": len(blinded.quartets),
        "ratings": len(imported.rows),
        "left_out": {reason: imported.left_out[reason] for reason in LEFT_OUT},
        "kit_confirmed": imported.kit_confirmed,
    }


def text_of(imported: Mapping[str, Any], output: Path) -> str:
    """What `import_qualtrics` took in, for people."""
    left_out = [f"{count:,} {reason}" for reason, count in imported["left_out"].items() if count]
    lines = [
        f"{imported['raters']:,} reader(s), {imported['quartets']:,} quartets,"
        f" {imported['ratings']:,} ratings in {output}, blinded: `dvc repro` unblinds them",
        *([f"left out: {', '.join(left_out)} response(s)"] if left_out else []),
    ]
    if not imported["kit_confirmed"]:
        lines.append("the export does not name its kit: make sure that it is of this survey")
    return "\n".join(lines)


class _Imported:
    """What was read of one export."""

    def __init__(self, path: Path, kit: Kit) -> None:
        self._kit, self._name, self._mark = kit, path.name, mark_of(kit)
        self.faults: list[Fault] = []
        self.rows: list[Row] = []
        self.left_out: Counter[str] = Counter()
        self.readers: dict[str, tuple[str, int]] = {}
        """Code as `folded` leaves it → as it was typed first, and the line of the response."""
        self.kit_confirmed = True
        try:
            self._read(read_export(path))
        except UnreadableError as error:
            self.faults.append(error.fault)

    def _read(self, export: Export) -> None:
        self._columns = columns_of(export, self._kit, self._name)
        self.faults += self._columns.faults
        responses = 0
        for line, cells in export.responses:
            if len(self.faults) >= MAX_FAULTS:
                problem = f"holds {MAX_FAULTS} faults or more; the rest is not named"
                self.faults.append(Fault(self._name, problem))
                return
            if len(cells) != len(export.names):
                problem = f"has {len(cells)} fields, expected {len(export.names)}"
                where = f"{self._name}: line {line}"
                self.faults.append(Fault(where, problem, "mend it, or export again"))
            elif self._is_kept(line, cells):
                responses += 1
                self._take(line, cells)
        if not responses and not self.faults:
            left_out = ", ".join(f"{number} {why}" for why, number in sorted(self.left_out.items()))
            problem = "holds no finished response" if left_out else "has no responses"
            problem += f" (left out: {left_out})" if left_out else ""
            self.faults.append(Fault(self._name, problem, "export it when readers have finished"))

    def _is_kept(self, line: int, cells: Cells) -> bool:
        """Whether it is a reader's finished response; else it is counted, or is a fault."""
        status = self._known(line, cells, STATUS, _STATUSES, "is not a status known here")
        finished = self._known(line, cells, FINISHED, _TRUTH, "is neither true nor false")
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

    def _known(
        self, line: int, cells: Cells, field_name: str, known: Mapping[str, int], problem: str
    ) -> int | None:
        column = self._columns.about.get(field_name)
        if column is None:
            # That is a fault already, and the answers are looked at all the same.
            return int(field_name == FINISHED)
        value = known.get(" ".join(cells[column].lower().split()))
        if value is None:
            number = cells[column].strip().isdecimal()
            self._fault(line, column, problem, "is it a reader's response?" if number else _NUMERIC)
        return value

    def _take(self, line: int, cells: Cells) -> None:
        reader = self._reader(line, cells)
        self._confirm_kit(line, cells)
        for quartet, films in self._kit.quartets.items():
            picked = self._answer(line, cells, Question(quartet), len(films))
            for place, film in enumerate(films, start=1):
                rating = self._answer(line, cells, Question(quartet, place), 4)
                values = (reader, quartet, film.name, rating, str(place == picked).lower())
                self.rows.append(dict(zip(COLUMNS, map(str, values), strict=True)))

    def _reader(self, line: int, cells: Cells) -> str:
        column = self._columns.questions.get(Question())
        if column is None:
            return ""
        code = cells[column].strip()
        first, before = self.readers.get(folded(code), ("", 0))
        if not code:
            self._fault(line, column, "has no reader's code", "ask whose it is, and type it in")
        elif not _CODE.fullmatch(code):
            # Not shown: people type their names and addresses here.
            problem = "is not a reader's code of 1 to 64 letters, digits, . _ -"
            self._fault(line, column, problem, "ask whose it is, and correct it")
        elif code == first:
            problem = f"has the same reader's code as line {before}"
            self._fault(line, column, problem, "remove the response that does not count")
        elif first:
            problem = f"{one_person([first, code], 'reader')}, first on line {before}"
            self._fault(line, column, problem, "ask whose they are, and correct one")
        else:
            self.readers[folded(code)] = code, line
        return code

    def _confirm_kit(self, line: int, cells: Cells) -> None:
        column = self._columns.kit
        mark = "" if column is None else cells[column].strip().lower()
        if column is None or not mark:
            self.kit_confirmed = False
        elif mark != self._mark:
            problem = "answers another kit than this one"
            self._fault(line, column, problem, "import it with the kit that was exported")

    def _answer(self, line: int, cells: Cells, question: Question, most: int) -> int:
        """What a cell says, 1 … `most`; 0 where it is a fault."""
        column = self._columns.questions.get(question)
        if column is None:
            return 0
        cell = cells[column]
        noun = "rating" if question.film else "pick"
        value = rating_in_cell(cell) if question.film else film_in_cell(cell)
        if value is not None and 1 <= value <= most:
            return value
        if not cell.strip():
            self._fault(line, column, f"missing {noun}", "remove the response, or ask the reader")
        elif value is None:
            self._fault(line, column, f"is not a {noun} known here", _NUMERIC)
        elif question.film:
            self._fault(line, column, f"rating is {value}, expected 1 to {most}")
        else:
            self._fault(line, column, f"picks film {value} of {most}")
        return 0

    def _fault(self, line: int, column: int, problem: str, remedy: str = "") -> None:
        where = f"{self._name}: line {line}, column {self._columns.names[column]}"
        self.faults.append(Fault(where, problem, remedy))


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
