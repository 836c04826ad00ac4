"""One rating of one film, with the line that it stands on, and how lines are named in faults."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from cxr_release.places import ranges

REAL = "real"
MOST_RATERS = 1000
"""Of a study: the exact tests of more would take minutes."""
_LINE = re.compile(r"(.*): line (\d+)")


@dataclass(frozen=True)
class Rated:
    """What one reader said of one film."""

    where: str
    """File and line, such as `ratings.csv: line 12`."""
    rater: str
    quartet: int
    """From 1."""
    image: str
    source: str | None
    """`real`, or a checkpoint's name; None in a blinded file."""
    rating: int
    """Likert: 1 unrealistic … 4 fully realistic."""
    identified_as_real: bool


@dataclass(frozen=True)
class Unread:
    """What a faulty line was about, as far as it can be told, so that it is not missed again."""

    rater: str | None = None
    """None: of any rater."""
    quartet: int | None = None
    """None: of any quartet."""


def alike(answers: Mapping[str, Hashable]) -> list[list[str]]:
    """Groups of raters whose answers are the same throughout, each sorted by name.

    Args:
        answers: rater → all that they answered.
    """
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for rater, said in answers.items():
        groups[said].append(rater)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


def lines_of(rows: Iterable[Rated]) -> str:
    """Files and lines of some ratings: `a.csv: lines 2–5, 9; b.csv: line 3`."""
    places: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        found = _LINE.fullmatch(row.where)
        if found:
            places[found[1]].add(int(found[2]))
        else:
            places[row.where] |= set()
    return "; ".join(
        f"{file}: line{'s' * (len(lines) > 1)} {ranges(sorted(lines))}" if lines else file
        for file, lines in sorted(places.items())
    )
