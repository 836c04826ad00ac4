"""What sources, jobs and synthetic films are called: spelt and read here alone.

A film is `checkpoint-34-large-00012`: the source that it comes from, the batch, and its index
there. A source is a checkpoint of the network (`checkpoint-34`), or the second generator that was
trained beside it (`autoencoder`), or has the name that `sample.sources` gives to films that were
drawn elsewhere (`stylegan2`). Source and batch together are a job, `checkpoint-34-large`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Batch = Literal["initial", "large"]
BATCHES: tuple[Batch, ...] = ("initial", "large")
"""The two jobs of each source, in the order of the paper's Table S1."""

Job = tuple[str, str]
"""A source and a batch."""

CHECKPOINT = "checkpoint"
AUTOENCODER = "autoencoder"
"""The source of films that the autoencoder of this project drew."""
Origin = Literal["diffusion", "autoencoder", "elsewhere"]
"""Who drew a source's films: a generator that was trained here, or somebody else's."""
LONGEST_NAME = 32
"""Letters of the name of films that another generator drew."""


# Bounded numbers: no film has a longer one, and Python refuses thousands of digits.
_NUMBERED = rf"{CHECKPOINT}-[1-9][0-9]{{0,8}}"
_NAMED = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_BATCH = f"(?:{'|'.join(BATCHES)})"
SOURCE_PATTERN = _NAMED
FILM_PATTERN = rf"{SOURCE_PATTERN}-{_BATCH}-[0-9]{{5,9}}"
"""Regular expressions of how the whole of a name looks, without groups, for tables.

Arrow, which checks tables by them, has no look-ahead: that `checkpoint-03` is the name of no source
is known to `is_source` and `FilmId.parse` alone.
"""

_JOB = re.compile(rf"({SOURCE_PATTERN})-({_BATCH})")
_FILM = re.compile(rf"({SOURCE_PATTERN})-({_BATCH})-([0-9]{{5,9}})")

RESERVED = frozenset(
    {
        *("real", "film", "release", "default", "exclusions", "not", "unknown"),
        AUTOENCODER,
        *("ideal", "copies", "blurred", "noise", "trained", "control", "released"),
    }
)
"""Names that mean something else where sources are named: real films, configs, rows of scores."""


def name_fault(name: str) -> str:
    """Why films that another generator drew cannot be called `name`; empty where they can."""
    if len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_NAME} characters"
    if not re.fullmatch(_NAMED, name):
        return "is not lower-case words of letters and digits, joined by -, such as stylegan2-ada"
    if name.split("-", maxsplit=1)[0] == CHECKPOINT:
        return "would be taken for a checkpoint of the network"
    if name in RESERVED or name.startswith("film-"):
        return "means something else here"
    if name.rsplit("-", maxsplit=1)[-1] in BATCHES:
        return "ends as the name of a job does"
    return ""


def is_source(name: str) -> bool:
    """Whether a source of films can have this name."""
    own = name == AUTOENCODER or bool(re.fullmatch(_NUMBERED, name))
    return own or not name_fault(name)


def origin_of(source: str) -> Origin:
    """Who drew a source's films."""
    if source == AUTOENCODER:
        return "autoencoder"
    return "elsewhere" if checkpoint_of(source) is None else "diffusion"


@dataclass(frozen=True)
class FilmId:
    """Identity of a synthetic film; `str` spells it."""

    source: str
    batch: str
    index: int

    @classmethod
    def parse(cls, text: str) -> FilmId | None:
        """What an id says; None of a text that is not a synthetic film's id."""
        match = _FILM.fullmatch(text) if len(text) <= _LONGEST_ID else None
        return cls(match[1], match[2], int(match[3])) if match and is_source(match[1]) else None

    @property
    def checkpoint(self) -> int | None:
        """Number of the checkpoint that it was sampled from; None of another generator's."""
        return checkpoint_of(self.source)

    @property
    def job(self) -> str:
        """Name of its job, such as `checkpoint-34-large`."""
        return job_name(self.source, self.batch)

    @property
    def order(self) -> tuple[tuple[bool, int, str], str, int]:
        """Key by which films are sorted: checkpoints by number, then other sources by name."""
        return source_order(self.source), self.batch, self.index

    def __str__(self) -> str:
        return f"{self.job}-{self.index:05d}"


_LONGEST_ID = LONGEST_NAME + len("-initial-") + 9


def source_name(checkpoint: int) -> str:
    """Name of a checkpoint as a source of films, such as `checkpoint-34`."""
    return f"{CHECKPOINT}-{checkpoint}"


def checkpoint_of(source: str) -> int | None:
    """Number of the checkpoint that a source is; None of any other source."""
    match = re.fullmatch(_NUMBERED, source)
    return int(source.removeprefix(f"{CHECKPOINT}-")) if match else None


def source_order(source: str) -> tuple[bool, int, str]:
    """Key by which sources are sorted: checkpoints by their number, then others by their name."""
    number = checkpoint_of(source)
    return number is None, number or 0, "" if number else source


def source_title(source: str) -> str:
    """A source's name for people: `checkpoint 34`, or the name as it is."""
    number = checkpoint_of(source)
    return source if number is None else f"{CHECKPOINT} {number}"


def job_name(source: str, batch: str) -> str:
    """Name of a job, such as `checkpoint-34-large`."""
    return f"{source}-{batch}"


def job_title(job: Job) -> str:
    """A job's name for people, such as `checkpoint 34, large`."""
    return f"{source_title(job[0])}, {job[1]}"


def where_asked(job: Job) -> str:
    """The parameter that names a job's source."""
    return {
        "diffusion": "sample.checkpoints",
        "autoencoder": "sample.generators",
        "elsewhere": "sample.sources",
    }[origin_of(job[0])]


def job_of(film: str) -> str:
    """Name of the job of a film, by its id; nothing of an id that is not a synthetic film's."""
    parsed = FilmId.parse(film)
    return parsed.job if parsed else ""


def read_job(name: str) -> Job | None:
    """Source and batch of a job, by its name; None of any other name."""
    match = _JOB.fullmatch(name) if len(name) <= _LONGEST_ID else None
    return (match[1], match[2]) if match and is_source(match[1]) else None


def jobs_of(sources: Iterable[str]) -> list[Job]:
    """The jobs of some sources, source by source."""
    return [(source, batch) for source in sources for batch in BATCHES]


def job_fields(job: Job) -> dict[str, Any]:
    """How a row of a document names a job: `checkpoint` and `batch`.

    Of other generators' films the checkpoint is None, and `source` stands beside it; rows of
    checkpoints are as they were before there were other sources.
    """
    source, batch = job
    number = checkpoint_of(source)
    named = {} if number is not None else {"source": source}
    return {"checkpoint": number, **named, "batch": batch}


def job_of_row(row: Mapping[str, Any]) -> Job:
    """The job that a row names: by its `source`, else its `checkpoint`, else its film's `id`."""
    if row.get("source"):
        return row["source"], row["batch"]
    if row["checkpoint"] is not None:
        return source_name(row["checkpoint"]), row["batch"]
    film = FilmId.parse(row.get("id") or "")
    return film.source if film else "", row["batch"]


def row_of_source(source: str) -> str:
    """What a source is called in the rows of a scorecard: a checkpoint by its number alone."""
    number = checkpoint_of(source)
    return source if number is None else str(number)


def index_of(text: str | None) -> int:
    """The number at the end of a text in the place of an id; −1 without one."""
    tail = re.search(r"-([0-9]{1,9})\Z", text or "")
    return int(tail[1]) if tail else -1


def padded(text: str) -> str:
    """An id as it is written whose index was given without its leading zeros."""
    head, _, index = text.rpartition("-")
    return f"{head}-{index:0>5}"
