"""Links that last: they are mailed to people and open the pages again and again.

A person's link holds HMAC-SHA256 of their name under a secret that a file keeps: it outlives the
server, and so do sessions. Whoever moves the file away ends all of them.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.files import read_bounded, write_once
from cxr_release.review_app.door import Door, same

SECRET_BYTES = 32

_MOST = 1024
"""Bytes; a file that is longer is none of ours."""
_SECRET = re.compile(rb"([0-9a-f]{%d})\n?" % (2 * SECRET_BYTES))


class Links:
    """Tokens and sessions that follow from a secret.

    Args:
        secret: random bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, person: str) -> str:
        """What stands in a person's link; the same at all times."""
        return self._sign("link", person)

    def session(self, person: str) -> str:
        """A new session of a person."""
        nonce = secrets.token_urlsafe(16)
        return f"{nonce}.{self._sign('session', person, nonce)}"

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is a person's."""
        nonce, _, signed = session.partition(".")
        return same(signed, self._sign("session", person, nonce))

    def _sign(self, *parts: str) -> str:
        text = "\0".join(parts).encode("utf-8", "replace")
        digest = hmac.digest(self._secret, text, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class LastingDoor(Door):
    """Lets people in by links that last.

    Args:
        people: whom a link may let in.
        links: theirs.
    """

    promise = (
        "This link is for them alone. It works again and again: keep it, and send it to nobody."
    )
    lost = "Open the link that you were sent once more. Without it, ask whoever sent it to you."
    shut = (
        "This lets nobody in. Open the link that you were sent, whole and as it is. If it does not"
        " help, ask whoever sent it to you."
    )

    def __init__(self, people: Iterable[str], links: Links) -> None:
        super().__init__(people, lambda person, token: None)  # there is never a new one
        self._links = links
        self._tokens = {person: links.token(person) for person in self._tokens}

    def enter(self, token: str, page: str = "") -> tuple[str, str] | None:
        """Whom a token lets in, and a new session of theirs; or None if it is nobody's."""
        claim = self.whose(token)
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
        found = _SECRET.fullmatch(read_bounded(path, _MOST))
    except OSError as error:
        raise DecisionError(
            f"cannot be read or written: {error.strerror}", where=str(path)
        ) from error
    if not found:
        raise DecisionError(
            "is no secret of links",
            where=str(path),
            remedy="restore it; or move it away, and send every reader a new link",
        )
    return Links(bytes.fromhex(found[1].decode()))
