"""From seeds to films, and the loss of a checkpoint.

A film is a pure function of its checkpoint, its seed, the sampler, and, where films are drawn as
classes or guided, its class and its guide: the noise that it starts from
and every noise that its denoising adds come from its own seed, so it is the same whatever is drawn
beside it, before it, or in which process. That holds to the bit on one machine's CPU; other kernels
(another CPU, a GPU, another batch size on a GPU) round differently.

The ways from noise to a film are those of diffusers, each fed with the films' own noise:

    ddpm              ancestral sampling (Ho et al., 2020): the paper's, over 1,000 steps
    ddim              its deterministic kin (Song et al., 2021)
    dpmsolver++       second-order solver of the same equation (Lu et al., 2022)
    sde-dpmsolver++   the same with fresh noise at each step, which mends what earlier steps got
                      wrong: the best films at 20 to 30 steps

All start at pure noise (trailing steps; Lin et al., 2024).

Guidance takes two predictions at each step and goes beyond one of them, away from the other:
w₀ + w (v − w₀). Either w₀ is told no class (Ho and Salimans, Classifier-free diffusion guidance,
2022), or it is an earlier checkpoint of the same run (Karras et al., Guiding a diffusion model with
a bad version of itself, NeurIPS 2024).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from cxr_release.errors import CheckpointError
from cxr_release.film_id import source_name
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Checkpoint, Record
from cxr_release.generators.conditions import Conditions, told
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion.network import v_losses
from cxr_release.generators.generator import Guide, Labels
from cxr_release.generators.runtime.compute import Compute, chunks, computing
from cxr_release.generators.runtime.randomness import generator
from cxr_release.params.sampling import SampleParams, Sampler
from cxr_release.params.training import ComputeParams

Noise = Callable[[], Tensor]
"""The next standard normal noise of the films in hand."""


class Solver:
    """Goes from noise to a film. It remembers the steps before: one for each piece.

    `ddpm` is the family of DDIM with η = 1: its step is DDPM's posterior. DDPM's own scheduler
    draws its noise itself, from a generator that keeps 32 bits of a seed; this one takes the films'
    noise. A test holds the two together.

    Args:
        sampler: see above.
        steps: evaluations of the network.
        schedule: that the network was trained with.
        is_bounded: whether what is drawn lies in [−1, 1], to which some of the ways clip it.
    """

    def __init__(
        self, sampler: Sampler, steps: int, schedule: DDPMScheduler, *, is_bounded: bool = True
    ) -> None:
        self._noisy = sampler in {"ddpm", "sde-dpmsolver++"}
        self._options: dict[str, Any] = {}
        if sampler in {"ddpm", "ddim"}:
            family = DDIMScheduler
            self._options = {"eta": float(self._noisy), "use_clipped_model_output": True}
            settings: dict[str, Any] = {} if is_bounded else {"clip_sample": False}
        else:
            family = DPMSolverMultistepScheduler
            settings = {"algorithm_type": sampler, "solver_order": 2}
        self._scheduler = family.from_config(
            schedule.config, timestep_spacing="trailing", **settings
        )
        with warnings.catch_warnings():
            # diffusers hands a tensor to numpy.array, which numpy 2 deplores.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._scheduler.set_timesteps(steps)
        self.times: list[int] = self._scheduler.timesteps.tolist()
        """Diffusion times at which the network is evaluated, falling."""

    def step(self, velocity: Tensor, time: int, state: Tensor, noise: Noise) -> Tensor:
        """The state after `time`, from the predicted v at it."""
        fresh = noise() if self._noisy else None
        stepped: Tensor = self._scheduler.step(
            velocity, time, state, variance_noise=fresh, **self._options
        ).prev_sample
        return stepped


PIECE = 8
"""Films that the network sees at once on one core. Fewer than 4 take other kernels."""


class Denoiser:
    """A checkpoint, ready to draw.

    Args:
        checkpoint: as loaded.
        settings: sampler, steps and batch size; with `guidance`, `guide` is guiding by its weight.
        compute: where it draws.
        class_guidance: weight of what the network draws as a class against what it draws without
            one; 1: it is not asked without. Of no use to a network without classes.
        guide: an earlier checkpoint of the same run.

    Raises:
        CheckpointError: the guide is not an earlier checkpoint of the same run.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: SampleParams,
        compute: Compute,
        *,
        class_guidance: float = 1.0,
        guide: Checkpoint | None = None,
    ) -> None:
        self.record = checkpoint.record
        self._settings = settings
        self._compute = compute
        self._schedule = unets.noise_schedule(checkpoint.record.network)
        self._unet = compute.place(checkpoint.unet)
        self._space = checkpoint.space
        self._class_guidance = class_guidance if checkpoint.record.conditions.classes else 1.0
        self._guide: Checkpoint | None = None
        if (guide is None) != (settings.guidance is None):
            raise CheckpointError(
                "sample.guidance and the checkpoint that guides go together",
                where=f"checkpoint {checkpoint.record.checkpoint}",
            )
        if guide is not None:
            _require_earlier(guide.record, checkpoint.record)
            self._guide = guide
            self._guiding = compute.place(guide.unet)

    @property
    def source(self) -> str:
        """The checkpoint, as a source of films."""
        return source_name(self.record.checkpoint)

    @property
    def step(self) -> int:
        """Training steps that the checkpoint had seen."""
        return self.record.checkpoint_step

    @property
    def conditions(self) -> Conditions:
        """What the network can be told."""
        return self.record.conditions

    @property
    def guide(self) -> Guide | None:
        """The checkpoint that guides."""
        if self._guide is None or self._settings.guidance is None:
            return None
        return Guide(
            checkpoint=self._guide.record.checkpoint,
            checkpoint_step=self._guide.record.checkpoint_step,
            weight=self._settings.guidance.weight,
        )

    @property
    def batch(self) -> int:
        """Films to ask for at once: `settings.batch_size` for each process."""
        return self._settings.batch_size * self._compute.processes.count

    def films(self, seeds: Sequence[int], labels: Labels = None) -> NDArray[np.uint8]:
        """Draw a batch of films: (len(seeds), height, width) uint8, in every process.

        Args:
            seeds: one a film.
            labels: class of each film, where the network has classes.

        Raises:
            CheckpointError: the network's answers are not finite numbers, or it has classes and
                those of the films are not given, or are others.
        """
        rows = self.record.conditions.codes_of(labels, len(seeds))
        # Kernels choose their order of summation by the batch, and processes exchange equal
        # parts: every piece has the same size, and every process as many.
        size = self._settings.batch_size if self._compute.on_gpu else PIECE
        round_size = size * self._compute.processes.count
        filled = [*seeds, *[0] * (-len(seeds) % round_size)]
        if rows is not None:
            rows = np.resize(rows, len(filled))
        pieces = [
            (filled[start : start + size], None if rows is None else rows[start : start + size])
            for start in range(0, len(filled), size)
        ]
        # Solvers are made here, on one thread: making one silences a warning of diffusers'.
        way, bounded = self._settings, self._space.is_bounded
        work = [
            (*piece, Solver(way.sampler, way.steps, self._schedule, is_bounded=bounded))
            for piece in self._compute.processes.share(pieces)
        ]
        drawn = self._compute.run(lambda piece: self._piece(*piece), work)
        films: NDArray[np.uint8] = self._compute.processes.gathered(torch.cat(drawn)).cpu().numpy()
        return films[: len(seeds)]

    @torch.inference_mode()
    def _piece(
        self, seeds: Sequence[int], rows: NDArray[np.int64] | None, solver: Solver
    ) -> Tensor:
        network, shape = self.record.network, self._space.shape
        streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]

        def normal(stream: np.random.Generator) -> NDArray[np.float32]:
            return stream.standard_normal(shape, dtype=np.float32)

        def noise() -> Tensor:
            drawn = np.stack(self._compute.draw(normal, streams))
            return unets.fold(torch.from_numpy(drawn).to(self._compute.device), network)

        state = noise()
        for time in solver.times:
            times = torch.full((len(seeds),), time, device=self._compute.device)
            state = solver.step(self._velocity(state, times, rows), time, state, noise)
        films = self._space.decode(unets.unfold(state, network), self._compute)
        if not torch.isfinite(films).all():
            raise CheckpointError(
                "draws films that are not finite numbers",
                where=f"checkpoint {self.record.checkpoint}",
                remedy="its weights are broken; train again with a lower train.learning_rate",
            )
        return unets.to_grey(films)

    def _velocity(self, state: Tensor, times: Tensor, rows: NDArray[np.int64] | None) -> Tensor:
        """v of some films, guided where that is asked for."""

        def predicted(network: Callable[..., Any], codes: NDArray[np.int64] | None) -> Tensor:
            with self._compute.autocast():
                velocity = told(network, codes, self._compute.device)(state, times).sample
            answer: Tensor = velocity.float()
            return answer

        velocity = predicted(self._unet, rows)
        if self._guide is not None and self._settings.guidance is not None:
            away, weight = predicted(self._guiding, rows), self._settings.guidance.weight
        elif self._class_guidance != 1 and rows is not None:
            none = np.full_like(rows, self.record.conditions.none)
            away, weight = predicted(self._unet, none), self._class_guidance
        else:
            return velocity
        return away + weight * (velocity - away)


def _require_earlier(guide: Record, guided: Record) -> None:
    run = [
        (record.fingerprint, record.network, record.size, record.conditions, record.latent)
        for record in (guide, guided)
    ]
    if run[0] != run[1] or guide.checkpoint >= guided.checkpoint:
        raise CheckpointError(
            f"cannot guide checkpoint {guided.checkpoint}: it is not an earlier one of its run",
            where=f"checkpoint {guide.checkpoint}",
            remedy="set sample.guidance.checkpoint to a lower number, or sample.guidance to null",
        )


def open_denoiser(
    folder: Path,
    settings: SampleParams,
    compute: Compute,
    *,
    class_guidance: float = 1.0,
    guide: Path | None = None,
) -> Denoiser:
    """A checkpoint, ready to draw.

    Args:
        folder: of the checkpoint.
        settings: see `Denoiser`.
        compute: where it draws.
        class_guidance: see `Denoiser`.
        guide: folder of the checkpoint that guides, where `settings.guidance` is set.

    Raises:
        CheckpointError: one cannot be loaded, or the guide is not an earlier one of the same run.
    """
    return Denoiser(
        checkpoints.load(folder),
        settings,
        compute,
        class_guidance=class_guidance,
        guide=None if guide is None else checkpoints.load(guide),
    )


def fixed_losses(
    checkpoint_folder: Path,
    films: NDArray[np.uint8],
    *,
    levels: int,
    seed: int,
    compute: ComputeParams,
    labels: Labels = None,
) -> float:
    """Mean v-prediction loss of a checkpoint's averaged weights.

    Every film is taken at `levels` evenly spaced diffusion times (the middles of equal strata of
    the schedule), each with its own fixed noise, all of equal weight. The loss has no unit;
    pixels run from −1 to 1, and latents have unit variance over the films that were learnt.

    Args:
        checkpoint_folder: see `checkpoints`.
        films: (n, height, width) uint8, of the checkpoint's size.
        levels: diffusion times.
        seed: of the noise: take the same for all checkpoints of a curve.
        compute: precision and compilation.
        labels: class of each film, which a network with classes is told.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or has classes and those of the films are
            not given, or are others.
    """
    model = checkpoints.load(checkpoint_folder)
    rows = model.record.conditions.codes_of(labels, len(films))
    network, schedule = model.record.network, unets.noise_schedule(model.record.network)
    total = len(schedule.alphas_cumprod)
    with computing(compute) as context:
        unet = context.place(model.unet)
        inputs = model.space.encode(films, context)

        @torch.inference_mode()
        def losses(cases: range) -> Tensor:
            film, level = np.divmod(np.array(cases), levels)
            noise = np.stack([_noise(seed, case, model.space.shape) for case in cases])
            times = torch.from_numpy(((level + 0.5) / levels * total).astype(np.int64))
            clean = unets.fold(inputs(film, None).to(context.device), network)
            folded = unets.fold(torch.from_numpy(noise).to(context.device), network)
            predict = told(unet, None if rows is None else rows[film], context.device)
            with context.autocast():
                return v_losses(predict, schedule, clean, folded, times.to(context.device)).cpu()

        parts = context.run(losses, chunks(range(len(films) * levels), PIECE))
    return float(torch.cat(parts).double().mean())


def _noise(seed: int, case: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return generator(seed, "loss", case).standard_normal(shape, dtype=np.float32)
