"""The two tables of an ingest: the cohort, and the manifest that accounts for every file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release.radiographs.facing import Facing
from cxr_release.radiographs.passes import Finished, Taken
from cxr_release.schemas import COHORT, MANIFEST
from cxr_release.tables import ROWS_PER_GROUP, Writer, pieces

COHORT_FILE, MANIFEST_FILE = "cohort.parquet", "manifest.parquet"
GROUP_BYTES = 2**26
"""Pixels of a row group of the cohort, at most: bounds memory for large films."""


@dataclass(frozen=True)
class Turned:
    """A film of which polarity and facing are found."""

    taken: Taken
    inverted: bool
    facing: Facing | None

    @property
    def flipped(self) -> bool:
        """Whether it is mirrored, so that it faces left."""
        return self.facing == "right"


def write_tables(
    output: Path,
    turned: Sequence[Turned],
    finished: Iterator[Finished],
    refusals: Mapping[str, str],
    *,
    size: int,
) -> None:
    """Write both tables into `output`.

    Args:
        output: folder.
        turned: the films, in order.
        finished: their pixels, in the same order.
        refusals: name of every refused file and why.
        size: pixels on each side of a film.
    """
    rows_a_group = max(1, min(ROWS_PER_GROUP, GROUP_BYTES // size**2))
    cohort_rows = (_cohort_row(one, film) for one, film in zip(turned, finished, strict=True))
    rows = [_manifest_row(one) for one in turned]
    rows += [_refused_row(name, why) for name, why in refusals.items()]
    rows.sort(key=lambda row: str(row["source_file"]))
    # Both tables take their place when all rows of both are written.
    with (
        Writer(output / MANIFEST_FILE, MANIFEST) as manifest,
        Writer(output / COHORT_FILE, COHORT) as cohort,
    ):
        for piece in pieces(cohort_rows, rows_a_group):
            cohort.append(piece)
        for piece in pieces(rows, ROWS_PER_GROUP):
            manifest.append(piece)


def _cohort_row(one: Turned, film: Finished) -> dict[str, Any]:
    return {
        "image": film.image,
        "id": one.taken.facts.id,
        "patient": one.taken.facts.patient,
        **film.facts,
        "inverted": one.inverted,
        "facing": one.facing,
        "flipped": one.flipped,
    }


def _manifest_row(one: Turned) -> dict[str, Any]:
    facts = one.taken.facts
    points = facts.keypoints and [
        {"name": name, "x": x, "y": y} for name, (x, y) in facts.keypoints.items()
    ]
    return {
        "source_file": facts.source_file,
        "status": "ingested",
        "fault": None,
        "id": facts.id,
        "patient": facts.patient,
        "stated_patient": facts.stated_patient,
        "case": facts.case,
        "source_sha256": facts.sha256,
        "source_width": facts.width,
        "source_height": facts.height,
        "source_bits": facts.bits,
        "source_mode": facts.mode,
        "inverted": one.inverted,
        "facing": one.facing,
        "flipped": one.flipped,
        "age": facts.age,
        "curvature": facts.curvature,
        "keypoints": points,
        "left_out": "; ".join(facts.left_out) or None,
        "true_facing": facts.true_facing,
        "true_negative": facts.true_negative,
    }


def _refused_row(name: str, why: str) -> dict[str, Any]:
    row: dict[str, Any] = {column.name: None for column in MANIFEST.columns}
    return row | {"source_file": name, "status": "refused", "fault": why}
