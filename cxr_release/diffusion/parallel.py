"""Work on every core, one thread a piece.

Left to itself, torch gives each operation of one piece to all cores. Its kernels then sum in an
order that hangs on the number of threads and on the place in the batch, small networks spend a
third of their time waiting for each other, and beside another busy program they all but stop.
Pieces of a fixed size on one thread each give the same bits on any number of cores, sooner.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch


@contextmanager
def cores() -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for every core; in it, and beside it, torch uses one core a call."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)


def chunks(indices: range, size: int) -> list[range]:
    """`indices` in pieces of `size`, the last one perhaps shorter."""
    return [indices[start : start + size] for start in range(0, len(indices), size)]
