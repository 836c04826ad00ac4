"""Turn synthetic films to face left, as the paper does before anybody looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.radiographs import png
from cxr_release.radiographs.facing import facing_of, reference_of
from cxr_release.radiographs.thumbnail import Direction, thumbnails

TOGETHER = 256
"""Films in memory at once."""
ROWS_PER_GROUP = 16
"""Reviewers see films in shuffled order, one row group read for each: small ones are soon read."""


def reference_of_cohort(path: Path) -> Direction | None:
    """What the left-facing films of a `schemas.COHORT` table have in common.

    Returns:
        (d,), or None where nobody said which way any film of the cohort faces.
    """
    films = (
        png.decode(row["image"]["bytes"], where=row["id"])
        for row in tables.iterate(path, schemas.COHORT)
        if row["facing"] is not None
    )
    parts = [thumbnails(some) for some in tables.pieces(films, TOGETHER)]
    return reference_of(np.concatenate(parts)) if parts else None


def orient(shards: Iterable[Path], output: Path, *, reference: Direction | None) -> dict[str, int]:
    """Write the films of a sampling job, every right-facing one mirrored.

    A film that faces left keeps its bytes; a mirrored one is encoded anew, without loss. Without
    a reference no film is mirrored and every facing stays unknown.

    Args:
        shards: `schemas.SAMPLES` tables, in order.
        output: the `schemas.ORIENTED` table.
        reference: see `reference_of_cohort`.

    Returns:
        How many films faced `left`, `right` or `unknown`.
    """
    facings: Counter[str] = Counter({"left": 0, "right": 0, "unknown": 0})
    rows = (row for shard in shards for row in tables.iterate(shard, schemas.SAMPLES))
    with tables.Writer(output, schemas.ORIENTED, rows_per_group=ROWS_PER_GROUP) as writer:
        for some in tables.pieces(rows, TOGETHER):
            turned = list(_turned(some, reference))
            facings.update(row["facing"] or "unknown" for row in turned)
            writer.append(turned)
    return dict(facings)


def _turned(rows: list[dict[str, Any]], reference: Direction | None) -> Iterator[Mapping[str, Any]]:
    if reference is None:
        yield from (row | {"facing": None, "flipped": False} for row in rows)
        return
    films = [png.decode(row["image"]["bytes"], where=row["id"]) for row in rows]
    for row, film, facing in zip(rows, films, facing_of(thumbnails(films), reference), strict=True):
        changes: dict[str, Any] = {"facing": facing, "flipped": facing == "right"}
        if facing == "right":
            mirrored = np.ascontiguousarray(film[:, ::-1])
            data = png.encode(mirrored, synthetic=True)
            changes |= {"image": png.cell(data, row["id"]), **png.facts(mirrored, data)}
        yield row | changes
