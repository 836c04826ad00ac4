"""Work spread over processes: in order, in bounded memory, and without orphans."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from cxr_release.errors import CxrReleaseError

T = TypeVar("T")

WORTH_A_PROCESS = 48
"""Films from which on starting processes (half a second) is repaid."""


class WorkerDiedError(CxrReleaseError):
    """A process ended during its work; `calls` are those without a result."""

    def __init__(self, calls: Sequence[tuple[Any, ...]]) -> None:
        self.calls = calls
        super().__init__(
            "a process that was working on films was ended from outside",
            remedy="was there enough memory?",
        )


@contextmanager
def worker_pool(films: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes for so many films: one a processor, or none where they would not pay."""
    with process_pool(min(os.cpu_count() or 1, films // (WORTH_A_PROCESS // 2))) as pool:
        yield pool


@contextmanager
def process_pool(count: int) -> Iterator[ProcessPoolExecutor | None]:
    """So many processes; none where it would be one, and the caller can do the work itself."""
    if count < 2:
        yield None
        return
    pool = _pool(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(count: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork would copy locks that threads of the parent may hold.
    return ProcessPoolExecutor(
        count, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_with_parent
    )


def in_order(
    pool: ProcessPoolExecutor | None,
    work: Callable[..., T],
    calls: Iterable[tuple[Any, ...]],
) -> Iterator[T]:
    """Yield `work(*call)` of each call in order; few results at a time wait to be taken.

    Raises:
        WorkerDiedError: a process was ended, or crashed.
    """
    if pool is None:
        yield from (work(*call) for call in calls)
        return
    remaining = iter(calls)
    ahead = 4 * (os.cpu_count() or 1)
    waiting: deque[tuple[Future[T], tuple[Any, ...]]] = deque()
    try:
        for call in islice(remaining, ahead):
            waiting.append((pool.submit(work, *call), call))
        while waiting:
            result = waiting[0][0].result()
            waiting.popleft()
            yield result
            for call in islice(remaining, 1):
                waiting.append((pool.submit(work, *call), call))
    except BrokenProcessPool as error:
        raise WorkerDiedError(
            [call for future, call in waiting if future.exception() is not None]
        ) from error


def fatal_calls(work: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> Iterator[int]:
    """Indices of calls that end the process in which they run, such as by a crash of a decoder."""
    pool = _pool(1)
    try:
        for at, call in enumerate(calls):
            try:
                pool.submit(work, *call).result()
            except BrokenProcessPool:
                yield at
                pool = _pool(1)
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_with_parent() -> None:
    """End this process when its parent is killed, after which nothing else would stop it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_exit, args=(parent,), daemon=True).start()


def _wait_and_exit(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
