"""Serve pages to reviewers or readers until Ctrl-C, each at their own address.

uvicorn's server, with limits on its connections.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import HANDLED_SIGNALS

from cxr_release.errors import CxrReleaseError, DecisionError
from cxr_release.files import open_regular
from cxr_release.review_app.access import Links, LinkSignIn, SignIn
from cxr_release.review_app.connections import (
    BACKLOG,
    Connection,
    ConnectionPool,
    CountedConnection,
    Limits,
    fitting,
)
from cxr_release.review_app.desk import with_keys
from cxr_release.review_app.guard import Guard
from cxr_release.review_app.invited import Invited, InvitedSignIn
from cxr_release.review_app.key_settings import load_keys
from cxr_release.review_app.keys import STANDARD
from cxr_release.review_app.site import Site

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
        self.pool = ConnectionPool(limits or fitting())
        self._when_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        # uvicorn would make connections of its own kind, and secure them before they are counted.
        await super().startup(sockets=[])
        loop = asyncio.get_running_loop()
        for listener in sockets or []:
            self.servers.append(
                await loop.create_server(self._connect, sock=listener, backlog=BACKLOG)
            )
            listener.listen(QUEUE)
        self._when_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, once what was begun is answered."""
        self.pool.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: `ended_by_signals` does it, for longer, and raises none of them again."""
        yield

    @contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end the server in order, and only that, until this is left.

        uvicorn raises what it caught again at its end, and how a process ends then depends on how
        it was started: a SIGINT that a shell told its background job to ignore is nothing, others
        are an error, of whichever loop is not yet over.
        """
        before = {each: signal.signal(each, self.handle_exit) for each in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _connect(self) -> CountedConnection:
        return CountedConnection(
            self.pool,
            lambda look, gone: Connection(self.config, self.server_state, look, gone),
            self.config.ssl,
        )


KEEP_ALIVE = 75
"""Seconds for which a browser's connections stay open: longer than one looks at a page."""
GRACE = 5
"""Seconds that requests have to end when the server is stopped."""


def serve(
    make_app: Callable[[SignIn], ASGIApp],
    site: Site,
    people: Sequence[str],
    *,
    links: Links | None = None,
    invited: Invited | None = None,
    open_browser: bool = False,
) -> None:
    """Serve pages until Ctrl-C; print each person's address, and a new one when it was used up.

    Ctrl-C or SIGTERM, once addresses are printed: requests are answered to their end, for `GRACE`
    seconds at most, and `stopped` is printed. A second Ctrl-C waits for none.

    Args:
        make_app: gives the application behind the sign-in.
        site: where to listen.
        people: who may come in.
        links: give each person an address that is never used up; None: one that works once.
        invited: who is let in besides, by a link of the lead's, and who is not any more.
        open_browser: open the first person's address in this machine's browser.

    Raises:
        CxrReleaseError: the address is taken or not this machine's, or the certificate or the
            project's keys are wrong.
    """
    bindings = load_keys(site.keys) if site.keys else STANDARD
    site.warn()
    with site.listen() as listener:
        origins = site.origins(listener.getsockname()[1])

        def announce(person: str, token: str) -> None:
            say(f"{person}: {origins[0]}/?token={token}")

        named = LinkSignIn(people, links) if links else SignIn(people, announce)
        sign_in = InvitedSignIn(named, invited) if invited else named
        config = configure(Guard(with_keys(make_app(sign_in), bindings), origins), site)

        def started() -> None:
            for person, token in named.tokens.items():
                announce(person, token)
            if invited and (guests := invited.people()):
                say(f"invited, by a link of `cxr-release lead`: {', '.join(guests)}")
            say("Ctrl-C stops the server; what was logged stays")
            if open_browser and people:
                address = f"{origins[0]}/?token={named.tokens[people[0]]}"
                # In a thread: some browsers return only when they are closed.
                threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

        server = Server(config, started)
        with server.ended_by_signals():
            server.run(sockets=[listener])
            say("stopped")


def check_people(
    people: Sequence[str], invited: Invited | None = None, *, option: str = "--reviewer"
) -> None:
    """Make sure that people are named, each once, before anything is read for them.

    Args:
        people: who may.
        invited: who is let in besides.
        option: of the command line, with which they are named.

    Raises:
        DecisionError: none is named or invited, one is named twice, or is not let in any more.
    """
    if not people and not (invited and invited.people()):
        raise DecisionError(
            "no reviewer or reader was named, and nobody is invited",
            remedy=f"give a {option}, such as a.b, or invite people in `cxr-release lead`",
        )
    if invited:
        invited.require(*people)
    duplicates = {person for person in people if people.count(person) > 1}
    if duplicates:
        raise DecisionError(f"{', '.join(sorted(duplicates))} is named twice")


def say(line: str) -> None:
    """Print a line, at once even into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def configure(app: ASGIApp, site: Site) -> uvicorn.Config:
    """How uvicorn serves an application.

    Raises:
        CxrReleaseError: the certificate is wrong.
    """
    config = uvicorn.Config(
        app,
        # Not httptools, which holds headers of any length; the page is 5 ms later for it.
        http="h11",
        ws="none",
        lifespan="off",
        # Access logs would hold tokens.
        access_log=False,
        log_config=None,
        log_level="error",
        # Headers that state where a request came from are not trusted.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=site.certificate,
        ssl_keyfile=site.key,
    )
    try:
        for path in (site.certificate, site.key):
            if path:  # a pipe in its place would keep us waiting
                os.close(open_regular(path, follow=True))
        config.load()
    except OSError as error:  # the parent of ssl.SSLError too
        raise CxrReleaseError(
            f"the certificate and its key cannot be used: {error}", where=str(site.certificate)
        ) from error
    return config
