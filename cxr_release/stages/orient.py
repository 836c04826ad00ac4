"""Mirror synthetic films that face right; keep exactly the sources that are asked for."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError, DecisionError, Fault
from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.film_id import Job as FilmJob
from cxr_release.film_id import job_fields, read_job
from cxr_release.json_documents import read
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.partials import remove
from cxr_release.paths import Paths
from cxr_release.radiographs.facing import Detector, detector_of
from cxr_release.radiographs.orient import (
    OTHER_FILMS,
    Statements,
    check_detector,
    left_facing,
    orient,
)
from cxr_release.screening.facing_corrections import facing_of_unknown, read_facing
from cxr_release.workers import workers


class Job(TypedDict):
    """`job.json`, as far as it is read here."""

    made: int


def run(paths: Paths, params: Params) -> None:
    """Write one table a shard of each sampling job, and how the films faced."""
    jobs = params.sample.jobs
    shards = {job: _shards(paths.job(*job)) for job in jobs}
    with workers(shard for each in shards.values() for shard in each if shard) as crew:
        crew.first(lambda: _clear(paths, jobs))
        source_facings = left_facing(paths.trained_table)
        detector = None if source_facings is None else detector_of(source_facings)
        require_kept(paths.root, [paths.facing_log])
        statements = read_facing(paths.facing_log)
        calls = [
            (source, output, detector, statements)
            for job in jobs
            for number, source in enumerate(shards[job])
            for output in [paths.oriented_table(*job, number)]
        ]
        done = crew.map(_orient, calls, "orient")
    if not crew.is_main:
        return
    _require_statements_of_films(paths, statements, done)
    results = iter(done)
    rows = [
        _row_of(paths.job(*job), job, [next(results).counts for _ in shards[job]]) for job in jobs
    ]
    summary = {"films": rows, "rule": check_detector(detector, source_facings)}
    write_json(paths.oriented / "summary.json", summary)


def _shards(folder: Path) -> list[Path | None]:
    """Shards of a job, in order; None of one without films, which has a table without rows."""
    found: list[Path | None] = [*sorted(folder.glob("shard-*.parquet"))]
    return found or [None]


@dataclass(frozen=True)
class _Done:
    """What became of a shard."""

    counts: Mapping[str, int]
    """See `orient`."""
    films: frozenset[str] = frozenset()
    """Their ids, where reviewers say anything of any film."""
    faults: tuple[Fault, ...] = ()
    """Of what they say; then there is no table."""


def _orient(
    shard: Path | None, output: Path, detector: Detector | None, statements: Statements
) -> _Done:
    """Orient one shard; of a job without films there is None."""
    try:
        counts = orient(
            [] if shard is None else [shard], output, detector=detector, statements=statements
        )
    except DecisionError as error:
        return _Done({}, faults=error.faults)
    ids = tables.read(output, schemas.ORIENTED, ["id"])["id"].to_pylist() if statements else []
    return _Done(counts, frozenset(ids))


def _require_statements_of_films(
    paths: Paths, statements: Statements, done: Sequence[_Done]
) -> None:
    """What reviewers say is about films that are there, as they were sampled."""
    if faults := [fault for each in done for fault in each.faults]:
        raise DecisionError(
            f"{len(faults)} decision(s) on facing are not about the films that were sampled",
            where=str(paths.oriented),
            remedy=OTHER_FILMS,
            faults=faults,
        )
    films = {film for each in done for film in each.films}
    if faults := facing_of_unknown(statements, films):
        message = f"{len(faults)} decision(s) on facing are about films that are not there"
        raise DecisionError(message, where=str(paths.facing_log), faults=faults)


def _row_of(folder: Path, job: FilmJob, shards: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """How the films of a job faced."""
    counts = {name: sum(each[name] for each in shards) for name in shards[0]}
    film_count = read(folder / "job.json", Job)["made"]
    stated = counts.pop("said")
    if sum(counts.values()) != film_count:
        raise CxrReleaseError(
            f"its shards (shard-00000.parquet and on) hold {sum(counts.values())} films,"
            f" its job made {film_count}",
            where=str(folder),
            remedy="delete the folder and run `dvc repro`",
        )
    return {**job_fields(job), "facings": counts, "said": stated}


def _clear(paths: Paths, jobs: Sequence[FilmJob]) -> None:
    """Begin anew: what an earlier run left may be of shards that are not sampled any more."""
    _remove_dropped_jobs(paths, {paths.job(*job).name for job in jobs})
    remove(paths.oriented)


def _remove_dropped_jobs(paths: Paths, job_names: set[str]) -> None:
    """Delete the samples of checkpoints that are no longer asked for.

    DVC leaves the outputs of a stage that has gone; in its cache they stay, so that asking for
    the checkpoint again brings them back.
    """
    for folder in sorted(paths.samples.glob("*")):
        if folder.name not in job_names and read_job(folder.name):
            sys.stderr.write(f"{folder}: not in sample.checkpoints any more, removed\n")
            shutil.rmtree(folder)


if __name__ == "__main__":
    execute(run)
