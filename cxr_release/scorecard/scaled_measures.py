"""Where a release stands in each measure, between a floor and what real films of others get.

Measures of all kinds can then stand on one axis: 0 is the floor, 1 as good as real films.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.scorecard.fidelity_rows import TWO_SAMPLE
from cxr_release.scorecard.names import RELEASE
from cxr_release.scorecard.utility.rows import HYBRID, REAL_ONLY

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """Where a release stands between the floor, 0, and what real films of others get, 1."""

    name: str
    place: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class _Scale:
    """Values → 0 at the floor, 1 at what real films of others get."""

    floor: float
    ideal: float
    change: Callable[[float], float]
    """Logarithm, or nothing."""

    def __call__(self, value: float) -> float:
        changed = self.change(max(value, 1e-12) if self.change is math.log else value)
        low, high = self.change(self.floor), self.change(self.ideal)
        return (changed - low) / (high - low)

    def ends(self, interval: Sequence[float] | None) -> tuple[float, float] | None:
        if interval is None:
            return None
        low, high = sorted(map(self, interval))
        return low, high


def measures_of(report: Report) -> Iterator[Measure]:
    """Each measure of fidelity and utility of the release that has a floor and an end.

    Args:
        report: see `measure.Scorecard.report`.
    """
    for row in report["fidelity"]:
        if row["of"] != RELEASE or row["ideal"] is None:
            continue
        lower, share = row["better"] == "lower", row["metric"] == TWO_SAMPLE
        floor = 1.0 if share else row["noise"]
        if floor is None or not (floor > row["ideal"] if lower else floor < row["ideal"]):
            continue  # noise that does as well as real films, or better, is no floor
        # The distance of noise from real films is many times that of any other film.
        distance = lower and not share and row["ideal"] > 0
        change = math.log if distance else float
        scale = _Scale(floor, row["ideal"], change)
        yield Measure(
            f"{row['metric']}, {row['features']}", scale(row["value"]), scale.ends(row["interval"])
        )
    for row in report["utility"]:
        if row["of"] != RELEASE or row["recovery"] is None:
            continue
        gain = row["recovery"] and abs(row["difference"] / row["recovery"])
        ends = None
        if row["interval"] is not None and row["baseline"] == REAL_ONLY and gain:
            ends = (row["interval"][0] / gain, row["interval"][1] / gain)
        kind = f"{row['ratio']}:1" if row["protocol"] == HYBRID else row["protocol"]
        yield Measure(f"{row['task']}, {kind}", row["recovery"], ends)
