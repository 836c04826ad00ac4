"""Pages served in a process of their own, which can be killed and started again."""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from tests.support.ports import free_port

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        f"cxr_release.review_app.{name}"
        for name in ("review", "adjudicate", "study", "clear", "landmark")
    ]
)
"""A server is forked from a process that has imported everything: it starts at once."""

Serve = Callable[[dict[str, Any]], None]


class MortalServer:
    """A server on one port, whatever becomes of its process.

    Args:
        serve: a function of a module, called in the other process with a copy of `asked`, the
            reviewers and the port.
        asked: what it is asked for.
        reviewers: whose addresses it prints.
    """

    def __init__(self, serve: Serve, asked: Mapping[str, Any], reviewers: Sequence[str]) -> None:
        self.reviewers = reviewers
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._serve = serve
        self._asked = {**asked, "reviewers": list(reviewers), "port": port}
        self.start()

    def start(self) -> None:
        printed, out = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(
            target=_run, args=(self._serve, self._asked, out), daemon=True
        )
        self._process.start()
        out.close()
        self._printed = os.fdopen(os.dup(printed.fileno()), encoding="utf-8")
        self.addresses: dict[str, str] = {}
        for line in self._printed:
            if found := re.match(r"([a-z.]+): (http://\S+\?token=\S+)", line):
                self.addresses[found[1]] = found[2]
            if self.addresses.keys() == set(self.reviewers):
                return
        self.kill()
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """SIGKILL: nothing can be tidied up."""
        self._process.kill()
        self._process.join()
        self._printed.close()


def _run(serve: Serve, asked: dict[str, Any], out: Connection) -> None:
    """Serve, with what is printed going to the test."""
    os.dup2(out.fileno(), 1)
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    serve(asked)
