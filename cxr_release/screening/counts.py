"""Films generated, excluded and released, per checkpoint and batch: the paper's Table S1."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cxr_release.logbook.line import standing_of
from cxr_release.screening.decision import Decision
from cxr_release.screening.films import Generated

Counts = dict[str, Any]
Row = Mapping[str, Any]
Set = tuple[int, str]
"""A checkpoint and a batch."""

NAMES = {"initial": "initial sampling", "large": "large generation"}
"""The paper's words for the batches, in its order."""


def count(screened: Sequence[Row], exclusions: Sequence[Row]) -> Counts:
    """Count films.

    Args:
        screened: rows of `schemas.SCREENED`.
        exclusions: rows of `schemas.EXCLUSIONS`.

    Returns:
        `rows` (a row a checkpoint and batch, in the paper's order) and `total`.
    """
    films, out = by_set(screened), by_set(exclusions)
    rows = [
        {"checkpoint": checkpoint, "batch": batch, **_count(films[one], out.get(one, []))}
        for one in sorted(films, key=paper_order)
        for checkpoint, batch in [one]
    ]
    return {"rows": rows, "total": _count(screened, exclusions)}


def decided_by(
    films: Iterable[Generated], logs: Mapping[str, Sequence[Decision]]
) -> dict[Set, dict[str, int]]:
    """How many films of each set every reviewer has decided on: set → reviewer → films."""
    sets = {film.id: (film.checkpoint, film.batch) for film in films}
    found: dict[Set, dict[str, int]] = {one: dict.fromkeys(logs, 0) for one in set(sets.values())}
    for reviewer, log in logs.items():
        for film in standing_of(log):
            if film in sets:
                found[sets[film]][reviewer] += 1
    return found


def by_set(rows: Sequence[Row]) -> dict[Set, list[Row]]:
    """Rows by their checkpoint and batch."""
    sets: dict[Set, list[Row]] = defaultdict(list)
    for row in rows:
        sets[row["checkpoint"], row["batch"]].append(row)
    return dict(sets)


def paper_order(one: Set) -> tuple[int, str, int]:
    """Initial sampling first, then the large one, as in the paper's Table S1."""
    checkpoint, batch = one
    place = list(NAMES).index(batch) if batch in NAMES else len(NAMES)
    return place, batch, checkpoint


def _count(films: Sequence[Row], exclusions: Sequence[Row]) -> dict[str, Any]:
    reasons = Counter(str(one["reason"]) for one in exclusions)
    return {
        "generated": len(films),
        "excluded": len(exclusions),
        "released": sum(film["released"] for film in films),
        "undecided": sum(not film["decided"] for film in films),
        "by_reason": dict(sorted(reasons.items())),
    }


def table_s1(counts: Counts) -> str:
    """Counts as a Markdown table in the shape of the paper's Table S1."""
    lines = [
        "| Generation | Generated | Excluded | Released | Undecided |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in counts["rows"]:
        batch = NAMES.get(row["batch"], row["batch"])
        lines.append(
            f"| Checkpoint {row['checkpoint']} ({batch}) | {row['generated']:,}"
            f" | {row['excluded']:,} | {row['released']:,} | {row['undecided']:,} |"
        )
    total = counts["total"]
    lines.append(
        f"| **Total** | **{total['generated']:,}** | **{total['excluded']:,}**"
        f" | **{total['released']:,}** | **{total['undecided']:,}** |"
    )
    return "\n".join(lines) + "\n"
