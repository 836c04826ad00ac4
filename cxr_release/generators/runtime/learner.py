"""A network that learns by batches: its weights, their average, its optimizer, and a step of them.

What a step draws and what it minimizes is each generator's own: see the classes that follow from
`BatchLearner`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor

from cxr_release.errors import TrainingError
from cxr_release.generators.runtime import training_state
from cxr_release.generators.runtime.compute import Compute
from cxr_release.params.training import TrainParams

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


class BatchLearner(ABC):
    """All that changes while training.

    Args:
        network: whose weights are learnt.
        settings: of training.
        horizon: steps over which the learning rate decays.
        compute: where the network is computed.

    Raises:
        TrainingError: the batch is too small to be shared by so many processes.
    """

    def __init__(
        self, network: torch.nn.Module, *, settings: TrainParams, horizon: int, compute: Compute
    ) -> None:
        self._module = network
        self._settings = settings
        self._horizon = horizon
        self._compute = compute
        self._predict = compute.place(network)
        self._weights = list(network.parameters())
        self._average = EMAModel(self._weights, decay=settings.ema, foreach=True)
        self._optimizer = torch.optim.AdamW(
            self._weights, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True
        )
        self._pieces = self._share()

    @abstractmethod
    def _draws(self, step: int) -> Any:
        """What chance decides in step `step` (from 0)."""

    @abstractmethod
    def _gradients(self, draws: Any, piece: list[int]) -> Gradients:
        """The share of some films of the batch in the gradient, and in the mean loss."""

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

    def _over_processes(self, gradients: Gradients) -> Gradients:
        """The sum over all processes, in one exchange."""
        if self._compute.processes.count == 1:
            return gradients
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        flat = self._compute.processes.added(flat)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        return [part.view(gradient.shape) for part, gradient in zip(parts, gradients, strict=True)]

    def save(self, path: Path, step: int, cohort: str) -> None:
        """Write the state after `step` steps on the films of hash `cohort`."""
        progress = training_state.Progress(step, self._average.optimization_step, cohort)
        training_state.save(path, progress, self._module, self._average, self._optimizer)

    def load(self, path: Path) -> int:
        """Take up a saved state; returns the steps done."""
        return training_state.load(path, self._module, self._average, self._optimizer)


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
