"""What checkpoints, sampling jobs and synthetic films are called: spelt and read here alone.

A film is `checkpoint-34-large-00012`: the source that it was sampled from (`checkpoint-34`), the
batch, and its index there. Source and batch together are a sampling job, `checkpoint-34-large`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Batch = Literal["initial", "large"]
BATCHES: tuple[Batch, ...] = ("initial", "large")
"""The two sampling jobs of each checkpoint, in the order of the paper's Table S1."""

# Bounded numbers: no film has a longer one, and Python refuses thousands of digits.
SOURCE_PATTERN = r"checkpoint-([1-9][0-9]{0,8})"
JOB_PATTERN = rf"{SOURCE_PATTERN}-({'|'.join(BATCHES)})"
FILM_PATTERN = rf"{JOB_PATTERN}-([0-9]{{5,9}})"
"""Regular expressions for the whole of a name; their groups are checkpoint, batch and index."""


@dataclass(frozen=True, order=True)
class FilmId:
    """Identity of a synthetic film; `str` spells it."""

    checkpoint: int
    batch: str
    index: int

    @classmethod
    def parse(cls, text: str) -> FilmId | None:
        """What an id says; None of a text that is not a synthetic film's id."""
        match = re.fullmatch(FILM_PATTERN, text)
        return cls(int(match[1]), match[2], int(match[3])) if match else None

    @property
    def job(self) -> str:
        """Name of the sampling job, such as `checkpoint-34-large`."""
        return job_name(self.checkpoint, self.batch)

    def __str__(self) -> str:
        return f"{self.job}-{self.index:05d}"


def source_name(checkpoint: int) -> str:
    """Name of a checkpoint as a source of films, such as `checkpoint-34`."""
    return f"checkpoint-{checkpoint}"


def checkpoint_of(source: str) -> int | None:
    """Number of the checkpoint that a source is; None of any other source."""
    match = re.fullmatch(SOURCE_PATTERN, source)
    return int(match[1]) if match else None


def job_name(checkpoint: int, batch: str) -> str:
    """Name of a sampling job, such as `checkpoint-34-large`."""
    return f"{source_name(checkpoint)}-{batch}"


def job_of(film: str) -> str:
    """Name of the job of a film, by its id; nothing of an id that is not a synthetic film's."""
    parsed = FilmId.parse(film)
    return parsed.job if parsed else ""


def read_job(name: str) -> tuple[int, str] | None:
    """Checkpoint and batch of a sampling job, by its name; None of any other name."""
    match = re.fullmatch(JOB_PATTERN, name)
    return (int(match[1]), match[2]) if match else None


def index_of(text: str | None) -> int:
    """The number at the end of a text in the place of an id; −1 without one."""
    tail = re.search(r"-([0-9]{1,9})\Z", text or "")
    return int(tail[1]) if tail else -1


def padded(text: str) -> str:
    """An id as it is written whose index was given without its leading zeros."""
    head, _, index = text.rpartition("-")
    return f"{head}-{index:0>5}"
