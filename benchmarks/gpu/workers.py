"""A part in a process of its own: told when to begin, killed at its limit, its faults kept.

A fault of the device ends the process that met it and no other. What each part compiles, and how
much memory it takes, is its own too.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

READY = "ready"


class PartError(Exception):
    """A part ended without a result; says how its output ends."""


class Worker:
    """A module of this package that prints what it measured as JSON on its last line.

    Args:
        module: its name.
        arguments: of its command line.
        log: folder for what it prints on stderr.
        name: of its log.
    """

    def __init__(self, module: str, *arguments: str, log: Path, name: str) -> None:
        self.name = name
        self.log = log / f"{name.replace(' ', '-')}.log"
        self._begin = time.monotonic()
        with self.log.open("a") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"benchmarks.gpu.{module}", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                start_new_session=True,
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def wait_ready(self, limit: float) -> None:
        """Wait until it calls `wait_for_start`; `PartError` after `limit` seconds."""
        until = time.monotonic() + limit
        while self._next(until) != READY:
            pass

    def start(self) -> None:
        """Let it go on after `wait_for_start`."""
        assert self._process.stdin
        self._process.stdin.write("start\n")
        self._process.stdin.flush()

    def result(self, limit: float) -> dict[str, Any]:
        """What it measured; `PartError` after `limit` seconds or where it failed."""
        until = time.monotonic() + limit
        while not (line := self._next(until)).startswith("{"):
            pass
        self.kill()
        return dict(json.loads(line)) | {"seconds_in_all": time.monotonic() - self._begin}

    def _next(self, until: float) -> str:
        try:
            line = self._lines.get(timeout=max(0.1, until - time.monotonic()))
        except queue.Empty:
            self.kill()
            raise PartError(f"{self.name}: stopped at its time limit") from None
        if line is None:
            self._process.wait()
            raise PartError(f"{self.name}: exit status {self._process.returncode}: {self.tail()}")
        return line

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to it and to all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self, characters: int = 1500) -> str:
        """How its stderr ends."""
        return self.log.read_text(errors="replace")[-characters:]


def wait_for_start() -> None:
    """In a worker: say that all is warm, and wait to be told to go on."""
    print(READY, flush=True)
    sys.stdin.readline()


def answer(facts: dict[str, Any]) -> None:
    """In a worker: hand in what was measured."""
    print(json.dumps(facts), flush=True)


def wait_until(true: Callable[[], bool], limit: float, pause: float = 0.02) -> bool:
    """Whether something came true within `limit` seconds."""
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(pause)
    return False
