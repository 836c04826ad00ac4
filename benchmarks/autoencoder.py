"""What autoencoders keep of films: is one good enough to be the first stage of latent diffusion?

    python -m benchmarks.autoencoder --cache FOLDER [--steps N ...] [--kinds KIND ...]

Autoencoders learn from phantoms of 64 × 64 pixels, in batches of 8, with the learner of the
product. What they make of phantoms of other patients is held against the films that they learnt
from: the distance without weights, the power in bands of the spectrum, and how well a classifier
tells the reconstructions from other unseen phantoms. Kinds:

- `film`: that of the pipeline, whose 64 latents describe a whole film; films drawn from them, and
  from the standard normal prior, are measured, too;
- `picture-free`: that of section `latent`, with latents that are a picture of 16 × 16 with 4
  channels (f4) and whose divergence weighs a millionth;
- `picture-free-8`: the same with pictures of 8 × 8 (f8).

Latent diffusion's own autoencoders learn, besides, from a network's judgement (LPIPS) and from an
adversary; the weights of the one were learnt from photographs, and neither is tried here.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.film_sets import phantoms
from cxr_release.fidelity.distances import random_conv_features
from cxr_release.fidelity.measure import SourceFilms
from cxr_release.generators.autoencoder.learner import AutoencoderLearner
from cxr_release.generators.autoencoder.network import Autoencoder, FilmAutoencoder
from cxr_release.generators.diffusion.network import to_grey, to_unit
from cxr_release.generators.runtime.compute import computing
from cxr_release.params.autoencoders import AutoencoderNetwork, FirstStageNetwork
from cxr_release.params.training import ComputeParams, TrainParams
from cxr_release.scorecard.two_sample import two_sample_test

FILMS, SIZE, DRAWN, DRAWS = 600, 64, 192, 200
Films = NDArray[np.uint8]


FILM = AutoencoderNetwork()
KINDS: dict[str, AutoencoderNetwork] = {
    "film": FILM,
    "picture-free": FirstStageNetwork(channels=(32, 48)),
    "picture-free-8": FirstStageNetwork(),
}


def learnt(kind: str, films: Films, steps: int) -> tuple[Autoencoder, float]:
    """An autoencoder after so many steps, and the CPU seconds that they took."""
    settings = TrainParams(
        steps=steps,
        batch_size=8,
        learning_rate=2e-3,
        decay="cosine",
        checkpoint_every=steps,
        warmup=50,
        ema=0.998,
        ema_every=1,
        min_snr=0,
        flip=False,
    )
    with computing(ComputeParams(precision="fp32", compile="never")) as context:
        begin = time.process_time()
        learner = AutoencoderLearner(
            films, network=KINDS[kind], settings=settings, horizon=steps, seed=0, compute=context
        )
        for step in range(steps):
            learner.step(step)
        return learner.averaged(), time.process_time() - begin


@torch.inference_mode()
def reconstructed(network: Autoencoder, films: Films) -> Films:
    pieces = [films[start : start + 50] for start in range(0, len(films), 50)]
    made = [to_grey(network.decode(network.encode(to_unit(piece))[0])) for piece in pieces]
    return torch.cat(made).numpy()


@torch.inference_mode()
def drawn(network: FilmAutoencoder, *, prior: bool) -> Films:
    noise = torch.randn(DRAWN, FILM.latents, generator=torch.Generator().manual_seed(1))
    return to_grey(network.decode(noise if prior else network.latents(noise))).numpy()


def line(name: str, films: Films, source: SourceFilms, others: tuple[Films, list[str]]) -> str:
    """A row of the table: `films` beside the source films, and beside unseen `others`."""
    measures = source.measure(films)
    low, high = measures["intervals"]["frechet_random_conv"]
    area = two_sample_test(
        random_conv_features(films),
        random_conv_features(others[0]),
        drawn_patients=[f"film-{place}" for place in range(len(films))],
        real_patients=others[1],
    )
    assert area is not None
    shares = " ".join(
        f"{band['power']:.2f} [{band['interval'][0]:.2f}, {band['interval'][1]:.2f}]"
        for band in measures["bands"]
    )
    return (
        f"| {name} | {len(films)} | {measures['frechet_random_conv']:.2f} [{low:.2f}, {high:.2f}]"
        f" | {measures['precision']:.2f} | {measures['recall']:.2f} | {measures['coverage']:.2f}"
        f" | {measures['ms_ssim']:.2f} | {shares}"
        f" | {area.auc:.3f} [{area.low:.3f}, {area.high:.3f}] |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, required=True, help="where phantoms are kept")
    parser.add_argument("--steps", type=int, nargs="+", default=[1350, 5400])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    films, _ = phantoms(options.cache, "real", FILMS, size=SIZE)
    unseen, patients = phantoms(options.cache, "synthetic", 2 * DRAWN, size=SIZE)
    films, unseen = np.array(films), np.array(unseen)
    source = SourceFilms(films, DRAWN, DRAWS, 0)
    others = unseen[DRAWN:], patients[DRAWN:]
    print(
        "| films | n | distance | precision | recall | coverage | MS-SSIM |"
        " power in bands, source films' = 1 | classifier against unseen phantoms |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---|---:|")
    print(line("unseen phantoms", unseen[:DRAWN], source, others), flush=True)
    for steps in options.steps:
        for kind in options.kinds:
            network, taken = learnt(kind, films, steps)
            made = reconstructed(network, unseen[:DRAWN])
            error = np.sqrt(np.square(made.astype(float) - unseen[:DRAWN]).mean())
            name = f"{kind}, {steps:,} steps ({taken:.0f} CPU s)"
            about = f"{name}: reconstructions, off by {error:.1f} grey levels"
            print(line(about, made, source, others), flush=True)
            if kind == "film":
                assert isinstance(network, FilmAutoencoder)
                for prior in (False, True):
                    about = f"{name}: drawn{' from the prior' if prior else ''}"
                    print(line(about, drawn(network, prior=prior), source, others), flush=True)


if __name__ == "__main__":
    main()
