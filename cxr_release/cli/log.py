"""Verify the logs of a project, and join two logs of one person."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cxr_release.adjudication.outcomes import VERDICT, about_pairs
from cxr_release.clearance.statement import CLEARANCE
from cxr_release.errors import CxrReleaseError, DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.landmarks.placement import PLACEMENT
from cxr_release.logbook.entry import EntryType
from cxr_release.logbook.join import Joined, join
from cxr_release.logbook.log_files import MOST, SUFFIX
from cxr_release.logbook.logs import LogFolder
from cxr_release.logbook.logs import text_of as text_of_logs
from cxr_release.paths import Paths
from cxr_release.project import Project
from cxr_release.reader_study.answer import ANSWER
from cxr_release.reader_study.collect import CSV, about_quartets
from cxr_release.screening.decision import DECISION, FACING
from cxr_release.screening.films import Generated, about_films
from cxr_release.screening.findings import FINDINGS
from cxr_release.team.invitations import INVITATION

STDIN = "-"
_KINDS: dict[str, EntryType[Any, Any]] = {
    "screening": DECISION,
    "withdrawals": DECISION,
    "facing": FACING,
    "audit": VERDICT,
    "readers": ANSWER,
    "burned-in": CLEARANCE,
    "landmarks": PLACEMENT,
    "findings": FINDINGS,
    "invitations": INVITATION,
}
"""Logs of a project → what they hold."""


def _folders(paths: Paths) -> dict[str, Path]:
    folders = (paths.screening_log, paths.withdrawals, paths.facing_log, paths.audit_log)
    further = (paths.responses, paths.clearance_log, paths.landmark_log, paths.findings_log)
    return dict(zip(_KINDS, (*folders, *further, paths.invitations), strict=True))


def _logs(
    project: Project,
    name: str,
    films: Sequence[Generated] | None,
    reasons: Collection[str] | None,
) -> LogFolder[Any]:
    """Some logs of a project, and what they must be about."""
    paths, beside = project.paths, tuple[str, ...]()
    faults_of: Any = about_films(films, reasons if _KINDS[name] is DECISION else None)
    if name == "audit":
        is_sampled = paths.params.exists() and project.sampled
        faults_of = about_pairs(paths.cohort_table, project.tables if is_sampled else [])
    elif name == "readers":
        faults_of, beside = about_quartets(paths.kit), (CSV,)
    elif name in {"burned-in", "landmarks", "invitations"}:
        # That a film has changed or gone is not a fault; invitations are not about films.
        faults_of = _nothing
    return LogFolder(_KINDS[name], _folders(paths)[name], faults_of, beside)


def _nothing(_: Any) -> list[Fault]:
    return []


def verify_logs(project: Project, images: Path | None, reviews: Path | None) -> dict[str, Any]:
    """Verify the logs: `screening`; unless others are named, also the other kinds of logs.

    Those are `withdrawals`, `facing`, `audit`, `readers`, `burned-in`, `landmarks`, `findings` and
    `invitations`; with them come `witnesses`: `asked` (who knows what the logs held) and `notes`
    (sentences on what may be missing).

    Args:
        project: whose logs they are.
        images: a table of other films, or None for the project's.
        reviews: a folder of other logs, or None for the project's.

    Returns:
        Of each what `LogFolder.verify` returns; of logs on films also `films`: how many they were
        held against, or None.

    Raises:
        DecisionError: a log does not verify, or a witness knows more than the logs hold.
    """
    reasons = None if images else project.reasons()
    films = project.known_films(images)

    def verify(logs: LogFolder[Any]) -> dict[str, Any]:
        verified = logs.verify()
        on_films = logs.kind in (DECISION, FACING)
        held_against = None if films is None else len(films)
        return verified | ({"films": held_against} if on_films else {})

    if images or reviews:
        folder = reviews or project.paths.screening_log
        return {"screening": verify(LogFolder(DECISION, folder, about_films(films, reasons)))}

    def verify_kind(name: str) -> dict[str, Any]:
        return verify(_logs(project, name, films, reasons))

    checks: dict[str, Callable[[], dict[str, Any]]] = {
        name: partial(verify_kind, name) for name in _KINDS
    }
    return _all_of(checks | {"witnesses": partial(_ask, project)})


def _ask(project: Project) -> dict[str, Any]:
    lost = project.lost_decisions()
    if lost.faults:
        message = f"{len(lost.faults)} item(s) that people wrote are missing"
        raise DecisionError(message, faults=lost.faults)
    return {"asked": list(lost.asked), "notes": list(lost.notes)}


def _all_of(checks: Mapping[str, Callable[[], dict[str, Any]]]) -> dict[str, Any]:
    """What each of some checks returns, by name.

    Raises:
        CxrReleaseError: some fail; with the faults of all. One that fails alone says so itself.
    """
    results: dict[str, Any] = {}
    failed: list[CxrReleaseError] = []
    for name, check in checks.items():
        try:
            results[name] = check()
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
    return results


def text_of(verified: Mapping[str, Any]) -> str:
    """What `verify_logs` returned, for people."""
    texts = []
    for name, kind in _KINDS.items():
        if name in verified:
            noun = "withdrawal" if name == "withdrawals" else kind.noun
            text = text_of_logs(verified[name], noun)
            if "films" in verified[name]:
                films = verified[name]["films"]
                unknown = "no film is sampled yet"
                text += f"; {unknown if films is None else f'held against {films:,} films'}"
            texts.append(text)
    if "witnesses" in verified:
        witnesses = verified["witnesses"]
        texts += witnesses["notes"]
        whole = "; ".join(
            f"{witness} knows of no line that is missing" for witness in witnesses["asked"]
        )
        texts.append(whole or "whether lines are missing was not checked")
    return "\n".join(texts)


def join_log(other_log: str, into: Path) -> Joined:
    """Join a person's log from another machine into their log in a project.

    Args:
        other_log: the other log, or `-` for standard input.
        into: the log in the project, `data/reviews/KIND/NAME.jsonl`.

    Raises:
        DecisionError: `into` is not the place of a log, or see `logbook.join.join`.
        OSError: the other log cannot be read, or is not a plain file.
    """
    data = _bytes_of(other_log)
    folder = Path(os.path.abspath(into.parent))  # noqa: PTH100 - a link to a folder stays
    project = Project(Path(*folder.parts[:-3]))
    name = next(
        (name for name, log_folder in _folders(project.paths).items() if log_folder == folder), None
    )
    if name is None or into.suffix != SUFFIX:
        raise DecisionError(
            "is not the place of a project's log: nothing was joined",
            where=str(into),
            remedy=f"give --into data/reviews/KIND/NAME{SUFFIX}, where KIND is screening,"
            " withdrawals, facing, audit, readers, burned-in, landmarks, findings or"
            " invitations",
        )
    on_films = _KINDS[name] in (DECISION, FACING)
    films = project.known_films() if on_films else None
    reasons = project.reasons() if on_films and project.cards.reasons.exists() else None
    logs = _logs(project, name, films, reasons)
    where = Path("standard input" if other_log == STDIN else other_log)
    return join(logs.kind, where, data, into, logs.faults_of)


def _bytes_of(other_log: str) -> bytes:
    if other_log != STDIN:
        return read_bounded(Path(other_log), MOST, follow=True)
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        raise DecisionError(f"is larger than {MOST:,} bytes: not a log", where="standard input")
    return data
