"""Qualtrics' CSV exports as files: encoding, quotes, lines, and the two layouts of their headers.

Present layout: names, question texts, and `{"ImportId": …}` of each column. Legacy layout: names
(`V1` … for what is no question) and texts. (Samples of both: the tests of the R package qualtRics.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.reader_study.csv_file import Unusable, read_text, records

_AGAIN = "export it again: Data & Analysis > Export Data > CSV, not TSV"
_IMPORT_ID = re.compile(r"""\{\s*["']ImportId["']\s*:\s*["']([^"']*)["'].*\}""", re.DOTALL)


@dataclass(frozen=True)
class Response:
    """One row below the header."""

    line: int
    """Line of the file on which it begins, from 1."""
    cells: list[str]
    """As many as there are columns."""


@dataclass(frozen=True)
class Export:
    """An export with its header read. All lists go by column."""

    names: list[str]
    texts: list[str]
    import_ids: list[str]
    """Empty in the legacy layout."""
    texts_line: int
    """Line on which the question texts begin."""
    rows: Iterator[Response | Fault]
    """To be read once; after a fault of the quotes nothing comes."""


def read_export(path: Path) -> Export:
    """Open an export and read its header.

    Raises:
        ReaderStudyError: it is no such file.
    """
    text = _text(path)
    records = _records(path, text)
    heads = [_head(path, records) for _ in range(2)]
    (_, names), (line, texts) = heads
    if len(texts) != len(names):
        what = f"has {len(texts)} fields, expected {len(names)}"
        raise _unusable(path, line, what, f"leave all header rows in the file; {_AGAIN}")
    rows: list[Response | Fault] = []
    ids = _import_ids(texts)
    if not ids:
        third = next(records, None)
        ids = _import_ids(third.cells) if isinstance(third, Response) else []
        if third is not None and not ids:
            rows.append(third)
    return Export(
        names=[name.strip() for name in names],
        texts=texts,
        import_ids=ids,
        texts_line=line,
        rows=_whole(path, rows, records, len(names)),
    )


def _head(path: Path, records: Iterator[Response | Fault]) -> tuple[int, list[str]]:
    found = next(records, None)
    if found is None:
        what = "holds no header of two or three rows"
        raise _unusable(path, 0, what, f"leave all header rows in the file; {_AGAIN}")
    if isinstance(found, Fault):
        raise ReaderStudyError(found.what, where=found.where, remedy=found.remedy)
    return found.line, found.cells


def _import_ids(cells: list[str]) -> list[str]:
    found = [_IMPORT_ID.fullmatch(cell.strip()) for cell in cells]
    return [one[1] if one else "" for one in found] if any(found) else []


def _whole(
    path: Path,
    first: list[Response | Fault],
    records: Iterator[Response | Fault],
    columns: int,
) -> Iterator[Response | Fault]:
    for rows in (first, records):
        for row in rows:
            if isinstance(row, Response) and len(row.cells) != columns:
                what = f"has {len(row.cells)} fields, expected {columns}"
                yield Fault(f"{path.name}: line {row.line}", what, "mend it, or export again")
            else:
                yield row


def _records(path: Path, text: str) -> Iterator[Response | Fault]:
    try:
        for line, cells in records(text):
            yield Response(line, cells)
    except Unusable as error:
        yield Fault(error.where(path), error.what, error.remedy or _AGAIN)


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except Unusable as error:
        raise _unusable(path, error.line, error.what, error.remedy or _AGAIN) from None


def _unusable(path: Path, line: int, what: str, remedy: str) -> ReaderStudyError:
    return ReaderStudyError(what, where=Unusable(line, what).where(path), remedy=remedy)
