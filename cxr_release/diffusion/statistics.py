"""`stats.jsonl`: how training went, a line every few steps, the same lines after any restart."""

from __future__ import annotations

import json
from pathlib import Path

from cxr_release.diffusion.learner import Outcome
from cxr_release.files import write_text

EVERY = 10
"""Steps that one line sums up."""


class Statistics:
    """Appends lines of {step, loss, learning_rate, gradient_norm}.

    `loss` and `gradient_norm` are means over the steps since the line before; `learning_rate` is
    that of the last step.
    """

    def __init__(self, path: Path, done: int) -> None:
        self._path = path
        self._since: list[tuple[float, float]] = []
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
        losses, norms = zip(*self._since, strict=True)
        line = {
            "step": step,
            "loss": round(sum(losses) / len(losses), 6),
            "learning_rate": round(outcome.learning_rate, 9),
            "gradient_norm": round(sum(norms) / len(norms), 6),
        }
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
        self._since.clear()


def _lines(path: Path, done: int) -> list[str]:
    """The lines up to step `done`; a later one will come again, a torn one stands last."""
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            if json.loads(line)["step"] > done:
                break
        except ValueError:
            break
        kept.append(line)
    return kept
