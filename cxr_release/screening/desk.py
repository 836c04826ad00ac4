"""Somebody decides on some films: checked against the films, then logged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.log import append
from cxr_release.screening.decision import DECISION, PRESCREEN, Decision, Verb, Wish
from cxr_release.screening.films import Generated, unknown_films
from cxr_release.screening.reasons import of_people, of_withdrawals


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

    Raises:
        DecisionError: an id is unknown (the nearest known ones are named), the reason is, or the
            name is the pre-screen's.
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

    Raises:
        DecisionError: no version is published, a film is in none, or the reason is unknown.
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
    return _log(folder, by, ids, verb, films=known, codes=codes, reason=reason, note=note)


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
) -> list[Decision]:
    refuse_prescreen(reviewer)
    faults = unknown_films([("", film) for film in ids if film not in films], films)
    if reason and reason not in codes:
        faults.append(Fault(f"reason {reason}", "unknown", f"known: {', '.join(codes)}"))
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    wishes = [Wish(film, films[film].sha256, verb, reason, note) for film in dict.fromkeys(ids)]
    return append(DECISION, folder, reviewer, wishes)


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
