"""One training step of the autoencoder: what it draws, and the gradient of its loss."""

from __future__ import annotations

import numpy as np
import torch

from cxr_release.film_size import Size
from cxr_release.generators.autoencoder.network import Autoencoder, build
from cxr_release.generators.diffusion.network import to_unit
from cxr_release.generators.runtime.compute import Compute, chunks
from cxr_release.generators.runtime.films import Films
from cxr_release.generators.runtime.learner import BatchLearner, Gradients
from cxr_release.generators.runtime.randomness import Draws, seed_of, step_draws
from cxr_release.params.autoencoders import AutoencoderNetwork
from cxr_release.params.training import TrainParams

PIECE = 8
"""Films that the network sees at once on one core when it encodes them all."""


class AutoencoderLearner(BatchLearner):
    """All that changes while an autoencoder is trained.

    Args:
        films: (n, height, width) uint8.
        network: the autoencoder.
        settings: of training.
        horizon: steps over which the learning rate decays.
        seed: root of all random numbers.
        compute: where the network is computed.

    Raises:
        TrainingError: the batch is too small to be shared by so many processes.
    """

    def __init__(
        self,
        films: Films,
        *,
        network: AutoencoderNetwork,
        settings: TrainParams,
        horizon: int,
        seed: int,
        compute: Compute,
    ) -> None:
        self._films = films
        self._size = Size.of_shape(films.shape)
        self._network = network
        self._seed = seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(seed, "weights"))
            module = build(network, self._size).train()
        self._shape = module.shape
        super().__init__(module, settings=settings, horizon=horizon, compute=compute)

    def _draws(self, step: int) -> Draws:
        """What chance decides in this step: films, and noise for the latents of each."""
        return step_draws(
            self._seed,
            step,
            films=len(self._films),
            batch=self._settings.batch_size,
            levels=1,
            shape=self._shape,
        )

    def _gradients(self, draws: Draws, piece: list[int]) -> Gradients:
        films = self._films[draws.films[piece]]
        if self._settings.flip:
            films = np.where(draws.mirrored[piece, None, None], films[:, :, ::-1], films)
        device = self._compute.device
        noise = torch.from_numpy(draws.noise[piece]).to(device)
        with self._compute.autocast():
            losses = self._predict(to_unit(films).to(device), noise)
        loss = losses.sum() / self._settings.batch_size
        return [*torch.autograd.grad(loss, self._weights), loss.detach()]

    def averaged(self) -> Autoencoder:
        """A network with the averaged weights, fitted to the latents of the films."""
        network = build(self._network, self._size)
        self._average.copy_to(network.parameters())
        network.requires_grad_(False).eval().to(self._compute.device)

        @torch.inference_mode()
        def encoded(piece: range) -> tuple[torch.Tensor, torch.Tensor]:
            films = to_unit(self._films[piece.start : piece.stop]).to(self._compute.device)
            mean, log_variance = network.encode(films)
            return mean.cpu(), log_variance.exp().cpu()

        parts = self._compute.run(encoded, chunks(range(len(self._films)), PIECE))
        means, variances = (torch.cat(part) for part in zip(*parts, strict=True))
        network.cpu().fit(means, variances)
        return network
