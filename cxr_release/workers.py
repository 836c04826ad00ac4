"""Work on shards of films by several processes: of this machine, or launched together.

A shard is worked on as a whole by one process, so that memory is that of a shard a process.
Results come in the order of the shards, whoever worked on them: they are those of one process.

Under `accelerate launch`, on one host or on several that see the same files, each process takes
its part of the shards and gets the results of all. Every process runs the same code and calls the
same methods in the same order; the main one alone writes what follows from all shards.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from cxr_release.pool import in_order, process_pool

if TYPE_CHECKING:
    from accelerate import PartialState

T = TypeVar("T")
WORTH_PROCESSES = 2**25
"""Bytes of films, as they lie on disk, from which on starting processes is repaid: each takes a
second of a processor before it works, mostly to import what it runs. It is 800 films of 256 × 256,
or 10,000 of 64 × 64."""


@dataclass(frozen=True)
class Workers:
    """Those that share the work, as seen from one of the processes launched together."""

    pool: ProcessPoolExecutor | None
    """Processes of this machine; None: this process works alone."""
    rank: int = 0
    """Of this process among those launched together, from 0."""
    launched: int = 1
    """How many were launched together."""

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes what follows from all shards, and prints."""
        return self.rank == 0

    def map(
        self, work: Callable[..., T], calls: Sequence[tuple[Any, ...]], task: str = ""
    ) -> list[T]:
        """`work(*call)` of each call, in order, in each of the processes launched together.

        Args:
            work: a function of a module; what it is given and returns is sent between processes.
            calls: the same ones in every process.
            task: what a bar on stderr says, on terminals; empty: there is none.

        Raises:
            WorkerDiedError: a process was ended, or crashed.
        """
        start, end = (len(calls) * rank // self.launched for rank in (self.rank, self.rank + 1))
        own = [(work, *call) for call in calls[start:end]]
        shown = None if task and self.is_main else True  # None: on terminals alone
        with tqdm(total=len(own), desc=task, unit="part", disable=shown, file=sys.stderr) as bar:
            results = []
            for result in in_order(self.pool, _on_one_core if self.pool else _called, own):
                results.append(result)
                bar.update()
        return results if self.launched == 1 else _gathered(results)

    def first(self, prepare: Callable[[], None]) -> None:
        """Let the main process prepare what all need; the others wait for it."""
        if self.is_main:
            prepare()
        if self.launched > 1:
            launched().wait_for_everyone()


ALONE = Workers(None)
"""This process by itself."""


@contextmanager
def workers(films: Iterable[Path]) -> Iterator[Workers]:
    """Processes for work on some tables of films: one a core where that pays, else this one.

    Where several were launched together, each of them works alone: how many there are a host says
    whoever launches them.

    Args:
        films: the tables; those that do not exist count nothing.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        state = launched()
        yield Workers(None, state.process_index, state.num_processes)
        return
    size = sum(path.stat().st_size for path in films if path.exists())
    with process_pool((os.cpu_count() or 1) if size >= WORTH_PROCESSES else 1) as pool:
        yield Workers(pool)


def launched() -> PartialState:
    """accelerate's state of the processes launched together with this one.

    It is told of the CPU, or it would not join processes without GPUs.
    """
    import torch
    from accelerate import PartialState

    forced = os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes"}
    return PartialState(cpu=forced or not torch.cuda.is_available())


def _gathered(results: list[T]) -> list[T]:
    """The results of all processes launched together, in their order."""
    from accelerate.utils import gather_object

    everybody: list[T] = gather_object(results)
    return everybody


def _called(work: Callable[..., T], *call: Any) -> T:
    return work(*call)


def _on_one_core(work: Callable[..., T], *call: Any) -> T:
    # Libraries would each start threads for all cores, which the other processes need.
    with ThreadpoolController().limit(limits=1):
        return work(*call)
