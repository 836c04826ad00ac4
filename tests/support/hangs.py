"""Whether something hangs, in this process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_hang(seconds: float = 60) -> Iterator[None]:
    """Within the block a test fails once it took so long: by what no `except Exception` takes.

    What is imported for the first time is best imported before: an import that was broken off
    leaves modules behind of which later tests of the same process would get the half.
    """

    def stop(*_: object) -> None:
        pytest.fail(f"it hangs: not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
