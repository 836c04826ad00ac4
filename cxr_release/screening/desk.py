"""One reviewer decides on some films: checked against the films, then logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.log import append
from cxr_release.screening.decision import DECISION, PRESCREEN, Decision, Verb, Wish
from cxr_release.screening.films import Generated, unknown_films
from cxr_release.screening.reasons import of_people


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
    refuse_prescreen(reviewer)
    known = {film.id: film for film in films}
    faults = unknown_films([("", film) for film in ids if film not in known], known)
    codes = of_people(reasons)
    if reason and reason not in codes:
        faults.append(Fault(f"reason {reason}", "unknown", f"known: {', '.join(codes)}"))
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    wishes = [Wish(film, known[film].sha256, verb, reason, note) for film in dict.fromkeys(ids)]
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
