"""Who is invited to which task, and which links still open its pages: a log of each lead.

A link is a random number in the log; only with the secret in a file that stays here does it become
an address. It is made once (`invite`), may be handed out again (`send`), and ends at its time or,
for good, when it is revoked. An end holds whoever logged it, and whenever: a clock that is wrong
cannot bring a link back.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from cxr_release.logbook.entry import TIME, Entry, EntryType, Statement, matching, time_of
from cxr_release.logbook.log_files import SUFFIX
from cxr_release.logbook.logs import read_all
from cxr_release.spelling import REVIEWER

Task = Literal["screening", "adjudication", "study", "landmarks", "clearance"]
TASKS: tuple[Task, ...] = get_args(Task)
"""Whose pages a link can open."""
Act = Literal["invite", "send", "revoke"]
ACTS: tuple[Act, ...] = get_args(Act)
LINK_BYTES = 16

_LINK = re.compile(rf"[0-9a-f]{{{2 * LINK_BYTES}}}")


@dataclass(frozen=True)
class NewInvitation(Statement):
    """What a lead does with a link; see `Statement`."""

    task: Task
    person: Annotated[str, matching(REVIEWER, "a person's name is one such as a.b")]
    """Who is invited."""
    act: Act
    link: Annotated[str, matching(_LINK, "a link is 32 hex digits")]
    expires: Annotated[str, matching(re.compile(f"(?:{TIME.pattern})?"), "expires is not a time")]
    """When the link ends; empty: it does not end by itself."""

    @property
    def about(self) -> tuple[str, str, str]:
        """Task, person and link."""
        return self.task, self.person, self.link

    @property
    def fingerprint(self) -> str:
        """The link."""
        return self.link

    @property
    def retracts(self) -> bool:
        """Whether it ends the link."""
        return self.act == "revoke"

    def _contradictions(self) -> Iterator[str]:
        if self.expires and (self.act != "invite" or time_of(self.expires) is None):
            yield "only a new link has a time at which it ends, and that is a time"


@dataclass(frozen=True)
class Invitation(Entry, NewInvitation):
    """What a lead did with a link, in their log."""


INVITATION = EntryType("invitation", NewInvitation, Invitation)

State = Literal["open", "expired", "revoked"]


@dataclass
class Link:
    """A link as all leads' logs have it."""

    task: Task
    person: str
    number: str
    by: str = ""
    at: str = ""
    expires: str = ""
    sent: list[str] = field(default_factory=list)
    """When it was handed out, first when it was made."""
    revoked: str = ""
    """When it was, for the first time; empty: it was not."""

    def state(self, now: datetime | None = None) -> State:
        """Whether it opens its pages: not if it was revoked, or its time is over."""
        if self.revoked or not self.at:
            return "revoked"
        end = time_of(self.expires) if self.expires else None
        return "expired" if end and end <= (now or datetime.now(UTC)) else "open"


def new_link() -> str:
    """A number for a new link."""
    return secrets.token_hex(LINK_BYTES)


class Invitations:
    """All links of all leads' logs, kept up with the logs as they grow. Threads may share it.

    Args:
        folder: of the logs; there may be none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.version = 0
        """Goes up whenever the logs have changed."""
        self._lock = threading.Lock()
        self._facts: Any = None
        self._links: dict[tuple[str, str, str], Link] = {}

    def links(self, task: Task | None = None, person: str | None = None) -> list[Link]:
        """Links by the time at which they were made, of a task and a person or of all.

        Raises:
            DecisionError: a log does not verify. Then no link is known.
        """
        self._refresh()
        links = [
            link
            for link in self._links.values()
            if task in (None, link.task) and person in (None, link.person)
        ]
        return sorted(links, key=lambda link: (link.at, link.number))

    def open_link(self, task: Task, person: str) -> Link | None:
        """The link that opens a task's pages to a person: the latest such one, if any."""
        return next(
            (link for link in reversed(self.links(task, person)) if link.state() == "open"), None
        )

    def people(self, task: Task) -> list[str]:
        """Who is invited to a task and not revoked since, whether or not their time is over."""
        return sorted({link.person for link in self.links(task) if link.state() != "revoked"})

    def was_revoked(self, task: Task, person: str) -> bool:
        """Whether any link of a person to a task was revoked."""
        return any(link.state() == "revoked" for link in self.links(task, person))

    def _refresh(self) -> None:
        with self._lock:
            facts = _facts(self.folder)
            if facts == self._facts:
                return
            self._links, self._facts = {}, None  # nobody comes in by logs that cannot be read
            links: dict[tuple[str, str, str], Link] = {}
            for entries in read_all(INVITATION, self.folder).values():
                for entry in entries:
                    link = links.setdefault(entry.about, Link(entry.task, entry.person, entry.link))
                    _take(link, entry)
            self._links, self._facts = links, facts
            self.version += 1


def _take(link: Link, entry: Invitation) -> None:
    if entry.act == "revoke":
        link.revoked = min(filter(None, (link.revoked, entry.at)))
        return
    link.sent = sorted([*link.sent, entry.at])
    if entry.act == "invite":
        link.by, link.at, link.expires = entry.reviewer, entry.at, entry.expires


def _facts(folder: Path) -> Mapping[str, tuple[int, ...]]:
    """What shows that a log has changed."""
    facts = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            status = path.stat()
        except FileNotFoundError:  # it went just now
            continue
        facts[path.name] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return facts
