"""Latent diffusion against the diffusion of pixels, at equal cost.

    python -m benchmarks.latent --cache FOLDER [--seconds N] [--first N] [--kinds KIND ...]

Networks learn from 600 phantoms of 64 × 64 pixels, in batches of 8, each for as many steps as take
so many CPU seconds on one thread; for the latent one the steps of its autoencoder are among them.
Of each 192 films are drawn, by the default's sampler, and held against the films that were learnt
and against unseen phantoms, as in `benchmarks.autoencoder`. Kinds:

- `pixels-2`: the default's network, which sees films folded 2 × 2 into channels;
- `pixels-4`: folded 4 × 4, as in `params.large.yaml`, with twice the channels;
- `latents-8`: the same, unfolded, on the latents of section `latent`, 8 × 8 × 4 (f8).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.autoencoder import DRAWN, DRAWS, FILMS, SIZE, Films, learnt, line
from benchmarks.film_sets import phantoms
from cxr_release.fidelity.measure import SourceFilms
from cxr_release.film_size import Size
from cxr_release.generators.autoencoder.network import FirstStageAutoencoder
from cxr_release.generators.checkpoints import Checkpoint, Latents, Record
from cxr_release.generators.diffusion.denoising import Denoiser
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.spaces import LatentSpace
from cxr_release.generators.runtime.compute import Compute, computing
from cxr_release.params.autoencoders import FirstStageNetwork
from cxr_release.params.load import load_params
from cxr_release.params.training import ComputeParams, NetworkParams, TrainParams

PARAMS = load_params(Path("params.yaml"))
DOUBLE = replace(PARAMS.network, channels=(48, 96, 128))
KINDS: dict[str, NetworkParams] = {
    "pixels-2": PARAMS.network,
    "pixels-4": replace(DOUBLE, pixel_unshuffle=4),
    "latents-8": replace(DOUBLE, pixel_unshuffle=1),
}
TRIAL = 30
"""Steps by which the cost of one is told."""


def settings_of(steps: int) -> TrainParams:
    return replace(PARAMS.train, steps=steps, checkpoint_every=steps)


def trained(
    network: NetworkParams,
    films: Films,
    seconds: float,
    autoencoder: FirstStageAutoencoder | None,
    context: Compute,
) -> tuple[Checkpoint, int, float]:
    """A network after about so many CPU seconds, its steps, and the seconds that they took."""

    def learner(steps: int) -> Learner:
        return Learner(
            films,
            network=network,
            settings=settings_of(steps),
            horizon=steps,
            seed=PARAMS.seed,
            compute=context,
            space=None if autoencoder is None else LatentSpace(autoencoder),
        )

    trial = learner(TRIAL)
    trial.step(0)
    begin = time.process_time()
    for step in range(1, TRIAL):
        trial.step(step)
    steps = round(seconds * (TRIAL - 1) / (time.process_time() - begin))
    begin = time.process_time()
    real = learner(steps)
    for step in range(steps):
        real.step(step)
    record = Record(
        checkpoint=1,
        checkpoint_step=steps,
        size=Size(SIZE, SIZE),
        network=network,
        training={},
        fingerprint="",
        latent=None if autoencoder is None else Latents("0" * 64, FirstStageNetwork()),
    )
    unet = real.averaged().requires_grad_(False).eval()
    return Checkpoint(record, unet, autoencoder), steps, time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="where phantoms are kept")
    parser.add_argument("--seconds", type=float, default=540, help="CPU seconds of each kind")
    parser.add_argument("--first", type=int, default=5400, help="steps of the autoencoder")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    films, _ = phantoms(options.cache, "real", FILMS, size=SIZE)
    unseen, patients = phantoms(options.cache, "synthetic", 2 * DRAWN, size=SIZE)
    films, unseen = np.array(films), np.array(unseen)
    source = SourceFilms(films, DRAWN, DRAWS, 0)
    others = unseen[DRAWN:], patients[DRAWN:]
    with computing(ComputeParams(precision="fp32", compile="never")) as context:
        for kind in options.kinds:
            autoencoder, taken = None, 0.0
            if kind.startswith("latents"):
                network, taken = learnt("picture-free-8", films, options.first)
                assert isinstance(network, FirstStageAutoencoder)
                autoencoder = network
            left = options.seconds - taken
            checkpoint, steps, used = trained(KINDS[kind], films, left, autoencoder, context)
            denoiser = Denoiser(checkpoint, PARAMS.sample, context)
            begin = time.process_time()
            drawn = denoiser.films(range(DRAWN))
            drawing = time.process_time() - begin
            before = f"{options.first:,} ({taken:.0f} s) + " if autoencoder is not None else ""
            name = f"{kind}, {before}{steps:,} steps ({taken + used:.0f} CPU s; {drawing:.0f} s"
            print(line(f"{name} for {DRAWN} films)", drawn, source, others), flush=True)


if __name__ == "__main__":
    main()
