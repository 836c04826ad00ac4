"""Mirror synthetic films that face right; keep exactly the sources that are asked for."""

from __future__ import annotations

import shutil
import sys

from typing_extensions import TypedDict

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError, DecisionError
from cxr_release.exit_status import execute
from cxr_release.files import write_json
from cxr_release.film_id import job_fields, read_job
from cxr_release.json_documents import read
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.facing import detector_of
from cxr_release.radiographs.orient import check_detector, left_facing, orient
from cxr_release.screening.facing_corrections import facing_of_unknown, read_facing


class Job(TypedDict):
    """`job.json`, as far as it is read here."""

    made: int


def run(paths: Paths, params: Params) -> None:
    """Write one table a sampling job, and how the films faced."""
    jobs = params.sample.jobs
    _remove_dropped_jobs(paths, {paths.job(*job).name for job in jobs})
    source_facings = left_facing(paths.trained_table)
    detector = None if source_facings is None else detector_of(source_facings)
    require_kept(paths.root, [paths.facing_log])
    statements = read_facing(paths.facing_log)
    rows = []
    films: set[str] = set()
    for job in jobs:
        folder, table = paths.job(*job), paths.oriented_table(*job)
        film_count = read(folder / "job.json", Job)["made"]
        counts = orient(
            sorted(folder.glob("shard-*.parquet")),
            table,
            detector=detector,
            statements=statements,
        )
        ids = tables.read(table, schemas.ORIENTED, ["id"])
        films.update(ids["id"].to_pylist())
        stated = counts.pop("said")
        if sum(counts.values()) != film_count:
            raise CxrReleaseError(
                f"its shards (shard-00000.parquet and on) hold {sum(counts.values())} films,"
                f" its job made {film_count}",
                where=str(folder),
                remedy="delete the folder and run `dvc repro`",
            )
        rows.append({**job_fields(job), "facings": counts, "said": stated})
    if faults := facing_of_unknown(statements, films):
        message = f"{len(faults)} decision(s) on facing are about films that are not there"
        raise DecisionError(message, where=str(paths.facing_log), faults=faults)
    summary = {"films": rows, "rule": check_detector(detector, source_facings)}
    write_json(paths.oriented / "summary.json", summary)


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
