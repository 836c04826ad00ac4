"""Where the network is computed: device, precision, and how films are spread over cores.

Left to itself, torch gives each operation of one piece to all cores. Its kernels then sum in an
order that hangs on the number of threads and on the place in the batch, small networks spend a
third of their time waiting for each other, and beside another busy program they all but stop.
Pieces of a fixed size on one thread each give the same bits on any number of cores, sooner.

Under `accelerate launch` several processes share the work; otherwise there is one. Every process
runs the same code on its share and meets the others in `added`, `gathered` and `agreed`, which all
of them must call in the same order. The main process alone writes and prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from accelerate.utils import broadcast_object_list, gather, reduce
from torch import Tensor

from cxr_release.errors import ParamsError
from cxr_release.params.training import ComputeParams
from cxr_release.workers import launched

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Processes:
    """The processes that share the work, as seen from this one."""

    rank: int
    """Of this one, from 0."""
    count: int

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    def share(self, pieces: Sequence[T]) -> Sequence[T]:
        """This process's part of `pieces`: neighbours, as many as the others have or one more."""
        start, end = (len(pieces) * rank // self.count for rank in (self.rank, self.rank + 1))
        return pieces[start:end]

    def added(self, tensor: Tensor) -> Tensor:
        """The sum of `tensor` over all processes, the same bits in each of them."""
        total: Tensor = reduce(tensor, reduction="sum") if self.count > 1 else tensor
        return total

    def gathered(self, tensor: Tensor) -> Tensor:
        """`tensor` of all processes, in their order, along the first axis; equal lengths."""
        joined: Tensor = gather(tensor) if self.count > 1 else tensor
        return joined

    def agreed(self, decide: Callable[[], T]) -> T:
        """What the main process decides; the others wait for it."""
        if self.count == 1:
            return decide()
        answer = [decide() if self.is_main else None]
        decision: T = broadcast_object_list(answer)[0]
        return decision


def processes() -> Processes:
    """Those that were launched together with this one."""
    state = launched()
    return Processes(state.process_index, state.num_processes)


def device() -> torch.device:
    """What this process computes on: its GPU, or the CPU."""
    return torch.device("cpu") if launched().device.type == "cpu" else launched().device


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


@dataclass(frozen=True)
class Compute:
    """What computes, for as long as `computing` lasts."""

    device: torch.device
    """This process's GPU where there is one, else the CPU."""
    precision: str
    """`fp32`, or `bf16` for what autocast deems safe in it."""
    compiled: bool
    pool: ThreadPoolExecutor
    """A thread for every core. On the CPU the network itself runs in it."""
    processes: Processes
    """Those that share the work."""

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU computes."""
        return self.device.type != "cpu"

    def pieces(self, count: int, size: int) -> list[range]:
        """`count` films in pieces that the network sees at once.

        On the CPU these have `size` films, whatever the number of cores and processes, so that
        sums come out the same. A GPU takes its process's whole share at once.
        """
        share = -(-count // self.processes.count)
        return chunks(range(count), share if self.on_gpu else size)

    def run(self, work: Callable[[T], R], pieces: Sequence[T]) -> list[R]:
        """Let the network work on `pieces`: on the CPU at once, on a GPU one by one."""
        return list(map(work, pieces) if self.on_gpu else self.pool.map(work, pieces))

    def draw(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Draw random numbers within a piece: beside a GPU on all cores, else on the piece's."""
        return list(self.pool.map(work, items) if self.on_gpu else map(work, items))

    def ahead(self, work: Callable[[], R]) -> Future[R]:
        """Begin what the next step needs while this one is computed."""
        return self.pool.submit(work)

    def place(self, unet: torch.nn.Module) -> Callable[..., Any]:
        """Put a network where it is computed, and compile it where that is asked for."""
        unet.to(self.device).to(memory_format=torch.channels_last)
        return torch.compile(unet) if self.compiled else unet

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of what runs inside, on the thread that enters it."""
        lower = self.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=lower)


@contextmanager
def computing(settings: ComputeParams) -> Iterator[Compute]:
    """Compute on what this process has been given.

    Args:
        settings: precision and compilation; `auto` takes bf16 and compiles on GPUs alone. On the
            CPU compiling was measured to gain nothing; and few CPUs have bf16, so that `auto`
            would let the machine decide about the films.

    Raises:
        ParamsError: bf16 is asked for on a CPU that would only imitate it.
    """
    own_device = device()
    gpu = own_device.type == "cuda"
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if gpu and torch.cuda.is_bf16_supported(False) else "fp32"
    if precision == "bf16" and not gpu and not _cpu_has_bf16():
        raise ParamsError(
            "bf16 on a CPU without instructions for it takes many times as long",
            where="params.yaml: compute.precision",
            remedy="take fp32 or auto",
        )
    with cores() as pool:
        yield Compute(
            device=own_device,
            precision=precision,
            compiled=settings.compile == "always" or (settings.compile == "auto" and gpu),
            pool=pool,
            processes=processes(),
        )


def _cpu_has_bf16() -> bool:
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
