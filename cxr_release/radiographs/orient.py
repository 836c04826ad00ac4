"""Mirror synthetic films that face right, as the paper does before reviewers see them.

What is found is measured, too: how often a detector of facings is wrong, and how often it does not
say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import job_of_row, origin_of
from cxr_release.films import png
from cxr_release.films.facts import Facing
from cxr_release.radiographs.facing import ERROR, OTHER, Detector, held_out, mixed
from cxr_release.radiographs.resample import Thumbnail, mirror, thumbnails

FILMS_AT_ONCE = 256
"""Films in memory at once."""
ROWS_PER_GROUP = 16
GROUP_PIXELS = 2**20
"""Of a row group at most: a page reads a whole group for one film, and large films stand alone."""
"""Reviewers see films in shuffled order, one row group read for each: small ones are soon read."""
UNKNOWN = "unknown"
OTHER_FILMS = "if they were sampled again, move the log away and state the facing again"
"""What to do about statements on films that are not those."""


@dataclass(frozen=True)
class FacingStatement:
    """What one reviewer says of the way one film faces."""

    where: str
    """Log and line."""
    sha256: str
    """Of the PNG that they saw: the film as it was sampled, or its mirror image."""
    facing: Facing | None
    """The way that this PNG faces; None: the reviewer cannot tell."""


Statements = Mapping[str, Sequence[FacingStatement]]
"""Film id → what reviewers say of it."""


def left_facing(path: Path) -> Thumbnail | None:
    """The films of a `schemas.COHORT` table whose facing is known; all of them face left there.

    Returns:
        Thumbnails (n, SIDE, SIDE), or None where no film of the cohort has a known facing.
    """
    films = (
        png.decode(row["image"]["bytes"], where=row["id"])
        for row in tables.iterate(path, schemas.COHORT)
        if row["facing"] is not None
    )
    parts = [thumbnails(chunk) for chunk in tables.pieces(films, FILMS_AT_ONCE)]
    return np.concatenate(parts) if parts else None


def orient(
    shards: Iterable[Path],
    output: Path,
    *,
    detector: Detector | None,
    statements: Statements | None = None,
) -> dict[str, int]:
    """Write the films of some shards of a job, those that face right mirrored.

    All others keep their bytes: those that face left, and those of which it is not known. A
    mirrored film is encoded anew, without loss. What reviewers say counts before what is found.

    Args:
        shards: `schemas.SAMPLES` tables, in order.
        output: the `schemas.ORIENTED` table.
        detector: see `facing.detector_of`; without one no facing is found.
        statements: what reviewers say. Where they differ, the facing is unknown.

    Returns:
        How many films faced `left`, `right` or `unknown` as they were sampled, and of how many
        reviewers say so (`said`).

    Raises:
        DecisionError: a reviewer saw neither a film of `shards` nor its mirror image.
    """
    counts = Counter({"left": 0, "right": 0, UNKNOWN: 0, "said": 0})
    faults: list[Fault] = []
    rest = (row for shard in shards for row in tables.iterate(shard, schemas.SAMPLES))
    first = list(islice(rest, 1))
    group = rows_per_group(first[0]) if first else ROWS_PER_GROUP
    rows = chain(first, rest)
    with tables.Writer(output, schemas.ORIENTED, rows_per_group=group) as writer:
        for chunk in tables.pieces(rows, FILMS_AT_ONCE):
            turned = list(_turned(chunk, detector, statements or {}, faults))
            counts.update("right" if row["flipped"] else row["facing"] for row in turned)
            counts["said"] += sum(row["facing_said"] for row in turned)
            writer.append(turned)
        if faults:
            raise DecisionError(
                f"{len(faults)} decision(s) on facing are not about the films that were sampled",
                where=str(output),
                remedy=OTHER_FILMS,
                faults=faults,
            )
    return dict(counts)


def rows_per_group(row: Mapping[str, Any]) -> int:
    """Rows of a row group of films like this one: few where they are large."""
    pixels: int = row["width"] * row["height"]
    return max(1, min(ROWS_PER_GROUP, GROUP_PIXELS // pixels))


def _turned(
    rows: list[dict[str, Any]],
    detector: Detector | None,
    statements: Statements,
    faults: list[Fault],
) -> Iterator[Mapping[str, Any]]:
    films = [png.decode(row["image"]["bytes"], where=row["id"]) for row in rows]
    facings = detector.facings(thumbnails(films)) if detector else [None] * len(rows)
    for row, film, detected in zip(rows, films, facings, strict=True):
        mirrored = mirror(film)
        data = png.encode(mirrored, synthetic=True, origin=origin_of(job_of_row(row)[0]))
        shown = {row["sha256"]: False, png.sha256(data): True}
        stated = statements.get(row["id"], ())
        strange = [statement for statement in stated if statement.sha256 not in shown]
        faults += [
            Fault(statement.where, f"saw a film that does not match the SHA-256 of {row['id']}")
            for statement in strange
        ]
        sides = {
            OTHER[statement.facing]
            if statement.facing and shown.get(statement.sha256)
            else statement.facing
            for statement in stated
        }
        facing = detected
        if sides:
            facing = sides.pop() if len(sides) == 1 else None
        changes: dict[str, Any] = {
            "facing": "left" if facing else UNKNOWN,
            "facing_said": bool(stated),
            "flipped": facing == "right",
            "mirrored_sha256": row["sha256"] if facing == "right" else png.sha256(data),
        }
        if facing == "right":
            changes |= {"image": png.cell(data, row["id"]), **png.facts(mirrored, data)}
        yield row | changes


CHECKED = 1000
"""Films mixed for each check."""
SEED = 1_000_000
"""Of those films: they are not the ones that the detector was made from."""
POOR = 0.75
"""Share of a poor film that faces left."""


def check_detector(detector: Detector | None, small: Thumbnail | None) -> dict[str, Any]:
    """Measure a detector on the films that it was made from, and on films mixed from them.

    Args:
        detector: see `facing.detector_of`.
        small: the films (n, SIDE, SIDE) that it was made from; all of them face left.

    Returns:
        `references` (how many these are), `error` (share of films facing neither way that may be
        given a facing) and, where there is a detector: `source` (these films, each
        judged by a detector made from others of them),
        `poor` (films that face left in three quarters of their area), each with the numbers of
        `films`, `wrong` and `unknown` ones; and `neither` (films that face both ways alike), with
        `films` and `unknown`.
    """
    report: dict[str, Any] = {"references": 0 if small is None else len(small), "error": ERROR}
    if detector is None or small is None:
        return report | {"source": None, "poor": None, "neither": None}
    poor = detector.facings(mixed(small, CHECKED, share=POOR, seed=SEED))
    neither = detector.facings(mixed(small, CHECKED, share=0.5, seed=SEED + 1))
    return report | {
        "source": _counts(held_out(small)),
        "poor": _counts(poor),
        "neither": {"films": len(neither), "unknown": neither.count(None)},
    }


def _counts(facings: Sequence[Facing | None]) -> dict[str, int]:
    """Of films that all face left."""
    return {
        "films": len(facings),
        "wrong": facings.count("right"),
        "unknown": facings.count(None),
    }
