"""What the benchmarks of the network share: clocks, floors, the peer."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from cxr_release.generators.runtime.compute import Compute

T = TypeVar("T")

PEER = "denoising_diffusion_pytorch"
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def in_turns(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds that each work takes: the median of `rounds`, taken in turns after a warm-up, so
    that another program on the machine slows all of them and not one.
    """
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, what a GPU still has in hand included."""
    _wait()
    begin = time.perf_counter()
    work()
    _wait()
    return time.perf_counter() - begin


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def operations(network: Callable[..., Any], size: int, channels: int = 1) -> float:
    """Floating-point operations of one forward pass of one film, as torch counts them."""
    film = torch.zeros(1, channels, size, size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(film, torch.tensor([500]))
    return float(counter.get_total_flops())


def matrix_rate(device: torch.device, precision: str) -> float:
    """Operations a second of a large matrix product: what the machine can do at most."""
    side = 8192 if device.type == "cuda" else 2048
    first, second = (torch.randn(side, side, device=device).to(DTYPES[precision]) for _ in range(2))
    times = 10 if device.type == "cuda" else 2

    def work() -> None:
        for _ in range(times):
            first @ second

    return 2.0 * side**3 * times / in_turns({"product": work}, 9)["product"]


def with_all_cores(context: Compute, work: Callable[..., T], *arguments: Any) -> T:
    """Run as torch does by itself, each operation on all cores, inside `computing`."""
    torch.set_num_threads(context.pool._max_workers)
    try:
        return work(*arguments)
    finally:
        torch.set_num_threads(1)


@contextmanager
def quiet_peer() -> Iterator[Any]:
    """The peer's library, without its progress bars; says how to get it."""
    try:
        from denoising_diffusion_pytorch import denoising_diffusion_pytorch as peer
    except ImportError:
        raise SystemExit(f"error: {PEER} is missing: make bench installs it") from None
    bars, peer.tqdm = peer.tqdm, lambda steps, **_: steps
    try:
        yield peer
    finally:
        peer.tqdm = bars


def parameters_of(network: Any) -> float:
    """Millions of parameters."""
    return float(sum(weight.numel() for weight in network.parameters()) / 1e6)


def answer(network: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """A diffusers network as a plain function."""
    return lambda film, times: network(film, times).sample  # type: ignore[no-any-return]
