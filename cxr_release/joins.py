"""A log that one person wrote on two machines, joined: which kind it is, and about what."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError
from cxr_release.files import read_bounded
from cxr_release.logbook.disk import MOST
from cxr_release.logbook.join import Joined, join
from cxr_release.logbook.line import Kind
from cxr_release.logbook.names import SUFFIX
from cxr_release.project import Project

STDIN = "-"


def join_log(other: str, into: Path) -> Joined:
    """Join somebody's other log into theirs in a project.

    Args:
        other: the other log, or `-` for standard input.
        into: the log in the project, `data/reviews/KIND/NAME.jsonl`.

    Raises:
        DecisionError: `into` is no place of a log, or see `logbook.join.join`.
        OSError: the other log cannot be read, or is no plain file.
    """
    data = _bytes_of(other)
    kind, faults_of = _kind_of(into)
    where = Path("standard input" if other == STDIN else other)
    return join(kind, where, data, into, faults_of)


def _bytes_of(other: str) -> bytes:
    if other != STDIN:
        return read_bounded(Path(other), MOST, follow=True)
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        raise DecisionError(f"is larger than {MOST:,} bytes: is no log", where="standard input")
    return data


def _kind_of(into: Path) -> tuple[Kind[Any, Any], Callable[[Any], Any]]:
    """What a log in this place holds, and what is wrong with such lines in its project."""
    from cxr_release.memorization.verdict import VERDICT
    from cxr_release.memorization.verify import about_pairs
    from cxr_release.reader_study.answer import ANSWER
    from cxr_release.reader_study.verify import about_quartets
    from cxr_release.screening.decision import DECISION
    from cxr_release.screening.facing import FACING
    from cxr_release.screening.facing_desk import about_facing
    from cxr_release.screening.verify import about_films

    folder = Path(os.path.abspath(into.parent))  # noqa: PTH100 - a link to a folder stays
    project = Project(Path(*folder.parts[:-3]))
    paths = project.paths
    if into.suffix == SUFFIX and folder in {paths.screening_log, paths.withdrawals}:
        reasons = project.reasons() if paths.reasons.exists() else None
        return DECISION, about_films(project.known_films(), reasons)
    if into.suffix == SUFFIX and folder == paths.facing_log:
        return FACING, about_facing(project.known_films())
    if into.suffix == SUFFIX and folder == paths.audit_log:
        known = paths.params.exists() and project.sampled
        tables = project.tables if known else []
        return VERDICT, about_pairs(cohort=paths.cohort_table, synthetic=tables, known=known)
    if into.suffix == SUFFIX and folder == paths.responses:
        return ANSWER, about_quartets(paths.kit)
    raise DecisionError(
        "is no place of a log: nothing was joined",
        where=str(into),
        remedy=f"give --into data/reviews/KIND/NAME{SUFFIX}, where KIND is screening, withdrawals,"
        " facing, audit or readers",
    )
