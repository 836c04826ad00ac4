"""Work on blocks of films on all cores, each block on one of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController
from tqdm import tqdm

BLOCK = 256
"""Films, or pairs, of a block."""

Result = TypeVar("Result")


def in_parallel(
    work: Callable[[slice], Result],
    films: int,
    task: str,
    *,
    step: int = BLOCK,
    unit: str = "film",
) -> Iterator[Result]:
    """What some work gives of each block, in the order of the blocks.

    Args:
        work: of a slice of the films; called from several threads.
        films: how many there are.
        task: what the bar on standard error says, where that is a terminal.
        step: films of a block.
        unit: what the bar counts.
    """
    blocks = [slice(start, min(start + step, films)) for start in range(0, films, step)]
    with (
        one_thread_each(),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=films, desc=task, unit=unit, disable=None, file=sys.stderr) as bar,
    ):
        for block, result in zip(blocks, pool.map(work, blocks), strict=True):
            bar.update(block.stop - block.start)
            yield result


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Libraries start no threads of their own meanwhile.

    They would take the cores from each other; and the last bits of a sum of floats depend on how
    many threads add it up.
    """
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(modules: int) -> ThreadpoolController:
    """The libraries with threads among all that are loaded, where so many modules are imported.

    To look for them takes milliseconds, as long as the work on a small block. A further library
    comes with a module.
    """
    return ThreadpoolController()
