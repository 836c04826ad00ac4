"""Work spread over processes: in order, in bounded memory, and without orphans."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from cxr_release.errors import CxrReleaseError

T = TypeVar("T")

WORTH_A_PROCESS = 48
"""Films from which on starting processes (half a second) is repaid."""


@contextmanager
def crew(films: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes for so many films: one a processor, or none where they would not pay."""
    count = min(os.cpu_count() or 1, films // (WORTH_A_PROCESS // 2))
    if count < 2:
        yield None
        return
    # Spawned, not forked: a fork would copy locks that threads of the parent may hold.
    pool = ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_with_parent
    )
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def in_order(
    pool: ProcessPoolExecutor | None,
    work: Callable[..., T],
    calls: Iterable[tuple[Any, ...]],
) -> Iterator[T]:
    """Yield `work(*call)` of each call in order; few results at a time wait to be taken."""
    if pool is None:
        yield from (work(*call) for call in calls)
        return
    remaining = iter(calls)
    ahead = 4 * (os.cpu_count() or 1)
    waiting: deque[Future[T]] = deque(pool.submit(work, *call) for call in islice(remaining, ahead))
    while waiting:
        try:
            result = waiting.popleft().result()
        except BrokenProcessPool as error:
            raise CxrReleaseError(
                "a process that was reading films was ended from outside",
                remedy="was there enough memory?",
            ) from error
        yield result
        waiting.extend(pool.submit(work, *call) for call in islice(remaining, 1))


def _leave_with_parent() -> None:
    """End this process when its parent is killed, which leaves nobody to stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_exit, args=(parent,), daemon=True).start()


def _wait_and_exit(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
