"""A training run in its folder: its log, the state it resumes from, its checkpoints.

What is the same for every generator: `begin_run` makes the folder ready, `take_steps` takes the
steps that are left and leaves a checkpoint after every so many. Killed and called again, a run
ends with the bytes of one that was not killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from tqdm import tqdm

from cxr_release.errors import TrainingError
from cxr_release.files import write_text
from cxr_release.film_id import source_name
from cxr_release.generators.runtime import run_folder, training_state
from cxr_release.generators.runtime.compute import Processes
from cxr_release.generators.runtime.learner import BatchLearner, Outcome

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


def begin_run(folder: Path, fingerprint: str, cohort: str) -> bool:
    """Make the folder ready; returns whether the work is finished already.

    Raises:
        TrainingError: an unfinished run in it trains on other films than those of hash `cohort`.
        CxrReleaseError: it holds something else.
    """
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


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a run is to do, and what it is known by."""

    folder: Path
    fingerprint: str
    """Names everything that its result depends on."""
    films: int
    """Films that it trains on."""
    cohort: str
    """Their hash."""
    end: int
    """Its last step, after which there is a checkpoint."""
    checkpoint_every: int
    """Steps."""
    write: Callable[[Path, int, int], None]
    """Writes a checkpoint into a folder, by its number and step: whole or not at all."""


def take_steps(learner: BatchLearner, run: Run, processes: Processes) -> None:
    """Take the steps that are left, in every process; the main one writes what comes of them.

    Raises:
        TrainingError: the loss is not a number, the state to resume from is damaged, or the disk
            is full. The last good checkpoint is kept.
    """
    state = run.folder / STATE
    done = learner.load(state) if processes.agreed(state.exists) else 0
    if not processes.is_main:
        for step in range(done, run.end):
            learner.step(step)
        return
    start = f"resuming after step {done}" if done else "training from the start"
    run_folder.say(f"{run.folder}: {start}, {run.end} steps on {run.films} films")
    log = TrainingLog(run.folder / LOG, done)
    progress = tqdm(
        range(done + 1, run.end + 1),
        "train",
        initial=done,
        total=run.end,
        unit="step",
        mininterval=1,
        disable=None,
        file=sys.stderr,
    )
    for step in progress:
        outcome = learner.step(step - 1)
        due = step % run.checkpoint_every == 0
        log.add(step, outcome, flush=due)
        if outcome.loss is not None:
            progress.set_postfix(loss=f"{outcome.loss:.4f}", refresh=False)
        if due:
            _save(learner, run, step)
    run_folder.finish(run.folder, run.fingerprint)
    state.unlink(missing_ok=True)


def _save(learner: BatchLearner, run: Run, step: int) -> None:
    """The checkpoint first: a kill between the two makes it again, with the same bytes."""
    number = step // run.checkpoint_every
    path = run.folder / source_name(number)
    try:
        run.write(path, number, step)
        learner.save(run.folder / STATE, step, run.cohort)
    except (OSError, SafetensorError) as error:
        raise TrainingError(
            f"cannot write: {error}",
            where=str(path),
            remedy="make room and run again: training resumes from the checkpoint before",
        ) from error
