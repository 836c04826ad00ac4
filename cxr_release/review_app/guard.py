"""Which requests are answered: by host, origin, method and size; and plain pages of text.

A server on this machine can be reached by every page in the same browser and by every program, and
on another address by everyone on the network. So a request under a host name that is not this
server's is refused (DNS rebinding), and so is one that a foreign page makes (CSRF).
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STYLE = (
    ":root{color-scheme:dark}"
    "body{display:grid;min-height:90vh;margin:0;place-content:center;padding:2em;"
    "background:#08090b;color:#c5cbd2;"
    'font:16px/1.5 system-ui,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}'
    "main{max-width:34em}"
    "h1{margin:0 0 .6em;font-size:1.5em;font-weight:500}"
    "p{margin:0 0 1em;overflow-wrap:anywhere}"
    "button{min-height:44px;padding:.5em 1.2em;border:1px solid #3b5366;border-radius:4px;"
    "background:#172530;color:#d3e4f0;font:inherit;cursor:pointer}"
    "button:hover{background:#1f3240}"
    "button:focus-visible{outline:2px solid #8ec7ee;outline-offset:2px}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action {action}; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Button:
    """A form of one button, which posts to this server.

    Args:
        text: on the button.
        action: path that it posts to.
        fields: what it sends along, unseen.
    """

    text: str
    action: str
    fields: Mapping[str, str]

    def html(self) -> str:
        """The form."""
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
            for name, value in self.fields.items()
        )
        return (
            f'<form method="post" action="{escape(self.action)}">{hidden}'
            f"<button>{escape(self.text)}</button></form>"
        )


def notice(
    title: str, *paragraphs: str, status: int = 200, button: Button | None = None
) -> Response:
    """A page of a few words.

    Args:
        title: heading.
        paragraphs: plain text, one each.
        status: of the answer.
        button: what can be pressed, if anything.
    """
    text = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        '<meta name="color-scheme" content="dark">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style>'
        f"</head><body><main><h1>{escape(title)}</h1>{text}{button.html() if button else ''}"
        "</main></body></html>"
    )
    answer = Response(page.encode(), status, media_type="text/html")
    action = "'self'" if button else "'none'"
    answer.headers["Content-Security-Policy"] = _POLICY.format(action=action)
    # Its own address may hold a token, which a referrer must not; under "no-referrer" the form
    # would be sent with the origin "null".
    answer.headers["Referrer-Policy"] = "strict-origin"
    return answer


def wants_page(headers: Headers) -> bool:
    """Whether a person will look at the answer, and not one of the pages' scripts."""
    return headers.get("sec-fetch-mode") == "navigate" or "text/html" in headers.get("accept", "")


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
"""Of every answer that does not set its own."""

HELP = "If this does not help, ask the person who sent you the address."

_notices = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """A request is answered with an error.

    Args:
        status: 400, 403, 404, 405, 409, 413, 415 or 503.
        why: one plain sentence for the person at the page. Names no film.
    """

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        self.why = why
        super().__init__(why)

    def answer(self, headers: Headers) -> Response:
        """As JSON; or as a page, where a person looks at it."""
        if not wants_page(headers):
            return json_answer({"error": self.why}, self.status)
        title = "Not let in" if self.status == HTTPStatus.FORBIDDEN else "This did not work"
        return notice(title, self.why, HELP, status=self.status)


def json_answer(value: object, status: int = 200) -> Response:
    """A value as JSON, which no browser shows as a page."""
    data = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(data.encode(), status, media_type="application/json")


class Guard:
    """ASGI middleware: lets pass what the server's own pages may ask for, and signs every answer.

    Args:
        app: what answers.
        origins: addresses under which browsers know this server, such as `http://127.0.0.1:8741`:
            scheme, host, and port unless it is the scheme's own.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = {origin.partition("://")[2] for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request_headers = Headers(scope=scope)
        started = False
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise _too_large()
            return message

        async def signed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            scheme = self._check(scope["method"], request_headers)
            await self._app({**scope, "scheme": scheme}, bounded, signed)
        except ClientDisconnect:
            return
        except Refusal as refusal:
            answer = refusal.answer(request_headers)
        except Exception:  # noqa: BLE001 - the person gets a sentence, the terminal the rest
            _notices.exception("a request failed")
            failed = Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed.")
            answer = failed.answer(request_headers)
        else:
            return
        if started:  # too late for another answer: the connection is cut
            raise ConnectionError("the answer broke off")
        # What is left of the body must not be read as the next request.
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
        matching = [
            origin for origin in self._origins if origin.partition("://")[2] == hosts[0].lower()
        ]
        if any(origin not in matching for origin in origins) or (
            method == "POST" and len(origins) != 1
        ):
            raise Refusal(403, "Another page asked for this: only this server's own pages may.")
        site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode")
        if site not in {"none", "same-origin"} and mode != "navigate":
            raise Refusal(403, "Another page asked for this: only this server's own pages may.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > MAX_BODY:
            raise _too_large()
        return matching[0].partition("://")[0]


def _too_large() -> Refusal:
    return Refusal(413, f"A request has {MAX_BODY // 1024} KiB at most.")
