"""Pictures of the screening."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr_release.files import whole_file

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
    from matplotlib.figure import Figure

    generated, excluded = _by_checkpoint(counts)
    reasons = sorted(
        {reason for found in excluded.values() for reason in found},
        key=lambda reason: -sum(found.get(reason, 0) for found in excluded.values()),
    )
    checkpoints = sorted(generated)
    bars = max(1, len(reasons)) * (len(checkpoints) + 1)
    figure = Figure(figsize=(INCHES, 1.2 + ROW * bars), layout="constrained")
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
    axes.spines[["top", "right"]].set_visible(False)
    if reasons:
        axes.legend(frameon=False)
    else:
        axes.text(0.5, 0.5, "no film is excluded", ha="center", transform=axes.transAxes)
        axes.set_yticks([])
    with whole_file(path) as partial:
        figure.savefig(partial, format="png", dpi=144, metadata={"Software": None})


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
