"""Groups of ingested films by what is known of them: values, and ranges of numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.films.limits import AGE, OLDEST
from cxr_release.radiographs.split import Groups

Value = str | float
CURVATURE = "curvature"
RANGES = 4
"""Of numbers other than ages, at most."""


def facts_of_row(row: Mapping[str, Any]) -> dict[str, Value]:
    """What a row of the manifest says is known of its film."""
    return {
        fact["name"]: fact["number"] if fact["code"] is None else fact["code"]
        for fact in row.get("facts") or ()
    }


def values_of_manifest(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Value]]:
    """Name → film → value of what is known of ingested films, among it the age and the class of
    curvature that their source notes."""
    known: dict[str, dict[str, Value]] = defaultdict(dict)
    for row in rows:
        if row.get("id") is None:
            continue
        own: dict[str, Value] = {}
        if row.get("age") is not None:
            own[AGE] = min(float(row["age"]), float(OLDEST))
        if row.get("curvature") is not None:
            own[CURVATURE] = f"class {row['curvature']}"
        for name, value in {**own, **facts_of_row(row)}.items():
            known[name][row["id"]] = value
    return dict(known)


def ranges(
    numbers: Sequence[float], owners: Sequence[str | None], *, least: int, decades: bool
) -> list[str] | None:
    """The range of each number: decades, or about quarters, of at least `least` patients each.

    Args:
        numbers: of films.
        owners: whose the films are; None of films that do not count.
        least: patients of a range: neighbours are put together until they have as many.
        decades: whether to cut at tens.

    Returns:
        None where all together have too few patients.
    """
    values = np.asarray(numbers, np.float64)
    if len({*owners} - {None}) < least:
        return None
    if decades:
        bins = np.floor(values / 10) * 10
    else:
        cuts = np.unique(np.quantile(values, np.arange(1, RANGES) / RANGES, method="lower"))
        bins = np.searchsorted(cuts, values, side="left").astype(np.float64)
    parts: list[list[float]] = [[]]
    whose: set[str | None] = set()
    for each in np.unique(bins):
        if len(whose) >= least:
            parts.append([])
            whose = set()
        parts[-1].append(float(each))
        whose |= {owner for owner, at in zip(owners, bins, strict=True) if at == each} - {None}
    if len(whose) < least and len(parts) > 1:
        last = parts.pop()
        parts[-1] += last
    part_of = {each: place for place, part in enumerate(parts) for each in part}
    places = np.array([part_of[float(each)] for each in bins])
    names = [
        _named(values[places == place], parts[place], place, len(parts), decades=decades)
        for place in range(len(parts))
    ]
    return [names[place] for place in places]


def _named(
    values: NDArray[np.float64],
    bins: Sequence[float],
    place: int,
    count: int,
    *,
    decades: bool,
) -> str:
    if decades:
        low, high = f"{bins[0]:g}", f"{bins[-1] + 9:g}"
        if bins[-1] >= OLDEST:
            return f"{low} and above"
        return f"{low} to {high}"
    # Rounded: the ends are patients' own.
    low, high = f"{values.min():.3g}", f"{values.max():.3g}"
    if count == 1:
        return "all"
    if place == 0:
        return f"to about {high}"
    return f"above about {low}" if place == count - 1 else f"about {low} to {high}"


def labels_of(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    owners: Mapping[str, str | None],
    *,
    least: int,
    where: str,
) -> dict[str, str]:
    """Film → its class by one fact, of the films of which that is known. Numbers become ranges.

    Args:
        rows: of the manifest, of ingested films.
        name: of the fact.
        owners: of the films; see `ranges`.
        least: see `ranges`.
        where: the parameter that names the fact.

    Returns:
        Films in order of their classes: ranges by their numbers, then codes by spelling.

    Raises:
        SourceError: nothing of that name is known of any film.
    """
    known = values_of_manifest(rows)
    if name not in known:
        there = ", ".join(sorted(known)) or "nothing"
        raise SourceError(
            f"is {name!r}, which is not known of any film",
            where=where,
            remedy=f"known of these films: {there}",
        )
    values = known[name]
    codes = {film: value for film, value in values.items() if isinstance(value, str)}
    numbers = {film: float(value) for film, value in values.items() if film not in codes}
    labels: dict[str, str] = {}
    if numbers:
        numbered = sorted(numbers, key=lambda film: numbers[film])
        named = ranges(
            [numbers[film] for film in numbered],
            [owners[film] for film in numbered],
            least=least,
            decades=name.casefold() == AGE,
        )
        labels = dict(zip(numbered, named, strict=True)) if named else {}
    return labels | {film: codes[film] for film in sorted(codes, key=lambda film: codes[film])}


def strata_of(
    rows: Sequence[Mapping[str, Any]], name: str, groups: Groups, *, least: int
) -> dict[str, str]:
    """Group of films → its stratum by one fact; empty where that is not stated for any of them.

    Numbers become ranges. Where a group's films differ, the most frequent value holds, and of
    equally frequent ones the first in order of spelling.

    Args:
        rows: of the manifest, of ingested films.
        name: of the fact.
        groups: of the films.
        least: see `ranges`.

    Raises:
        SourceError: nothing of that name is known of any film.
    """
    labels = labels_of(rows, name, groups.of, least=least, where="split.stratify")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for film, label in labels.items():
        counts[groups.of[film]][label] += 1
    return {
        group: min(counts[group], key=lambda label: (-counts[group][label], label))
        if group in counts
        else ""
        for group in set(groups.of.values())
    }
