"""Films a second, and how good they are, against denoising_diffusion_pytorch's sampler.

    python -m benchmarks.sampling [--checkpoint FOLDER] [--guide FOLDER] [--cohort TABLE]

First at equal steps, with the paper's class of network. Then from one set of weights, those of
`make release`: the peer's loop of 1,000 steps against our samplers, with the Fréchet distance of
each set to the cohort beside its speed, so that no speed is bought with quality unseen. Last the
same weights guided by an earlier checkpoint, against themselves at as many evaluations.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from benchmarks import measuring, printing
from benchmarks.measuring import PEER
from cxr_release.fidelity.distances import frechet_distance, random_conv_features, real_floor
from cxr_release.film_size import Size
from cxr_release.films.film_array import load_films
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint, Record
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.denoising import Denoiser
from cxr_release.generators.opening import draw
from cxr_release.generators.runtime.compute import computing
from cxr_release.generators.sampling import film_seed
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.params.sampling import GuidanceParams, SampleParams
from cxr_release.params.training import ComputeParams

ROOT = Path(__file__).parent.parent
ARRAY = ROOT / "build" / "film-array"
CPU = ComputeParams(precision="fp32", compile="auto")
FAST = (("sde-dpmsolver++", 20), ("sde-dpmsolver++", 25), ("dpmsolver++", 25), ("ddim", 50))
EQUAL_STEPS = 4
WEIGHT = 1.5
"""Of the guided checkpoint against the guide."""


def main() -> None:
    """Print two tables."""
    options = _options()
    if not options.checkpoint.exists():
        raise SystemExit(f"error: {options.checkpoint}: no such checkpoint: make release first")
    torch.manual_seed(1)
    with measuring.quiet_peer() as peer:
        print(f"equal steps, 64 × 64, {options.batch} films at once, fp32")
        printing.table(("", "ms a film and step", "ratio"), _equal_steps(peer, options.batch))
        print(f"\none set of weights, {options.films} films of each sampler")
        titles = ("", "steps", "films/s", "ratio", "Fréchet distance", "of the first's")
        printing.table(titles, _one_set_of_weights(peer, options))
    print(f"\nthe same weights, guided by {options.guide.name}, weight {WEIGHT:g}")
    titles = ("", "evaluations a film", "films/s", "Fréchet distance", "of the first's")
    printing.table(titles, _guided(options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    run = ROOT / "data" / "training" / "final" / "checkpoint-15"
    parser.add_argument("--checkpoint", type=Path, default=run, help="folder of a checkpoint")
    parser.add_argument("--guide", type=Path, default=run.with_name("checkpoint-6"), help="earlier")
    cohort = ROOT / "data" / "cohort" / "cohort.parquet"
    parser.add_argument("--cohort", type=Path, default=cohort, help="films to compare with")
    parser.add_argument("--films", type=int, default=256, help="films that each sampler draws")
    parser.add_argument("--batch", type=int, default=32, help="films at once")
    return parser.parse_args()


def _equal_steps(peer: Any, batch: int) -> list[tuple[object, ...]]:
    params = load_params(ROOT / "params.paper.yaml")
    record = Record(
        checkpoint=1,
        checkpoint_step=1,
        size=Size.of(64),
        network=params.network,
        training={},
        fingerprint="",
    )
    peer_sampler = peer.GaussianDiffusion(
        peer.Unet(dim=64, dim_mults=(1, 2, 4, 8), channels=1).eval(),
        image_size=64,
        timesteps=EQUAL_STEPS,
    )
    cores = torch.get_num_threads()
    with computing(CPU) as context:
        unet = unets.build(params.network, 64).requires_grad_(False).eval()
        denoiser = Denoiser(
            Checkpoint(record, unet), _settings(params, "ddpm", EQUAL_STEPS, batch), context
        )

        def sampled_by_peer() -> None:
            torch.set_num_threads(cores)
            peer_sampler.sample(batch)
            torch.set_num_threads(1)

        works: dict[str, Callable[[], object]] = {
            PEER: sampled_by_peer,
            "cxr-release, ddpm": lambda: denoiser.films(list(range(batch))),
        }
        durations = measuring.in_turns(works, 4)
    return [
        (name, 1000 * seconds / batch / EQUAL_STEPS, durations[PEER] / seconds)
        for name, seconds in durations.items()
    ]


def _one_set_of_weights(peer: Any, options: argparse.Namespace) -> list[tuple[object, ...]]:
    params = load_params(ROOT / "params.yaml")
    real = random_conv_features(load_films(options.cohort, ARRAY)[1])
    films, took = _by_peer(peer, options)
    distance = peer_distance = frechet_distance(random_conv_features(films), real)
    slowest = took
    rows: list[tuple[object, ...]] = [
        (f"{PEER}'s loop", 1000, options.films / took, 1.0, distance, 1.0)
    ]
    seeds = [film_seed(7, 0, "benchmark", index) for index in range(options.films)]
    for sampler, steps in FAST:
        settings = _settings(params, sampler, steps, options.batch)
        begin = time.perf_counter()
        folder = options.checkpoint
        films = np.stack(list(draw(folder.name, folder, seeds, settings=settings, compute=CPU)))
        took = time.perf_counter() - begin
        distance = frechet_distance(random_conv_features(films), real)
        rows.append(
            (
                f"cxr-release, {sampler}",
                steps,
                options.films / took,
                slowest / took,
                distance,
                distance / peer_distance,
            )
        )
    floor = real_floor(real, options.films, seed=1)
    return [
        *rows,
        ("films of the cohort against each other", "", "", "", floor, floor / peer_distance),
    ]


def _guided(options: argparse.Namespace) -> list[tuple[object, ...]]:
    """25 steps of the checkpoint alone, and 13 guided ones, which ask two networks each."""
    params = load_params(ROOT / "params.yaml")
    real = random_conv_features(load_films(options.cohort, ARRAY)[1])
    seeds = [film_seed(7, 0, "benchmark", index) for index in range(options.films)]
    rows: list[tuple[object, ...]] = []
    first = 0.0
    for name, steps, guide in (("alone", 25, None), ("guided", 13, options.guide)):
        settings = _settings(params, "sde-dpmsolver++", steps, options.batch)
        if guide is not None:
            number = checkpoints.read_record(guide).checkpoint
            settings = replace(settings, guidance=GuidanceParams(checkpoint=number, weight=WEIGHT))
        begin = time.perf_counter()
        drawn = draw(options.checkpoint, seeds, settings=settings, compute=CPU, guide=guide)
        films = np.stack(list(drawn))
        took = time.perf_counter() - begin
        distance = frechet_distance(random_conv_features(films), real)
        first = first or distance
        evaluations = steps * (1 if guide is None else 2)
        rows.append((name, evaluations, options.films / took, distance, distance / first))
    return rows


def _settings(params: Params, sampler: str, steps: int, batch: int) -> SampleParams:
    return replace(
        params.sample,
        sampler=sampler,  # type: ignore[arg-type]
        steps=steps,
        batch_size=batch,
        guidance=None,
    )


def _by_peer(peer: Any, options: argparse.Namespace) -> tuple[NDArray[np.uint8], float]:
    """Films of the peer's own loop over the checkpoint's weights, and the seconds it took."""
    checkpoint = checkpoints.load(options.checkpoint)
    size = checkpoint.record.size.width  # the peer draws squares alone
    loop = peer.GaussianDiffusion(
        _Adapted(checkpoint), image_size=size, beta_schedule=checkpoint.record.network.schedule
    )
    begin = time.perf_counter()
    drawn = [
        loop.sample(min(options.batch, options.films - done))
        for done in tqdm(range(0, options.films, options.batch), "the peer's loop", unit="batch")
    ]
    took = time.perf_counter() - begin
    unit = torch.cat(drawn) * 2 - 1
    return unets.to_grey(unit).numpy(), took


class _Adapted(torch.nn.Module):
    """A checkpoint as the peer's loop takes a network."""

    channels = out_dim = 1
    self_condition = False

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.unet, self._network = checkpoint.unet, checkpoint.record.network

    def forward(self, films: Tensor, times: Tensor, _: object = None) -> Tensor:
        velocity = self.unet(unets.fold(films, self._network), times).sample
        return unets.unfold(velocity, self._network)


if __name__ == "__main__":
    os.environ.setdefault("TQDM_MININTERVAL", "5")
    main()
