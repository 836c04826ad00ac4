"""What autoencoders keep of films: is one good enough to be the first stage of latent diffusion?

    python -m benchmarks.autoencoder --cache FOLDER [--steps N ...] [--kinds KIND ...]

Autoencoders learn from phantoms of 64 × 64 pixels, in batches of 8, with the learner of the
product. What they make of phantoms of other patients is held against the films that they learnt
from: the distance without weights, the power in bands of the spectrum, and how well a classifier
tells the reconstructions from other unseen phantoms. Kinds:

- `film`: that of the pipeline, whose 64 latents describe a whole film; films drawn from them, and
  from the standard normal prior, are measured, too;
- `picture`: latents that are a picture of 16 × 16 with 4 channels (f4, as latent diffusion has
  them), the same loss;
- `picture-free`: the same, with the divergence of the latents weighed by a millionth, as latent
  diffusion has it: the least that stands between a film and its reconstruction;
- `picture-free-8`: the same with pictures of 8 × 8 (f8).

Latent diffusion's own autoencoders learn, besides, from a network's judgement (LPIPS) and from an
adversary; the weights of the one were learnt from photographs, and neither is tried here.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.film_sets import phantoms
from cxr_release.fidelity.distances import random_conv_features
from cxr_release.fidelity.measure import SourceFilms
from cxr_release.film_size import Size
from cxr_release.generators.autoencoder import learner as learners
from cxr_release.generators.autoencoder.learner import AutoencoderLearner
from cxr_release.generators.autoencoder.network import FilmAutoencoder, build, negative_bound
from cxr_release.generators.diffusion.network import to_grey, to_unit
from cxr_release.generators.runtime.compute import computing
from cxr_release.params import AutoencoderNetwork, ComputeParams, TrainParams
from cxr_release.scorecard.two_sample import two_sample_test

FILMS, SIZE, DRAWN, DRAWS = 600, 64, 192, 200
CHANNELS = 4
FREE = 1e-6
Films = NDArray[np.uint8]


class PictureAutoencoder(FilmAutoencoder):
    """Its latents are a picture: nothing is between the blocks."""

    weight = 1.0
    """Of the divergence."""

    def __init__(self, network: AutoencoderNetwork, size: Size) -> None:
        super().__init__(AutoencoderNetwork(**{**vars(network), "latents": 1}), size)
        self.to_latents = torch.nn.Conv2d(16, 2 * CHANNELS, 1)
        self.from_latents = torch.nn.Conv2d(CHANNELS, 8, 1)

    def encode(self, films: Tensor) -> tuple[Tensor, Tensor]:
        codes = self.blocks.encoder(torch.nn.functional.pixel_unshuffle(films, self._fold))
        mean, log_variance = self.to_latents(codes).chunk(2, dim=1)
        return mean.flatten(1), log_variance.flatten(1).clamp(-20, 10)

    def decode(self, latents: Tensor) -> Tensor:
        codes = self.from_latents(latents.view(-1, CHANNELS, *self._grid[1:]))
        return torch.nn.functional.pixel_shuffle(self.blocks.decoder(codes), self._fold)

    def forward(self, films: Tensor, noise: Tensor) -> Tensor:
        mean, log_variance = self.encode(films)
        drawn = self.decode(mean + noise * (log_variance / 2).exp())
        # What is left of the divergence where it is weighed: the bound is linear in it.
        whole = negative_bound(films, drawn, mean, log_variance)
        none = negative_bound(films, drawn, torch.zeros_like(mean), torch.zeros_like(mean))
        return none + self.weight * (whole - none)

    def fit(self, means: Tensor, variances: Tensor) -> None:
        """Nothing is drawn."""


class FreeAutoencoder(PictureAutoencoder):
    """The same, all but free of the divergence."""

    weight = FREE


FILM = AutoencoderNetwork()
PICTURE = AutoencoderNetwork(channels=(32, 48), latents=CHANNELS * 16**2)
SMALLER = AutoencoderNetwork(channels=(32, 48, 64), latents=CHANNELS * 8**2)
KINDS: dict[str, tuple[AutoencoderNetwork, Callable[..., FilmAutoencoder]]] = {
    "film": (FILM, build),
    "picture": (PICTURE, PictureAutoencoder),
    "picture-free": (PICTURE, FreeAutoencoder),
    "picture-free-8": (SMALLER, FreeAutoencoder),
}


def learnt(kind: str, films: Films, steps: int) -> tuple[FilmAutoencoder, float]:
    """An autoencoder after so many steps, and the CPU seconds that they took."""
    network, make = KINDS[kind]
    learners.build = make  # type: ignore[assignment]
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
            films, network=network, settings=settings, horizon=steps, seed=0, compute=context
        )
        for step in range(steps):
            learner.step(step)
        return learner.averaged(), time.process_time() - begin


@torch.inference_mode()
def reconstructed(network: FilmAutoencoder, films: Films) -> Films:
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
                for prior in (False, True):
                    about = f"{name}: drawn{' from the prior' if prior else ''}"
                    print(line(about, drawn(network, prior=prior), source, others), flush=True)


if __name__ == "__main__":
    main()
