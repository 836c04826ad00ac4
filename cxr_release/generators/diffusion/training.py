"""Training, resumable to the bit.

Killed at any moment and called again, `train` ends with the checkpoints that it would have made
uninterrupted, bit for bit on one machine's CPU, whatever number of its cores it may use. On a GPU
they differ as two uninterrupted runs would.

Under `accelerate launch` the processes share each batch: every one holds the network, takes its
part of the films, and adds the gradients up with the others'. The main process writes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tqdm import tqdm

from cxr_release.errors import TrainingError
from cxr_release.files import write_text
from cxr_release.film_size import Size
from cxr_release.generators import checkpoints
from cxr_release.generators.checkpoints import Record
from cxr_release.generators.diffusion import network as unets
from cxr_release.generators.diffusion import training_state
from cxr_release.generators.diffusion.conditions import Conditions, ToldFilms
from cxr_release.generators.diffusion.learner import Learner, Outcome
from cxr_release.generators.diffusion.private_learner import PrivateLearner
from cxr_release.generators.diffusion.run_facts import (
    facts_of,
    films_named,
    guarantee_of,
    load_start,
    require_other_films,
    settings_of,
    versions,
)
from cxr_release.generators.privacy.mechanism import Private
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.compute import computing
from cxr_release.params import ComputeParams, NetworkParams, TrainParams

STATE = "resume.safetensors"
LOG = "stats.jsonl"
EVERY = 10
"""Steps that a line of the log sums up."""


class TrainingLog:
    """How training went: lines of {step, loss, learning_rate, gradient_norm}.

    They are the same after any restart. `loss` and `gradient_norm` are means over the steps since
    the line before; `learning_rate` is that of the last step. Steps for which chance drew no film
    have no loss. Of private training, too, these are losses of real films, without noise: no
    guarantee covers them.
    """

    def __init__(self, path: Path, done: int) -> None:
        self._path = path
        self._since: list[tuple[float | None, float]] = []
        kept = _lines(path, done)
        write_text(path, "".join(f"{line}\n" for line in kept))

    def add(self, step: int, outcome: Outcome, *, flush: bool) -> None:
        """Count one step.

        Args:
            step: steps done, this one included.
            outcome: what the step gave.
            flush: write a line in any case: a restart may begin after this step.
        """
        self._since.append((outcome.loss, outcome.gradient_norm))
        if step % EVERY and not flush:
            return
        norms = [norm for _, norm in self._since]
        losses = [loss for loss, _ in self._since if loss is not None]
        line = {
            "step": step,
            "loss": round(sum(losses) / len(losses), 6) if losses else None,
            "learning_rate": round(outcome.learning_rate, 9),
            "gradient_norm": round(sum(norms) / len(norms), 6),
        }
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self._since.clear()


def _lines(path: Path, done: int) -> list[str]:
    """The lines up to step `done`; later ones are written again, a torn one is the last."""
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            if json.loads(line)["step"] > done:
                break
        except ValueError:
            break
        kept.append(line)
    return kept


def train(
    films: NDArray[np.uint8],
    folder: Path,
    *,
    network: NetworkParams,
    settings: TrainParams,
    compute: ComputeParams,
    steps: int,
    seed: int,
    fingerprint: str,
    start: Path | None = None,
    private: Private | None = None,
    films_told: ToldFilms | None = None,
) -> None:
    """Train a denoising network and leave its checkpoints in `folder`.

    `folder` gets `checkpoint-<N>/` after every `settings.checkpoint_every` steps, `stats.jsonl`
    and `run.json`; no times and no host names, so that equal runs give equal bytes. Steps after
    the last checkpoint would leave nothing and are not taken.

    Args:
        films: (n, height, width) uint8, the cohort.
        folder: of this run; an unfinished run of the same fingerprint in it is resumed.
        network: the U-Net.
        settings: of training; `settings.steps` is the length of the learning rate's decay.
        steps: where to stop. A run that stops early trains up to there exactly as the whole one
            would, so that its checkpoints can be used for those of the whole one.
        compute: precision and compilation.
        seed: root of the run's random numbers.
        fingerprint: names everything that the result depends on.
        start: folder of the checkpoint that `settings.start_sha256` is the hash of, whose weights
            training starts from; None: from random ones.
        private: what makes the run private, where `settings.privacy` asks for that.
        films_told: the classes of the films; None: films are drawn without classes.

    Raises:
        TrainingError: films or steps do not fit, the loss is not a number, the disk is full, or an
            unfinished run in `folder` trains on another cohort. The last good checkpoint is kept.
        CheckpointError: the checkpoint to start from cannot be loaded, or is not the one.
        CxrReleaseError: `folder` holds something else.
    """
    end = _end(films, network, settings, steps)
    size = Size.of_shape(films.shape)
    cohort = hashlib.sha256(np.ascontiguousarray(films).data).hexdigest()
    guarantee = guarantee_of(private, settings, len(films), end)
    conditions = _conditions(films_told, settings, len(films))
    if films_told is not None:
        # Films whose classes have changed are another cohort to go on with.
        labels = json.dumps([*films_told.names, *films_told.labels, films_told.drop])
        begun_with = _joined(cohort, labels)
    else:
        begun_with = cohort
    if private is not None:
        # With another key the steps that are left would not go with those that are done.
        fingerprint = _joined(fingerprint, private.key.fingerprint)
    if (start is None) != (settings.start_sha256 is None):
        raise TrainingError("a checkpoint to start from and train.start_sha256 go together")
    begin = None if start is None else load_start(start, settings, network, size, conditions)
    if begin is not None and private is not None:
        require_other_films(begin, films_named(cohort, None) | films_named(cohort, private), start)
    with computing(compute) as context:
        if context.processes.agreed(lambda: _begin(folder, fingerprint, begun_with)):
            return
        last = Record(
            checkpoint=end // settings.checkpoint_every,
            checkpoint_step=end,
            size=size,
            network=network,
            training=settings_of(settings)
            | {"privacy": facts_of(guarantee, private)}
            | {"films": len(films), **films_named(cohort, private), "seed": seed}
            | ({} if films_told is None else {"drop": films_told.drop})
            | {"precision": context.precision, "versions": versions()},
            fingerprint=fingerprint,
            conditions=conditions,
        )
        given: dict[str, Any] = {
            "network": network,
            "settings": settings,
            "horizon": max(steps, settings.steps),
            "seed": seed,
            "compute": context,
            "start": None if begin is None else begin.unet,
            "films_told": films_told,
        }
        if private is None or guarantee is None:
            learner = Learner(films, **given)
        else:
            run = {"fingerprint": fingerprint, "cohort": cohort, "steps": steps, "seed": seed}
            chance = private.chance(
                run | {"network": asdict(network), "settings": asdict(settings)}
            )
            learner = PrivateLearner(
                films, guarantee=guarantee, units=private.units, chance=chance, **given
            )
        begun = context.processes.agreed((folder / STATE).exists)
        done = learner.load(folder / STATE) if begun else 0
        if context.processes.is_main:
            _learn(learner, folder, last, settings.checkpoint_every, done=done, cohort=begun_with)
            run_folder.finish(folder, fingerprint)
            (folder / STATE).unlink(missing_ok=True)
        else:
            for step in range(done, end):
                learner.step(step)


def _conditions(films_told: ToldFilms | None, settings: TrainParams, films: int) -> Conditions:
    """What the network is told; nothing in private training.

    Raises:
        TrainingError: it is private, or the classes are of other films.
    """
    mirrored = settings.flip == "labelled"
    if films_told is None:
        conditions = Conditions(mirrored=mirrored)
    elif len(films_told.labels) != films:
        raise TrainingError(f"classes of {len(films_told.labels):,} films, and {films:,} films")
    else:
        conditions = films_told.conditions(mirrored=mirrored)
    if settings.privacy is not None and conditions.rows is not None:
        raise TrainingError(
            "private training does not tell the network of classes or mirrored films",
            where="train.privacy",
            remedy="set train.privacy to null, or train without condition.label and labelled flips",
        )
    return conditions


def _joined(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _begin(folder: Path, fingerprint: str, cohort: str) -> bool:
    """Make the folder ready; returns whether the work is finished already."""
    state = folder / STATE
    if state.exists():
        begun = training_state.progress_of(state)
        if begun.cohort != cohort:
            raise TrainingError(
                f"the cohort has changed since this run began, which is at step {begun.step}",
                where=str(folder),
                remedy="restore the cohort to go on, or move this folder away to train again",
            )
    finished = run_folder.begin(folder, fingerprint, keep_unfinished=True)
    if finished:
        state.unlink(missing_ok=True)
        run_folder.say(f"{folder}: trained before, nothing to do")
    return finished


def _learn(
    learner: Learner, folder: Path, last: Record, checkpoint_every: int, *, done: int, cohort: str
) -> None:
    """Take the steps that are left until checkpoint `last`, and write what comes of them."""
    end = last.checkpoint_step
    start = f"resuming after step {done}" if done else "training from the start"
    run_folder.say(f"{folder}: {start}, {end} steps on {last.training['films']} films")
    log = TrainingLog(folder / LOG, done)
    steps = range(done + 1, end + 1)
    progress = tqdm(
        steps,
        "train",
        initial=done,
        total=end,
        unit="step",
        mininterval=1,
        disable=None,
        file=sys.stderr,
    )
    for step in progress:
        outcome = learner.step(step - 1)
        due = step % checkpoint_every == 0
        log.add(step, outcome, flush=due)
        if outcome.loss is not None:
            progress.set_postfix(loss=f"{outcome.loss:.4f}", refresh=False)
        if due:
            number = step // checkpoint_every
            _save(folder, learner, replace(last, checkpoint=number, checkpoint_step=step), cohort)


def _end(
    films: NDArray[np.uint8], network: NetworkParams, settings: TrainParams, steps: int
) -> int:
    """The step of the last checkpoint, after a look at whether training can start at all."""
    if films.ndim != 3 or len(films) == 0:
        raise TrainingError(f"needs films of one size, got an array of {films.shape}")
    size = Size.of_shape(films.shape)
    if not size.is_multiple_of(unets.halvings(network)):
        raise TrainingError(
            f"films of {size} pixels cannot be halved as often as the network asks",
            remedy=f"take multiples of {unets.halvings(network)}, or fewer network.channels",
        )
    if steps < settings.checkpoint_every:
        raise TrainingError(
            f"{steps} steps end before the first checkpoint at step {settings.checkpoint_every}",
            remedy="raise the steps or lower train.checkpoint_every",
        )
    return steps - steps % settings.checkpoint_every


def _save(folder: Path, learner: Learner, record: Record, cohort: str) -> None:
    """The checkpoint first: a kill between the two makes it again, with the same bytes."""
    path = checkpoints.folder_of(folder, record.checkpoint)
    try:
        checkpoints.save(path, learner.averaged(), record)
        learner.save(folder / STATE, record.checkpoint_step, cohort)
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"cannot write: {error}",
            where=str(path),
            remedy="make room and run again: training resumes from the checkpoint before",
        ) from error
