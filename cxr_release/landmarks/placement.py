"""A reader's landmarks on one synthetic film, as a log holds them.

`points` are 23 places in the order of `points.NAMES`, one blank between: `x,y` with two decimals in
pixels of the film, or `-` where the reader does not see the landmark. `moved` counts the places
that the reader changed, of those that the page began with: `start` says where they came from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np

from cxr_release.film_size import MOST, Size
from cxr_release.landmarks.points import NAMES, Points
from cxr_release.logbook.entry import Entry, EntryType, Statement, identifier, sha256

Shown = tuple[str, str]
"""A film as it was shown: its id, and the SHA-256 of its PNG bytes."""
Start = Literal["model", "template"]
"""Where the places came from that the page began with: the teacher, or a form that suits no film
in particular."""
NOT_SEEN = "-"
_PLACE = r"(?:-|(?:0|[1-9][0-9]{0,3})\.[0-9]{2},(?:0|[1-9][0-9]{0,3})\.[0-9]{2})"
POINTS = re.compile(rf"{_PLACE}(?: {_PLACE}){{{len(NAMES) - 1}}}")


def _points_fault(value: str) -> str:
    if not value or POINTS.fullmatch(value):
        return ""
    return f"points are not {len(NAMES)} places, each x,y with two decimals, or -"


def _moved_fault(value: str) -> str:
    return "" if value in {"", *map(str, range(len(NAMES) + 1))} else f"moved is not 0–{len(NAMES)}"


@dataclass(frozen=True)
class NewPlacement(Statement):
    """Landmarks on one film that are not logged yet; see `Statement`."""

    image_id: Annotated[str, identifier("a film's id")]
    sha256: Annotated[str, sha256("the film's hash")]
    decision: Literal["place", "retract"]
    points: Annotated[str, _points_fault] = field(default="", kw_only=True)
    start: Literal["model", "template", ""] = field(default="", kw_only=True)
    moved: Annotated[str, _moved_fault] = field(default="", kw_only=True)

    @property
    def about(self) -> Shown:
        """The film as it was shown: on one that has changed since, nothing was placed."""
        return self.image_id, self.sha256

    @property
    def fingerprint(self) -> str:
        """What was shown."""
        return self.sha256

    @property
    def where(self) -> str:
        """The film in a message."""
        return repr(self.image_id[:60])

    @property
    def retracts(self) -> bool:
        """Whether it only takes back what the person placed."""
        return self.decision == "retract"

    def _contradictions(self) -> Iterator[str]:
        given = bool(self.points), bool(self.start), bool(self.moved)
        if self.retracts and any(given):
            yield "what is taken back has points"
        elif not self.retracts and not all(given):
            yield "what is placed has points, a start and a number of moved ones"


@dataclass(frozen=True)
class Placement(Entry, NewPlacement):
    """Landmarks on a film in a log."""


PLACEMENT = EntryType("placement", NewPlacement, Placement)


def text_of(points: Points) -> str:
    """Points (23, 2) as a log holds them; 0 … `film_size.MOST` pixels."""
    return " ".join(
        f"{x:.2f},{y:.2f}" if np.isfinite(x) and np.isfinite(y) else NOT_SEEN
        for x, y in np.clip(points, 0, MOST)
    )


def points_of_text(text: str) -> Points:
    """The points (23, 2) of a text that `POINTS` matches; NaN: not seen."""
    return np.array(
        [
            (np.nan, np.nan) if place == NOT_SEEN else [float(part) for part in place.split(",")]
            for place in text.split(" ")
        ]
    )


def lies_on(points: Points, size: Size) -> bool:
    """Whether no point lies beyond a film of this size."""
    seen = points[np.isfinite(points).all(axis=1)]
    return bool((seen >= 0).all() and (seen <= [size.width, size.height]).all())
