"""`cxr-release log verify`: every log of a project, and what others know of them.

A log that one person wrote on two machines, joined: which kind it is, and about what.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cxr_release.adjudication.outcomes import text_of as of_verdicts
from cxr_release.adjudication.outcomes import verify_verdicts
from cxr_release.errors import CxrReleaseError, DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.logbook.entry import Kind
from cxr_release.logbook.join import Joined, join
from cxr_release.logbook.log_files import MOST, SUFFIX
from cxr_release.project import Project
from cxr_release.reader_study.collect import text_of as of_answers
from cxr_release.reader_study.collect import verify_answers
from cxr_release.screening.facing_corrections import text_of as of_facing
from cxr_release.screening.facing_corrections import verify_facing
from cxr_release.screening.record_decisions import text_of as of_decisions
from cxr_release.screening.record_decisions import verify_logs as verify_decisions


def verify_logs(project: Project, images: Path | None, reviews: Path | None) -> dict[str, Any]:
    """Verify the logs: `screening`; unless others are named, also the other kinds of logs.

    Those are `withdrawals`, `facing`, `audit` and `readers`; with them come `witnesses`: `asked`
    (who knows what the logs held) and `notes` (sentences on what may be missing).

    Args:
        project: whose logs they are.
        images: a table of other films, or None for the project's.
        reviews: a folder of other logs, or None for the project's.

    Raises:
        DecisionError: a log does not verify, or a witness knows more than the logs hold.
    """
    reasons, paths = None if images else project.reasons(), project.paths
    folder, films = reviews or paths.screening_log, project.known_films(images)
    if images or reviews:
        return {"screening": verify_decisions(folder, films, reasons)}
    known = paths.params.exists() and project.sampled
    return _all_of(
        {
            "screening": lambda: verify_decisions(folder, films, reasons),
            "withdrawals": lambda: verify_decisions(paths.withdrawals, films, reasons),
            "facing": lambda: verify_facing(paths.facing_log, films),
            "audit": lambda: verify_verdicts(
                paths.audit_log,
                cohort=paths.cohort_table,
                synthetic=project.tables if known else [],
                known=known,
            ),
            "readers": lambda: verify_answers(paths.responses, paths.kit),
            "witnesses": lambda: _ask(project),
        }
    )


def _ask(project: Project) -> dict[str, Any]:
    found = project.testimony()
    if found.faults:
        what = f"{len(found.faults)} thing(s) are missing that people wrote"
        raise DecisionError(what, faults=found.faults)
    return {"asked": list(found.asked), "notes": list(found.notes)}


def _all_of(checks: Mapping[str, Callable[[], dict[str, Any]]]) -> dict[str, Any]:
    """What each of some checks finds, by name.

    Raises:
        CxrReleaseError: some fail; with the faults of all. One that fails alone says so itself.
    """
    found: dict[str, Any] = {}
    failed: list[CxrReleaseError] = []
    for name, check in checks.items():
        try:
            found[name] = check()
        except CxrReleaseError as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    faults = [
        fault
        for error in failed
        for fault in error.faults or [Fault(error.where, error.what, error.remedy)]
    ]
    if faults:
        raise DecisionError(f"{len(faults)} fault(s) in the logs", faults=faults)
    return found


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_logs` found, for people."""
    texts = {
        "screening": of_decisions,
        "withdrawals": of_decisions,
        "facing": of_facing,
        "audit": of_verdicts,
        "readers": of_answers,
        "witnesses": _of_witnesses,
    }
    return "\n".join(text(found[name]) for name, text in texts.items() if name in found)


def _of_witnesses(found: Mapping[str, Any]) -> str:
    """What those say who know what the logs held."""
    by = "; ".join(f"{one} knows of no line that is missing" for one in found["asked"])
    return "\n".join([*found["notes"], by or "nobody was asked whether lines are missing"])


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
    from cxr_release.adjudication.outcomes import about_pairs
    from cxr_release.adjudication.verdict import VERDICT
    from cxr_release.reader_study.answer import ANSWER
    from cxr_release.reader_study.collect import about_quartets
    from cxr_release.screening.decision import DECISION
    from cxr_release.screening.facing_corrections import FACING, about_facing
    from cxr_release.screening.record_decisions import about_films

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
