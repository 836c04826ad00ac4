"""Work on many things on all cores, in order, with few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

MOST = 4
"""Threads, however many cores there are: each may hold a film of the largest size."""
AHEAD = 2
"""Results of a thread that may wait until they are taken."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Like `map`, on all cores: results in the order of the items, `AHEAD` a thread in memory.

    Args:
        work: called from several threads; what it raises is raised in the place of its result.
        items: taken in the caller's thread, as results are taken.
    """
    threads = min(os.cpu_count() or 1, MOST)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
