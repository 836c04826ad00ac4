"""Training, resumable to the bit.

Killed at any moment and called again, `train` ends with the checkpoints that it would have made
uninterrupted, bit for bit on one machine's CPU, whatever number of its cores it may use.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tqdm import tqdm

from cxr_release.diffusion import checkpoints, runs
from cxr_release.diffusion import network as unets
from cxr_release.diffusion.checkpoints import Record
from cxr_release.diffusion.learner import Learner
from cxr_release.diffusion.parallel import cores
from cxr_release.diffusion.statistics import Statistics
from cxr_release.errors import TrainingError
from cxr_release.params import NetworkParams, TrainParams

STATE = "resume.safetensors"
STATISTICS = "stats.jsonl"


def train(
    films: NDArray[np.uint8],
    folder: Path,
    *,
    network: NetworkParams,
    settings: TrainParams,
    steps: int,
    seed: int,
    fingerprint: str,
) -> None:
    """Train a denoising network and leave its checkpoints in `folder`.

    `folder` gets `checkpoint-<N>/` after every `settings.checkpoint_every` steps, `stats.jsonl`
    and `run.json`; no times and no host names, so that equal runs give equal bytes. Steps after
    the last checkpoint would leave nothing and are not taken.

    Args:
        films: (n, size, size) uint8, the cohort.
        folder: of this run; an unfinished run of the same fingerprint in it is resumed.
        network: the U-Net.
        settings: of training; `settings.steps` is the length of the learning rate's decay.
        steps: where to stop. A run that stops early trains up to there exactly as the whole one
            would, so that its checkpoints can stand for those of the whole one.
        seed: root of the run's random numbers.
        fingerprint: names everything that the result depends on.

    Raises:
        TrainingError: films or steps do not fit, the loss is no number, or the disk is full. The
            last good checkpoint is kept.
        CxrReleaseError: `folder` holds something else.
    """
    end = _end(films, network, settings, steps)
    if runs.begin(folder, fingerprint, keep_unfinished=True):
        (folder / STATE).unlink(missing_ok=True)
        runs.say(f"{folder}: trained before, nothing to do")
        return
    last = Record(
        checkpoint=end // settings.checkpoint_every,
        checkpoint_step=end,
        size=films.shape[1],
        network=network,
        training=asdict(settings) | {"films": len(films), "seed": seed},
        fingerprint=fingerprint,
    )
    with cores() as pool:
        learner = Learner(
            films,
            network=network,
            settings=settings,
            horizon=max(steps, settings.steps),
            seed=seed,
            pool=pool,
        )
        _learn(learner, folder, last, settings.checkpoint_every)
    runs.finish(folder, fingerprint)
    (folder / STATE).unlink(missing_ok=True)


def _learn(learner: Learner, folder: Path, last: Record, checkpoint_every: int) -> None:
    """Take the steps that are left until checkpoint `last`."""
    end = last.checkpoint_step
    done = learner.load(folder / STATE) if (folder / STATE).exists() else 0
    how = f"resuming after step {done}" if done else "training from the start"
    runs.say(f"{folder}: {how}, {end} steps on {last.training['films']} films")
    statistics = Statistics(folder / STATISTICS, done)
    steps = range(done + 1, end + 1)
    progress = tqdm(
        steps, "train", initial=done, total=end, unit="step", mininterval=1, file=sys.stderr
    )
    for step in progress:
        outcome = learner.step(step - 1)
        due = step % checkpoint_every == 0
        statistics.add(step, outcome, flush=due)
        progress.set_postfix(loss=f"{outcome.loss:.4f}", refresh=False)
        if due:
            number = step // checkpoint_every
            _save(folder, learner, replace(last, checkpoint=number, checkpoint_step=step))


def _end(
    films: NDArray[np.uint8], network: NetworkParams, settings: TrainParams, steps: int
) -> int:
    """The step of the last checkpoint, after a look at whether training can start at all."""
    if films.ndim != 3 or len(films) == 0 or films.shape[1] != films.shape[2]:
        raise TrainingError(f"needs square films of one size, got an array of {films.shape}")
    if films.shape[1] % unets.halvings(network):
        raise TrainingError(
            f"films of {films.shape[1]} pixels cannot be halved as often as the network asks",
            remedy=f"take a multiple of {unets.halvings(network)}, or fewer network.channels",
        )
    if steps < settings.checkpoint_every:
        raise TrainingError(
            f"{steps} steps end before the first checkpoint at step {settings.checkpoint_every}",
            remedy="raise the steps or lower train.checkpoint_every",
        )
    return steps - steps % settings.checkpoint_every


def _save(folder: Path, learner: Learner, record: Record) -> None:
    """The checkpoint first: a kill between the two makes it again, with the same bytes."""
    path = checkpoints.folder_of(folder, record.checkpoint)
    try:
        checkpoints.save(path, learner.averaged(), record)
        learner.save(folder / STATE, record.checkpoint_step)
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"cannot write: {error}",
            where=str(path),
            remedy="make room and run again: training resumes from the checkpoint before",
        ) from error
