"""How requests reach the small Hub and answers leave it; and all that can go wrong on the way."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.support.hub.store import Refused

if TYPE_CHECKING:
    from tests.support.hub.server import Hub

WRITER, READER = "hf_writerwriterwriterwriterwriterwr", "hf_readerreaderreaderreaderreaderre"
REPO = "cxr/films"


@dataclass
class Trouble:
    """What goes wrong with the next requests of a kind."""

    method: str
    path: str
    """A regular expression that is searched in the path."""
    status: int = 0
    """Answer this and do nothing."""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = "something went wrong"
    drop: int | None = None
    """Hang up after so many bytes of the body."""
    cut: int | None = None
    """Hang up after so many bytes of the answer."""
    lose: bool = False
    """Do it, and hang up instead of answering."""
    before: Callable[[], Any] | None = None
    """Happens first; then the request is answered as ever."""
    edit: Callable[[Any], Any] | None = None
    """Answer → the answer that is given."""
    die: bool = False
    """The server is killed."""
    times: int = 1
    skip: int = 0
    """Requests of this kind that pass first."""


@dataclass
class Reply:
    """An answer."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Connection(BaseHTTPRequestHandler):
    """One connection: requests in, troubles, answers out. What they are, `route` says."""

    hub: Hub
    protocol_version = "HTTP/1.1"
    # An answer in one piece: in two, the second waits for the first to be acknowledged.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """A client that is killed or hangs up is no news here."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def answer(self) -> None:
        split = urlsplit(self.path)
        self.hub.asked.append((self.command, self.path))
        self.hub.tokens.append(self.token)
        trouble = self.hub.trouble_for(self.command, self.path)
        if trouble and trouble.die:
            os.kill(os.getpid(), signal.SIGKILL)
        if trouble and trouble.drop is not None:
            self.rfile.read(min(trouble.drop, int(self.headers.get("Content-Length", 0))))
            return self.hang_up()
        body = self.read_body()
        self.hub.bodies.append(body)
        if trouble and trouble.before:
            trouble.before()
        if trouble and trouble.status:
            return self.send(Reply(trouble.text.encode(), trouble.status, trouble.headers))
        try:
            query = {name: values[-1] for name, values in parse_qs(split.query).items()}
            reply = self.route(unquote(split.path), query, body)
        except Refused as refusal:
            headers = {"X-Error-Code": refusal.code} if refusal.code else {}
            headers["X-Error-Message"] = refusal.text
            reply = Reply({"error": refusal.text}, refusal.status, headers)
        if trouble and trouble.lose:
            return self.hang_up()
        if trouble and trouble.edit:
            reply.body = trouble.edit(reply.body)
        return self.send(reply, trouble.cut if trouble else None)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, reply: Reply, cut: int | None = None) -> None:
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        status = reply.status
        headers = {"X-Request-Id": "1", **reply.headers}
        if wanted and status == 200 and "Accept-Ranges" in headers:
            first, last = int(wanted[1]), min(int(wanted[2] or len(body) - 1), len(body) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
            body, status = body[first : last + 1], 206
            self.hub.ranges.append(wanted[0])
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        self.wfile.flush()
        if cut is not None:
            self.hang_up()

    def route(self, path: str, query: dict[str, str], body: bytes) -> Reply:
        raise NotImplementedError
