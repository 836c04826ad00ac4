"""A training step, or the drawing of films, of this package's network or the peer's.

Each case is a process: it warms up (which compiles, where that is asked for), waits to be told that
the device is its own, and times. The peer, denoising_diffusion_pytorch, has its network of base 64
and multipliers 1-2-4-8 with 35.7 M parameters, the preset's has 34.1 M; it takes its own steps (see
`benchmarks.training`) and draws by its own loops: DDIM, or all steps of DDPM. Films are drawn from
untrained networks: that takes as long as from trained ones.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import torch

from benchmarks import measuring
from benchmarks.gpu import workers
from benchmarks.gpu.settings import PAPER_FILMS, Settings, read
from benchmarks.training import FORWARD_AND_BACKWARD, PeerTrainer
from cxr_release.film_size import Size
from cxr_release.generators.checkpoints import Checkpoint, Record
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import Denoiser
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.runtime.compute import Compute, computing
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams

TRAINING, SAMPLING = "training", "sampling"
OWN = "cxr-release"
MOST_TIMED = 100
"""Denoising steps that are timed; each of 1,000 takes as long as each of these."""
ROUNDS = 3
"""Times that training is timed; drawing once, since a drawing has steps enough."""


@dataclass(frozen=True)
class Timed:
    """Something to time."""

    name: str
    work: Callable[[], object]
    units: float
    """Training steps, or films with the steps that they would take in full."""
    evaluations: float
    """Passes of one film through the network, as forward passes."""
    rounds: int = 1


def main() -> None:
    settings, case = read(sys.argv[1]), json.loads(sys.argv[2])
    params = load_params(settings.params)
    compute = ComputeParams(
        precision=settings.precision,  # type: ignore[arg-type]
        compile="always" if case["compiled"] else "never",
    )
    torch.manual_seed(1)
    with ExitStack() as stack:
        context = stack.enter_context(computing(compute))
        if case["who"] == OWN:
            module = unets.build(params.network, settings.size)

            def forward(film: torch.Tensor, times: torch.Tensor) -> Any:
                return module(unets.fold(film, params.network), times).sample

            timed = _own(case["what"], settings, params, context)
        else:
            peer = stack.enter_context(measuring.quiet_peer())
            module = forward = peer.Unet(dim=64, dim_mults=(1, 2, 4, 8), channels=1)
            timed = _peer(case["what"], settings, params, context, peer)
        operations = measuring.operations(forward, settings.size)
        warm = measuring.seconds(timed[0].work)
        _forget()
        workers.wait_for_start()
        rate = measuring.with_all_cores(
            context, measuring.matrix_rate, context.device, context.precision
        )
        rows = [_row(each, operations, rate) for each in timed[1:]]
        whole = params.train.steps if case["what"] == TRAINING else PAPER_FILMS
        for row in rows:
            row["hours"] = whole / row["a_second"] / 3600
        workers.answer(
            case
            | {
                "device": _name(context.device),
                "torch": torch.__version__,
                "precision": context.precision,
                "matrix_tflops": rate / 1e12,
                "parameters_m": measuring.parameters_of(module),
                "gflop_a_film": operations / 1e9,
                "seconds_to_warm_up": warm,
                "rows": rows,
            }
        )


def _row(timed: Timed, operations: float, rate: float) -> dict[str, Any]:
    _forget()
    durations = sorted(measuring.seconds(timed.work) for _ in range(timed.rounds))
    took = durations[len(durations) // 2]
    return {
        "name": timed.name,
        "a_second": timed.units / took,
        "seconds": durations,
        "share_of_matrix_rate": operations * timed.evaluations / took / rate,
        "gib": _peak(),
    }


def _own(what: str, settings: Settings, params: Params, context: Compute) -> list[Timed]:
    """What to warm up with, then what to time."""
    if what == TRAINING:
        learner = Learner(
            settings.trained(),
            network=params.network,
            settings=params.train,
            horizon=1,
            seed=1,
            compute=context,
        )
        numbers = iter(range(10**9))
        return _training(
            lambda count: [learner.step(next(numbers)) for _ in range(count)], settings, params
        )
    unet = unets.build(params.network, settings.size).requires_grad_(False).eval()
    record = Record(
        checkpoint=1,
        checkpoint_step=1,
        size=Size.of(settings.size),
        network=params.network,
        training={},
        fingerprint="",
    )

    def drawing(steps: int) -> tuple[str, Callable[[], object]]:
        sampler = "ddpm" if steps == unets.TIMES else "sde-dpmsolver++"
        chosen = sample_settings(params, sampler, min(steps, MOST_TIMED), settings.films)
        denoiser = Denoiser(Checkpoint(record, unet), chosen, context)
        return sampler, lambda: denoiser.films(list(range(settings.films)))

    return _sampling(drawing, settings)


def _peer(
    what: str, settings: Settings, params: Params, context: Compute, peer: Any
) -> list[Timed]:
    """What to warm up with, then what to time."""
    unet = peer.Unet(dim=64, dim_mults=(1, 2, 4, 8), channels=1).to(context.device)
    if what == TRAINING:
        trainer = PeerTrainer(
            peer,
            unet,
            settings.trained()[:256],
            params.train.batch_size,
            context.precision,
            context.device,
        )
        if context.compiled:
            unet.compile()
        return _training(
            lambda count: measuring.with_all_cores(context, trainer.steps, count), settings, params
        )
    unet = unet.eval()
    if context.compiled:
        unet.compile()

    def drawing(steps: int) -> tuple[str, Callable[[], object]]:
        full = steps == unets.TIMES
        count = min(steps, MOST_TIMED)
        loop = peer.GaussianDiffusion(
            unet,
            image_size=settings.size,
            timesteps=count if full else unets.TIMES,
            sampling_timesteps=None if full else count,
        ).to(context.device)

        def draw() -> None:
            with context.autocast():
                loop.sample(settings.films)

        return "ddpm" if full else "ddim", lambda: measuring.with_all_cores(context, draw)

    return _sampling(drawing, settings)


def _training(take: Callable[[int], object], settings: Settings, params: Params) -> list[Timed]:
    count = settings.train_steps
    evaluations = FORWARD_AND_BACKWARD * params.train.batch_size * count
    timed = Timed(TRAINING, lambda: take(count), count, evaluations, ROUNDS)
    return [replace(timed, work=lambda: take(5)), timed]


def _sampling(
    drawing: Callable[[int], tuple[str, Callable[[], object]]], settings: Settings
) -> list[Timed]:
    timed = [Timed("", drawing(2)[1], 0, 0)]
    for steps in settings.steps:
        name, work = drawing(steps)
        taken = min(steps, MOST_TIMED)
        timed.append(
            Timed(
                f"{name}, {steps} steps" + (f" ({taken} timed)" if taken < steps else ""),
                work,
                settings.films * taken / steps,
                settings.films * taken,
            )
        )
    return timed


def sample_settings(params: Params, sampler: str, steps: int, batch: int) -> SampleParams:
    """The preset's, with another sampler."""
    return replace(
        params.sample,
        sampler=sampler,  # type: ignore[arg-type]
        steps=steps,
        batch_size=batch,
        checkpoints=(1,),
        guidance=None,
    )


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _forget() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak() -> float:
    """GiB at most so far: of the GPU, or of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
