"""One reader's answer on one quartet: the type of entry that the reader study's logs hold.

A line holds what was shown, in the order in which this reader saw it, and never a source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from cxr_release.logbook.entry import Entry, EntryType, Statement, matching, sha256

RATINGS = ("1", "2", "3", "4")
"""Likert: 1 unrealistic … 4 fully realistic."""

_NUMBER = re.compile(r"[1-9][0-9]{0,5}")
_NAME = re.compile(r"[0-9a-f]{16}")
_SECONDS = re.compile(r"[0-9]{1,7}\.[0-9]{3}")


@dataclass(frozen=True)
class NewAnswer(Statement):
    """An answer on a quartet; see `Statement`."""

    quartet: Annotated[str, matching(_NUMBER, "the quartet is not a number from 1")]
    """Number of the quartet in the kit, from 1."""
    quartet_sha256: Annotated[str, sha256("the quartet's hash")]
    """Of its films; see `kit.quartet_sha256`."""
    films: str
    """Names of its films in the order in which this reader saw them, with a space between."""
    ratings: str
    """One for each of these films, in this order, 1 to 4, with a space between."""
    picked: str
    """Name of the film that the reader picks as the real one."""
    page: Annotated[str, matching(_NUMBER, "the page is not a number from 1")]
    """Which page it was to this reader, from 1."""
    seconds: Annotated[str, matching(_SECONDS, "seconds are not a time such as 34.512")]
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
    def where(self) -> str:
        """The quartet in a message, also where its number is malformed."""
        return f"quartet {self.quartet[:20]!r}"

    @property
    def rated(self) -> dict[str, int]:
        """Film → rating, 1 … 4."""
        ratings = map(int, self.ratings.split(" "))
        return dict(zip(self.films.split(" "), ratings, strict=True))

    def _contradictions(self) -> Iterator[str]:
        films, ratings = self.films.split(" "), self.ratings.split(" ")
        if not all(map(_NAME.fullmatch, films)) or len(set(films)) < len(films):
            yield "the films are not names of 16 hex digits, each once"
        if len(ratings) != len(films) or not set(ratings) <= set(RATINGS):
            yield "the ratings are not one for each film, 1 to 4"
        if self.picked not in films:
            yield "the film picked as the real one is not one of the films"


@dataclass(frozen=True)
class Answer(Entry, NewAnswer):
    """An answer in its log."""


ANSWER = EntryType("answer", NewAnswer, Answer)
