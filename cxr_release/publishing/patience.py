"""Watch whether the Hub answers: say so within ten seconds if not, give up after some minutes.

The libraries that talk to the Hub try again in silence, some of them for many minutes. A thread
beside them asks every server of the conversation for a sign of life whenever it has been silent
for a while. What has not answered for `Patience.total` seconds, or drips its answer for longer
than that, ends the conversation.
"""

from __future__ import annotations

import math
import signal
import socket
import sys
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tqdm import tqdm

from cxr_release.errors import ReleaseError
from cxr_release.publishing.hub import Access
from cxr_release.publishing.hub_errors import RERUN, reason, scrub

if TYPE_CHECKING:
    import httpx2

ASK_AFTER = 3.0
"""Seconds without an answer after which a server is asked for a sign of life."""
ASK_FOR = 2.0
"""Seconds that it has to give one."""
SAY_AFTER = 5.0
"""Seconds without an answer after which the user is told."""
SAY_AGAIN = 60.0
LEAST_RATE = 16 * 1024
"""Bytes a second: a request with a body or an answer of known size may take as long as this
rate needs, beyond the patience."""
_TURN = 0.25
_INTERRUPT_AFTER = 1.0
_LONGEST_PAUSE = 20.0
"""Seconds that a library's thread may sleep before it sees that all is over; the Hub's: 8."""


@dataclass(frozen=True)
class _Request:
    """A request that is not answered in full yet."""

    server: str
    name: str
    """Method and path; queries hold signatures."""
    began: float
    deadline: float


class Watch:
    """Watches one conversation; made by `wire.conversation`.

    Args:
        access: whom the conversation is with.
        total: seconds without an answer after which it ends.
    """

    def __init__(self, access: Access, total: float) -> None:
        self.access = access
        self.total = total
        self.error: ReleaseError | None = None
        """Why the conversation is over; None while it is not."""
        now = time.monotonic()
        self._lock = threading.Lock()
        self._lasting = {_server(access.endpoint)}
        """Servers that matter even without a request in flight."""
        self._answered = dict.fromkeys(self._lasting, now)
        """Server → when it last gave a sign of life."""
        self._mute: set[str] = set()
        """Servers that were asked and gave no sign."""
        self._why: dict[str, str] = {}
        """Silent server → why it is not reached, where more is known than that."""
        self._told: dict[str, float] = {}
        """Server → when the user was last told that it is silent."""
        self._requests: dict[int, _Request] = {}
        """Thread → its request."""
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self._over = threading.Event()
        self._gave_up = False
        self._interrupts = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        self._thread = threading.Thread(target=self._run, name="hub-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        while True:
            try:
                with self._lock:
                    self._over.set()
                self._thread.join()
                break
            except KeyboardInterrupt:
                # One of the watch's own, sent just before, may arrive only now.
                self._over.set()
                if not self._gave_up:
                    raise
        if error is not None:
            self._end_uploads()
        if self._gave_up and isinstance(error, KeyboardInterrupt):
            raise self.error or error from None

    def _end_uploads(self) -> None:
        """Threads of the libraries try again for minutes; none may do so unwatched."""
        self.error = self.error or self._ended("was interrupted")
        self._wake()
        until = time.monotonic() + _LONGEST_PAUSE
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def request(self, request: httpx2.Request, answer_size: int = 0) -> None:
        """A request begins.

        Args:
            request: it; the watch learns of its connection through it.
            answer_size: bytes of its answer, where they are known beforehand.

        Raises:
            ReleaseError: the conversation is over.
        """
        if self.error is not None:
            raise self.error
        request.extensions["trace"] = self._trace
        length = request.headers.get("content-length", "0")
        sized = "transfer-encoding" not in request.headers and length.isdecimal()
        size = int(length) + answer_size if sized else math.inf
        now = time.monotonic()
        server = _server(request.url)
        name = f"{request.method} {request.url.path}"
        pending = _Request(server, name, now, now + self.total + size / LEAST_RATE)
        with self._lock:
            self._requests[threading.get_ident()] = pending
            self._threads.add(threading.current_thread())
            self._answered.setdefault(server, now)

    def answered(self, url: httpx2.URL) -> None:
        """A server gave a sign of life: the head of an answer, or more of its body."""
        self._lives(_server(url))

    def finished(self) -> None:
        """This thread's request is answered in full, or given up."""
        with self._lock:
            self._requests.pop(threading.get_ident(), None)

    def also(self, url: str) -> None:
        """Watch another server, with which a library talks by itself."""
        with self._lock:
            self._lasting.add(_server(url))
            self._answered.setdefault(_server(url), time.monotonic())

    @property
    def is_silent(self) -> bool:
        """Whether some server gives no sign of life even when it is asked for one."""
        return bool(self._mute)

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore tells of a request: its connections, as soon as they stand."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            connection = info["return_value"].get_extra_info("socket")
            if connection is not None:
                self._sockets.add(connection)

    def _lives(self, server: str) -> None:
        with self._lock:
            self._answered[server] = time.monotonic()
            self._mute.discard(server)
            told_at = self._told.pop(server, None)
        if told_at is not None:
            _say(f"{server} answers again")

    def _run(self) -> None:
        while not self._over.wait(_TURN):
            for server in self._silent():
                if self._gives_a_sign(server):
                    self._lives(server)
                elif not self._over.is_set():
                    self._tell(server)
            self._end_what_takes_too_long()
            if self.error is not None:
                self._gave_up = True
                self._wake()
                self._interrupt()
                return

    def _silent(self) -> list[str]:
        """Servers that matter now and have not answered for a while."""
        now = time.monotonic()
        with self._lock:
            busy = {pending.server for pending in self._requests.values()}
            return [
                server
                for server, last in self._answered.items()
                if now - last > ASK_AFTER and server in busy | self._lasting
            ]

    def _gives_a_sign(self, server: str) -> bool:
        """Whether a server answers at all, whatever it says. It gets no token."""
        import httpx2

        try:
            # A connection of its own: one that is kept may be what is broken.
            httpx2.head(server, timeout=ASK_FOR, follow_redirects=False)
        except httpx2.RemoteProtocolError:
            return True  # an answer, if a strange one
        except Exception as error:  # noqa: BLE001 - any error means no answer
            why = scrub(reason(error, server), self.access)
            self._why[server] = f" ({why})" if why else ""
            return False
        return True

    def _tell(self, server: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._mute.add(server)
            silent = now - self._answered[server]
            if silent < SAY_AFTER or now - self._told.get(server, -math.inf) < SAY_AGAIN:
                return
            self._told[server] = now
        remaining = max(0.0, self.total - silent)
        _say(
            f"{self._silence(server, silent)}. Trying for another {remaining:.0f} s; "
            f"Ctrl-C is safe. Then {RERUN}"
        )

    def _end_what_takes_too_long(self) -> None:
        with self._lock:
            message = next(self._too_long(time.monotonic()), None)
        if message is not None:
            self.error = self._ended(message)

    def _too_long(self, now: float) -> Iterator[str]:
        """What has taken too long: servers that say nothing before requests that drip."""
        for server in sorted(self._mute):
            silent = now - self._answered[server]
            if silent > self.total:
                yield self._silence(server, silent)
        for pending in self._requests.values():
            if now > pending.deadline and pending.server not in self._mute:
                took = pending.deadline - pending.began
                yield f"{pending.server} did not answer {pending.name} in full within {took:.0f} s"

    def _silence(self, server: str, silent: float) -> str:
        return f"{server} has not answered for {silent:.0f} s{self._why.get(server, '')}"

    def _ended(self, message: str) -> ReleaseError:
        return ReleaseError(message, where=self.access.page, remedy=RERUN)

    def _wake(self) -> None:
        """Every thread that waits for an answer gets an error; no further request is made."""
        for connection in list(self._sockets):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _interrupt(self) -> None:
        """End what waits by itself, as hf_xet does: it gives up as after Ctrl-C."""
        while self._interrupts and not self._over.wait(_INTERRUPT_AFTER):
            with self._lock:
                if self._over.is_set():
                    return
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _server(url: httpx2.URL | str) -> str:
    """Scheme, host and port."""
    split = urlsplit(str(url))
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}"


def _say(text: str) -> None:
    with suppress(OSError):
        tqdm.write(text, file=sys.stderr)
