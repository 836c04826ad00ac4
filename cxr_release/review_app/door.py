"""Whom a token lets in, and whose a session is. Nothing here knows of requests."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

TWICE = 10.0
"""Seconds in which the same button may be pressed twice: a double click."""


@dataclass(frozen=True)
class Claim:
    """Whom a token belongs to.

    Args:
        person: let in by it.
        spent: it let them in before, and does so no more.
    """

    person: str
    spent: bool = False


@dataclass(frozen=True)
class _Entry:
    """How somebody came in last, and when."""

    token: str
    page: str
    session: str
    at: float


class Door:
    """One-time tokens and sessions, a set of them for each person. In memory alone.

    Args:
        people: whom a token may let in.
        announce: called with a person and their new token when the one before was spent.
    """

    promise = "This address opens them once, in the browser in which you press the button."
    """What whoever is about to come in should know."""
    used = (
        "This address was used already. In the browser in which it was, you can go on. In any other"
        " one, ask the person who sent it to you for a new one."
    )
    """The same, where the token is spent."""
    lost = "Ask the person who sent you the link for a new one, and open it in this browser."
    """For a page whose session has ended."""
    shut = (
        "This address lets nobody in (any more). Each address works once, in one browser, and only"
        " while the server that it belongs to runs. Ask the person who sent it to you for a new"
        " one."
    )
    """For somebody who is not let in."""

    def __init__(self, people: Iterable[str], announce: Callable[[str, str], None]) -> None:
        self._turn = threading.Lock()
        self._announce = announce
        self._tokens = {person: secrets.token_urlsafe(32) for person in people}
        self._spent: dict[str, list[str]] = {person: [] for person in self._tokens}
        self._sessions: dict[str, list[str]] = {person: [] for person in self._tokens}
        self._last: dict[str, _Entry] = {}

    @property
    def tokens(self) -> Mapping[str, str]:
        """Person → the token that lets them in next."""
        return dict(self._tokens)

    def whose(self, token: str) -> Claim | None:
        """Whose token it is or was, if anybody's. Spends nothing."""
        # All are compared, so that the time says nothing.
        fresh = [person for person, right in self._tokens.items() if same(token, right)]
        spent = [person for person, old in self._spent.items() if _among(token, old)]
        found = [*(Claim(one) for one in fresh), *(Claim(one, spent=True) for one in spent)]
        return found[0] if found else None

    def admits(self, person: str, token: str, page: str) -> bool:
        """Whether a token, sent from a page with a button, lets a person in. Spends nothing."""
        return self.whose(token) == Claim(person) or self._twice(person, token, page) is not None

    def _twice(self, person: str, token: str, page: str) -> str | None:
        """The session of whoever pressed that same button just before, if anybody."""
        last = self._last.get(person)
        if last is None or not page or time.monotonic() - last.at > TWICE:
            return None
        return last.session if same(token, last.token) and same(page, last.page) else None

    def enter(self, token: str, page: str = "") -> tuple[str, str] | None:
        """Spend a token.

        Args:
            token: of a person.
            page: a random text that the page with the button had. A browser sends what is clicked
                twice two times and heeds the second answer alone: to that page it is the same one.

        Returns:
            Whom it lets in, and their new session; or None if it lets nobody in (any more).
        """
        with self._turn:
            claim = self.whose(token)
            if claim is None:
                return None
            if claim.spent:
                again = self._twice(claim.person, token, page)
                return None if again is None else (claim.person, again)
            person, session = claim.person, secrets.token_urlsafe(32)
            self._sessions[person].append(session)
            self._last[person] = _Entry(token, page, session, time.monotonic())
            self._spent[person].append(self._tokens[person])
            self._tokens[person] = fresh = secrets.token_urlsafe(32)
        self._announce(person, fresh)
        return person, session

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is this person's."""
        return _among(session, self._sessions.get(person, []))


def same(one: str, other: str) -> bool:
    """Whether two secrets are spelt alike; how long it takes says nothing of the second."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _among(one: str, secret: Iterable[str]) -> bool:
    # All are compared, so that the time says nothing.
    return sum(same(one, right) for right in secret) > 0
