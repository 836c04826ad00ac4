"""Films generated, excluded and released, per source and batch: the paper's Table S1.

What is counted of films and exclusions is counted here, for the screening, for the checks of a
release and for the status alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from cxr_release.film_id import (
    Job,
    job_fields,
    job_of_row,
    origin_of,
    source_order,
    source_title,
)
from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import tally
from cxr_release.plotting import new_figure, open_frame, save_figure
from cxr_release.rows import column, grouped
from cxr_release.screening.decision import Decision
from cxr_release.screening.films import Generated

Counts = dict[str, Any]
Row = Mapping[str, Any]

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
        `rows` (a row a source and batch, in the paper's order) and `total`.
    """
    films, out = by_job(screened), by_job(exclusions)
    rows = [
        {**job_fields(job), **totals(films[job], out.get(job, []))}
        for job in sorted(films, key=_paper_order)
    ]
    return {"rows": rows, "total": totals(screened, exclusions)}


def totals(films: Sequence[Row], exclusions: Sequence[Row]) -> dict[str, Any]:
    """`generated`, `excluded`, `released`, `undecided` films, and `by_reason`; see `count`."""
    return {
        "generated": len(films),
        "excluded": len(exclusions),
        "released": sum(column(films, "released")),
        "undecided": sum(not decided for decided in column(films, "decided")),
        "by_reason": by_reason(exclusions),
    }


def counts_of_class(
    label: str | None, screened: Sequence[Row], exclusions: Sequence[Row]
) -> dict[str, Any]:
    """Counts of the films that were drawn as one class.

    Args:
        label: name of the class; None: films that were not drawn as one.
        screened: rows of `schemas.SCREENED`.
        exclusions: rows of `schemas.EXCLUSIONS`, with the name of the class as `label`.

    Returns:
        As `totals`.
    """
    of_class = itemgetter("label")
    return totals(
        grouped(screened, of_class).get(label, []), grouped(exclusions, of_class).get(label, [])
    )


def by_reason(exclusions: Sequence[Row]) -> dict[str, int]:
    """Code of a reason → films that are excluded for it, sorted."""
    return dict(sorted(Counter(str(row["reason"]) for row in exclusions).items()))


def review_totals(screened: Sequence[Row], exclusions: Sequence[Row]) -> dict[str, Any]:
    """What the state of a review says of its films: decided, undecided, and by whom; see `count`.

    Returns:
        `decided`, `undecided`, `undecided_released` and `looked_at` films, `films_by_reviewers`
        (see `tally`), and the keys of `excluded_by_no_reviewer`.
    """
    undecided = sum(not decided for decided in column(screened, "decided"))
    fates = zip(column(screened, "released"), column(screened, "decided"), strict=True)
    return {
        "decided": len(screened) - undecided,
        "undecided": undecided,
        "undecided_released": sum(released and not decided for released, decided in fates),
        "films_by_reviewers": tally([*column(screened, "reviewers")]),
        "looked_at": sum(column(screened, "looked_at")),
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
    jobs = {film.id: film.job for film in films}
    counts: dict[Job, dict[str, int]] = {job: dict.fromkeys(logs, 0) for job in jobs.values()}
    for reviewer, log in logs.items():
        for film in effective_of(log):
            if film in jobs:
                counts[jobs[film]][reviewer] += 1
    return counts


def by_job(rows: Sequence[Row]) -> dict[Job, Sequence[Row]]:
    """Rows by their source and batch."""
    return grouped(rows, job_of_row)


def _paper_order(job: Job) -> tuple[int, str, tuple[bool, int, str]]:
    """Initial sampling first, then the large one, as in the paper's Table S1."""
    source, batch = job
    place = list(NAMES).index(batch) if batch in NAMES else len(NAMES)
    return place, batch, source_order(source)


def table_s1(counts: Counts) -> str:
    """Counts as a Markdown table in the shape of the paper's Table S1."""
    columns = ("generated", "excluded", "released", "undecided")
    lines = [
        f"| Generation | {' | '.join(map(str.capitalize, columns))} |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in counts["rows"]:
        name = title_of_row(row)
        name = name[:1].upper() + name[1:] if row["checkpoint"] else name
        lines.append(f"| {name} | {' | '.join(f'{row[column]:,}' for column in columns)} |")
    numbers = " | ".join(f"**{counts['total'][column]:,}**" for column in columns)
    return "\n".join([*lines, f"| **Total** | {numbers} |"]) + "\n"


def title_of_row(row: Row, form: str = "{} ({})") -> str:
    """What a row is called: the paper's words for batches are for what was sampled here alone."""
    source, batch = job_of_row(row)
    return form.format(
        source_title(source), batch if origin_of(source) == "elsewhere" else NAMES.get(batch, batch)
    )


INCHES = 7.2
ROW = 0.24
"""Inches a bar takes."""


def draw_reasons(path: Path, counts: Mapping[str, Any]) -> None:
    """Bars: the share of each source's films that was excluded, by reason, as PNG.

    Shares, because sources differ in how many films they gave. Whole or not at all; the same
    counts give the same bytes.

    Args:
        path: the PNG.
        counts: as `count` returns them.
    """
    generated: Counter[str] = Counter()
    excluded: dict[str, Counter[str]] = defaultdict(Counter)
    for row in counts["rows"]:
        source, _ = job_of_row(row)
        generated[source] += row["generated"]
        excluded[source].update(row["by_reason"])
    sources = sorted(generated, key=source_order)
    everywhere = sum(excluded.values(), Counter())
    reasons = sorted(sorted(everywhere), key=lambda reason: -everywhere[reason])
    bars = max(1, len(reasons)) * (len(sources) + 1)
    figure = new_figure(INCHES, 1.2 + ROW * bars)
    axes = figure.subplots()
    thickness = 1 / (len(sources) + 1)
    for place, source in enumerate(sources):
        films = [excluded[source][reason] for reason in reasons]
        shares = [100 * number / generated[source] for number in films]
        heights = [row + place * thickness for row in range(len(reasons))]
        tone = str(0.25 + 0.5 * place / max(1, len(sources) - 1))
        drawn = axes.barh(heights, shares, thickness, color=tone, label=source_title(source))
        axes.bar_label(drawn, [f"{number:,}" for number in films], padding=2, fontsize=7)
    middle = (len(sources) - 1) * thickness / 2
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
