"""Turn every synthetic film to face left; keep exactly the checkpoints that are asked for."""

from __future__ import annotations

import re
import shutil
import sys

from cxr_release.errors import CxrReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.params import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.orient import orient, reference_of_cohort
from cxr_release.stages.run import execute

JOB = re.compile(r"checkpoint-[1-9]\d*-(?:initial|large)")


def run(paths: Paths, params: Params) -> None:
    """Write one table a sampling job, and how the films faced."""
    jobs = params.sample.jobs
    _remove_others(paths, {paths.job(*job).name for job in jobs})
    reference = reference_of_cohort(paths.cohort_table)
    summary = []
    for checkpoint, batch in jobs:
        folder = paths.job(checkpoint, batch)
        facings = orient(
            sorted(folder.glob("shard-*.parquet")),
            paths.oriented_table(checkpoint, batch),
            reference=reference,
        )
        made = read_json(folder / "job.json")["made"]
        if sum(facings.values()) != made:
            raise CxrReleaseError(
                f"holds {sum(facings.values())} films, its job made {made}",
                where=str(folder),
                remedy="delete the folder and run `dvc repro`",
            )
        summary.append({"checkpoint": checkpoint, "batch": batch, "facings": facings})
    write_json(paths.oriented / "summary.json", summary)


def _remove_others(paths: Paths, wanted: set[str]) -> None:
    """Delete the samples of checkpoints that are no longer asked for.

    DVC leaves the outputs of a stage that has gone; in its cache they stay, so that asking for
    the checkpoint again brings them back.
    """
    for folder in sorted(paths.samples.iterdir()):
        if folder.name not in wanted and JOB.fullmatch(folder.name):
            sys.stderr.write(f"{folder}: not in sample.checkpoints any more, removed\n")
            shutil.rmtree(folder)


if __name__ == "__main__":
    execute(run)
