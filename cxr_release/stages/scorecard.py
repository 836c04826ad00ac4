"""Is anybody in the release, is it good for anything, whom does it miss: the scorecard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import whole_folder
from cxr_release.film_id import job_of_row, row_of_source
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.labels import read_classes, read_labels
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.split import CONTROL as CONTROL_PART
from cxr_release.scorecard.classes.measure import ClassLabels
from cxr_release.scorecard.facts import facts_of_manifest
from cxr_release.scorecard.measure import Subject, measure, require_read, write
from cxr_release.scorecard.names import CONTROL, RELEASED, TRAINED
from cxr_release.scorecard.network.kept import read
from cxr_release.scorecard.utility.manifest_labels import labels_of_manifest


def run(paths: Paths, params: Params) -> None:
    """Write the scorecard and its pictures."""
    split = tables.read_rows(paths.split_table, schemas.SPLIT)
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    manifest = [
        row for row in tables.iterate(paths.manifest, schemas.MANIFEST) if row["id"] is not None
    ]
    # Not any set of films: these tables, each of them.
    for path in (paths.trained_table, paths.control_table):
        tables.require(path, schemas.COHORT)
    synthetic = paths.oriented_tables(params.sample.jobs)
    for path in synthetic:
        tables.require(path, schemas.ORIENTED)
    control = any(row["part"] == CONTROL_PART for row in split)
    facts = facts_of_manifest(manifest)
    card = measure(
        Subject(
            trained=open_films([paths.trained_table], TRAINED),
            members_known=params.train.steps > 0,
            control=open_films([paths.control_table], CONTROL) if control else None,
            released=open_films(synthetic, RELEASED),
            checkpoint_of={
                row["id"]: row_of_source(job_of_row(row)[0]) for row in screened if row["released"]
            },
            facts={TRAINED: facts, CONTROL: facts},
            least_patients=params.ingest.least_patients,
            labels=labels_of_manifest(manifest, size=params.ingest.film_size),
            classes=_classes(paths, screened),
            external=_external(paths, params),
            network_attacks=read(paths.network_attacks),
        ),
        params.score,
    )
    require_read(card.unreadable)
    with whole_folder(paths.score) as folder:
        write(folder, card.report)


def _classes(paths: Paths, screened: Sequence[Mapping[str, Any]]) -> ClassLabels | None:
    """What films were drawn as; None where they were not drawn as classes."""
    fact = read_classes(paths.classes)["fact"]
    if not fact:
        return None
    labels = read_labels(paths.classes, paths.labels)
    drawn = {row["id"]: row["label"] for row in screened if row["label"] is not None}
    return ClassLabels(fact, labels.names, labels.of, drawn)


def _external(paths: Paths, params: Params) -> FilmSet | None:
    folder = params.score.external
    return open_films([paths.root / Path(folder)], "external") if folder else None


if __name__ == "__main__":
    execute(run)
