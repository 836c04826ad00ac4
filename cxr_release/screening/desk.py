"""One reviewer decides on some films: checked against the films, then logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.screening.consensus import Generated, nearest
from cxr_release.screening.log import Decision, Verb, Wish, append


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
        DecisionError: an id is unknown (the nearest known ones are named), or the reason is.
    """
    known = {film.id: film for film in films}
    faults = [
        Fault(film, "no such film", nearest(film, known)) for film in ids if film not in known
    ]
    if reason and reason not in reasons:
        faults.append(Fault(f"reason {reason}", "unknown", f"known: {', '.join(reasons)}"))
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    wishes = [Wish(film, known[film].sha256, verb, reason, note) for film in dict.fromkeys(ids)]
    return append(folder, reviewer, wishes)
