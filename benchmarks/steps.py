"""Which step of a long function takes how long and holds how much memory, seen from outside.

A thread of its own looks a few times a second at what the main thread is about and at what
`/proc/self/status` says. So nothing of what is measured has to be changed for it; what is shorter
than the interval between two looks may be missed.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass, field
from types import FrameType
from typing import Self

from benchmarks import processes

INTERVAL = 0.25
PRODUCT = "cxr_release"
WHOLE = {"features_of": "read and reduce films", "small_copies": "make copies"}
"""Functions of it that are a step, whatever they call."""


@dataclass
class Step:
    """A step of the work."""

    seconds: float = 0.0
    processor: float = 0.0
    """Seconds of all cores together: what another program takes does not count."""
    anonymous: float = 0.0
    """Most memory of its own that the process held meanwhile, MiB."""
    mapped: float = 0.0
    """Most of files that were mapped, MiB: the system takes it back where it needs it."""


@dataclass
class Watch:
    """Watches the main thread while it is entered."""

    steps: dict[str, Step] = field(default_factory=dict)
    """By name, in the order of their first appearance."""

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(threading.get_ident(),))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def report(self) -> dict[str, dict[str, float]]:
        """Ready for JSON."""
        return {name: vars(step) for name, step in self.steps.items()}

    def _look(self, watched: int) -> None:
        before, used = time.perf_counter(), processes.processor()
        while not self._over.wait(INTERVAL):
            now, using = time.perf_counter(), processes.processor()
            step = self.steps.setdefault(_name(sys._current_frames().get(watched)), Step())
            step.seconds += now - before
            step.processor += using - used
            step.anonymous = max(step.anonymous, _mib("RssAnon"))
            step.mapped = max(step.mapped, _mib("RssFile") + _mib("RssShmem"))
            before, used = now, using


def _mib(key: str) -> float:
    return processes.kib("/proc/self/status", key) / 1024


def _name(frame: FrameType | None) -> str:
    """The task that runs in parallel, or else the functions next below the work's own."""
    names = []
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(PRODUCT):
            if frame.f_code.co_name == "in_parallel":
                return str(frame.f_locals["task"])
            if frame.f_code.co_name in WHOLE:
                return WHOLE[frame.f_code.co_name]
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return " › ".join(names[-2:-4:-1]) or "start"
