"""One rating of one film, with the line that it stands on, and how lines are named in faults.

The ratings of a whole study as arrays: rater × quartet × source.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import ranges

REAL = "real"
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


Ints = NDArray[np.int64]
Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Ratings:
    """A study in which every rater rated every film of every quartet and picked one."""

    raters: tuple[str, ...]
    """Their names."""
    quartets: tuple[int, ...]
    """Rising."""
    sources: tuple[str, ...]
    """`real` first, then the others by the number at the end of their names, and by name."""
    rating: Ints
    """(raters, quartets, sources), 1 … 4."""
    picked: Ints
    """(raters, quartets): place in `sources` of the film taken for the real one."""

    @property
    def hits(self) -> NDArray[np.bool_]:
        """(raters, quartets): whether the real film was picked."""
        return np.equal(self.picked, 0)

    @property
    def sums(self) -> Ints:
        """(raters, sources): each rater's sum of ratings, a whole number."""
        sums: Ints = self.rating.sum(axis=1)
        return sums


def by_answers(ratings: Ratings) -> Ratings:
    """The same study, its raters in an order that follows from what they answered.

    With other names, and hence in another order, they draw the same and sum to the same last bit.
    """
    answers = np.concatenate([ratings.picked[:, :, None], ratings.rating], axis=2)
    order = sorted(range(len(ratings.raters)), key=lambda place: answers[place].tolist())
    return replace(
        ratings,
        raters=tuple(ratings.raters[place] for place in order),
        rating=ratings.rating[order],
        picked=ratings.picked[order],
    )


def identical(ratings: Ratings) -> list[list[str]]:
    """Groups of raters who gave every film the same rating and picked the same ones."""
    said = zip(ratings.raters, ratings.rating, ratings.picked, strict=True)
    return alike({rater: rating.tobytes() + picked.tobytes() for rater, rating, picked in said})


def ratings_of(rows: Iterable[Rated | Row]) -> Ratings:
    """Arrays from rows in any order.

    Args:
        rows: `Rated`, or rows of `schemas.RESPONSES`, which `faults_of` has found in order.

    Raises:
        ValueError: they are no whole study.
    """
    found = [vars(row) if isinstance(row, Rated) else row for row in rows]
    raters = tuple(sorted({row["rater"] for row in found}))
    quartets = tuple(sorted({row["quartet"] for row in found}))
    sources = tuple(sorted({row["source"] for row in found}, key=_place))
    shape = (len(raters), len(quartets), len(sources))
    rating = np.zeros(shape, np.int64)
    picks = np.zeros(shape, np.int64)
    axes = (raters, quartets, sources)
    places = [{one: place for place, one in enumerate(axis)} for axis in axes]
    for row in found:
        place = tuple(
            axis[row[name]]
            for axis, name in zip(places, ("rater", "quartet", "source"), strict=True)
        )
        rating[place] = row["rating"]
        picks[place] = row["identified_as_real"]
    whole = len(found) == rating.size > 0 and REAL in sources and len(sources) > 1
    if not whole or not rating.all() or (picks.sum(axis=2) != 1).any():
        raise ValueError("these rows are no whole study")
    return Ratings(raters, quartets, sources, rating, picks.argmax(axis=2))


def _place(source: str) -> tuple[bool, int, str]:
    number = source.rpartition("-")[2]
    return source != REAL, int(number) if number.isdecimal() else 0, source
