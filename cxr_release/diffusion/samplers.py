"""The ways from noise to a film, each from diffusers, each fed with the films' own noise.

    ddpm              ancestral sampling (Ho et al., 2020): the paper's, over 1,000 steps
    ddim              its deterministic kin (Song et al., 2021)
    dpmsolver++       second-order solver of the same equation (Lu et al., 2022)
    sde-dpmsolver++   the same with fresh noise at each step, which mends what earlier steps got
                      wrong: the best films at 20 to 30 steps

All start at pure noise (trailing steps; Lin et al., 2024).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Protocol

from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from torch import Tensor

from cxr_release.params import Sampler

Noise = Callable[[], Tensor]
"""The next standard normal noise of the films in hand."""


class Solver(Protocol):
    """Goes from noise to a film. It may remember the steps before: one for each piece."""

    times: list[int]
    """Diffusion times at which the network is asked, falling."""

    def step(self, velocity: Tensor, time: int, state: Tensor, noise: Noise) -> Tensor:
        """The state after `time`, from the predicted v at it."""


def solver(sampler: Sampler, steps: int, schedule: DDPMScheduler) -> Solver:
    """A new solver.

    Args:
        sampler: see above.
        steps: times that the network is asked.
        schedule: that the network was trained with.
    """
    if sampler in {"ddpm", "ddim"}:
        return _Ancestral(steps, schedule, eta=1.0 if sampler == "ddpm" else 0.0)
    return _Multistep(steps, schedule, stochastic=sampler == "sde-dpmsolver++")


class _Ancestral:
    """DDIM's family: with η = 1 its step is DDPM's posterior, with η = 0 it adds no noise.

    DDPM's own scheduler draws its noise itself, from a generator that keeps 32 bits of a seed;
    this one takes the films' noise. A test holds the two together.
    """

    def __init__(self, steps: int, schedule: DDPMScheduler, *, eta: float) -> None:
        self._eta = eta
        self._scheduler = DDIMScheduler.from_config(schedule.config, timestep_spacing="trailing")
        self.times = _timed(self._scheduler, steps)

    def step(self, velocity: Tensor, time: int, state: Tensor, noise: Noise) -> Tensor:
        stepped: Tensor = self._scheduler.step(
            velocity,
            time,
            state,
            eta=self._eta,
            use_clipped_model_output=True,
            variance_noise=noise() if self._eta else None,
        ).prev_sample
        return stepped


class _Multistep:
    def __init__(self, steps: int, schedule: DDPMScheduler, *, stochastic: bool) -> None:
        self._stochastic = stochastic
        self._scheduler = DPMSolverMultistepScheduler.from_config(
            schedule.config,
            algorithm_type="sde-dpmsolver++" if stochastic else "dpmsolver++",
            solver_order=2,
            timestep_spacing="trailing",
        )
        self.times = _timed(self._scheduler, steps)

    def step(self, velocity: Tensor, time: int, state: Tensor, noise: Noise) -> Tensor:
        stepped: Tensor = self._scheduler.step(
            velocity, time, state, variance_noise=noise() if self._stochastic else None
        ).prev_sample
        return stepped


def _timed(scheduler: Any, steps: int) -> list[int]:
    with warnings.catch_warnings():
        # diffusers hands a tensor to numpy.array, which numpy 2 deplores.
        warnings.simplefilter("ignore", DeprecationWarning)
        scheduler.set_timesteps(steps)
    times: list[int] = scheduler.timesteps.tolist()
    return times
