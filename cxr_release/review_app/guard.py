"""Who may ask for what: hosts, origins, methods, sizes, tokens and sessions.

A page on this machine is open to every page in the same browser, and to every program and, with
another host, to everybody on the network. So nothing is answered under a name that is not ours
(DNS rebinding), nothing that a foreign page asks for (CSRF), and nothing without a session.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""Bytes of a request's body."""
METHODS = ("GET", "POST")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Of every answer."""

_notices = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """A request is answered with an error.

    Args:
        status: 400, 403, 404, 405, 409, 413, 415 or 503.
        why: one plain sentence for the person at the page. Names no film.
    """

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        self.why = why
        super().__init__(why)

    def answer(self) -> Response:
        """As JSON."""
        return json_answer({"error": self.why}, self.status)


def json_answer(value: object, status: int = 200) -> Response:
    """A value as JSON, which no browser takes for a page."""
    data = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(data.encode(), status, media_type="application/json")


class Guard:
    """ASGI middleware: lets pass what our own pages may ask for, and signs every answer.

    Args:
        app: what answers.
        origins: addresses under which browsers know this server, such as `http://127.0.0.1:8741`:
            scheme, host, and port unless it is the scheme's own.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = {one.partition("://")[2] for one in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = False
        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise _too_large()
            return message

        async def signed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers.update(HEADERS)
            await send(message)

        try:
            scheme = self._check(scope["method"], Headers(scope=scope))
            await self._app({**scope, "scheme": scheme}, bounded, signed)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            answer = refusal.answer()
        except Exception:  # noqa: BLE001 - the person gets a sentence, the terminal the rest
            _notices.exception("a request failed")
            answer = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed.").answer()
        else:
            return
        if started:  # too late for another answer: the connection is cut
            raise ConnectionError("the answer broke off")
        # What is left of the body shall not be taken for the next request.
        answer.headers["Connection"] = "close"
        if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = ", ".join(METHODS)
        await answer(scope, receive, signed)

    def _check(self, method: str, headers: Headers) -> str:
        """Refuse what may not pass, and say by which scheme the browser came."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise Refusal(403, "This address is not one of this server's.")
        if method not in METHODS:
            raise Refusal(405, "Only GET and POST are answered.")
        ours = [one for one in self._origins if one.partition("://")[2] == hosts[0].lower()]
        if any(one not in ours for one in origins) or (method == "POST" and len(origins) != 1):
            raise Refusal(403, "Another page asked for this: only this server's own pages may.")
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode")
        if site not in {"none", "same-origin"} and mode != "navigate":
            raise Refusal(403, "Another page asked for this: only this server's own pages may.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY:
            raise _too_large()
        return ours[0].partition("://")[0]


class Door:
    """One-time tokens and sessions, a set of them for each person. In memory alone.

    Args:
        people: whom a token may let in.
        announce: called with a person and their new token when the one before was spent.
    """

    lost = "Open the address that the server printed last for you: each one works once."
    """For a page whose session has ended."""
    shut = (
        "This address is not valid any more, or never was. Each address opens the pages once, in"
        " one browser. The newest one stands in the terminal in which the server runs."
    )
    """For somebody who is not let in."""

    def __init__(self, people: Iterable[str], announce: Callable[[str, str], None]) -> None:
        self._turn = threading.Lock()
        self._announce = announce
        self._tokens = {person: secrets.token_urlsafe(32) for person in people}
        self._sessions: dict[str, list[str]] = {person: [] for person in self._tokens}

    @property
    def tokens(self) -> Mapping[str, str]:
        """Person → the token that lets them in next."""
        return dict(self._tokens)

    def enter(self, token: str) -> tuple[str, str] | None:
        """Spend a token.

        Returns:
            Whom it lets in, and their new session; or None if no token is spelt so any more.
        """
        with self._turn:
            person = owner_of(token, self._tokens)
            if person is None:
                return None
            session = secrets.token_urlsafe(32)
            self._sessions[person].append(session)
            self._tokens[person] = fresh = secrets.token_urlsafe(32)
        self._announce(person, fresh)
        return person, session

    def knows(self, person: str, session: str) -> bool:
        """Whether a session is this person's."""
        # All are compared, so that the time says nothing.
        return sum(same(session, right) for right in self._sessions.get(person, [])) > 0


def owner_of(token: str, tokens: Mapping[str, str]) -> str | None:
    """Whose token it is, if anybody's."""
    # All are compared, so that the time says nothing.
    matches = [person for person, right in tokens.items() if same(token, right)]
    return matches[0] if matches else None


def same(one: str, other: str) -> bool:
    """Whether two secrets are spelt alike; how long it takes says nothing of the second."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def cookie(request: Request, person: str, session: str) -> str:
    """`Set-Cookie` that keeps a session to a person's own pages, and to https where it is used."""
    name = _cookie_name(request)
    made: SimpleCookie = SimpleCookie({name: session})
    morsel = made[name]
    morsel["path"] = f"/r/{person}/"
    morsel["httponly"] = True
    morsel["samesite"] = "Strict"
    morsel["secure"] = request.scope["scheme"] == "https"
    return morsel.OutputString()


def session_in(request: Request) -> str:
    """The session that a request carries, or nothing."""
    return request.cookies.get(_cookie_name(request), "")


def _cookie_name(request: Request) -> str:
    # Browsers send cookies to every port of a host: two servers must not overwrite each other's.
    return f"session-{request.scope['server'][1]}"


def _too_large() -> Refusal:
    return Refusal(413, f"A request has {MAX_BODY // 1024} KiB at most.")
