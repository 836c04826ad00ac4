"""The paper's preset on the device at hand, projected to the whole run.

    python -m benchmarks.gpu [--params FILE] [--size PIXELS] [--train-steps N] [--films N]

Trains a few steps on phantoms, draws films with 1,000, 50 and 25 steps from the untrained network
(as fast as from a trained one), and says how long 160,000 steps and 27,000 films would take, what
share of the device's matrix-product rate that is, and how many times the paper's 0.09 films a
second. Meant for a GPU; it runs on a CPU too, with `--size 64 --films 8 --steps 25`.
"""

from __future__ import annotations

import argparse
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import measuring, printing
from cxr_release import params as parameters
from cxr_release.films.grey import window
from cxr_release.generators.checkpoints import Checkpoint, Record
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import Denoiser
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.runtime.compute import Compute, computing
from cxr_release.params import ComputeParams, Params, SampleParams
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.radiographs.resample import resample
from cxr_release.settings import checked

ROOT = Path(__file__).parent.parent
PAPER_RATE = 0.09
"""Films a second: 8,000 in 24 hours."""
PAPER_FILMS = 27_000
PHANTOMS = 32


def main() -> None:
    """Print two tables."""
    options = _options()
    params = parameters.load(options.params)
    size = options.size or params.ingest.size
    films = np.stack([_phantom(index, size) for index in range(PHANTOMS)])
    unet = unets.build(params.network, size)
    operations = measuring.operations(
        lambda film, times: unet(unets.fold(film, params.network), times).sample, size
    )
    compute = ComputeParams(precision=options.precision, compile=options.compile)
    with computing(compute) as context:
        rate = measuring.with_all_cores(
            context, measuring.matrix_rate, context.device, context.precision
        )
        compiled = ", compiled" if context.compiled else ""
        print(
            f"{_name(context.device)}, torch {torch.__version__}, {context.precision}{compiled}; "
            f"matrix product {rate / 1e12:.1f} TFLOP/s; "
            f"{size} × {size}, {measuring.parameters_of(unet):.1f} M parameters, "
            f"{operations / 1e9:.0f} GFLOP a film and step"
        )
        titles = ("training", "steps/s", "share of product rate, %", "GiB", "hours for all steps")
        printing.table(titles, [_training(films, params, context, operations, rate, options)])
        titles = ("sampling", "films/s", "share of product rate, %", "GiB", "hours for 27,000")
        rows = [
            _sampling(unet, params, context, operations / rate, steps, size, options)
            for steps in options.steps
        ]
        printing.table((*titles, "× the paper's rate"), rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--params", type=Path, default=ROOT / "params.paper.yaml")
    parser.add_argument("--size", type=int, help="pixels on each side; the file's by default")
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])
    parser.add_argument("--compile", default="auto", choices=["auto", "always", "never"])
    parser.add_argument("--train-steps", type=int, default=50, help="steps that are timed")
    parser.add_argument("--films", type=int, default=64, help="films drawn at once")
    parser.add_argument("--steps", type=int, nargs="+", default=[25, 50, 1000])
    return parser.parse_args()


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"


def _phantom(index: int, size: int) -> NDArray[np.uint8]:
    return resample(window(draw_phantom(index, seed=1).pixels), size, "stretch")


def _training(
    films: NDArray[np.uint8],
    params: Params,
    context: Compute,
    operations: float,
    rate: float,
    options: argparse.Namespace,
) -> tuple[object, ...]:
    settings = params.train
    learner = Learner(
        films, network=params.network, settings=settings, horizon=1, seed=1, compute=context
    )
    for step in range(3):
        learner.step(step)
    _forget_peak()
    took = measuring.seconds(
        lambda: [learner.step(3 + step) for step in range(options.train_steps)]
    )
    speed = options.train_steps / took
    used = 3 * operations * settings.batch_size * speed / rate
    hours = settings.steps / speed / 3600
    return (f"batch {settings.batch_size}", speed, 100 * used, _peak(), hours)


def _sampling(
    unet: torch.nn.Module,
    params: Params,
    context: Compute,
    floor: float,
    steps: int,
    size: int,
    options: argparse.Namespace,
) -> tuple[object, ...]:
    record = Record(
        checkpoint=1,
        checkpoint_step=1,
        size=size,
        network=params.network,
        training={},
        fingerprint="",
    )
    settings = checked(
        SampleParams,
        {
            **vars(params.sample),
            "checkpoints": [1],
            "sampler": "ddpm" if steps == params.sample.steps else "sde-dpmsolver++",
            "steps": steps,
            "batch_size": options.films,
        },
    )
    checkpoint = Checkpoint(record, unet.requires_grad_(False).eval())
    warm = Denoiser(checkpoint, replace(settings, steps=2), context)
    warm.films(list(range(options.films)))
    _forget_peak()
    denoiser = Denoiser(checkpoint, settings, context)
    took = measuring.seconds(lambda: denoiser.films(list(range(options.films))))
    speed = options.films / took
    return (
        f"{settings.sampler}, {steps} steps",
        speed,
        100 * floor * steps * speed,
        _peak(),
        PAPER_FILMS / speed / 3600,
        speed / PAPER_RATE,
    )


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak() -> float:
    """GiB at most so far: of the GPU, or of this process."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
