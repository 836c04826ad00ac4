"""What goes out: the released films in their shards, the exclusions, and what earlier ones held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cxr_release import schemas, tables
from cxr_release.errors import Fault, ReleaseError
from cxr_release.film_id import Job
from cxr_release.films.labels import Classes, read_classes
from cxr_release.json_documents import read
from cxr_release.params.project import Params
from cxr_release.release.disclosure import shows_real_films
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.shards import LANDMARKS, Shard, plan_shards
from cxr_release.release.versions.proofs import LogStatements, require_no_contradiction
from cxr_release.release.versions.published import History, read_history
from cxr_release.rows import ById, Rows, read_rows

Row = Mapping[str, Any]
ON_A_SHEET = 24
"""Films of a contact sheet."""


@dataclass(frozen=True)
class Contents:
    """The contents of a release, as far as they follow from flat columns."""

    generated: Mapping[Job, Rows[dict[str, Any]]]
    """Sampling job → flat columns of its `schemas.ORIENTED`."""
    exclusions: Sequence[Row]
    """Rows of `schemas.TOMBSTONES`; with the name of the class as `label`."""
    shards: Mapping[str, Sequence[Shard]]
    """Source → the files of its films."""
    films: Mapping[str, Row]
    """Film id → flat columns of `schemas.RELEASE`; with the name of its class as `label`, where
    films were drawn as classes."""
    classes: Classes | None
    """None: films were not drawn as classes."""
    shown: Mapping[str, Sequence[str]]
    """Source → the films of its contact sheet, where any are released."""
    landmarks: Mapping[str, Row] | None
    """Film id → its `schemas.LANDMARK_COLUMNS`; None where landmarks are not released."""
    history: History
    tombstones: Sequence[Mapping[str, str]]
    """Films of earlier versions that this one lacks; see `History.tombstones`."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the classes that films were drawn as, in the order of their numbers."""
        return tuple(each["name"] for each in self.classes["classes"]) if self.classes else ()

    def numbered_exclusions(self) -> list[Row]:
        """Rows of `schemas.released_exclusions`: with the number of the class."""
        number = {name: place for place, name in enumerate(self.names)}
        return [
            {**row, "label": None if row["label"] is None else number[row["label"]]}
            for row in self.exclusions
        ]


def read_contents(
    inputs: ReleaseInputs,
    params: Params,
    reasons: Mapping[str, str],
    statements: LogStatements | None,
) -> Contents:
    """Read the contents of a release, and make sure that they may go out.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        reasons: code of each reason of exclusion → its meaning.
        statements: what the logs hold; None: nothing is held against the published versions.

    Raises:
        ReleaseError: an exclusion has an unknown reason, a film that is judged a copy would go
            out, real films are to be shown and their licence does not allow it, this version is
            published with other films, or a published version proves that a film is to stay out.
    """
    screened = read_rows([inputs.screening / "screened.parquet"], schemas.SCREENED)
    exclusions = tables.read_rows(inputs.screening / "exclusions.parquet", schemas.EXCLUSIONS)
    why = {row["id"]: row["reason"] for row in exclusions}
    unknown = sorted({*why.values()} - reasons.keys())
    if unknown:
        raise ReleaseError(f"unknown reason(s) of exclusion: {', '.join(unknown)}")
    shows_real_films(params)
    _require_kept_out(inputs, screened)
    generated = {
        job: read_rows(inputs.tables([job]), schemas.ORIENTED) for job in params.sample.jobs
    }
    history = read_history(inputs.published, params.release.version)
    released = screened.table.filter(screened.table["released"])["id"]
    placed = landmarks_of(inputs)
    landmarks = placed if params.landmarks.is_on else None
    classes = read_classes(inputs.split / "classes.json") if params.condition.is_on else None
    names = [each["name"] for each in classes["classes"]] if classes else []
    size = params.ingest.film_size
    shards = plan_shards(generated, size, released, history, classes=names, landmarks=landmarks)
    films = films_by_id([shard for group in shards.values() for shard in group])
    history.require_unchanged(
        films, [shard.content for group in shards.values() for shard in group]
    )
    if statements is not None:
        audited = {pair["synthetic_id"] for pair in _pairs(inputs)}
        # With the hashes of the mirror images, which the released rows have not.
        every = pa.concat_tables(rows.table for rows in generated.values())
        known: Rows[dict[str, Any]] = Rows(every, dict)
        out = ById(known.of_ids(films.rows.table["id"]))
        require_no_contradiction(
            inputs.published, params.release.version, out, statements, audited=audited
        )
    tombstones = history.tombstones(films, why)
    without = {stone["id"]: stone["first_version_without"] for stone in tombstones}
    label_of = {row["id"]: row["label"] for row in screened.of_ids(why)}
    marked = [
        {
            **row,
            "first_version_without": without.get(row["id"]),
            "label": label_of.get(row["id"]),
        }
        for row in exclusions
    ]
    shown = {
        source: spread([film for shard in group for film in shard.films.column("id")], ON_A_SHEET)
        for source, group in shards.items()
        if any(shard.films for shard in group)
    }
    return Contents(
        generated, marked, shards, films, classes, shown, landmarks, history, tombstones
    )


def landmarks_of(inputs: ReleaseInputs) -> dict[str, Row]:
    """Film id → its `schemas.LANDMARK_COLUMNS`.

    Raises:
        TableError: the table of landmarks is missing or breaks its schema.
    """
    rows = tables.iterate(inputs.landmarks / "landmarks.parquet", schemas.LANDMARKS)
    return {row["id"]: {name: row[name] for name in LANDMARKS} for row in rows}


def _pairs(inputs: ReleaseInputs) -> list[dict[str, Any]]:
    return tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)


def spread(ids: Sequence[str], wanted: int) -> list[str]:
    """At most `wanted` of `ids`, evenly over the list: nobody's eye chose them."""
    count = min(wanted, len(ids))
    return [ids[place * len(ids) // count] for place in range(count)]


def films_by_id(shards: Sequence[Shard]) -> ById[dict[str, Any]]:
    """The released films of some shards, one or more."""
    return ById(Rows(pa.concat_tables(shard.films.table for shard in shards), dict))


def _require_kept_out(inputs: ReleaseInputs, screened: Rows[dict[str, Any]]) -> None:
    """`validate` has seen to it; a copy that goes out cannot be called back, so look again."""
    path = inputs.adjudication / "copies.json"
    copies = read(path, dict[str, str])
    out = [row["id"] for row in screened.of_ids(copies) if row["released"]]
    if out:
        raise ReleaseError(
            f"{len(out)} film(s) that the audit keeps out would be released",
            where=str(path),
            remedy="run `dvc repro`",
            faults=[Fault(film, f"is judged {copies[film]}") for film in out],
        )
