"""What the tables of a team are made of, and a person's row in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.adjudication.outcomes import Adjudication, Verdict
from cxr_release.clearance.looked import Looked
from cxr_release.clearance.statement import Clearance
from cxr_release.landmarks.page_films import Drawn
from cxr_release.landmarks.placement import Placement
from cxr_release.logbook.entry import Entry, effective_of
from cxr_release.logbook.logs import Logs
from cxr_release.params.project import Params
from cxr_release.reader_study.answer import Answer
from cxr_release.reader_study.collect import Collected
from cxr_release.reader_study.kit import Kit
from cxr_release.screening.assignment import Assignment
from cxr_release.screening.consensus import Screening
from cxr_release.screening.decision import PRESCREEN, Decision
from cxr_release.screening.findings import Findings
from cxr_release.screening.review_rate import BREAK, LEAST_FILMS, LEAST_SECONDS, LONG_LOOK, work_of
from cxr_release.team.invitations import Invitations, State

PAUSES: Mapping[str, float] = {
    "screening": BREAK,
    "findings": BREAK,
    "clearance": 300.0,
    "adjudication": 300.0,
    "landmarks": 600.0,
    "study": 600.0,
}
"""Task → seconds without a line of the log after which a person was away."""
UNITS: Mapping[str, str] = {
    "screening": "films",
    "adjudication": "pairs",
    "study": "quartets",
    "landmarks": "films",
    "clearance": "real films",
    "findings": "films",
}
"""Task → what is counted in it; in the order in which the tasks are shown."""
PACE = (
    "Pace: things decided an hour of active time, over the whole log, without what was only taken"
    " back. Active time is the time from one line of the log to the next, without breaks: a wait of"
    f" more than the task's pause is one, unless {LONG_LOOK:g} s or more fell to each thing that"
    f" came of it. Of fewer than {LEAST_FILMS} things, or {LEAST_SECONDS:g} s, no pace is said."
)
LAST_SEEN = "Last seen: the time of the last line that was logged."


@dataclass(frozen=True, kw_only=True)
class Team:
    """Logs, and what comes of them now. A part is None where its films or pairs are not there."""

    params: Params
    invitations: Invitations
    assignment: Assignment | None
    screening: Screening | None
    decisions: Logs[Decision]
    findings: Logs[Findings]
    audit: Adjudication | None
    verdicts: Logs[Verdict]
    clearance: Looked | None
    clearances: Logs[Clearance]
    landmarks: Drawn | None
    placements: Logs[Placement]
    study: Collected | None
    kit: Kit | None
    answers: Logs[Answer]

    def names(self, task: str, logs: Collection[str], *further: str) -> list[str]:
        """Who has a log, is or was invited, or is named in the settings."""
        invited = {link.person for link in self.invitations.links() if link.task == task}
        return sorted({*logs, *invited, *further} - {PRESCREEN, ""})


@dataclass(frozen=True)
class Share:
    """What one person has said of the things of a task, and what is left to them."""

    words: Mapping[Any, str]
    """Thing → what is in effect."""
    log: Sequence[Entry] = ()
    left: int | None = None
    """Things that wait for this person."""
    assigned: int | None = None
    """Things that are this person's to decide on; None: those of all."""


def table_of(
    team: Team,
    task: str,
    people: Mapping[str, Share],
    *,
    words: Sequence[str],
    agreement: Mapping[str, Any],
    **numbers: int,
) -> dict[str, Any]:
    """A table of a task; see `overview.overview_of`."""
    heard: dict[Hashable, set[str]] = {}
    for share in people.values():
        for thing, word in share.words.items():
            heard.setdefault(thing, set()).add(word)
    return {
        "unit": UNITS[task],
        "pause_s": PAUSES[task],
        **numbers,
        "differ": sum(len(each) > 1 for each in heard.values()),
        "people": [_row(team, task, name, words, people[name]) for name in sorted(people)],
        "agreement": dict(agreement),
    }


def _row(team: Team, task: str, name: str, words: Sequence[str], share: Share) -> dict[str, Any]:
    """A person's row.

    Returns:
        `person`, `done` (things with a word of theirs in effect), `words` (how many of each),
        `assigned` (None: nothing is kept for anybody) and `left` (things that wait for them; None
        where that is not known), `lines` of the log, `active_hours` and `an_hour` (None where too
        little was done to say; see `PACE`), `last_seen` (None without a line) and `invitation`
        (`open`, `expired`, `revoked` or `none`).
    """
    work = work_of(share.log, PAUSES[task])
    number = Counter(share.words.values())
    return {
        "person": name,
        "done": len(share.words),
        "words": {word: number[word] for word in words},
        "assigned": share.assigned,
        "left": share.left,
        "lines": len(share.log),
        "active_hours": work.seconds / 3600,
        "an_hour": work.an_hour,
        "last_seen": max((entry.at for entry in share.log), default=None),
        "invitation": _invited(team, task, name),
    }


def _invited(team: Team, task: str, name: str) -> State | str:
    # Findings are noted on the pages of the screening.
    page = "screening" if task == "findings" else task
    links = team.invitations.links()
    states = {link.state() for link in links if (link.task, link.person) == (page, name)}
    return next((state for state in ("open", "expired", "revoked") if state in states), "none")


def waiting_counts(
    things: Collection[Any], said: Mapping[str, Mapping[Any, str]], waits: Callable[..., bool]
) -> dict[str, int]:
    """How many things wait for each person who has not decided on them.

    Args:
        things: of the task.
        said: person → thing → word in effect.
        waits: whether a thing waits for a person, given person, thing and others' words by name.
    """
    on: dict[Any, dict[str, str]] = {}
    for name, words in said.items():
        for thing, word in words.items():
            on.setdefault(thing, {})[name] = word
    return {
        name: sum(
            waits(name, thing, on.get(thing, {})) for thing in things if thing not in said[name]
        )
        for name in said
    }


def words_on(things: Any, log: Sequence[Entry], key: str) -> dict[Any, str]:
    """What a person says of the things of a task, in effect."""
    return {
        thing: getattr(entry, key) for thing, entry in effective_of(log).items() if thing in things
    }
