"""Qualtrics' CSV exports: the two layouts of their headers, and which column answers what.

Present layout: names, question texts, and `{"ImportId": …}` of each column. Legacy layout: names
(`V1` … for what is not a question) and texts. (Samples of both: the tests of the R package
qualtRics.)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from cxr_release.errors import Fault
from cxr_release.reader_study.kit import Kit
from cxr_release.reader_study.qualtrics.survey import (
    KIT_FIELD,
    Question,
    column_of,
    film_in_cell,
    question_in_name,
    question_in_text,
    questions_of,
    rating_in_cell,
)
from cxr_release.reader_study.responses import UnreadableError, read_records

_AGAIN = "export it again: Data & Analysis > Export Data > CSV, not TSV"
_KEEP_HEADER = f"leave all header rows in the file; {_AGAIN}"
_IMPORT_ID = re.compile(r"""\{\s*["']ImportId["']\s*:\s*["']([^"']*)["'].*\}""", re.DOTALL)


@dataclass(frozen=True)
class Export:
    """An export with its header read. All lists go by column."""

    names: list[str]
    texts: list[str]
    import_ids: list[str]
    """Empty in the legacy layout."""
    texts_line: int
    """Line on which the question texts begin."""
    responses: Iterator[tuple[int, list[str]]]
    """The line on which each begins, and its cells, which may be too many or too few."""


def read_export(path: Path) -> Export:
    """Open an export and read its header.

    Raises:
        UnreadableError: it is not such a file; its responses may raise it too.
    """
    records = read_records(path, remedy=_AGAIN)
    heads = list(islice(records, 2))
    if len(heads) < 2:
        raise UnreadableError(path, 0, "holds no header of two or three rows", _KEEP_HEADER)
    (_, names), (line, texts) = heads
    if len(texts) != len(names):
        problem = f"has {len(texts)} fields, expected {len(names)}"
        raise UnreadableError(path, line, problem, _KEEP_HEADER)
    third: list[tuple[int, list[str]]] = []
    ids = _import_ids(texts)
    if not ids:
        third = list(islice(records, 1))
        ids = _import_ids(third[0][1]) if third else []
    return Export(
        names=[name.strip() for name in names],
        texts=texts,
        import_ids=ids,
        texts_line=line,
        responses=records if ids else chain(third, records),
    )


def _import_ids(cells: list[str]) -> list[str]:
    matches = [_IMPORT_ID.fullmatch(cell.strip()) for cell in cells]
    return [match[1] if match else "" for match in matches] if any(matches) else []


STATUS, FINISHED = "status", "finished"
"""As ImportIds. As names, and in the row of texts of the legacy layout, they have a capital."""
_EXPORT_ALL = "export it again with all fields"


@dataclass
class Columns:
    """Places of columns, from 0, and what is wrong with them."""

    names: list[str]
    """Of all columns, to be shown."""
    questions: dict[Question, int] = field(default_factory=dict)
    about: dict[str, int] = field(default_factory=dict)
    """Where `STATUS` and `FINISHED` are."""
    kit: int | None = None
    faults: list[Fault] = field(default_factory=list)


def columns_of(export: Export, kit: Kit, file: str) -> Columns:
    """Find the columns by their names, and those whose names were changed by their questions.

    Other columns (times, order of display, consent, what Qualtrics knows of people) are left alone,
    but for those that are named as an answer of the survey and are none of this kit.
    """
    columns = Columns(names=export.names)
    faults = [*_answers(export, kit, columns), *_about(export, columns)]
    places = [place for place, name in enumerate(export.names) if name.lower() == KIT_FIELD]
    if len(places) > 1:
        faults.append((KIT_FIELD, "appears more than once", _EXPORT_ALL))
    columns.kit = places[0] if places else None
    columns.faults = [
        Fault(f"{file}: line 1" + (f", column {column}" if column else ""), problem, remedy)
        for column, problem, remedy in faults
    ]
    columns.faults.extend(_lost_header(export, columns, file))
    return columns


def _answers(export: Export, kit: Kit, columns: Columns) -> Iterator[tuple[str, str, str]]:
    questions = questions_of(kit)
    by_name = _by(export.names, question_in_name)
    by_text = _by(export.texts, question_in_text)
    missing = []
    for question in questions:
        # A name is unique; a question may have been copied, or be in other columns too.
        places = by_name.get(question) or by_text.get(question, [])
        if not places:
            missing.append(column_of(question, kit))
        elif len(places) > 1:
            numbers = ", ".join(str(place + 1) for place in places)
            how = "appears more than once" if question in by_name else "is asked more than once"
            yield column_of(question, kit), f"{how}: columns {numbers} of the file", _EXPORT_ALL
        else:
            columns.questions[question] = places[0]
    if len(missing) == len(questions):
        yield "", "is not an export of this survey: it has none of its columns", ""
    elif missing:
        remedy = f"{_EXPORT_ALL}; the questions keep the names that they have in survey.txt"
        yield "", f"has no column {', '.join(missing)}", remedy
    known = set(questions)
    for question, places in sorted(by_name.items()):
        if question not in known:
            yield export.names[places[0]], "is about a film that is not in the kit", ""


def _by(
    cells: list[str], question_of: Callable[[str], Question | None]
) -> dict[Question, list[int]]:
    columns: dict[Question, list[int]] = defaultdict(list)
    for place, cell in enumerate(cells):
        question = question_of(cell)
        if question is not None:
            columns[question].append(place)
    return dict(columns)


def _about(export: Export, columns: Columns) -> Iterator[tuple[str, str, str]]:
    for field_name in (STATUS, FINISHED):
        # Names and ImportIds are the same in every language; a legacy export has them as texts.
        heads = (
            (export.names, field_name.title()),
            (export.import_ids, field_name),
            (export.texts, field_name.title()),
        )
        places: list[int] = []
        for cells, wanted in heads:
            places = places or [place for place, cell in enumerate(cells) if cell.strip() == wanted]
        if len(places) == 1:
            columns.about[field_name] = places[0]
        elif places:
            yield field_name.title(), "appears more than once", _EXPORT_ALL
        else:
            yield "", f"has no column {field_name.title()}", _EXPORT_ALL


def _lost_header(export: Export, columns: Columns, file: str) -> Iterator[Fault]:
    """Without its header rows the first response would be read as the questions."""
    texts = [
        (rating_in_cell if question.film else film_in_cell)(export.texts[place])
        for question, place in columns.questions.items()
        if question.quartet
    ]
    if any(text is not None for text in texts) and not export.import_ids:
        yield Fault(
            f"{file}: line {export.texts_line}",
            "is a response where the questions should be",
            "leave all header rows in the file",
        )
