"""Pages served in a process of their own, which can be killed and started again."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any


class MortalServer:
    """A server on one port, whatever becomes of its process.

    Args:
        script: Python that reads `asked`, with the port, as JSON from its standard input.
        asked: what it is asked for.
        reviewers: whose addresses it prints.
    """

    def __init__(self, script: str, asked: Mapping[str, Any], reviewers: Sequence[str]) -> None:
        self.reviewers = reviewers
        port = _free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._script = script
        self._asked = {**asked, "reviewers": list(reviewers), "port": port}
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(self._asked))
        self._process.stdin.close()
        self.addresses: dict[str, str] = {}
        for line in self._process.stdout:
            if found := re.match(r"([a-z.]+): (http://\S+\?token=\S+)", line):
                self.addresses[found[1]] = found[2]
            if self.addresses.keys() == set(self.reviewers):
                return
        self.kill()
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """SIGKILL: nothing can be tidied up."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
