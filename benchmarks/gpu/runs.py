"""Runs of training that are killed and go on, and how far they differ from those that are not.

On a GPU two equal runs may differ: kernels sum in an order of their own. So three equal short runs
are taken: two that nobody disturbs, whose difference is the measure, and one that is killed by
SIGKILL after its first checkpoint and started again. Beside them a long run, killed and resumed
too, makes the checkpoints that films are drawn from; the steps that it had taken between its last
checkpoint and the kill are taken again, and their losses held against the first ones.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.settings import Settings
from benchmarks.gpu.workers import PartError, Worker, wait_until

LOG, STATE = "stats.jsonl", "resume.safetensors"
LONG_STEPS = 160_000
Losses = dict[int, float]
"""Step → mean loss of the steps since the line before."""


class Run:
    """One training run in a folder; `begin` starts it, or resumes it."""

    def __init__(self, settings: Settings, name: str, steps: int, every: int, log: Path) -> None:
        self.folder = settings.folder / name
        self._arguments = (settings.as_json, str(self.folder), str(steps), str(every))
        self._name, self._log = name, log
        self._worker: Worker | None = None
        self.killed_with: Losses = {}
        """The log when it was last killed."""

    def begin(self) -> None:
        """Start it, or go on with it."""
        self._worker = Worker(
            "training_run", *self._arguments, log=self._log, name=f"training {self._name}"
        )

    def kill(self) -> None:
        """SIGKILL, if it runs."""
        if self._worker is not None:
            self._worker.kill()
            self.killed_with = self.losses()
            self._worker = None

    def running(self) -> bool:
        """Whether it has not ended."""
        return self._worker is not None and self._worker.running()

    def finish(self, limit: float) -> None:
        """Wait for its end."""
        if self._worker is None:
            raise PartError(f"training {self._name}: was not started")
        self._worker.result(limit)

    def require_checkpoint(self, number: int, limit: float) -> None:
        """Wait until a checkpoint and the state beside it are on disk."""
        there = wait_until(
            lambda: (
                not self.running()
                or (
                    (self.folder / f"checkpoint-{number}").exists()
                    and (self.folder / STATE).exists()
                )
            ),
            limit,
        )
        if not there or not self.running():
            raise PartError(f"training {self._name}: no checkpoint {number}: {self.tail()}")

    def tail(self) -> str:
        """How its stderr ends."""
        return "" if self._worker is None else self._worker.tail()

    def losses(self) -> Losses:
        """Its log so far."""
        path = self.folder / LOG
        lines = path.read_text().splitlines() if path.exists() else []
        losses: Losses = {}
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:  # torn by the kill
                break
            losses[int(entry["step"])] = float(entry["loss"])
        return losses

    def resumed_after(self) -> list[int]:
        """Steps after which it says that it resumed."""
        log = self._log / f"training-{self._name}.log"
        return [int(step) for step in re.findall(r"resuming after step (\d+)", log.read_text())]

    def numbers(self) -> list[int]:
        """Its checkpoints, rising."""
        return sorted(
            int(path.name.partition("-")[2])
            for path in self.folder.glob("checkpoint-*")
            if re.fullmatch(r"checkpoint-\d+", path.name)
        )


def compared(settings: Settings, log: Path, limit: float) -> dict[str, Any]:
    """Three equal runs at once, one of them killed: how far they are apart."""
    until = time.monotonic() + limit
    every = settings.short // 3
    first, second, killed = (
        Run(settings, name, settings.short, every, log) for name in ("first", "second", "killed")
    )
    runs = (first, second, killed)
    try:
        for run in runs:
            run.begin()
        killed.require_checkpoint(1, until - time.monotonic())
        wait_until(
            lambda: max(killed.losses(), default=0) > every or not killed.running(),
            until - time.monotonic(),
        )
        in_time = killed.running()
        killed.kill()
        killed.begin()
        for run in runs:
            run.finish(max(1.0, until - time.monotonic()))
    finally:
        for run in runs:
            run.kill()
    return {
        "steps": settings.short,
        "checkpoint_every": every,
        "killed_at_step": max(killed.killed_with, default=0) if in_time else None,
        "resumed_after": killed.resumed_after(),
        "two_equal_runs": _apart(first, second, 0),
        "killed_and_first": _apart(first, killed, every),
        "killed_and_second": _apart(second, killed, every),
    }


def _apart(first: Run, second: Run, after: int) -> dict[str, float]:
    """Greatest difference of losses after a step, and of the last checkpoint's weights."""
    losses, others = first.losses(), second.losses()
    steps = [step for step in losses if step > after]
    weights, other_weights, begun = (
        _weights(run.folder / f"checkpoint-{number}")
        for run, number in (
            (first, first.numbers()[-1]),
            (second, second.numbers()[-1]),
            (first, first.numbers()[0]),
        )
    )
    moved = float(np.linalg.norm(weights - begun))
    return {
        "loss": max(abs(losses[step] - others[step]) for step in steps),
        "weight": float(np.abs(weights - other_weights).max()),
        "weights_of_moved": float(np.linalg.norm(weights - other_weights)) / moved,
    }


def _weights(checkpoint: Path) -> NDArray[np.float64]:
    from safetensors.numpy import load_file

    tensors = load_file(checkpoint / "unet" / "diffusion_pytorch_model.safetensors")
    return np.concatenate([tensors[name].ravel() for name in sorted(tensors)]).astype(np.float64)


def taken_twice(before: Losses, after: Losses, resumed: int) -> dict[str, Any]:
    """Losses of steps that were taken before the kill and after it."""
    steps = [step for step in before if step > resumed and step in after]
    apart = [abs(before[step] - after[step]) for step in steps]
    return {"lines": len(steps), "loss": max(apart, default=None)}
