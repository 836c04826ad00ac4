"""The tables of a team as text for a terminal, and as CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Overview = Mapping[str, Any]
Cells = Sequence[Any]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula, wide letters included."""


def text_of(overview: Overview) -> Iterator[str]:
    """A table for each task in which anybody is named, and its agreement; lines for a terminal."""
    for task, table in overview["tasks"].items():
        if not table["people"]:
            continue
        rows = [_row_text(row) for row in table["people"]]
        header = (task, "done", "of which", "left", "an hour", "last seen", "invitation")
        yield ""
        yield from aligned([header, *rows])
        yield f"{task}: {_agreement_text(table['agreement'])}"
        if table["conflicts"]:
            yield f"{task}: {table['conflicts']:,} {table['unit']} to settle"
        pause = f"{table['pause_s'] / 60:g} min"
        yield f"{task}: a wait of more than {pause} is a break"
    if any(table["people"] for table in overview["tasks"].values()):
        yield from ("", *overview["definitions"])
    yield from overview["notes"]


def _row_text(row: Mapping[str, Any]) -> tuple[str, ...]:
    words = ", ".join(f"{word} {number:,}" for word, number in row["words"].items() if number)
    return (
        row["person"],
        f"{row['done']:,}",
        words,
        "–" if row["left"] is None else f"{row['left']:,}",
        "–" if row["an_hour"] is None else f"{row['an_hour']:,.0f}",
        (row["last_seen"] or "never")[:16].replace("T", " "),
        row["invitation"],
    )


def _agreement_text(agreement: Mapping[str, Any]) -> str:
    known = ""
    if agreement.get("kappa") is not None:
        known = f"{agreement['statistic']} {agreement['kappa']:.2f}"
    if "not_measurable" in agreement:
        reason = agreement["not_measurable"]
        what = f"{known}; its interval is" if known else "agreement is"
        return f"{what} not measurable: {reason}"
    return f"{known}, 95 % interval {agreement['low']:.2f} to {agreement['high']:.2f}"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells as lines, in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "   ".join(cells).rstrip()


def people_rows(overview: Overview) -> Iterator[Cells]:
    """Who has done what in each task."""
    yield (
        *("task", "person", "done", "assigned", "left", "lines", "active_hours", "an_hour"),
        *("last_seen", "invitation", "words"),
    )
    for task, table in overview["tasks"].items():
        for row in table["people"]:
            words = "; ".join(f"{word} {number}" for word, number in row["words"].items())
            numbers = (row[key] for key in ("done", "assigned", "left", "lines"))
            pace = (row["active_hours"], row["an_hour"], row["last_seen"], row["invitation"])
            yield (task, row["person"], *numbers, *pace, words)


def task_rows(overview: Overview) -> Iterator[Cells]:
    """How far each task is, and how far people agree."""
    keys = ("unit", "to_do", "required", "waiting", "conflicts", "differ", "pause_s")
    measures = ("statistic", "kappa", "low", "high", "agree", "reviewers", "not_measurable")
    yield ("task", *keys, *measures)
    for task, table in overview["tasks"].items():
        agreement = table["agreement"]
        yield (task, *(table[key] for key in keys), *(agreement.get(key) for key in measures))


def reason_rows(overview: Overview) -> Iterator[Cells]:
    """Why films are excluded, source by source."""
    sample = ("sample", "waiting", "faults", "most_left", "share")
    yield "source", "generated", "excluded", *sample, "reason", "films"
    for row in overview["reasons"]:
        known = (row["source"], row["generated"], row["excluded"], *map(row.get, sample))
        for reason, films in row["reasons"].items() or [("", 0)]:
            yield *known, reason, films


def conflict_rows(overview: Overview) -> Iterator[Cells]:
    """What is to be settled, and what each person says."""
    yield "task", "subject", "person", "word"
    for row in overview["conflicts"]:
        for person, word in row["people"].items():
            yield row["task"], row["subject"], person, word


def invitation_table(overview: Overview) -> Iterator[Cells]:
    """Who is invited, without what would open a link."""
    keys = ("task", "person", "state", "by", "at", "expires", "sent", "last_sent", "revoked")
    yield keys
    for row in overview["invitations"]:
        yield tuple(row[key] for key in keys)


DOWNLOADS: Mapping[str, Callable[[Overview], Iterator[Cells]]] = {
    "people": people_rows,
    "tasks": task_rows,
    "reasons": reason_rows,
    "conflicts": conflict_rows,
    "invitations": invitation_table,
}
"""Name of a file, without `.csv` → its rows."""


def csv_of(rows: Iterator[Cells]) -> bytes:
    """Rows as CSV (RFC 4180) in UTF-8. No cell can be taken for a formula: a text that begins as
    one gets an apostrophe before it, which spreadsheets show as a mark of text.
    """
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" \ufeff\u00a0").startswith(FORMULA):
        return f"'{value}"
    return value
