"""What all parts are told, as the command line says it and as JSON between processes."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
PARTS = ("speed", "runs", "films", "attack", "encoding")
"""In the order of their importance; `films` and `attack` need the checkpoints of `runs`."""
BEYOND = 96
"""Phantoms beyond those that are trained on: nobody learns from them."""
PAPER_RATE = 0.09
"""Films a second: 8,000 in 24 hours."""
PAPER_FILMS = 27_000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one call."""

    params: str
    size: int
    """Pixels on each side."""
    precision: str
    compile: str
    films: int
    """Drawn at once."""
    steps: list[int]
    """Denoising steps whose speed is taken."""
    train_steps: int
    """Training steps that are timed together."""
    phantoms: int
    """Films that are trained on."""
    every: int
    """Steps between checkpoints of the long run."""
    short: int
    """Steps of the runs that are held against each other."""
    encoded: int
    """Films that are encoded."""
    work: str
    """Folder for phantoms and runs."""

    @property
    def as_json(self) -> str:
        """For the command line of a process of its own."""
        return json.dumps(asdict(self))

    @property
    def folder(self) -> Path:
        """For phantoms and runs."""
        return Path(self.work)

    @property
    def long(self) -> Path:
        """Folder of the long run."""
        return self.folder / "long"

    def trained(self) -> NDArray[np.uint8]:
        """(phantoms, size, size) films that networks learn from."""
        return np.array(self._phantoms()[: self.phantoms])

    def unseen(self) -> NDArray[np.uint8]:
        """(`BEYOND`, size, size) films of other patients, that none learns from."""
        return np.array(self._phantoms()[self.phantoms :])

    def patients(self) -> list[str]:
        """Of the trained films, then of the unseen ones."""
        from benchmarks.film_sets import phantoms

        count = self.phantoms + BEYOND
        return phantoms(self.folder, "real", count, size=self.size)[1]

    def _phantoms(self) -> NDArray[np.uint8]:
        from benchmarks.film_sets import phantoms

        count = self.phantoms + BEYOND
        return np.asarray(phantoms(self.folder, "real", count, size=self.size)[0])


def read(text: str) -> Settings:
    """Settings as `as_json` wrote them."""
    return Settings(**json.loads(text))


def parse(about: str) -> tuple[Settings, argparse.Namespace]:
    """The command line: what parts are told, and the rest of it."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--params", default=str(ROOT / "params.paper.yaml"))
    parser.add_argument("--size", type=int, default=256, help="pixels on each side")
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16"])
    parser.add_argument("--compile", default="auto", choices=["auto", "always", "never"])
    parser.add_argument("--train-steps", type=int, default=50, help="steps that are timed")
    parser.add_argument("--films", type=int, default=64, help="films drawn at once")
    parser.add_argument("--steps", type=int, nargs="+", default=[25, 50, 1000])
    parser.add_argument("--phantoms", type=int, default=2000, help="films to learn from")
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--short", type=int, default=120, help="steps of the compared runs")
    parser.add_argument("--encoded", type=int, default=512, help="films that are encoded")
    parser.add_argument("--work", default="", help="folder for phantoms and runs, kept")
    parser.add_argument("--minutes", type=float, default=7.0, help="after which no part begins")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("build/gpu"), help="folder of results")
    options = parser.parse_args()
    if options.phantoms % 8:
        parser.error("--phantoms: eight films in a row share patients, so give a multiple of 8")
    names = {field.name for field in fields(Settings)}
    return Settings(**{k: v for k, v in vars(options).items() if k in names}), options
