"""The ways from noise to a film, each from diffusers, each fed with the films' own noise.

    ddpm              ancestral sampling (Ho et al., 2020): the paper's, over 1,000 steps
    ddim              its deterministic kin (Song et al., 2021)
    dpmsolver++       second-order solver of the same equation (Lu et al., 2022)
    sde-dpmsolver++   the same with fresh noise at each step, which mends what earlier steps got
                      wrong: the best films at 20 to 30 steps

All start at pure noise (trailing steps; Lin et al., 2024).

From seeds to films. A film is a pure function of its checkpoint, its seed and the sampler.

The noise that a film starts from and every noise that its denoising adds come from its own seed,
so it is the same whatever is drawn beside it, before it, or in which process. That holds to the
bit on one machine's CPU; other kernels (another CPU, a GPU, another batch size on a GPU) round
differently.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.errors import CheckpointError
from cxr_release.films.png import Film
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.runtime.compute import Compute, chunks, computing
from cxr_release.params import ComputeParams, SampleParams, Sampler

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


PIECE = 8
"""Films that the network sees at once on one core. Fewer than 4 take other kernels."""


def draw(
    folder: Path, seeds: Sequence[int], *, settings: SampleParams, compute: ComputeParams
) -> Iterator[Film]:
    """Draw one film for each seed, in their order; every process of several gets all of them.

    Args:
        folder: of the checkpoint; see `checkpoints`.
        seeds: one a film, in [0, 2^63).
        settings: sampler, steps and batch size.
        compute: precision and compilation.

    Yields:
        Films (size, size) uint8.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or draws no films.
    """
    with computing(compute) as here:
        denoiser = Denoiser(checkpoints.load(folder), settings, here)
        for some in chunks(range(len(seeds)), denoiser.batch):
            yield from denoiser.films([seeds[index] for index in some])


class Denoiser:
    """A checkpoint, ready to draw.

    Args:
        checkpoint: as loaded.
        settings: sampler, steps and batch size.
        compute: where it draws.
    """

    def __init__(self, checkpoint: Checkpoint, settings: SampleParams, compute: Compute) -> None:
        self.record = checkpoint.record
        self._settings = settings
        self._compute = compute
        self._schedule = unets.noise_schedule(checkpoint.record.network)
        self._unet = compute.place(checkpoint.unet)

    @property
    def batch(self) -> int:
        """Films to ask for at once: `settings.batch_size` for each process."""
        return self._settings.batch_size * self._compute.processes.count

    def films(self, seeds: Sequence[int]) -> NDArray[np.uint8]:
        """Draw a batch of films: (len(seeds), size, size) uint8, in every process.

        Raises:
            CheckpointError: the network's answers are no numbers.
        """
        # Kernels choose their order of summation by the batch, and processes exchange equal
        # parts: every piece has the same size, and every process as many.
        size = self._settings.batch_size if self._compute.on_gpu else PIECE
        whole = size * self._compute.processes.count
        filled = [*seeds, *[0] * (-len(seeds) % whole)]
        pieces = [filled[start : start + size] for start in range(0, len(filled), size)]
        # Solvers are made here, on one thread: making one silences a warning of diffusers'.
        work = [(some, self._solver()) for some in self._compute.processes.share(pieces)]
        drawn = self._compute.run(lambda piece: self._piece(*piece), work)
        films: NDArray[np.uint8] = self._compute.processes.gathered(torch.cat(drawn)).cpu().numpy()
        return films[: len(seeds)]

    def _solver(self) -> Solver:
        return solver(self._settings.sampler, self._settings.steps, self._schedule)

    @torch.inference_mode()
    def _piece(self, seeds: Sequence[int], way: Solver) -> Tensor:
        network, size = self.record.network, self.record.size
        streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]

        def normal(stream: np.random.Generator) -> NDArray[np.float32]:
            return stream.standard_normal((1, size, size), dtype=np.float32)

        def noise() -> Tensor:
            films = np.stack(self._compute.draw(normal, streams))
            return unets.fold(torch.from_numpy(films).to(self._compute.device), network)

        state = noise()
        for time in way.times:
            times = torch.full((len(seeds),), time, device=self._compute.device)
            with self._compute.autocast():
                velocity = self._unet(state, times).sample
            state = way.step(velocity.float(), time, state, noise)
        if not torch.isfinite(state).all():
            raise CheckpointError(
                "draws films that are no numbers",
                where=f"checkpoint {self.record.checkpoint}",
                remedy="its weights are broken; train again with a lower train.learning_rate",
            )
        return unets.to_grey(unets.unfold(state, network))
