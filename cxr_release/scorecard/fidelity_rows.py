"""The rows of `fidelity` and what follows from them alone: the score, and words for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.fidelity.distance_types import FEATURES
from cxr_release.films.folder import printable
from cxr_release.scorecard.names import BLURRED, COPIES, IDEAL, NOISE, RELEASE, title

Row = Mapping[str, Any]
FRECHET, COVERAGE, DENSITY, PRECISION = "Fréchet distance", "coverage", "density", "precision"
TWO_SAMPLE, MS_SSIM = "classifier two-sample AUC", "MS-SSIM"
PICTURES = "small pictures"
"""What MS-SSIM is taken of."""
LOWER = (FRECHET, TWO_SAMPLE, MS_SSIM)
"""Measures that are better where they are lower. Of MS-SSIM that holds among sets of films: two of
them are less alike. Noise is the lowest of all."""

ANCHORS = (IDEAL, COPIES, BLURRED, NOISE)
"""What is measured beside synthetic films."""
SCORED = (FRECHET, COVERAGE, TWO_SAMPLE)
"""Measures whose mean is the score."""


@dataclass(frozen=True)
class Component:
    """One of the measures that a score is the mean of."""

    metric: str
    value: float
    ideal: float
    share: float
    """0 at the floor, 1 at the ideal; below and above are possible."""


def score_of(rows: Sequence[Row], name: str) -> float | None:
    """0 … 100 of the release, a checkpoint or an anchor; None where it was not measured.

    Args:
        rows: see `Fidelity.report`.
        name: of a row, or `ideal` or `copies`.
    """
    components = components_of(rows, name)
    if len(components) < len(SCORED):
        return None
    shares = [min(1.0, max(0.0, component.share)) for component in components]
    return round(100 * sum(shares) / len(shares), 1)


def components_of(rows: Sequence[Row], name: str) -> list[Component]:
    """The measures that make a score, of those that could be taken; see `score_of`."""
    of = RELEASE if name in ANCHORS else name
    components = []
    for row in rows:
        if row["features"] != FEATURES or row["of"] != of or row["metric"] not in SCORED:
            continue
        value, ideal = row[name] if name in ANCHORS else row["value"], row[IDEAL]
        share = _share(row["metric"], value, ideal, row[NOISE])
        if share is not None:
            components.append(Component(row["metric"], value, ideal, share))
    return components


def _share(
    metric: str, value: float | None, ideal: float | None, noise: float | None
) -> float | None:
    if value is None or ideal is None:
        return None
    if metric == TWO_SAMPLE:
        return 2 * (1 - value)
    if metric == COVERAGE:
        return value / ideal if ideal else None
    return _on_scale(value, noise, ideal) if noise is not None and noise > ideal else None


def _on_scale(value: float, farthest: float, nearest: float) -> float:
    """0 at the farthest and 1 at the nearest, by logarithms."""
    least = 1e-12 * farthest
    value, nearest = max(value, least), max(nearest, least)
    return math.log(farthest / value) / math.log(farthest / nearest)


def lines(report: Sequence[Row]) -> Iterator[str]:
    """The rows in words, for a terminal; a line for each measure.

    Args:
        report: see `Fidelity.report`.
    """
    if not report:
        yield "fidelity: not measured, for there are too few films"
        return
    first = report[0]
    yield (
        f"fidelity: {first['films']:,} films of each against {first['reference']:,}"
        f" {first['reference_of']} films"
    )
    measures: dict[tuple[str, str], list[Row]] = {}
    for row in report:
        measures.setdefault((row["metric"], row["features"]), []).append(row)
    for (metric, features), rows in measures.items():
        numbers = [f"{printable(title(row['of']))} {_number(row)}" for row in rows]
        numbers += [f"{name} {rows[0][name]:.3f}" for name in ANCHORS if rows[0][name] is not None]
        better = rows[0]["better"]
        yield f"  {metric} ({features}; {better} is better): {', '.join(numbers)}"


def _number(row: Row) -> str:
    if row["interval"] is None:
        return f"{row['value']:.3f}"
    low, high = row["interval"]
    return f"{row['value']:.3f} [{low:.3f}, {high:.3f}]"
