"""People's decision logs, and beside them the pre-screen's own.

Somebody decides in a terminal on some films: checked against the films, then logged.

Whether the logs are what was written, and about these films.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import AGAIN, DecisionError, Fault
from cxr_release.logbook.log import Log, read
from cxr_release.logbook.log_files import log_file
from cxr_release.logbook.logs import (
    people_like,
    people_of,
    read_all,
    sentences_of,
    verified,
    wholeness_of,
)
from cxr_release.screening.consensus import faults_of
from cxr_release.screening.decision import (
    DECISION,
    PRESCREEN,
    TERMINAL,
    Decision,
    Verb,
    Wish,
    lacks_note,
    of_people,
    of_withdrawals,
)
from cxr_release.screening.films import Generated, unknown_films


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
    except DecisionError as error:  # no person's, and in no git
        raise DecisionError(
            error.what, where=str(prescreen), remedy=AGAIN, faults=error.faults
        ) from None


_notices = logging.getLogger(__name__)


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

    That a name decides for the first time is said, with the names most like it.

    Raises:
        DecisionError: an id is unknown (the nearest known ones are named), the reason is, or lacks
            its note; the name is the pre-screen's; or nothing stands that could be taken back.
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
            taken back by anybody where no log holds it any more.

    Raises:
        DecisionError: no version is published, a film is in none, the reason is unknown or lacks
            its note, or no withdrawal stands that could be taken back.
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
    refuse_prescreen(reviewer)
    log = Log(DECISION, folder, reviewer)
    log.refresh()
    faults = unknown_films([("", film) for film in ids if film not in films], films)
    if reason and reason not in codes:
        faults.append(Fault(f"reason {reason}", "unknown", f"known: {', '.join(codes)}"))
    if lacks := lacks_note(reason, note):
        faults.append(Fault(f"reason {reason}", lacks, "give --note"))
    if verb == "retract":
        faults += _nothing_stands(log, [one for one in ids if one in films], proven)
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    first = not log.lines
    wishes = [
        Wish(film, films[film].sha256, verb, reason, note, via=TERMINAL)
        for film in dict.fromkeys(ids)
    ]
    lines = log.append(wishes)
    if first:
        _notices.warning("first decision of %s%s", reviewer, people_like(reviewer, folder))
    return lines


def _nothing_stands(
    log: Log[Wish, Decision], ids: Sequence[str], proven: Collection[str]
) -> list[Fault]:
    """Films on which no decision of this person stands, so that none can be taken back."""
    folder, person = log.path.parent, log.reviewer
    open_ids = [film for film in dict.fromkeys(ids) if film not in log.standing]
    if open_ids and not log.lines and not {*open_ids} & {*proven}:
        return [Fault(f"reviewer {person}", f"has decided nothing{people_like(person, folder)}")]
    faults = []
    for film in open_ids:
        by = _decided_by(film, folder)
        if by or film not in proven:
            remedy = f"only they can take theirs back: {', '.join(by)}" if by else ""
            faults.append(Fault(film, f"no decision of {person} stands on it", remedy))
    return faults


def _decided_by(film: str, folder: Path) -> list[str]:
    """Whose decision on a film stands, as far as logs can be read: one's own work goes on."""
    found = []
    for person in people_of(folder):
        log = Log(DECISION, folder, person)
        with contextlib.suppress(DecisionError):
            log.refresh()
        if film in log.standing:
            found.append(person)
    return found


def refuse_prescreen(reviewer: str) -> None:
    """Nobody reviews under the pre-screen's name.

    Raises:
        DecisionError: somebody tries to.
    """
    if reviewer == PRESCREEN:
        raise DecisionError(
            f"{PRESCREEN!r} is the automatic pre-screen's name",
            remedy="review under a name of your own, such as a.b",
        )


def verify_logs(
    folder: Path, films: Sequence[Generated] | None, reasons: Collection[str] | None
) -> dict[str, Any]:
    """Verify every log of a folder; an unfinished last line is set aside, with a message.

    Args:
        folder: of the logs.
        films: what the decisions must be about, or None where nothing is known.
        reasons: known codes of reasons, or None where any will do.

    Returns:
        `logs` (reviewer → `lines`, `standing`), `films` (how many they were held against, or
        None) and `set_aside` (names of files).

    Raises:
        DecisionError: with every fault, by log and line.
    """
    found = verified(DECISION, folder, about_films(films, reasons))
    return found | {"films": None if films is None else len(films)}


def about_films(
    films: Sequence[Generated] | None, reasons: Collection[str] | None
) -> Callable[[Mapping[str, Sequence[Decision]]], list[Fault]]:
    """What is wrong with decisions, reviewer → lines; see `verify_logs`."""
    known = {film.id: film for film in films or ()}
    return lambda logs: [] if films is None else faults_of(known, logs, reasons)


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_logs` found, for people."""
    films = found["films"]
    against = "no film is sampled yet" if films is None else f"held against {films:,} films"
    end = f"{wholeness_of(found)}; {against}"
    return "\n".join([*sentences_of(found, DECISION.noun), end])
