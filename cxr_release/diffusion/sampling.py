"""Drawing films: SDE-DPM-Solver++ (Lu et al., 2022), second order, one seed a film.

The noise that a film starts from and every noise that its denoising adds come from its own seed.
So a film is the same whatever is drawn beside it, before it, or in which process.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from cxr_release.diffusion import checkpoints, runs
from cxr_release.diffusion import network as unets
from cxr_release.diffusion.checkpoints import Checkpoint
from cxr_release.diffusion.parallel import PIECE, chunks, cores
from cxr_release.diffusion.randomness import seed_of
from cxr_release.errors import CheckpointError
from cxr_release.files import read_json, write_json
from cxr_release.radiographs import png
from cxr_release.radiographs.png import Film
from cxr_release.schemas import SAMPLES
from cxr_release.tables import Writer, read

SHARD = 256
"""Films in a shard. A kill loses one shard at most."""

JOB = "job.json"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a sampling job made."""

    checkpoint: int
    checkpoint_step: int
    batch: str
    requested: int
    """Films asked for."""
    made: int
    """Films drawn, fewer if the time was over."""


def film_seed(root_seed: int, checkpoint: int, batch: str, index: int) -> int:
    """The seed of one film, in [0, 2^63): a pure function of its identity and the root seed."""
    return seed_of(root_seed, checkpoint, batch, index)


def film_id(checkpoint: int, batch: str, index: int) -> str:
    """The name of one film, such as `checkpoint-34-large-00012`."""
    return f"checkpoint-{checkpoint}-{batch}-{index:05d}"


def draw(
    checkpoint_folder: Path, seeds: Sequence[int], *, steps: int, batch_size: int
) -> Iterator[Film]:
    """Draw one film for each seed, in their order.

    Args:
        checkpoint_folder: see `checkpoints`.
        seeds: one a film, in [0, 2^63).
        steps: denoising steps, at least 2.
        batch_size: films denoised together; changes the speed alone.

    Yields:
        Films (size, size) uint8.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or draws no films.
    """
    checkpoint = checkpoints.load(checkpoint_folder)
    for some in chunks(range(len(seeds)), batch_size):
        yield from denoise(checkpoint, [seeds[index] for index in some], steps=steps)


def denoise(checkpoint: Checkpoint, seeds: Sequence[int], *, steps: int) -> NDArray[np.uint8]:
    """Draw a batch of films, (len(seeds), size, size) uint8.

    Raises:
        CheckpointError: the network's answers are no numbers.
    """
    # Kernels choose their order of summation by the batch: every piece has the same size.
    filled = [*seeds, *[0] * (-len(seeds) % PIECE)]
    pieces = [filled[start : start + PIECE] for start in range(0, len(filled), PIECE)]
    solvers = [_solver(steps) for _ in pieces]
    with cores() as pool:
        drawn = list(pool.map(partial(_denoise_piece, checkpoint), pieces, solvers))
    return np.concatenate(drawn)[: len(seeds)]


@torch.inference_mode()
def _denoise_piece(
    checkpoint: Checkpoint, seeds: Sequence[int], solver: DPMSolverMultistepScheduler
) -> NDArray[np.uint8]:
    record = checkpoint.record
    streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]

    def noise() -> Tensor:
        shape = (1, record.size, record.size)
        films = np.stack([one.standard_normal(shape, dtype=np.float32) for one in streams])
        return unets.fold(torch.from_numpy(films), record.network)

    state = noise()
    for moment in solver.timesteps:
        velocity = checkpoint.unet(state, moment).sample
        state = solver.step(velocity, moment, state, variance_noise=noise()).prev_sample
    if not torch.isfinite(state).all():
        raise CheckpointError(
            "draws films that are no numbers",
            where=f"checkpoint {record.checkpoint}",
            remedy="its weights are broken; train again with a lower train.learning_rate",
        )
    return unets.to_films(unets.unfold(state, record.network))


def _solver(steps: int) -> DPMSolverMultistepScheduler:
    """A new solver for each piece: it keeps a state.

    Trailing spacing starts at pure noise, as the films do (Lin et al., 2024).
    """
    solver = DPMSolverMultistepScheduler.from_config(
        unets.noise_schedule().config,
        algorithm_type="sde-dpmsolver++",
        solver_order=2,
        timestep_spacing="trailing",
    )
    with warnings.catch_warnings():
        # diffusers hands a tensor to numpy.array, which numpy 2 deplores.
        warnings.simplefilter("ignore", DeprecationWarning)
        solver.set_timesteps(steps)
    return solver


def sample_job(
    checkpoint_folder: Path,
    folder: Path,
    *,
    checkpoint: int,
    batch: str,
    count: int,
    root_seed: int,
    steps: int,
    batch_size: int,
    max_hours: float,
    fingerprint: str,
) -> Job:
    """Draw the films of one checkpoint and batch into `folder`, as tables `SAMPLES`.

    `folder` gets `shard-00000.parquet` … as they fill, then `job.json` and `run.json`. Killed and
    called again with the same fingerprint, it goes on after the last whole shard; with another
    fingerprint it deletes what stands there. It stops at the end of a denoising batch when
    `max_hours` are over, counted from this call, and leaves a short last shard.

    Args:
        checkpoint_folder: of the checkpoint to draw from.
        folder: of this job.
        checkpoint: its number, which the checkpoint must confirm.
        batch: `initial` or `large`.
        count: films to draw.
        root_seed: the pipeline's seed; see `film_seed`.
        steps: denoising steps.
        batch_size: films denoised together; does not change them.
        max_hours: time limit.
        fingerprint: names everything that the films depend on.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or is another one.
        CxrReleaseError: `folder` holds something else.
    """
    if runs.begin(folder, fingerprint, keep_unfinished=False):
        runs.say(f"{folder}: sampled before, nothing to do")
        return Job(**read_json(folder / JOB))
    deadline = time.monotonic() + 3600 * max_hours
    model = checkpoints.load(checkpoint_folder)
    if model.record.checkpoint != checkpoint:
        raise CheckpointError(
            f"is checkpoint {model.record.checkpoint}, expected {checkpoint}",
            where=str(checkpoint_folder),
        )
    made = 0
    progress = tqdm(
        total=count,
        desc=f"sample {checkpoint} {batch}",
        unit="film",
        mininterval=1,
        file=sys.stderr,
    )
    for number, indices in enumerate(chunks(range(count), SHARD)):
        path = folder / f"shard-{number:05d}.parquet"
        if path.exists() and read(path, SAMPLES).num_rows == len(indices):
            made += len(indices)
            progress.update(len(indices))
            continue
        with Writer(path, SAMPLES) as shard:
            for some in chunks(indices, batch_size):
                shard.append(_rows(model, batch, some, root_seed=root_seed, steps=steps))
                progress.update(len(some))
                if time.monotonic() >= deadline:
                    break
        made += shard.rows
        if shard.rows < len(indices):
            break
    progress.close()
    job = Job(
        checkpoint=checkpoint,
        checkpoint_step=model.record.checkpoint_step,
        batch=batch,
        requested=count,
        made=made,
    )
    if made < count:
        runs.say(f"{folder}: stopped after {max_hours} hours with {made} of {count} films")
    write_json(folder / JOB, asdict(job))
    runs.finish(folder, fingerprint)
    return job


def _rows(
    model: Checkpoint, batch: str, indices: Sequence[int], *, root_seed: int, steps: int
) -> list[dict[str, Any]]:
    """Draw a batch of films and describe them as rows of `SAMPLES`."""
    number = model.record.checkpoint
    seeds = [film_seed(root_seed, number, batch, index) for index in indices]
    rows = []
    for index, seed, film in zip(indices, seeds, denoise(model, seeds, steps=steps), strict=True):
        name = film_id(number, batch, index)
        data = png.encode(film, synthetic=True)
        rows.append(
            {
                "image": png.cell(data, name),
                "id": name,
                "checkpoint": number,
                "checkpoint_step": model.record.checkpoint_step,
                "batch": batch,
                "seed": seed,
                **png.facts(film, data),
            }
        )
    return rows
