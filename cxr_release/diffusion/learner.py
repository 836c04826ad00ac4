"""One training step: the network, the average of its weights, and its optimizer."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DModel
from diffusers.training_utils import EMAModel
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.diffusion import network as unets
from cxr_release.diffusion import resume
from cxr_release.diffusion.objective import min_snr_weights, v_losses
from cxr_release.diffusion.parallel import chunks
from cxr_release.diffusion.randomness import Draws, seed_of, step_draws
from cxr_release.errors import TrainingError
from cxr_release.params import NetworkParams, TrainParams

BETAS = (0.9, 0.99)
WEIGHT_DECAY = 1e-4
PIECE = 4
"""Films of a batch that go through the network at once on one core."""
GRADIENT_NORM = 1.0
"""A gradient longer than this is shortened to it."""


@dataclass(frozen=True)
class Outcome:
    """What one step gave."""

    loss: float
    learning_rate: float
    gradient_norm: float
    """Before it was shortened."""


class Learner:
    """All that changes while training.

    Args:
        films: (n, size, size) uint8.
        network: the U-Net.
        settings: of training.
        horizon: steps over which the learning rate decays.
        seed: root of all random numbers.
        pool: of `parallel.cores`; the films of a batch are spread over it.
    """

    def __init__(
        self,
        films: NDArray[np.uint8],
        *,
        network: NetworkParams,
        settings: TrainParams,
        horizon: int,
        seed: int,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._films = films
        self._network = network
        self._settings = settings
        self._horizon = horizon
        self._seed = seed
        self._pool = pool
        self._schedule = unets.noise_schedule()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(seed, "weights"))
            unet = unets.build(network, films.shape[1])
        self._unet = unet.to(memory_format=torch.channels_last).train()
        self._weights = list(unet.parameters())
        self._average = EMAModel(self._weights, decay=settings.ema, foreach=True)
        self._optimizer = torch.optim.AdamW(
            self._weights, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )

    def step(self, step: int) -> Outcome:
        """Take training step `step` (from 0): a pure function of the state, the seed and `step`.

        Raises:
            TrainingError: the loss or its gradient is no number; the weights are as before.
        """
        draws = step_draws(
            self._seed,
            step,
            films=len(self._films),
            batch=self._settings.batch_size,
            levels=len(self._schedule.alphas_cumprod),
            shape=self._films.shape[1:],
        )
        pieces = chunks(range(self._settings.batch_size), PIECE)
        parts = list(self._pool.map(lambda piece: self._gradient(draws, list(piece)), pieces))
        loss = sum(part for part, _ in parts)
        for weight, *gradients in zip(self._weights, *(found for _, found in parts), strict=True):
            weight.grad = torch.zeros_like(weight)
            for gradient in gradients:
                weight.grad += gradient
        norm = torch.nn.utils.clip_grad_norm_(self._weights, GRADIENT_NORM).item()
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise TrainingError(
                f"loss {loss} with gradient norm {norm}",
                where=f"training step {step + 1}",
                remedy="lower train.learning_rate; the checkpoints so far are kept",
            )
        rate = learning_rate(step, self._settings, self._horizon)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._average.step(self._weights)
        return Outcome(loss, rate, norm)

    def _gradient(self, draws: Draws, piece: list[int]) -> tuple[float, tuple[Tensor, ...]]:
        """The share of some films of the batch in the mean loss, and in its gradient."""
        films = self._films[draws.films[piece]]
        if self._settings.flip:
            films = np.where(draws.mirrored[piece, None, None], films[:, :, ::-1], films)
        clean = unets.fold(unets.to_unit(films), self._network)
        noise = unets.fold(torch.from_numpy(draws.noise[piece]), self._network)
        times = torch.from_numpy(draws.times[piece])
        losses = v_losses(self._unet, self._schedule, clean, noise, times)
        weights = min_snr_weights(self._schedule, times, self._settings.min_snr)
        loss = (losses * weights).sum() / self._settings.batch_size
        return loss.item(), torch.autograd.grad(loss, self._weights)

    def averaged(self) -> UNet2DModel:
        """A network with the averaged weights."""
        unet = unets.build(self._network, self._films.shape[1])
        self._average.copy_to(unet.parameters())
        return unet

    def save(self, path: Path, step: int) -> None:
        """Write the state after `step` steps."""
        resume.save(path, step, self._unet, self._average, self._optimizer)

    def load(self, path: Path) -> int:
        """Take up a saved state; returns the steps done."""
        return resume.load(path, self._unet, self._average, self._optimizer)


def learning_rate(step: int, settings: TrainParams, horizon: int) -> float:
    """Rising in a line over the warm-up, then falling along half a cosine to 0 at `horizon`."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    share = (step - settings.warmup) / max(1, horizon - settings.warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
