"""Ratings of a reader study: one row a film and reader, and a whole study as arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import ranges

REAL = "real"
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rating:
    """One reader's rating of one film."""

    file: str
    line: int
    """Of the file, from 1."""
    rater: str
    """The reader, as the file calls him or her."""
    quartet: int
    """From 1."""
    image: str
    source: str | None
    """`real`, or a checkpoint's name; None in a blinded file."""
    rating: int
    """Likert: 1 unrealistic … 4 fully realistic."""
    identified_as_real: bool


def lines_of(rows: Iterable[Rating]) -> str:
    """Files and lines of some ratings: `a.csv: lines 2–5, 9; b.csv: line 3`."""
    lines: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        lines[row.file].add(row.line)
    return "; ".join(
        f"{file}: line{'s' * (len(numbers) > 1)} {ranges(sorted(numbers))}"
        for file, numbers in sorted(lines.items())
    )


def identical(answers: Mapping[str, Hashable]) -> list[list[str]]:
    """Groups of readers whose answers are the same throughout, each sorted by name.

    Args:
        answers: reader → all that he or she answered.
    """
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for reader, answer in answers.items():
        groups[answer].append(reader)
    return sorted(sorted(group) for group in groups.values() if len(group) > 1)


@dataclass(frozen=True, eq=False)
class Ratings:
    """A study in which every reader rated every film of every quartet and picked one."""

    readers: tuple[str, ...]
    """Their names."""
    quartets: tuple[int, ...]
    """Rising."""
    sources: tuple[str, ...]
    """`real` first, then the others by the number at the end of their names, and by name."""
    rating: Ints
    """(readers, quartets, sources), 1 … 4."""
    picked: Ints
    """(readers, quartets): place in `sources` of the film picked as the real one."""

    @property
    def hits(self) -> NDArray[np.bool_]:
        """(readers, quartets): whether the real film was picked."""
        return np.equal(self.picked, 0)

    @property
    def sums(self) -> Ints:
        """(readers, sources): each reader's sum of ratings, a whole number."""
        sums: Ints = self.rating.sum(axis=1)
        return sums

    @property
    def identical(self) -> list[list[str]]:
        """Groups of readers who gave every film the same rating and picked the same ones."""
        rows = zip(self.readers, self.rating, self.picked, strict=True)
        return identical({name: rating.tobytes() + pick.tobytes() for name, rating, pick in rows})

    def by_answers(self) -> Ratings:
        """The same study, its readers in an order that follows from what they answered.

        With other names, and hence in another order, they draw the same and sum to the same last
        bit.
        """
        answers = np.concatenate([self.picked[:, :, None], self.rating], axis=2)
        order = sorted(range(len(self.readers)), key=lambda place: answers[place].tolist())
        return replace(
            self,
            readers=tuple(self.readers[place] for place in order),
            rating=self.rating[order],
            picked=self.picked[order],
        )


def ratings_of(rows: Iterable[Rating | Mapping[str, Any]]) -> Ratings:
    """Arrays from rows in any order.

    Args:
        rows: `Rating`, or rows of `schemas.RESPONSES`, in which `study_checks.faults_of` finds
            nothing.

    Raises:
        ValueError: they are not a whole study.
    """
    records = [vars(row) if isinstance(row, Rating) else row for row in rows]
    readers, quartets, sources = axes = [
        sorted({row["rater"] for row in records}),
        sorted({row["quartet"] for row in records}),
        sorted({row["source"] for row in records}, key=_place),
    ]
    rating = np.zeros([len(axis) for axis in axes], np.int64)
    picks = np.zeros_like(rating)
    places = [{name: place for place, name in enumerate(axis)} for axis in axes]
    for row in records:
        place = tuple(
            axis[row[name]]
            for axis, name in zip(places, ("rater", "quartet", "source"), strict=True)
        )
        rating[place] = row["rating"]
        picks[place] = row["identified_as_real"]
    whole = len(records) == rating.size > 0 and REAL in sources and len(sources) > 1
    if not whole or not rating.all() or (picks.sum(axis=2) != 1).any():
        raise ValueError("these rows are not a whole study")
    return Ratings(tuple(readers), tuple(quartets), tuple(sources), rating, picks.argmax(axis=2))


def _place(source: str) -> tuple[bool, int, str]:
    number = source.rpartition("-")[2]
    return source != REAL, int(number) if number.isdecimal() else 0, source
