"""A small Hub on the loopback: the HTTP that `huggingface_hub` and `datasets` speak, for one repo.

Run as a program (`python hub_server.py FOLDER PORT lfs|xet`) it can be killed and started again;
tests that need no such thing run it in a thread: `with Hub(folder) as hub: ...`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.hub.endpoints import Handler
from tests.support.hub.requests import Trouble
from tests.support.hub.store import Store

if TYPE_CHECKING:
    from tests.support.hub.xet import Cas


class Hub:
    """The server: its store, what it was asked, and the troubles that are to come."""

    def __init__(self, folder: Path, *, port: int = 0, xet: bool = False) -> None:
        self.store = Store(folder)
        """The dataset repo."""
        self.stores = {
            "datasets": self.store,
            "models": Store(folder / "models", objects=self.store.objects),
        }
        """The repos by their kind; both are called `REPO`."""
        self.cas = self._cas(folder / "xet") if xet else None
        self.troubles: list[Trouble] = []
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request."""
        self.bodies: list[bytes] = []
        self.ranges: list[str] = []
        """Ranges of bytes that were asked for."""
        self.tokens: list[str] = []
        """Token that came with each request."""
        self.page = 1000
        """Entries on a page of a tree."""
        self.ignored: set[str] = set()
        """Files that the preupload answer says to leave out."""
        handler = type("Bound", (Handler,), {"hub": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.storage = f"http://localhost:{self.server.server_port}"
        """Where the objects are: another host, as on the Hub."""

    def _cas(self, folder: Path) -> Cas:
        # Here, for a process without Xet has no use for what it imports.
        from tests.support.hub.xet import Cas

        return Cas(folder, self.store)

    def __enter__(self) -> Hub:
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def trouble(self, method: str, path: str, **what: Any) -> Trouble:
        one = Trouble(method, path, **what)
        self.troubles.append(one)
        return one

    def count(self, method: str, path: str) -> int:
        """Requests of a kind so far."""
        return sum(one == method and bool(re.search(path, where)) for one, where in self.asked)

    @contextmanager
    def counting(self) -> Iterator[Callable[[str, str], int]]:
        """Count only requests that come from now on."""
        start = len(self.asked)
        yield lambda method, path: sum(
            one == method and bool(re.search(path, where)) for one, where in self.asked[start:]
        )

    def trouble_for(self, method: str, path: str) -> Trouble | None:
        with self.store.lock:
            for trouble in self.troubles:
                if trouble.times and trouble.method == method and re.search(trouble.path, path):
                    if trouble.skip:
                        trouble.skip -= 1
                        return None
                    trouble.times -= 1
                    return trouble
        return None


def main() -> None:
    """Serve until killed.

    `die` is method and path of the first request that ends it: as a crash would, or, with `stop`
    behind them, so that it takes connections and answers nothing any more.
    """
    folder, port, xet, *die = sys.argv[1:]
    hub = Hub(Path(folder), port=int(port), xet=xet == "xet")
    if die[2:] == ["stop"]:
        hub.trouble(*die[:2], before=lambda: os.kill(os.getpid(), signal.SIGSTOP))
    elif die:
        hub.trouble(*die, die=True)
    sys.stdout.write(f"{hub.server.server_port}\n")
    sys.stdout.flush()
    hub.server.serve_forever()


if __name__ == "__main__":
    main()
