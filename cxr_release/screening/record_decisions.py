"""Decisions on films from a terminal: checked against the films, then logged.

What becomes of a film, that a published one is withdrawn, or which way it faces: all of it is
logged, or nothing.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import REMAKE, DecisionError, Fault
from cxr_release.logbook.entry import E, S
from cxr_release.logbook.log import Log, read
from cxr_release.logbook.log_files import log_file
from cxr_release.logbook.logs import people_of, read_all, similar_names
from cxr_release.screening.decision import (
    DECISION,
    FACING,
    PRESCREEN,
    TERMINAL,
    Decision,
    Faces,
    FacingDecision,
    NewDecision,
    NewFacing,
    Verb,
    missing_note,
    of_people,
    of_withdrawals,
)
from cxr_release.screening.films import Generated, unknown_films
from cxr_release.spelling import did_you_mean

_notices = logging.getLogger(__name__)


def read_with_prescreen(folder: Path, prescreen: Path) -> dict[str, list[Decision]]:
    """People's logs, and beside them the pre-screen's, which the pipeline writes elsewhere.

    Raises:
        DecisionError: as `logbook.logs.read_all`; or people's logs hold one under the pre-screen's
            name.
    """
    logs = read_all(DECISION, folder)
    if not prescreen.exists():
        return logs
    if PRESCREEN in logs:
        raise DecisionError(
            f"{PRESCREEN!r} is the automatic pre-screen's name",
            where=str(log_file(folder, PRESCREEN)),
            remedy="move that log away; the pre-screen's own is made by the pipeline",
        )
    try:
        return logs | {PRESCREEN: read(DECISION, prescreen)}
    except DecisionError as error:  # it is not a person's, and in no git
        raise DecisionError(
            error.what, where=str(prescreen), remedy=REMAKE, faults=error.faults
        ) from None


def decide(
    folder: Path,
    reviewer: str,
    ids: Sequence[str],
    verb: Verb,
    *,
    films: Sequence[Generated],
    reasons: Mapping[str, str],
    reason: str = "",
    note: str = "",
) -> list[Decision]:
    """Log the same decision on every film of `ids`, or on none of them.

    A warning tells when a name decides for the first time, with the names most like it.

    Raises:
        DecisionError: an id is unknown (the nearest known ones are named), the reason is, or lacks
            its note; the name is the pre-screen's; or there is nothing that could be taken back.
    """
    known = {film.id: film for film in films}
    codes = of_people(reasons)
    return _log(folder, reviewer, ids, verb, films=known, codes=codes, reason=reason, note=note)


def withdraw(
    folder: Path,
    by: str,
    ids: Sequence[str],
    *,
    published: Iterable[Mapping[str, Any]],
    reasons: Mapping[str, str],
    reason: str,
    note: str = "",
    retract: bool = False,
    proven: Collection[str] = (),
) -> list[Decision]:
    """Log that published films are withdrawn, all of `ids` or none; or, with `retract`, no longer.

    Args:
        folder: of the withdrawals' logs.
        by: who withdraws.
        ids: films.
        published: films of published versions, with `id`, `checkpoint`, `batch` and `sha256`.
        reasons: code of each reason → its meaning.
        reason: one of those codes; none with `retract`.
        note: free text, kept in the log and never published.
        retract: take an earlier withdrawal back.
        proven: films that a published version shows to be withdrawn. What withdrew them may be
            taken back by any person where no log holds it any more.

    Raises:
        DecisionError: no version is published, a film is in none, the reason is unknown or lacks
            its note, or there is no withdrawal that could be taken back.
    """
    names = ("id", "checkpoint", "batch", "sha256")
    known = {row["id"]: Generated(*(row[name] for name in names)) for row in published}
    if not known:
        raise DecisionError(
            "no version is published yet",
            where="withdraw",
            remedy="use `cxr-release exclude`: only a published film can be withdrawn",
        )
    codes = of_withdrawals(reasons)
    if bool(reason) == retract:
        raise DecisionError(
            "a withdrawal has a reason, and what takes it back has none",
            where="withdraw",
            remedy=f"give --reason, one of {', '.join(codes)}; or --retract",
        )
    verb: Verb = "retract" if retract else "exclude"
    return _log(
        folder, by, ids, verb, films=known, codes=codes, reason=reason, note=note, proven=proven
    )


def _log(
    folder: Path,
    reviewer: str,
    ids: Sequence[str],
    verb: Verb,
    *,
    films: Mapping[str, Generated],
    codes: Collection[str],
    reason: str,
    note: str,
    proven: Collection[str] = (),
) -> list[Decision]:
    def checks(log: Log[NewDecision, Decision]) -> Iterable[Fault]:
        if reason and reason not in codes:
            near = did_you_mean(reason, codes)
            known = f"known: {', '.join(codes)}"
            yield Fault(f"reason {reason}", "unknown", f"{near} {known}".strip())
        if lacks := missing_note(reason, note):
            yield Fault(f"reason {reason}", lacks, "give --note")
        if verb == "retract":
            yield from _nothing_to_retract(log, [film for film in ids if film in films], proven)

    log = Log(DECISION, folder, reviewer)
    decisions = _record(
        log,
        ids,
        films,
        lambda film: NewDecision(film.id, film.sha256, verb, reason, note, via=TERMINAL),
        checks=checks,
    )
    if decisions and decisions[0].seq == 1:
        _notices.warning("first decision of %s%s", reviewer, similar_names(reviewer, folder))
    return decisions


def record_facing(
    folder: Path,
    reviewer: str,
    ids: Sequence[str],
    faces: Faces,
    *,
    films: Sequence[Generated],
    note: str = "",
) -> list[FacingDecision]:
    """Log the way that every film of `ids` faces as it is now, or log nothing.

    Raises:
        DecisionError: an id is unknown (the nearest known ones are named).
    """
    return _record(
        Log(FACING, folder, reviewer),
        ids,
        {film.id: film for film in films},
        lambda film: NewFacing(film.id, film.sha256, faces, note, via=TERMINAL),
    )


def _record(
    log: Log[S, E],
    ids: Sequence[str],
    films: Mapping[str, Generated],
    statement: Callable[[Generated], S],
    checks: Callable[[Log[S, E]], Iterable[Fault]] = lambda log: (),
) -> list[E]:
    """Log a statement on every film of `ids`, each once, or nothing.

    Raises:
        DecisionError: an id is unknown, or a check fails: with all faults.
    """
    refuse_prescreen(log.reviewer)
    log.refresh()
    faults = unknown_films([("", film) for film in ids if film not in films], films)
    faults += checks(log)
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    return log.append([statement(films[film]) for film in dict.fromkeys(ids)])


def _nothing_to_retract(
    log: Log[NewDecision, Decision], ids: Sequence[str], proven: Collection[str]
) -> list[Fault]:
    """Films on which this person has no decision in effect, so that none can be taken back."""
    folder, person = log.path.parent, log.reviewer
    open_ids = [film for film in dict.fromkeys(ids) if film not in log.effective]
    if open_ids and not log.entries and not {*open_ids} & {*proven}:
        return [Fault(f"reviewer {person}", f"has decided nothing{similar_names(person, folder)}")]
    faults = []
    for film in open_ids:
        by = _decided_by(film, folder)
        if by or film not in proven:
            remedy = f"only they can take theirs back: {', '.join(by)}" if by else ""
            faults.append(Fault(film, f"{person} has no decision on it in effect", remedy))
    return faults


def _decided_by(film: str, folder: Path) -> list[str]:
    """Who has a decision on a film, as far as logs can be read: one's own work goes on."""
    deciders = []
    for person in people_of(folder):
        log = Log(DECISION, folder, person)
        with contextlib.suppress(DecisionError):
            log.refresh()
        if film in log.effective:
            deciders.append(person)
    return deciders


def refuse_prescreen(reviewer: str) -> None:
    """Refuse to let a person review under the pre-screen's name.

    Raises:
        DecisionError: it is that name.
    """
    if reviewer == PRESCREEN:
        raise DecisionError(
            f"{PRESCREEN!r} is the automatic pre-screen's name",
            remedy="review under a name of your own, such as a.b",
        )
