"""How fast a reviewer works, from the times in the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from cxr_release.screening.decision import Decision

RECENT = 500
"""Decisions that are looked at."""
BREAK = 120.0
"""Seconds without a decision after which the reviewer was away …"""
LONG_LOOK = 6.0
"""… unless so many films came of it that this many seconds fell to each: a page at a time."""
TOGETHER = 0.1
"""Seconds within which decisions were sent together."""
LEAST_FILMS, LEAST_SECONDS = 10, 10.0
"""Less says nothing."""


def films_a_minute(log: Sequence[Decision]) -> float | None:
    """Films decided a minute of work, breaks left out; None until there is enough to say.

    Args:
        log: a reviewer's decisions in order, most recent last. Only the end counts.
    """
    films, seconds = 0, 0.0
    here = [one for one in log[-RECENT:] if not (one.retracts or one.joined_from)]
    for wait, count in _turns(here):
        if wait <= max(BREAK, LONG_LOOK * count):
            films += count
            seconds += wait
    if films < LEAST_FILMS or seconds < LEAST_SECONDS:
        return None
    return 60 * films / seconds


def _turns(log: Sequence[Decision]) -> list[tuple[float, int]]:
    """Seconds that each turn took, and films decided in it.

    The first turn is left out: nobody knows when it began.
    """
    turns: list[tuple[float, int]] = []
    before: datetime | None = None
    for one in log:
        at = _time(one.at)
        if at is None:
            continue
        wait = (at - before).total_seconds() if before else 0.0
        # A clock that was set back makes no turn of its own.
        if wait <= TOGETHER and turns:
            began, count = turns[-1]
            turns[-1] = began + max(0.0, wait), count + 1
        else:
            turns.append((wait, 1))
        before = at
    return turns[1:]


def _time(text: str) -> datetime | None:
    """A log's form of time admits a 13th month; such a line counts as a decision all the same."""
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError:
        return None
