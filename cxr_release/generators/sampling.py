"""Sampling jobs: the films of one source and batch, in shards, resumable.

Under `accelerate launch` the processes share each denoising batch and the main one writes: the
films and their order are those of a single process.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired

from tqdm import tqdm
from typing_extensions import TypedDict

from cxr_release import json_documents
from cxr_release.errors import CheckpointError
from cxr_release.files import write_json
from cxr_release.film_id import FilmId, checkpoint_of, origin_of, source_title
from cxr_release.films import png
from cxr_release.films.png import Film
from cxr_release.generators.apportionment import labels_of
from cxr_release.generators.conditions import Conditions
from cxr_release.generators.generator import Generator, Guide, Opener
from cxr_release.generators.runtime import run_folder
from cxr_release.generators.runtime.compute import Processes, chunks, computing
from cxr_release.generators.runtime.randomness import seed_of
from cxr_release.params.sampling import SampleParams
from cxr_release.params.training import ComputeParams, ConditionParams
from cxr_release.schemas import SAMPLES
from cxr_release.tables import Writer, pieces, read

SHARD = 256
"""Films in a shard. A kill loses one shard at most."""

GROUP = 32
"""Films in a row group of a shard."""

JOB = "job.json"


class Job(TypedDict):
    """What a sampling job made: `job.json`."""

    checkpoint: int | None
    """None of a generator that is not the diffusion model; then `source` names it."""
    source: NotRequired[str]
    checkpoint_step: int
    batch: str
    requested: int
    """Films requested."""
    made: int
    """Films drawn, fewer if the time was over."""
    classes: NotRequired[dict[str, int]]
    """How many of each class, where films are drawn as classes."""
    class_guidance: NotRequired[float]
    """Weight of the class, likewise."""
    guide: NotRequired[Guide]
    """Where an earlier checkpoint guided."""


UNCONDITIONAL = ConditionParams()
"""Films are not drawn as classes."""


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


def film_labels(
    conditions: Conditions,
    condition: ConditionParams,
    indices: Sequence[int],
    *,
    source: str,
    batch: str,
    root_seed: int,
) -> list[str] | None:
    """The class of each film of a batch, None where there are no classes: see `apportionment`.

    Raises:
        CheckpointError: the network has classes and `condition` is off, or the reverse.
        ParamsError: `condition.balance` names a class that the network does not have.
    """
    if condition.is_on != bool(conditions.classes):
        has = "has" if conditions.classes else "does not have"
        raise CheckpointError(
            f"{has} classes, and condition.label is {condition.label!r}",
            where=source_title(source),
            remedy="train again (`dvc repro train`)",
        )
    return labels_of(
        conditions,
        condition.balance,
        indices,
        seed=root_seed,
        checkpoint=checkpoint_of(source) or 0,
        batch=batch,
    )


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
    condition: ConditionParams = UNCONDITIONAL,
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
        condition: how films are drawn as classes.

    Raises:
        CheckpointError: the checkpoint cannot be loaded, or is another one, or the guide is not an
            earlier one of its run, or its network was not trained as `condition` says.
        ParamsError: `condition.balance` names a class that the network does not have.
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
        count = settings.films(batch)
        labels = film_labels(
            generator.conditions,
            condition,
            range(count),
            source=source,
            batch=batch,
            root_seed=root_seed,
        )
        made = _Work(
            generator=generator,
            source=source,
            processes=context.processes,
            batch=batch,
            count=count,
            labels=labels,
            root_seed=root_seed,
            deadline=deadline,
        ).fill(folder)
        job = Job(
            checkpoint=checkpoint_of(source),
            checkpoint_step=generator.step,
            batch=batch,
            requested=count,
            made=made,
        )
        if job["checkpoint"] is None:
            job["source"] = source
        if labels is not None:
            job["classes"] = context.processes.agreed(
                lambda: _classes_made(folder, generator.conditions.names)
            )
            job["class_guidance"] = condition.guidance
        if generator.guide is not None:
            job["guide"] = generator.guide
        if context.processes.is_main:
            if made < job["requested"]:
                run_folder.say(
                    f"{folder}: stopped after {settings.max_hours} hours with {made} of "
                    f"{job['requested']} films"
                )
            write_json(folder / JOB, job)
            run_folder.finish(folder, fingerprint)
    return job


def _classes_made(folder: Path, names: Sequence[str]) -> dict[str, int]:
    """How many films of each class lie in a job's folder."""
    shards = sorted(folder.glob("shard-*.parquet"))
    made = Counter(label for shard in shards for label in read(shard, SAMPLES)["label"].to_pylist())
    return {name: made[name] for name in names}


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The part of a job that every process does; the main one writes besides."""

    generator: Generator
    source: str
    processes: Processes
    batch: str
    count: int
    labels: Sequence[str] | None
    """Class of each film of the job, where it has classes."""
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
            seeds = [self._seed(index) for index in batch]
            labels = None if self.labels is None else [self.labels[index] for index in batch]
            yield from zip(batch, self.generator.films(seeds, labels), strict=True)
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
            "label": None if self.labels is None else self.labels[index],
            **png.facts(film, data),
        }


def shard_path(folder: Path, number: int) -> Path:
    """Where shard `number` of a job lies."""
    return folder / f"shard-{number:05d}.parquet"


def _is_complete(folder: Path, number: int, indices: range) -> bool:
    path = shard_path(folder, number)
    return path.exists() and read(path, SAMPLES).num_rows == len(indices)
