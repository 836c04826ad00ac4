"""The processes that share the work under `accelerate launch`; by itself a program is one of one.

Every process runs the same code on its share and meets the others in `added`, `gathered` and
`agreed`, which all of them must call in the same order. The main process writes and speaks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather, reduce
from torch import Tensor

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """All processes, as one of them sees them."""

    rank: int
    """Of this one, from 0."""
    count: int

    @property
    def is_main(self) -> bool:
        """Whether this is the process that writes and speaks."""
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
    state = _state()
    return Processes(state.process_index, state.num_processes)


def device() -> torch.device:
    """What this process computes on: its GPU, or the CPU."""
    return torch.device("cpu") if _state().device.type == "cpu" else _state().device


def _state() -> PartialState:
    """accelerate's view. Told of the CPU, or it takes processes without GPUs for strangers."""
    forced = os.environ.get("ACCELERATE_USE_CPU", "").lower() in {"1", "true", "yes"}
    return PartialState(cpu=forced or not torch.cuda.is_available())
