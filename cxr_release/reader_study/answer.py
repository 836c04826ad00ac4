"""One reader's answer on one quartet: the kind of line of the reader study's logs.

A line holds what was shown, in the order in which this reader saw it, and never a source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cxr_release.errors import DecisionError
from cxr_release.logbook import chain
from cxr_release.logbook.entry import Chained, Kind, Place

RATINGS = ("1", "2", "3", "4")
"""Likert: 1 unrealistic … 4 fully realistic."""

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
_NAME = re.compile(r"[0-9a-f]{16}")
_SECONDS = re.compile(r"[0-9]{1,7}\.[0-9]{3}")


@dataclass(frozen=True)
class _OnQuartet:
    """What is answered, in a line and in the wish for one. A line's own fields are all text."""

    quartet: str
    """Number of the quartet in the kit, from 1."""
    quartet_sha256: str
    """Of its films; see `kit.quartet_sha256`."""
    films: str
    """Names of its films in the order in which this reader saw them, with a space between."""
    ratings: str
    """One for each of these films, in this order, 1 to 4, with a space between."""
    picked: str
    """Name of the film that the reader takes for the real one."""
    page: str
    """Which page it was to this reader, from 1."""
    seconds: str
    """For which the page was in view until it was submitted, such as 34.512."""

    @property
    def about(self) -> int:
        """The quartet."""
        return int(self.quartet)

    @property
    def fingerprint(self) -> str:
        """Of the films that were shown."""
        return self.quartet_sha256

    @property
    def retracts(self) -> bool:
        """Never: an answer is replaced by another, if readers may go back."""
        return False

    @property
    def rated(self) -> dict[str, int]:
        """Film → rating, 1 … 4."""
        ratings = map(int, self.ratings.split(" "))
        return dict(zip(self.films.split(" "), ratings, strict=True))

    def malformed(self) -> Iterator[str]:
        """What is wrong with it in itself."""
        for what, value in (("the quartet", self.quartet), ("the page", self.page)):
            if not _NUMBER.fullmatch(value):
                yield f"{what} is no number from 1"
        yield from chain.of_sha256("the quartet's hash", self.quartet_sha256)
        films, ratings = self.films.split(" "), self.ratings.split(" ")
        if not all(map(_NAME.fullmatch, films)) or len(set(films)) < len(films):
            yield "the films are no names of 16 hex digits, each once"
        if len(ratings) != len(films) or not set(ratings) <= set(RATINGS):
            yield "the ratings are not one for each film, 1 to 4"
        if self.picked not in films:
            yield "the film taken for the real one is none of the films"
        if not _SECONDS.fullmatch(self.seconds):
            yield "seconds are no time such as 34.512"


@dataclass(frozen=True)
class Reply(_OnQuartet):
    """An answer that is not logged yet.

    Raises:
        DecisionError: it is malformed.
    """

    def __post_init__(self) -> None:
        for fault in self.malformed():
            raise DecisionError(fault, where=f"quartet {self.quartet[:20]!r}")


@dataclass(frozen=True)
class Answer(Chained, _OnQuartet, Place):
    """One line of a log: the fields of `Place`, of `_OnQuartet` and of `Chained`, in this order."""


ANSWER = Kind("answer", Reply, Answer)
"""One answer on one quartet."""
