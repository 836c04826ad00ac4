"""Training steps by DP-SGD: who is drawn, each one's share cut to a length, noise on the sum.

What one unit adds to a step may hang on nothing but itself, or the clip would not bound what
changes when it is left out. So noise levels are not stratified over a batch, as in plain training,
but within a film; mirroring and all noise levels of a film lie inside its clip; and the sum is
divided by the batch size that the settings state, not by how many were drawn, which would tell.

A unit is a patient, of whom each step takes one film by chance: so the guarantee is the patient's,
however many films there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cxr_release.errors import TrainingError
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.learner import Learner
from cxr_release.generators.diffusion.network import min_snr_weights, v_losses
from cxr_release.generators.privacy.film_gradients import (
    Skeletons,
    clipped_sum,
    film_gradients,
    plain_attention,
)
from cxr_release.generators.privacy.mechanism import Guarantee
from cxr_release.generators.privacy.noise_key import RunChance
from cxr_release.generators.privacy.units import Units
from cxr_release.generators.runtime.films import Films
from cxr_release.generators.runtime.learner import Gradients, added

PIECE = 4
"""Films whose gradients lie in memory at once on one core, or on a GPU."""


@dataclass(frozen=True)
class UnitDraws:
    """What chance decides of one unit in one step, whoever else is drawn."""

    film: int
    """Place of the film that is taken of it."""
    mirrored: bool
    times: NDArray[np.int64]
    """(k,) diffusion times, one in each of k equal strata."""
    noise: NDArray[np.float32]
    """(k, 1, height, width) standard normal."""


class PrivateLearner(Learner):
    """A learner whose steps are private.

    Args:
        films: as of `Learner`.
        guarantee: what the steps are to guarantee: rate, clip, noise.
        units: whom.
        chance: secret, of this run.
        given: as `Learner` takes it.

    Raises:
        TrainingError: several processes would share the steps.
    """

    def __init__(
        self,
        films: Films,
        *,
        guarantee: Guarantee,
        units: Units,
        chance: RunChance,
        **given: Any,
    ) -> None:
        super().__init__(films, **given)
        self._guarantee = guarantee
        self._units = units
        self._chance = chance
        self._skeletons = Skeletons(self._unet)

    def _share(self) -> Sequence[range]:
        if self._compute.processes.count > 1:
            raise TrainingError(
                "private training runs in one process",
                where="train.privacy",
                remedy="start it without `accelerate launch`",
            )
        return ()

    def drawn(self, step: int) -> list[int]:
        """The units that enter step `step` (from 0), rising: perhaps none."""
        rate = self._guarantee.batch_size / self._units.count
        chances = self._chance.uniform(self._units.count, "drawn", step)
        return [int(unit) for unit in np.flatnonzero(chances < rate)]

    def _gradient(self, step: int) -> tuple[Gradients, float | None]:
        waiting = self._compute.ahead(lambda: self._noise(step))
        units = self.drawn(step)
        pieces = [units[start : start + PIECE] for start in range(0, len(units), PIECE)]
        with plain_attention():
            parts = self._compute.run(lambda piece: self._clipped(step, piece), pieces)
        noise, batch = waiting.result(), self._guarantee.batch_size
        if not parts:
            return [part / batch for part in noise], None
        *summed, losses = added(parts)
        noisy = [(one + other) / batch for one, other in zip(summed, noise, strict=True)]
        return noisy, losses.item() / len(units)

    def _clipped(self, step: int, piece: Sequence[int]) -> Gradients:
        """The clipped gradients of some units, summed, and the sum of their losses."""
        draws = [self.unit_draws(step, unit) for unit in piece]
        films = np.stack([self._film(one) for one in draws])
        device, network = self._compute.device, self._network
        clean = unets.fold(unets.to_unit(films).to(device), network)
        drawn = torch.from_numpy(np.concatenate([one.noise for one in draws])).to(device)
        folded = unets.fold(drawn, network)
        noises = folded.view(len(piece), -1, *folded.shape[1:])
        times = torch.from_numpy(np.stack([one.times for one in draws])).to(device)
        with self._compute.autocast():
            gradients, losses = film_gradients(
                self._skeletons.mine(),
                dict(self._unet.named_parameters()),
                self._loss,
                films=clean,
                noises=noises,
                times=times,
            )
        return [*clipped_sum(gradients, self._guarantee.clip), losses.sum()]

    def _loss(
        self, predict: Any, film: torch.Tensor, noises: torch.Tensor, times: torch.Tensor
    ) -> torch.Tensor:
        losses = v_losses(predict, self._schedule, film.expand_as(noises), noises, times)
        return (losses * min_snr_weights(self._schedule, times, self._settings.min_snr)).mean()

    def _film(self, draws: UnitDraws) -> NDArray[np.uint8]:
        film: NDArray[np.uint8] = self._films[draws.film]
        return film[:, ::-1] if draws.mirrored and self._settings.flip else film

    def unit_draws(self, step: int, unit: int) -> UnitDraws:
        """What chance decides of a unit in step `step`."""
        chance, levels = self._chance.generator("unit", step, unit), self._guarantee.levels
        films, times = self._units.films[unit], len(self._schedule.alphas_cumprod)
        film = films[int(chance.integers(len(films)))]
        mirrored = bool(chance.random() < 0.5)
        strata = (np.arange(levels) + chance.random(levels)) / levels
        noise = chance.standard_normal((levels, 1, *self._films.shape[1:]), dtype=np.float32)
        at = np.minimum((strata * times).astype(np.int64), times - 1)
        return UnitDraws(film, mirrored, at, noise)

    def _noise(self, step: int) -> list[torch.Tensor]:
        """Gaussian noise on the sum, of standard deviation σ · clip, for each weight."""
        sizes = [weight.numel() for weight in self._weights]
        normal = torch.from_numpy(self._chance.normal(sum(sizes), "noise", step))
        scaled = normal.mul_(self._guarantee.noise_multiplier * self._guarantee.clip)
        parts = torch.split(scaled.to(self._compute.device), sizes)
        return [part.view(weight.shape) for part, weight in zip(parts, self._weights, strict=True)]
