"""Divide the cohort by patient: what both runs see, what the tuning run does not, and what no run.

Writes two image tables: the films that were trained on, which every later stage takes for the real
films, and the control films, which the audit and the scorecard alone read. A stage that is not
given the control films cannot use them by mistake. Where patients are not stated, films are drawn
one by one, and the summary says so. Where films are to be drawn as classes, the classes are formed
here, and the class of each film is written beside the parts.

Films that show text, as people say (stage `clearance`), are in no part and in neither table. The
parts are drawn before these are taken out: every other film stays where it was.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.films.labels import Classes, require_classes
from cxr_release.json_documents import read
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.partials import remove
from cxr_release.paths import Paths
from cxr_release.radiographs.fact_groups import strata_of
from cxr_release.radiographs.film_classes import NO_CLASSES, form_classes
from cxr_release.radiographs.split import (
    CONTROL,
    PARTS,
    Groups,
    groups_of,
    named_by_place,
    split_by_group,
    twins_of_control,
)


def run(paths: Paths, params: Params) -> None:
    """Write which film belongs to which part, and the films that generators may see by themselves.

    Raises:
        SourceError: there are too few patients, a control film has the pixels of another film, a
            part is left without a film once those with text are out, or a class is too small.
        ParamsError: `condition.balance` names a class that is not there.
    """
    manifest = tables.read_rows(paths.manifest, schemas.MANIFEST)
    films = [row for row in manifest if row["status"] == "ingested"]
    groups = groups_of(films)
    if params.ingest.source != PHANTOMS:  # whose ids are the same everywhere
        groups = named_by_place(groups, _cohort(paths, "id"))
    parts = split_by_group(
        groups,
        held_out=params.split.held_out,
        seed=params.seed,
        control=params.split.control,
        strata=_strata(paths, groups, params),
    )
    parts = _without_text(parts, read(paths.with_text, list[str]))
    films = [row for row in films if row["id"] in parts]
    _require_no_twin(paths, parts, {row["id"]: row["source_file"] for row in films})
    classes, labels = _classes(paths, parts, groups, params)
    patients = {row["id"]: row["patient"] for row in films}
    rows = [{"id": film, "patient": patients[film], "part": part} for film, part in parts.items()]
    summary = _summary(groups, parts, patients)
    # It holds films that may have left the cohort; training makes it again.
    if os.path.lexists(paths.film_array):
        remove(paths.film_array)
    with private(paths.split):
        _write_films(paths, parts)
        tables.write(paths.split_table, schemas.SPLIT, rows)
        write_json(paths.classes, classes)
        tables.write(paths.labels, schemas.LABELS, labels)
        write_json(paths.split / "summary.json", summary)
    sys.stderr.write(f"{_sentence(summary)}\n")
    without = sum(patient is None for patient in patients.values())
    if without:
        sys.stderr.write(
            f"patients not stated for {without:,} of {len(patients):,} films: the split is by"
            f" {groups.unit}, and films of one patient may be in several parts\n"
        )


def _cohort(paths: Paths, column: str) -> list[str]:
    """A column of the cohort, in the order of its films."""
    table = tables.read(paths.cohort_table, schemas.COHORT, [column])
    values: list[str] = table[column].to_pylist()
    return values


def _without_text(parts: Mapping[str, str], with_text: Sequence[str]) -> dict[str, str]:
    """The parts without the films that show text."""
    kept = {film: part for film, part in parts.items() if film not in {*with_text}}
    if emptied := sorted({*parts.values()} - {*kept.values()}):
        raise SourceError(
            f"no film is left for {' and '.join(emptied)} once films that show text are out",
            where="clearance",
            remedy="give more films, or look again: `cxr-release clear --reviewer NAME`",
        )
    return kept


def _strata(paths: Paths, groups: Groups, params: Params) -> dict[str, str] | None:
    name = params.split.stratify
    if not name:
        return None
    films = _known(paths, groups.of)
    return strata_of(films, name, groups, least=params.ingest.least_patients)


def _known(paths: Paths, ids: Container[str]) -> list[dict[str, Any]]:
    """Rows of the manifest of some films, with the facts, which `tables.read_rows` leaves out."""
    rows = tables.iterate(paths.manifest, schemas.MANIFEST)
    return [row for row in rows if row["id"] in ids]


def _classes(
    paths: Paths, parts: Mapping[str, str], groups: Groups, params: Params
) -> tuple[Classes, list[dict[str, Any]]]:
    """The classes that films are drawn as, and rows of `schemas.LABELS`."""
    asked = params.condition
    if not asked.is_on:
        return NO_CLASSES, []
    classes, labels = form_classes(
        _known(paths, parts),
        asked.label,
        groups,
        {film for film, part in parts.items() if part != CONTROL},
        least_films=asked.least,
        least_patients=params.ingest.least_patients,
    )
    require_classes([each["name"] for each in classes["classes"]], asked.balance)
    return classes, [{"id": film, "label": label} for film, label in sorted(labels.items())]


def _require_no_twin(paths: Paths, parts: Mapping[str, str], files: Mapping[str, str]) -> None:
    columns = ["id", "pixel_sha256"]
    cohort = tables.read(paths.cohort_table, schemas.COHORT, columns).to_pylist()
    pixels = {row["id"]: row["pixel_sha256"] for row in cohort}
    if faults := twins_of_control(parts, pixels, files):
        raise SourceError(
            f"{len(faults)} pair(s) of a control film and a film that is trained on have equal"
            " pixels",
            remedy="name one patient for both films in patients.csv, or take one of them out",
            faults=faults,
        )


def _write_films(paths: Paths, parts: Mapping[str, str]) -> None:
    """The cohort in two tables, each row as it was, in its order; less films that show text."""
    with (
        tables.Writer(paths.trained_table, schemas.COHORT) as trained,
        tables.Writer(paths.control_table, schemas.COHORT) as control,
    ):
        for rows in tables.pieces(tables.iterate(paths.cohort_table, schemas.COHORT), 64):
            cleared = [row for row in rows if row["id"] in parts]
            control.append([row for row in cleared if parts[row["id"]] == CONTROL])
            trained.append([row for row in cleared if parts[row["id"]] != CONTROL])


def _summary(
    groups: Groups, parts: Mapping[str, str], patients: Mapping[str, str | None]
) -> dict[str, Any]:
    """`films` and `patients` of each part, the latter None unless stated for every film; `by`."""
    stated = groups.unit == "patient"
    return {
        "by": groups.unit,
        "films": _counts(parts.values()),
        "patients": _counts({groups.of[film]: part for film, part in parts.items()}.values())
        if stated
        else None,
        "patients_not_stated": sum(patient is None for patient in patients.values()),
    }


def _counts(parts: Iterable[str]) -> dict[str, int]:
    count = Counter(parts)
    return {part: count[part] for part in PARTS}


def _sentence(summary: Mapping[str, Any]) -> str:
    films, patients = summary["films"], summary["patients"]

    def quantity(part: str) -> str:
        of = f" of {patients[part]:,} patient(s)" if patients else ""
        return f"{films[part]:,} film(s){of}"

    kept = f"; {quantity('control')} for control, which no run sees" if films["control"] else ""
    return (
        f"split: {quantity('tuning')} in the tuning part, {quantity('held_out')} held out of"
        f" it{kept}"
    )


if __name__ == "__main__":
    execute(run)
