"""Sign-in: which person a token or a session belongs to. Nothing here knows of HTTP requests.

`SignIn` has tokens that work once. `LinkSignIn` has links that last and can be mailed: a link holds
the HMAC-SHA256 of the person's name under a secret in a file, so links and sessions outlive the
server; removing the file ends all of them.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.files import read_bounded, write_once

TWICE = 10.0
"""Seconds in which the same button may be pressed twice: a double click."""


@dataclass(frozen=True)
class Claim:
    """The person whom a token belongs to.

    Args:
        person: let in by it.
        spent: it let them in before, and does so no more.
        promise: what they should know before they sign in; empty: what holds of all.
    """

    person: str
    spent: bool = False
    promise: str = ""


@dataclass(frozen=True)
class _Entry:
    """How a person signed in last, and when."""

    token: str
    page: str
    session: str
    at: float


class SignIn:
    """One-time tokens and sessions, a set of them for each person. In memory alone.

    Args:
        people: whom a token may let in.
        announce: called with a person and their new token when the one before was spent.
    """

    promise = "This address opens them once, in the browser in which you press the button."
    """What a person should know before signing in."""
    used = (
        "This address was used already. In the browser in which it was, you can go on. In any other"
        " one, ask the person who sent it to you for a new one."
    )
    """The same, where the token is spent."""
    lost = "Ask the person who sent you the link for a new one, and open it in this browser."
    """For a page whose session has ended."""
    shut = (
        "This address does not open the pages (any more). Each address works once, in one browser,"
        " and only while the server that it belongs to runs. Ask the person who sent it to you for"
        " a new one."
    )
    """For a person who is not let in."""

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

    def claim_of(self, token: str) -> Claim | None:
        """The person whose token it is or was, if any. Spends nothing."""
        # All are compared, so that the time says nothing.
        fresh = [person for person, right in self._tokens.items() if same_secret(token, right)]
        spent = [person for person, old in self._spent.items() if _is_among(token, old)]
        claims = [
            *(Claim(person) for person in fresh),
            *(Claim(person, spent=True) for person in spent),
        ]
        return claims[0] if claims else None

    def admits(self, person: str, token: str, page: str) -> bool:
        """Whether a token, sent from a page with a button, lets a person in. Spends nothing."""
        return self.claim_of(token) == Claim(person) or self._twice(person, token, page) is not None

    def _twice(self, person: str, token: str, page: str) -> str | None:
        """The session of a person who pressed that same button just before, if any."""
        last = self._last.get(person)
        if last is None or not page or time.monotonic() - last.at > TWICE:
            return None
        return (
            last.session
            if same_secret(token, last.token) and same_secret(page, last.page)
            else None
        )

    def enter(self, token: str, page: str = "") -> tuple[str, str] | None:
        """Spend a token.

        Args:
            token: of a person.
            page: a random text that the page with the button had. A browser sends what is clicked
                twice two times and heeds the second answer alone: to that page it is the same one.

        Returns:
            The person and their new session; None where the token is not valid.
        """
        with self._turn:
            claim = self.claim_of(token)
            if claim is None:
                return None
            if claim.spent:
                repeated = self._twice(claim.person, token, page)
                return None if repeated is None else (claim.person, repeated)
            person, session = claim.person, secrets.token_urlsafe(32)
            self._sessions[person].append(session)
            self._last[person] = _Entry(token, page, session, time.monotonic())
            self._spent[person].append(self._tokens[person])
            self._tokens[person] = fresh = secrets.token_urlsafe(32)
        self._announce(person, fresh)
        return person, session

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is this person's."""
        return _is_among(session, self._sessions.get(person, []))


def same_secret(first: str, second: str) -> bool:
    """Whether two secrets are equal; the time that it takes says nothing of the second."""
    return hmac.compare_digest(first.encode("utf-8", "replace"), second.encode())


def _is_among(text: str, candidates: Iterable[str]) -> bool:
    # All are compared, so that the time says nothing.
    return sum(same_secret(text, right) for right in candidates) > 0


SECRET_BYTES = 32

_SECRET_FILE_BYTES = 1024
"""Bytes; a longer file is not a secret of links."""
_SECRET = re.compile(rb"([0-9a-f]{%d})\n?" % (2 * SECRET_BYTES))


class Links:
    """Tokens and sessions that follow from a secret.

    Args:
        secret: random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, person: str) -> str:
        """The token in a person's link; it never changes."""
        return self._sign("link", person)

    def session(self, person: str) -> str:
        """A new session of a person."""
        nonce = secrets.token_urlsafe(16)
        return f"{nonce}.{self._sign('session', person, nonce)}"

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is a person's."""
        nonce, _, signed = session.partition(".")
        return same_secret(signed, self._sign("session", person, nonce))

    def _sign(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "replace")
        digest = hmac.digest(self._secret, text, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class LinkSignIn(SignIn):
    """Lets people in by links that last.

    Args:
        people: whom a link may let in.
        links: their links.
    """

    promise = (
        "This link is for them alone. It works again and again: keep it, and do not pass it on."
    )
    lost = (
        "Open the link that you were sent once more. Without it, ask the person who sent it to you."
    )
    shut = (
        "This does not open the pages. Open the link that you were sent, whole and as it is. If it"
        " does not help, ask the person who sent it to you."
    )

    def __init__(self, people: Iterable[str], links: Links) -> None:
        super().__init__(people, lambda person, token: None)  # there is never a new one
        self._links = links
        self._tokens = {person: links.token(person) for person in self._tokens}

    def enter(self, token: str, page: str = "") -> tuple[str, str] | None:
        """The person of a token, and a new session; None where the token is not valid."""
        claim = self.claim_of(token)
        return None if claim is None else (claim.person, self._links.session(claim.person))

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is this person's."""
        return person in self._tokens and self._links.knows(person, session)


def open_links(path: Path) -> Links:
    """The links of which a file keeps the secret; a fresh one is on disk when this returns.

    Several servers may ask at once; all get the same.

    Raises:
        DecisionError: the file cannot be written or read, or holds something else.
    """
    try:
        if not os.path.lexists(path):
            write_once(path, f"{secrets.token_hex(SECRET_BYTES)}\n", mode=0o600)
        match = _SECRET.fullmatch(read_bounded(path, _SECRET_FILE_BYTES))
    except OSError as error:
        raise DecisionError(
            f"cannot be read or written: {error.strerror}", where=str(path)
        ) from error
    if not match:
        raise DecisionError(
            "is not the secret of readers' links",
            where=str(path),
            remedy="restore it; or move it away, and send every reader a new link",
        )
    return Links(bytes.fromhex(match[1].decode()))
