"""Films generated, excluded and released, per checkpoint and batch: the paper's Table S1.

What is counted of films and exclusions is counted here, for the screening, for the checks of a
release and for the status alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import tally
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.screening.decision import Decision
from cxr_release.screening.films import Generated

Counts = dict[str, Any]
Row = Mapping[str, Any]
Job = tuple[int, str]
"""A checkpoint and a batch."""

NAMES = {"initial": "initial sampling", "large": "large generation"}
"""The paper's words for the batches, in its order."""
ALONE = {"audited": "audit", "withdrawn": "withdrawn", "prescreened": "prescreen"}
"""Key of a review → column of what kept a film out that no reviewer excluded; the first counts."""


def count(screened: Sequence[Row], exclusions: Sequence[Row]) -> Counts:
    """Count films.

    Args:
        screened: rows of `schemas.SCREENED`.
        exclusions: rows of `schemas.EXCLUSIONS`.

    Returns:
        `rows` (a row a checkpoint and batch, in the paper's order) and `total`.
    """
    films, out = by_job(screened), by_job(exclusions)
    rows = [
        {"checkpoint": job[0], "batch": job[1], **totals(films[job], out.get(job, []))}
        for job in sorted(films, key=_paper_order)
    ]
    return {"rows": rows, "total": totals(screened, exclusions)}


def totals(films: Sequence[Row], exclusions: Sequence[Row]) -> dict[str, Any]:
    """`generated`, `excluded`, `released`, `undecided` films, and `by_reason`; see `count`."""
    return {
        "generated": len(films),
        "excluded": len(exclusions),
        "released": sum(film["released"] for film in films),
        "undecided": sum(not film["decided"] for film in films),
        "by_reason": by_reason(exclusions),
    }


def by_reason(exclusions: Sequence[Row]) -> dict[str, int]:
    """Code of a reason → films that are excluded for it, sorted."""
    return dict(sorted(Counter(str(row["reason"]) for row in exclusions).items()))


def review_totals(screened: Sequence[Row], exclusions: Sequence[Row]) -> dict[str, Any]:
    """What the state of a review says of its films: decided, undecided, and by whom; see `count`.

    Returns:
        `decided`, `undecided`, `undecided_released` and `looked_at` films, `films_by_reviewers`
        (see `tally`), and the keys of `excluded_by_no_reviewer`.
    """
    undecided = [film for film in screened if not film["decided"]]
    return {
        "decided": len(screened) - len(undecided),
        "undecided": len(undecided),
        "undecided_released": sum(film["released"] for film in undecided),
        "films_by_reviewers": tally([film["reviewers"] for film in screened]),
        "looked_at": sum(film["looked_at"] for film in screened),
        **excluded_by_no_reviewer(exclusions),
    }


def excluded_by_no_reviewer(exclusions: Sequence[Row]) -> dict[str, int]:
    """Films that no reviewer excluded, by what alone keeps them out: the first of `ALONE`."""
    alone = [row for row in exclusions if not row["reviewers"]]
    first = Counter(next((key for key, by in ALONE.items() if row[by]), "") for row in alone)
    return {key: first[key] for key in ALONE}


def decided_by(
    films: Iterable[Generated], logs: Mapping[str, Sequence[Decision]]
) -> dict[Job, dict[str, int]]:
    """How many films of each job every reviewer has decided on: job → reviewer → films."""
    jobs = {film.id: (film.checkpoint, film.batch) for film in films}
    counts: dict[Job, dict[str, int]] = {job: dict.fromkeys(logs, 0) for job in jobs.values()}
    for reviewer, log in logs.items():
        for film in effective_of(log):
            if film in jobs:
                counts[jobs[film]][reviewer] += 1
    return counts


def by_job(rows: Sequence[Row]) -> dict[Job, list[Row]]:
    """Rows by their checkpoint and batch."""
    jobs: dict[Job, list[Row]] = defaultdict(list)
    for row in rows:
        jobs[row["checkpoint"], row["batch"]].append(row)
    return dict(jobs)


def _paper_order(job: Job) -> tuple[int, str, int]:
    """Initial sampling first, then the large one, as in the paper's Table S1."""
    checkpoint, batch = job
    place = list(NAMES).index(batch) if batch in NAMES else len(NAMES)
    return place, batch, checkpoint


def table_s1(counts: Counts) -> str:
    """Counts as a Markdown table in the shape of the paper's Table S1."""
    columns = ("generated", "excluded", "released", "undecided")
    lines = [
        f"| Generation | {' | '.join(map(str.capitalize, columns))} |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in counts["rows"]:
        name = f"Checkpoint {row['checkpoint']} ({NAMES.get(row['batch'], row['batch'])})"
        lines.append(f"| {name} | {' | '.join(f'{row[column]:,}' for column in columns)} |")
    numbers = " | ".join(f"**{counts['total'][column]:,}**" for column in columns)
    return "\n".join([*lines, f"| **Total** | {numbers} |"]) + "\n"


INCHES = 7.2
ROW = 0.24
"""Inches a bar takes."""


def draw_reasons(path: Path, counts: Mapping[str, Any]) -> None:
    """Bars: the share of each checkpoint's films that was excluded, by reason, as PNG.

    Shares, because checkpoints differ in how many films they gave. Whole or not at all; the same
    counts give the same bytes.

    Args:
        path: the PNG.
        counts: as `count` returns them.
    """
    generated: Counter[int] = Counter()
    excluded: dict[int, Counter[str]] = defaultdict(Counter)
    for row in counts["rows"]:
        generated[row["checkpoint"]] += row["generated"]
        excluded[row["checkpoint"]].update(row["by_reason"])
    checkpoints = sorted(generated)
    everywhere = sum(excluded.values(), Counter())
    reasons = sorted(sorted(everywhere), key=lambda reason: -everywhere[reason])
    bars = max(1, len(reasons)) * (len(checkpoints) + 1)
    figure = new_figure(INCHES, 1.2 + ROW * bars)
    axes = figure.subplots()
    thickness = 1 / (len(checkpoints) + 1)
    for place, checkpoint in enumerate(checkpoints):
        films = [excluded[checkpoint][reason] for reason in reasons]
        shares = [100 * number / generated[checkpoint] for number in films]
        heights = [row + place * thickness for row in range(len(reasons))]
        tone = str(0.25 + 0.5 * place / max(1, len(checkpoints) - 1))
        drawn = axes.barh(heights, shares, thickness, color=tone, label=f"checkpoint {checkpoint}")
        axes.bar_label(drawn, [f"{number:,}" for number in films], padding=2, fontsize=7)
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
