"""The ratio of a group's coverage to the ideal's, with its interval and its test.

A ratio is that of two sums over the group's films (`balls.Space.rates`). Its scatter over halves of
the patients and of the synthetic films is its standard error; so is that of its difference to the
ratio of all other films, of which both move together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.balls import Space, halves
from cxr_release.scorecard.groups import Group
from cxr_release.scorecard.sets import Places
from cxr_release.statistics.bootstrap import LEVEL
from cxr_release.statistics.multiple import holm

HALVES = 200
"""Draws behind each interval."""
DRAWN = 4
"""One synthetic film for so many real ones covers the real films at a time, at most: more would
cover nearly all films of any group, and hide that there are few of its kind."""
_SEED = 1805
_NORMAL = NormalDist().inv_cdf((1 + LEVEL) / 2)

Sums = NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """What a group comes to in one kind of features."""

    value: float
    """Share of the group's films that have a synthetic neighbour."""
    ideal: float
    """Share that have one of as many real films of other patients."""
    ratio: float
    """Of the two."""
    interval: list[float] | None
    """Of the ratio; None where it was not asked for."""
    rest: float | None
    """Ratio of all films that are not in the group."""
    p: float | None
    """Of the two ratios being equal."""
    p_holm: float | None = None


def ratios_of(
    space: Space, films: Places, pool: Places, groups: Sequence[Group], *, count: int = HALVES
) -> dict[int, Ratio]:
    """Place in `groups` → ratio, of groups with enough films; p values are not yet corrected.

    Args:
        space: features.
        films: real films that take part.
        pool: covering films that take part.
        groups: of real films; the first is everybody.
        count: halves behind intervals; 0: none are taken.
    """
    enough = [place for place, group in enumerate(groups) if not group.too_few]
    inside = np.zeros((len(space.owners), len(enough)))
    for column, place in enumerate(enough):
        inside[groups[place].films, column] = 1
    drawn = drawn_of(films, pool)
    hits, ideals, counts = _sums(space, films, pool, drawn, inside)
    parts = [
        _quotients(*_sums(space, *half, max(1, drawn // 2), inside))
        for half in halves(films, space.owners, pool, count=count, seed=_SEED)
    ]
    ratio, rest = _quotients(hits, ideals, counts)
    found = {}
    for column, place in enumerate(enough):
        if counts[column]:
            scattered = np.array([[each[column] for each in part] for part in parts])
            found[place] = _ratio(
                float(hits[column] / counts[column]),
                float(ideals[column] / counts[column]),
                (float(ratio[column]), float(rest[column])),
                scattered.reshape(-1, 2),
            )
    return found


def drawn_of(films: Places, pool: Places) -> int:
    """Covering films that are drawn at a time, for so many real ones and out of so many."""
    return max(1, min(len(pool), len(films) // DRAWN))


def _sums(
    space: Space, films: Places, pool: Places, drawn: int, inside: Sums
) -> tuple[Sums, Sums, Sums]:
    """(groups,) films of each that are covered, and that the ideal covers, on average; and all."""
    rates, ideals = space.rates(films, pool, drawn)
    of_groups = inside[films]
    return rates @ of_groups, ideals @ of_groups, of_groups.sum(axis=0)


def _quotients(hits: Sums, ideals: Sums, counts: Sums) -> tuple[Sums, Sums]:
    """(groups,) ratios of each group and of all others; nan where there are no films."""
    others = np.where(counts < counts[0], ideals[0] - ideals, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return hits / np.where(counts > 0, ideals, np.nan), (hits[0] - hits) / others


def _ratio(value: float, ideal: float, ratios: tuple[float, float], scattered: Sums) -> Ratio:
    """What a group comes to, from its ratio and that of all others, and those of (halves, 2)."""
    ratio, rest = ratios
    alone = not np.isfinite(rest)
    known = scattered[np.isfinite(scattered[:, :1] if alone else scattered).all(axis=1)]
    interval = p = None
    if len(known) > 1:
        reach = _NORMAL * float(known[:, 0].std(ddof=1))
        interval = [max(0.0, ratio - reach), ratio + reach]
        error = 0.0 if alone else float((known[:, 0] - known[:, 1]).std(ddof=1))
        p = _two_sided((ratio - rest) / error) if error > 0 else None
    return Ratio(value, ideal, ratio, interval, None if alone else rest, p)


def _two_sided(statistic: float) -> float:
    return 2 * NormalDist().cdf(-abs(statistic))


def corrected(ratios: Mapping[str, Mapping[int, Ratio]]) -> dict[str, dict[int, Ratio]]:
    """With p values adjusted over the groups, of each kind of features by itself."""
    result: dict[str, dict[int, Ratio]] = {}
    for name, of_groups in ratios.items():
        adjusted = holm([ratio.p for ratio in of_groups.values()])
        result[name] = {
            place: replace(ratio, p_holm=p)
            for (place, ratio), p in zip(of_groups.items(), adjusted, strict=True)
        }
    return result


def score_of(spaces: Iterable[Mapping[int, Ratio]]) -> float | None:
    """100 × the lowest ratio of a group, taking the larger of the kinds of features."""
    by_group: dict[int, list[float]] = {}
    for of_groups in spaces:
        for place, ratio in of_groups.items():
            by_group.setdefault(place, []).append(ratio.ratio)
    if not by_group:
        return None
    lowest = min(max(ratios) for ratios in by_group.values())
    return round(100 * min(1.0, lowest), 1)
