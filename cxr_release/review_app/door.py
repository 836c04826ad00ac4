"""Whom a token lets in, and whose a session is. Nothing here knows of requests."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """Whom a token belongs to.

    Args:
        person: let in by it.
        spent: it let them in before, and does so no more.
    """

    person: str
    spent: bool = False


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

    def enter(self, token: str) -> tuple[str, str] | None:
        """Spend a token.

        Returns:
            Whom it lets in, and their new session; or None if it lets nobody in (any more).
        """
        with self._turn:
            claim = self.whose(token)
            if claim is None or claim.spent:
                return None
            person, session = claim.person, secrets.token_urlsafe(32)
            self._sessions[person].append(session)
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
