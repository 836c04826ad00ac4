"""Search the real films for near-copies among the synthetic ones."""

from __future__ import annotations

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import private
from cxr_release.films.film_set import open_films
from cxr_release.memorization.audit import audit
from cxr_release.memorization.report import require_complete
from cxr_release.params.project import Params
from cxr_release.paths import Paths


def run(paths: Paths, params: Params) -> None:
    """Write the nearest pairs, how they were found, and what the search finds of planted copies."""
    split = tables.read_rows(paths.split_table, schemas.SPLIT)
    synthetic = paths.oriented_tables(params.sample.jobs)
    # Not any set of films: these tables, each of them.
    for path in (paths.trained_table, paths.control_table):
        tables.require(path, schemas.COHORT)
    for path in synthetic:
        tables.require(path, schemas.ORIENTED)
    with private(paths.audit):
        report = audit(
            open_films([paths.trained_table, paths.control_table], "real"),
            open_films(synthetic, "synthetic"),
            {row["id"]: row["part"] for row in split},
            paths.audit,
            settings=params.audit,
            seed=params.seed,
        )
    require_complete(report)


if __name__ == "__main__":
    execute(run)
