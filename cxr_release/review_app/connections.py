"""How many connections there may be, and how long each may take over a request and its answer.

uvicorn limits neither, so a client that opens connections and never ends a request could keep all
other clients out. Here a new connection always finds a place while any other is idle: the one that
has been idle for longest is closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

import h11
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Phase = Literal["request", "answer", "idle"]
"""A request is not whole yet; it is being answered; neither, after an answer."""

BACKLOG = 64
"""Connections that are taken in before any is looked at: files that are open beyond the limit."""


@dataclass(frozen=True)
class Limits:
    """Of all connections to one server.

    Args:
        at_once: connections in all.
        an_address: connections from one address, or one /64 of IPv6. A browser opens six.
        request_s: seconds until a connection is secured, and until a request is whole.
        answer_s: seconds until an answer is taken.
    """

    at_once: int = 512
    an_address: int = 128
    request_s: float = 20.0
    answer_s: float = 60.0


def fitting() -> Limits:
    """Limits within the number of files that this process may open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    usual = Limits()
    if limit == resource.RLIM_INFINITY:
        return usual
    at_once = min(usual.at_once, max(BACKLOG, limit // 2 - BACKLOG))
    return replace(usual, at_once=at_once, an_address=min(at_once, usual.an_address))


class ConnectionPool:
    """All connections to a server.

    Args:
        limits: of them.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._connections: dict[CountedConnection, None] = {}

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def all(self) -> list[CountedConnection]:
        """All connections, in the order in which they came."""
        return list(self._connections)

    def enter(self, arrival: CountedConnection) -> bool:
        """Take in a connection, in place of another where there are enough.

        Returns:
            Whether there is room: not where every other one is being answered.
        """
        beside = [other for other in self.all if other.address == arrival.address]
        if len(beside) >= self.limits.an_address and not self._make_room(beside):
            return False
        if len(self) >= self.limits.at_once and not self._make_room(self.all):
            return False
        self._connections[arrival] = None
        return True

    def leave(self, arrival: CountedConnection) -> None:
        """A connection is gone."""
        self._connections.pop(arrival, None)

    def close(self) -> None:
        """End the connections that are not secured yet, which uvicorn does not know of."""
        for connection in self.all:
            if connection.http.transport is None:
                connection.abort()

    def _make_room(self, among: list[CountedConnection]) -> bool:
        # Connections with an unfinished request are closed before those between two requests.
        waiting = [connection for connection in among if connection.phase == "request"]
        idle = [connection for connection in among if connection.phase == "idle"]
        spare = min(waiting or idle, key=lambda connection: connection.since, default=None)
        if spare is None:
            return False
        self.leave(spare)
        spare.abort()
        return True


class CountedConnection(asyncio.Protocol):
    """A connection from its first moment: counted, then secured, then handed to HTTP.

    Args:
        pool: which it joins.
        make_http: gives what speaks HTTP on it; called with `look`, to be called whenever the
            phase may have changed, and what to call when the connection is gone.
        context: secures it; None: it stays plain.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        make_http: Callable[[Callable[[], None], Callable[[], None]], Connection],
        context: ssl.SSLContext | None,
    ) -> None:
        self.phase: Phase = "request"
        self.address: object = None
        self.http = make_http(self._look, self._gone)
        self._pool = pool
        self._context = context
        self._loop = asyncio.get_running_loop()
        self.since = self._loop.time()
        self._deadline: asyncio.TimerHandle | None = None
        self._raw: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._last: tuple[Phase, object] = ("request", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the others, if there is room."""
        self._raw = raw = cast(asyncio.Transport, transport)
        self.address = _address(raw.get_extra_info("peername"))
        if not self._pool.enter(self):
            raw.abort()
        elif self._context is None:
            self._begin(raw)
        else:
            self._task = self._loop.create_task(self._secure(raw, self._context))

    def connection_lost(self, exc: Exception | None) -> None:
        """Before HTTP has begun; see `Connection.connection_lost`."""
        self._gone()

    def abort(self) -> None:
        """End the connection at once."""
        if self._raw is not None:
            self._raw.abort()

    def _begin(self, transport: asyncio.Transport) -> None:
        self._enter("request")
        transport.set_protocol(self.http)
        self.http.connection_made(transport)

    async def _secure(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        try:
            secured = await self._loop.start_tls(
                transport,
                self.http,
                context,
                server_side=True,
                ssl_handshake_timeout=self._pool.limits.request_s,
            )
        except (OSError, asyncio.CancelledError):  # no TLS, too slow, or gone
            self.abort()
            self._gone()
            return
        if secured is None:
            self._gone()
        else:
            self._begin(secured)

    def _look(self) -> None:
        # A client that sends a request before the last is answered gets the whole time again.
        now = (self.http.phase, self.http.cycle)
        if now != self._last:
            self._last = now
            self._enter(self.http.phase)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.since = self._loop.time()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        limits = self._pool.limits
        if phase != "idle":  # uvicorn ends idle connections
            seconds = limits.request_s if phase == "request" else limits.answer_s
            self._deadline = self._loop.call_later(seconds, self.abort)

    def _gone(self) -> None:
        self._pool.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()


class Connection(H11Protocol):
    """HTTP on a connection, which says in which phase it is.

    Args:
        config: of the server.
        state: of the server.
        look: called when the phase may have changed.
        gone: called when the connection is.
    """

    def __init__(
        self,
        config: Config,
        state: ServerState,
        look: Callable[[], None],
        gone: Callable[[], None],
    ) -> None:
        super().__init__(config, state, {})
        self._look = look
        self._gone = gone
        self._early = b""

    @property
    def phase(self) -> Phase:
        """See `Phase`."""
        client_state = self.conn.their_state
        answering = self.cycle is not None and not self.cycle.response_complete
        if client_state is h11.SEND_BODY:
            return "request"
        if answering or self.flow.write_paused or self.transport.is_closing():
            return "answer"
        begun = self.cycle is None or bool(self.conn.trailing_data[0])
        return "request" if begun else "idle"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, with what came while the connection was being secured."""
        super().connection_made(transport)
        early, self._early = self._early, b""
        if early:
            self.data_received(early)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self.transport is None:
            self._early += data
            return
        super().data_received(data)
        self._look()

    def pause_writing(self) -> None:
        """The other side does not take the answer just now."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing was asked for a long time."""
        super().timeout_keep_alive_handler()
        self._look()

    def on_response_complete(self) -> None:
        """On to the next request."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._gone()
        if self.transport is not None:  # None: it was lost before it was secured
            super().connection_lost(exc)


def _address(peer: object) -> object:
    """What connections are counted by: an address, or the 64 bits of IPv6 that one owner has."""
    try:
        address = ipaddress.ip_address(peer[0].partition("%")[0])  # type: ignore[index]
    except (TypeError, ValueError, IndexError, AttributeError):
        return peer
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or int(address) >> 64
    return address
