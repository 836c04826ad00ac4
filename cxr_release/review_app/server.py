"""uvicorn's server, with limits on its connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from cxr_release.review_app.connections import BACKLOG, Arrival, Connection, Crowd, Limits, fitting

QUEUE = 1024
"""Connections that the system holds until they are taken in, where it holds so many."""


class Server(uvicorn.Server):
    """Serves until it is told to end.

    Args:
        config: of uvicorn, with its own limits off.
        started: called when it listens.
        limits: on its connections.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None] = lambda: None,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(config)
        self.crowd = Crowd(limits or fitting())
        self._when_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        # uvicorn would make connections of its own kind, and secure them before they are counted.
        await super().startup(sockets=[])
        loop = asyncio.get_running_loop()
        for one in sockets or []:
            self.servers.append(await loop.create_server(self._arrival, sock=one, backlog=BACKLOG))
            one.listen(QUEUE)
        self._when_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, once what was begun is answered."""
        self.crowd.close()
        await super().shutdown(sockets)

    def _arrival(self) -> Arrival:
        return Arrival(
            self.crowd,
            lambda look, gone: Connection(self.config, self.server_state, look, gone),
            self.config.ssl,
        )
