"""Sampling jobs: the films of one source and batch, in shards, resumable.

Under `accelerate launch` the processes share each denoising batch and the main one writes: the
films and their order are those of a single process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, cast

from tqdm import tqdm
from typing_extensions import TypedDict

from cxr_release import json_documents
from cxr_release.errors import CheckpointError
from cxr_release.files import write_json
from cxr_release.film_id import FilmId, checkpoint_of, job_fields, origin_of, source_title
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.generators.generator import Generator, Opener
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.compute import Processes, chunks, computing
from cxr_release.generators.runtime.randomness import seed_of
from cxr_release.params import ComputeParams, SampleParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import Writer, pieces, read

SHARD = 256
"""Films in a shard. A kill loses one shard at most."""

GROUP = 32
"""Films in a row group of a shard."""

JOB = "job.json"


class JobName(TypedDict):
    """Which job it is; see `job_fields`."""

    checkpoint: int | None
    """None of a generator that is not the diffusion model; then `source` names it."""
    source: NotRequired[str]
    batch: str


class Job(JobName):
    """What a sampling job made: `job.json`."""

    checkpoint_step: int
    requested: int
    """Films requested."""
    made: int
    """Films drawn, fewer if the time was over."""


def film_seed(root_seed: int, checkpoint: int | str, batch: str, index: int) -> int:
    """The seed of one film, in [0, 2^63): a pure function of its identity and the root seed.

    Args:
        root_seed: the pipeline's seed.
        checkpoint: its number; of another generator's films, the source.
        batch: of the film.
        index: in the batch.
    """
    return seed_of(root_seed, checkpoint, batch, index)


def source_seed(root_seed: int, source: str, batch: str, index: int) -> int:
    """The seed of one film of a source; see `film_seed`."""
    return film_seed(root_seed, checkpoint_of(source) or source, batch, index)


def sample_job(
    checkpoint_folder: Path,
    folder: Path,
    *,
    source: str,
    opener: Opener,
    batch: str,
    root_seed: int,
    settings: SampleParams,
    compute: ComputeParams,
    fingerprint: str,
) -> Job:
    """Draw the films of one source and batch into `folder`, as tables `SAMPLES`.

    `folder` gets `shard-00000.parquet` … as they fill, then `job.json` and `run.json`. Killed and
    called again with the same fingerprint, it goes on after the last whole shard; with another
    fingerprint it deletes what is there. It stops at the end of a denoising batch when
    `settings.max_hours` are over, counted from this call, and leaves a short last shard.

    Args:
        checkpoint_folder: of the checkpoint to draw from.
        folder: of this job.
        source: what the films are of, which the checkpoint must confirm.
        opener: opens it.
        batch: `initial` or `large`.
        root_seed: the pipeline's seed; see `film_seed`.
        settings: how many films, sampler, steps, batch size, time limit.
        compute: precision and compilation.
        fingerprint: names everything that the films depend on.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or is another one.
        CxrReleaseError: `folder` holds something else.
    """
    deadline = time.monotonic() + 3600 * settings.max_hours
    with computing(compute) as context:
        if context.processes.agreed(
            lambda: run_folder.begin(folder, fingerprint, keep_unfinished=False)
        ):
            if context.processes.is_main:
                run_folder.say(f"{folder}: sampled before, nothing to do")
            return json_documents.read(folder / JOB, Job)
        generator = opener(checkpoint_folder, settings, context)
        if generator.source != source:
            raise CheckpointError(
                f"is {source_title(generator.source)}, expected {source_title(source)}",
                where=str(checkpoint_folder),
            )
        made = _Work(
            generator=generator,
            source=source,
            processes=context.processes,
            batch=batch,
            count=settings.films(batch),
            root_seed=root_seed,
            deadline=deadline,
        ).fill(folder)
        job: Job = {
            **cast(JobName, job_fields((source, batch))),
            "checkpoint_step": generator.step,
            "requested": settings.films(batch),
            "made": made,
        }
        if context.processes.is_main:
            if made < job["requested"]:
                run_folder.say(
                    f"{folder}: stopped after {settings.max_hours} hours with {made} of "
                    f"{job['requested']} films"
                )
            write_json(folder / JOB, job)
            run_folder.finish(folder, fingerprint)
    return job


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The part of a job that every process does; the main one writes besides."""

    generator: Generator
    source: str
    processes: Processes
    batch: str
    count: int
    root_seed: int
    deadline: float

    def fill(self, folder: Path) -> int:
        """Draw the films that are missing, until the deadline; returns how many there are."""
        shards = dict(enumerate(chunks(range(self.count), SHARD)))
        missing = self.processes.agreed(
            lambda: [at for at in shards if not _is_complete(folder, at, shards[at])]
        )
        made = sum(len(shards[number]) for number in shards if number not in missing)
        progress = tqdm(
            total=self.count,
            desc=f"sample {self.source} {self.batch}",
            initial=made,
            unit="film",
            mininterval=1,
            disable=None if self.processes.is_main else True,
            file=sys.stderr,
        )
        with progress:
            for number in missing:
                shard_films = 0
                with self._writer(shard_path(folder, number)) as shard:
                    # In row groups of one size: the batch must not show in the file.
                    for chunk in pieces(self._films(shards[number], progress), GROUP):
                        if shard is not None:
                            shard.append([self._row(*film) for film in chunk])
                        shard_films += len(chunk)
                made += shard_films
                if shard_films < len(shards[number]):
                    break
        return made

    def _films(self, indices: range, progress: tqdm[Any]) -> Iterator[tuple[int, Film]]:
        """The films of a shard with their indices, until the deadline; at least one batch."""
        for batch in chunks(indices, self.generator.batch):
            yield from zip(
                batch, self.generator.films([self._seed(index) for index in batch]), strict=True
            )
            progress.update(len(batch))
            if self.processes.agreed(lambda: time.monotonic() >= self.deadline):
                break

    def _writer(self, path: Path) -> AbstractContextManager[Writer | None]:
        return Writer(path, SAMPLES) if self.processes.is_main else nullcontext()

    def _seed(self, index: int) -> int:
        return source_seed(self.root_seed, self.source, self.batch, index)

    def _row(self, index: int, film: Film) -> dict[str, Any]:
        """One film as a row of `SAMPLES`."""
        name = str(FilmId(self.source, self.batch, index))
        data = png.encode(film, synthetic=True, origin=origin_of(self.source))
        return {
            "image": png.cell(data, name),
            "id": name,
            "checkpoint": checkpoint_of(self.source),
            "checkpoint_step": self.generator.step,
            "batch": self.batch,
            "seed": self._seed(index),
            **png.facts(film, data),
        }


def shard_path(folder: Path, number: int) -> Path:
    """Where shard `number` of a job lies."""
    return folder / f"shard-{number:05d}.parquet"


def _is_complete(folder: Path, number: int, indices: range) -> bool:
    path = shard_path(folder, number)
    return path.exists() and read(path, SAMPLES).num_rows == len(indices)
