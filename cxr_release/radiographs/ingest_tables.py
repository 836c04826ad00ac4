"""The two tables of an ingest: the cohort, and the manifest that accounts for every file.

What an ingest did, in numbers: `summary.json`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.films.facts import Facing
from cxr_release.films.patients import counted
from cxr_release.radiographs.ingest_passes import Finished, Taken
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


def summarise(
    taken: Sequence[Taken],
    *,
    refused: int,
    inverted: Sequence[bool],
    facings: Sequence[Facing | None],
    flipped: Sequence[bool],
    unaided: Sequence[Facing | None],
    listed: Collection[int],
    key: str | None,
) -> dict[str, Any]:
    """Counts over the films of an ingest; for phantoms the share that was found as it was drawn.

    Args:
        taken: the films.
        refused: how many files were refused.
        inverted: whether each film was found negative.
        facings: the facing of each film; of those listed as facing left, as listed.
        flipped: whether each film was mirrored.
        unaided: the facing that is found of each film without its being listed.
        listed: indices of films that were listed as facing left.
        key: fingerprint of the key behind the films' ids; phantoms have none.
    """
    facts = [one.facts for one in taken]
    truth: list[Facing | None] = [
        one.true_facing or ("left" if at in listed else None) for at, one in enumerate(facts)
    ]
    return {
        "film_key": key,
        "files": len(taken) + refused,
        "ingested": len(taken),
        "refused": refused,
        **counted([one.patient for one in facts]),
        "cases": len({one.case for one in facts if one.case}) or None,
        "inverted": sum(inverted),
        "flipped": sum(flipped),
        "facings": _counts(facing or "unknown" for facing in facings),
        "source_bits": _counts(one.bits for one in facts),
        "source_modes": _counts(one.mode for one in facts),
        "source_width": _spread([one.width for one in facts]),
        "source_height": _spread([one.height for one in facts]),
        "polarity_accuracy": _share(
            zip(inverted, (one.true_negative for one in facts), strict=True)
        ),
        "facing_check": _check(unaided, truth),
    }


def _check(found: Sequence[Facing | None], truth: Sequence[Facing | None]) -> dict[str, int]:
    """Films whose facing is known from elsewhere, and how many are found otherwise, or not."""
    pairs = [(one, true) for one, true in zip(found, truth, strict=True) if true]
    return {
        "known": len(pairs),
        "wrong": sum(one is not None and one != true for one, true in pairs),
        "unknown": sum(one is None for one, _ in pairs),
    }


def _counts(values: Iterable[object]) -> dict[str, int]:
    return dict(Counter(str(value) for value in values))


def _spread(values: list[int]) -> dict[str, float]:
    return {"least": min(values), "median": float(np.median(values)), "most": max(values)}


def _share(pairs: Iterable[tuple[object, object]]) -> float | None:
    """Share of pairs (found, true) that agree, where both are known."""
    agree = [found == true for found, true in pairs if found is not None and true is not None]
    return sum(agree) / len(agree) if agree else None
