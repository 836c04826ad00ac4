"""Ask an ASGI application as a server would, byte for byte: no client tidies anything up."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import unquote, urlencode

from starlette.types import ASGIApp

from cxr_release.review_app.access import SignIn
from cxr_release.review_app.guard import Guard

ORIGIN = "http://127.0.0.1:8741"
HOST = "127.0.0.1:8741"


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    def header(self, name: str) -> str:
        (found,) = [value for key, value in self.headers if key == name]
        return found

    def json(self) -> Any:
        assert self.header("content-type") == "application/json"
        return json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        """Path → name and value of the cookie that is set for it."""
        found = [value.split("; ") for key, value in self.headers if key == "set-cookie"]
        paths = [next(part for part in one if part.startswith("Path=")) for one in found]
        return {path[5:]: one[0] for path, one in zip(paths, found, strict=True)}

    @property
    def everything(self) -> str:
        """All that the browser gets."""
        return f"{self.headers} {self.body!r}"


def ask(
    app: ASGIApp,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: Iterable[bytes] = (),
    host: str | None = HOST,
    port: int = 8741,
) -> Answer:
    """One request; `headers` with a `host` of their own replace the usual one."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    if host is not None:
        pairs.append(("host", host))
    raw, _, query = path.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in pairs],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", port),
    }
    chunks = list(body)
    answer = Answer()

    async def receive() -> MutableMapping[str, Any]:
        chunk = chunks.pop(0) if chunks else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert not answer.status, "answered twice"
            answer.status = message["status"]
            answer.headers = [(key.decode(), value.decode()) for key, value in message["headers"]]
        else:
            answer.body += message.get("body", b"")

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return answer


def form_of(page: Answer) -> tuple[str, dict[str, str]]:
    """Path and fields of the one button of a page."""
    text = page.body.decode()
    (action,) = re.findall(r'<form method="post" action="([^"]*)">', text)
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    assert text.count("<button>") == 1
    return html.unescape(action), {name: html.unescape(value) for name, value in fields}


def press(app: ASGIApp, page: Answer, cookie: str = "", **more: Any) -> Answer:
    """Press the one button of a page, as a browser without scripts does."""
    action, fields = form_of(page)
    headers = {
        "origin": ORIGIN,
        "cookie": cookie,
        "content-type": "application/x-www-form-urlencoded",
        "accept": "text/html",
        "sec-fetch-mode": "navigate",
        "sec-fetch-site": "same-origin",
        **more.pop("headers", {}),
    }
    body = [urlencode(fields).encode()]
    return ask(app, action, method="POST", headers=headers, body=body, **more)


@dataclass(kw_only=True)
class Visitor:
    """A server without a socket, and the browser of one person."""

    app: Guard
    door: SignIn
    person: str = "a.b"
    cookie: str = ""

    def enter(self, person: str) -> Self:
        """Another browser, in which that person has come in."""
        answer = press(self.app, ask(self.app, f"/?token={self.door.tokens[person]}"))
        assert answer.status == 303
        return replace(self, person=person, cookie=answer.cookies[f"/r/{person}/"])

    def ask(self, path: str, **more: Any) -> Answer:
        """A request below the person's own path."""
        headers = {"cookie": self.cookie, **more.pop("headers", {})}
        return ask(self.app, f"/r/{self.person}/{path}", headers=headers, **more)

    def send(self, path: str, body: bytes | object, **more: Any) -> Answer:
        """JSON, as the page sends it, or bytes as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"origin": ORIGIN, "content-type": "application/json", **more.pop("headers", {})}
        return self.ask(path, method="POST", headers=headers, body=[data], **more)
