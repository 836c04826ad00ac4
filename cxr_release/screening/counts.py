"""Films generated, excluded and released, per checkpoint and batch: the paper's Table S1.

Pictures of the screening.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.logbook.entry import standing_of
from cxr_release.plotting import new_figure, open_frame, save_figure
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


INCHES = 7.2
ROW = 0.24
"""Inches a bar takes."""


def draw_reasons(path: Path, counts: Mapping[str, Any]) -> None:
    """Bars: the share of each checkpoint's films that was excluded, by reason, as PNG.

    Shares, because checkpoints differ in how many films they gave. Whole or not at all; the same
    counts give the same bytes.

    Args:
        path: the PNG.
        counts: as `screening.counts.count` returns them.
    """
    generated, excluded = _by_checkpoint(counts)
    reasons = sorted(
        {reason for found in excluded.values() for reason in found},
        key=lambda reason: -sum(found.get(reason, 0) for found in excluded.values()),
    )
    checkpoints = sorted(generated)
    bars = max(1, len(reasons)) * (len(checkpoints) + 1)
    figure = new_figure(INCHES, 1.2 + ROW * bars)
    axes = figure.subplots()
    thickness = 1 / (len(checkpoints) + 1)
    for place, checkpoint in enumerate(checkpoints):
        shares = [
            100 * excluded[checkpoint].get(reason, 0) / generated[checkpoint] for reason in reasons
        ]
        heights = [row + place * thickness for row in range(len(reasons))]
        tone = str(0.25 + 0.5 * place / max(1, len(checkpoints) - 1))
        drawn = axes.barh(heights, shares, thickness, color=tone, label=f"checkpoint {checkpoint}")
        numbers = [f"{excluded[checkpoint].get(reason, 0):,}" for reason in reasons]
        axes.bar_label(drawn, numbers, padding=2, fontsize=7)
    middle = (len(checkpoints) - 1) * thickness / 2
    axes.set_yticks([row + middle for row in range(len(reasons))], reasons)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.margins(x=0.12)
    axes.set_xlabel("films excluded, % of those generated (number beside the bar)")
    open_frame(axes)
    if reasons:
        axes.legend(frameon=False)
    else:
        axes.text(0.5, 0.5, "no film is excluded", ha="center", transform=axes.transAxes)
        axes.set_yticks([])
    save_figure(figure, path)


def _by_checkpoint(
    counts: Mapping[str, Any],
) -> tuple[dict[int, int], dict[int, dict[str, int]]]:
    """Films generated, and excluded by reason, of each checkpoint over its batches."""
    generated: dict[int, int] = {}
    excluded: dict[int, dict[str, int]] = {}
    for row in counts["rows"]:
        number = row["checkpoint"]
        generated[number] = generated.get(number, 0) + row["generated"]
        found = excluded.setdefault(number, {})
        for reason, films in row["by_reason"].items():
            found[reason] = found.get(reason, 0) + films
    return generated, excluded
