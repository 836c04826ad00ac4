"""How fast a reviewer works, from the times in the log; and where that is faster than looking.

Enter keeps a whole grid of films at once, and what was excluded on that page was logged before it.
So a page is measured as a whole: the time since the page before, for all films that were decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from cxr_release.logbook.entry import Entry, time_of
from cxr_release.screening.decision import TERMINAL, Decision

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
MOST_ON_PAGE = 100
"""Films that a page shows at most."""
LEAST_LOOK = 0.25
"""Seconds a film, below which it was not looked at: about as long as the eye rests on one place of
a picture (Rayner 1998, doi 10.1037/0033-2909.124.3.372). From one such glimpse radiologists tell
abnormal films from normal ones better than by chance, and far from reliably (Evans et al. 2013,
doi 10.3758/s13423-013-0459-3)."""


def films_a_minute(log: Sequence[Decision]) -> float | None:
    """Films decided a minute of work, breaks left out; None until there is enough to say.

    Args:
        log: a reviewer's decisions in order, most recent last. Only the end counts.
    """
    work = work_of(log[-RECENT:])
    if work.things < LEAST_FILMS or work.seconds < LEAST_SECONDS:
        return None
    return 60 * work.things / work.seconds


@dataclass(frozen=True)
class Work:
    """What was logged in active time, and how long that was."""

    things: int
    seconds: float

    @property
    def an_hour(self) -> float | None:
        """Things an hour; None until there is enough to say."""
        enough = self.things >= LEAST_FILMS and self.seconds >= LEAST_SECONDS
        return 3600 * self.things / self.seconds if enough else None


def work_of(log: Sequence[Entry], pause: float = BREAK) -> Work:
    """Active time of a person, and what they logged in it.

    Active time is the time from one line to the next, without breaks: a wait of more than `pause`
    seconds is one, unless so much came of it that `LONG_LOOK` seconds fell to each thing. Lines
    within `TOGETHER` seconds are one turn; what came of the first turn, or after a break, is left
    out with its time, which is not known. So are lines that only take something back, and those
    that were joined in from another machine.

    Args:
        log: a person's entries in order, on any subjects.
        pause: seconds without a line after which the person was away.
    """
    things, seconds = 0, 0.0
    here = [entry for entry in log if not (entry.retracts or entry.joined_from)]
    for wait, count in _turns(here):
        if wait <= max(pause, LONG_LOOK * count):
            things += count
            seconds += wait
    return Work(things, seconds)


@dataclass(frozen=True)
class Hurry:
    """Decisions that were given faster than one look at each film takes."""

    lines: frozenset[int]
    """Numbers of their lines."""
    films: int
    seconds: float
    """For all of these films."""

    @property
    def per_minute(self) -> float | None:
        """Films a minute; None where no time at all lies between them."""
        return 60 * self.films / self.seconds if self.seconds else None


def hurry(log: Sequence[Decision]) -> Hurry:
    """Pages on which each film had less than `LEAST_LOOK`.

    Decisions that were typed or piped are left out: no film was shown. How long the first page
    took is not known, nor that of a page before which the clock was set back. What was joined in
    from another machine is measured for itself.

    Args:
        log: a reviewer's decisions, in order.
    """
    lines: set[int] = set()
    films, seconds = 0, 0.0
    shown_to = [decision for decision in log if decision.via != TERMINAL]
    here, elsewhere = (
        [decision for decision in shown_to if bool(decision.joined_from) == joined]
        for joined in (False, True)
    )
    for seconds_taken, page in chain(_pages(here), _pages(elsewhere)):
        shown = len({decision.about for decision in page})
        if seconds_taken is not None and seconds_taken < LEAST_LOOK * shown:
            lines.update(decision.seq for decision in page)
            films += shown
            seconds += seconds_taken
    return Hurry(frozenset(lines), films, seconds)


def _pages(log: Sequence[Decision]) -> Iterator[tuple[float | None, list[Decision]]]:
    """Decisions page by page, with the seconds that each page took, as far as they are known.

    Films that are kept together end a page; what was decided before them belongs to it.
    """
    page: list[Decision] = []
    seconds: float | None = 0.0
    for wait, sent in _sent(log):
        seconds = None if seconds is None or wait is None else seconds + wait
        page += sent
        kept = sum(decision.decision == "keep" for decision in sent)
        if kept > 1 or len(page) >= MOST_ON_PAGE:
            yield seconds, page
            page, seconds = [], 0.0
    if page:
        yield seconds, page


def _sent(log: Sequence[Decision]) -> Iterator[tuple[float | None, list[Decision]]]:
    """Decisions that were sent together, and the seconds between them and those before."""
    sent: list[Decision] = []
    wait: float | None = None
    before: datetime | None = None
    for decision in log:
        at = time_of(decision.at)
        if at is None:
            continue
        gap = (at - before).total_seconds() if before else None
        before = at
        if sent and gap is not None and 0 <= gap <= TOGETHER and len(sent) < MOST_ON_PAGE:
            sent.append(decision)
            continue
        if sent:
            yield wait, sent
        sent, wait = [decision], gap if gap is None or gap >= 0 else None
    if sent:
        yield wait, sent


def _turns(log: Sequence[Entry]) -> list[tuple[float, int]]:
    """Seconds that each turn took, and films decided in it.

    The first turn is left out: its beginning is not known.
    """
    turns: list[tuple[float, int]] = []
    before: datetime | None = None
    for decision in log:
        at = time_of(decision.at)
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
