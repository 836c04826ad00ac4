"""One training step: the network, the average of its weights, and its optimizer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DModel
from diffusers.training_utils import EMAModel
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.errors import TrainingError
from cxr_release.film_size import Size
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion import training_state
from cxr_release.generators.diffusion.conditions import ToldFilms, told
from cxr_release.generators.diffusion.network import min_snr_weights, v_losses
from cxr_release.generators.runtime.compute import Compute
from cxr_release.generators.runtime.randomness import Draws, seed_of, step_draws
from cxr_release.params import NetworkParams, TrainParams

BETAS = (0.9, 0.99)
WEIGHT_DECAY = 1e-4
PIECE = 4
"""Films of a batch that go through the network at once on one core."""
Gradients = Sequence[Tensor]
"""Of all weights; the loss that they belong to comes last."""
GRADIENT_NORM = 1.0
"""A gradient longer than this is shortened to it."""


@dataclass(frozen=True)
class Outcome:
    """What one step gave."""

    loss: float | None
    """None where chance drew no film for this step, as it may in private training."""
    learning_rate: float
    gradient_norm: float
    """Before it was shortened."""


class Learner:
    """All that changes while training.

    Args:
        films: (n, height, width) uint8.
        network: the U-Net.
        settings: of training.
        horizon: steps over which the learning rate decays.
        seed: root of all random numbers.
        compute: where the network is computed.
        start: a network whose weights training starts from; None: random ones.
        films_told: the classes of the films; None: there are none.

    Raises:
        TrainingError: the batch is too small to be shared by so many processes.
    """

    def __init__(
        self,
        films: NDArray[np.uint8],
        *,
        network: NetworkParams,
        settings: TrainParams,
        horizon: int,
        seed: int,
        compute: Compute,
        start: UNet2DModel | None = None,
        films_told: ToldFilms | None = None,
    ) -> None:
        self._films = films
        self._size = Size.of_shape(films.shape)
        self._network = network
        self._settings = settings
        self._horizon = horizon
        self._seed = seed
        self._compute = compute
        self._schedule = unets.noise_schedule(network)
        films_told = films_told or ToldFilms((), [None] * len(films), 0.0)
        self.conditions = films_told.conditions(mirrored=settings.flip == "labelled")
        """What the network is told."""
        self._codes = self.conditions.codes(films_told.labels)
        self._drop = films_told.drop
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed_of(seed, "weights"))
            self._unet = self._built().train()
        if start is not None:
            self._unet.load_state_dict(start.state_dict())
        self._predict = compute.place(self._unet)
        self._weights = list(self._unet.parameters())
        self._average = EMAModel(self._weights, decay=settings.ema, foreach=True)
        self._optimizer = torch.optim.AdamW(
            self._weights, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )
        self._pieces = self._share()
        self._next: tuple[int, Future[Draws]] | None = None

    def _built(self) -> UNet2DModel:
        return unets.build(self._network, self._size, self.conditions.rows)

    def _share(self) -> Sequence[range]:
        """This process's part of each batch, in pieces."""
        batch, processes = self._settings.batch_size, self._compute.processes
        pieces = self._compute.pieces(batch, PIECE)
        if processes.count > len(pieces):
            raise TrainingError(
                f"a batch of {batch} films is too few for {processes.count} processes",
                remedy="start fewer processes, or raise train.batch_size",
            )
        return processes.share(pieces)

    def step(self, step: int) -> Outcome:
        """Take training step `step` (from 0): a pure function of the state, the seed and `step`.

        Raises:
            TrainingError: the loss or its gradient is not finite; the weights are as before.
        """
        gradients, loss = self._gradient(step)
        for weight, gradient in zip(self._weights, gradients, strict=True):
            # Laid out in memory as the weight is: the fused optimizer takes that for granted.
            weight.grad = torch.empty_like(weight).copy_(gradient)
        norm = torch.nn.utils.clip_grad_norm_(self._weights, GRADIENT_NORM).item()
        if not math.isfinite(norm) or (loss is not None and not math.isfinite(loss)):
            raise TrainingError(
                f"loss {loss} with gradient norm {norm}",
                where=f"training step {step + 1}",
                remedy="lower train.learning_rate; the checkpoints so far are kept",
            )
        rate = learning_rate(step, self._settings, self._horizon)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        if (step + 1) % self._settings.ema_every == 0:
            self._average.step(self._weights)
        return Outcome(loss, rate, norm)

    def _gradient(self, step: int) -> tuple[Gradients, float | None]:
        """The gradient of step `step` for each weight, and the mean loss."""
        draws = self._draws(step)
        parts = self._compute.run(lambda piece: self._gradients(draws, list(piece)), self._pieces)
        *gradients, summed = self._over_processes(added(parts))
        return gradients, summed.item()

    def _draws(self, step: int) -> Draws:
        """What chance decides in this step; that of the next is drawn while this one runs."""

        def drawn(at: int) -> Future[Draws]:
            return self._compute.ahead(
                lambda: step_draws(
                    self._seed,
                    at,
                    films=len(self._films),
                    batch=self._settings.batch_size,
                    levels=len(self._schedule.alphas_cumprod),
                    shape=self._films.shape[1:],
                    drop=self._drop,
                )
            )

        at, waiting = self._next or (step, drawn(step))
        draws = (waiting if at == step else drawn(step)).result()
        self._next = step + 1, drawn(step + 1)
        return draws

    def _gradients(self, draws: Draws, piece: list[int]) -> Gradients:
        """The share of some films of the batch in the gradient, and in the mean loss."""
        films = self._films[draws.films[piece]]
        if self._settings.flip:
            films = np.where(draws.mirrored[piece, None, None], films[:, :, ::-1], films)
        device = self._compute.device
        clean = unets.fold(unets.to_unit(films).to(device), self._network)
        noise = unets.fold(torch.from_numpy(draws.noise[piece]).to(device), self._network)
        times = torch.from_numpy(draws.times[piece]).to(device)
        predict = told(self._predict, self._told(draws, piece), device)
        with self._compute.autocast():
            losses = v_losses(predict, self._schedule, clean, noise, times)
        weights = min_snr_weights(self._schedule, times, self._settings.min_snr)
        loss = (losses * weights).sum() / self._settings.batch_size
        return [*torch.autograd.grad(loss, self._weights), loss.detach()]

    def _told(self, draws: Draws, piece: list[int]) -> NDArray[np.int64] | None:
        """(b,) rows of the network's table for some films of the batch."""
        if self.conditions.rows is None:
            return None
        codes = np.where(
            draws.dropped[piece], self.conditions.none, self._codes[draws.films[piece]]
        )
        mirrored = draws.mirrored[piece] & self.conditions.mirrored
        rows: NDArray[np.int64] = codes + mirrored * (self.conditions.none + 1)
        return rows

    def _over_processes(self, gradients: Gradients) -> Gradients:
        """The sum over all processes, in one exchange."""
        if self._compute.processes.count == 1:
            return gradients
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        flat = self._compute.processes.added(flat)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        return [part.view(gradient.shape) for part, gradient in zip(parts, gradients, strict=True)]

    def averaged(self) -> UNet2DModel:
        """A network with the averaged weights."""
        unet = self._built()
        self._average.copy_to(unet.parameters())
        return unet

    def save(self, path: Path, step: int, cohort: str) -> None:
        """Write the state after `step` steps on the films of hash `cohort`."""
        progress = training_state.Progress(step, self._average.optimization_step, cohort)
        training_state.save(path, progress, self._unet, self._average, self._optimizer)

    def load(self, path: Path) -> int:
        """Take up a saved state; returns the steps done."""
        return training_state.load(path, self._unet, self._average, self._optimizer)


def added(parts: Sequence[Gradients]) -> Gradients:
    """The sum of all parts, by halves: two processes with a half each come to the same bits."""
    if len(parts) == 1:
        return parts[0]
    middle = (len(parts) + 1) // 2
    first, second = added(parts[:middle]), added(parts[middle:])
    return [left + right for left, right in zip(first, second, strict=True)]


def learning_rate(step: int, settings: TrainParams, horizon: int) -> float:
    """Rising in a line over the warm-up, then constant, or falling along half a cosine to 0 at
    `horizon`.
    """
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    if settings.decay == "constant":
        return settings.learning_rate
    share = (step - settings.warmup) / max(1, horizon - settings.warmup)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
