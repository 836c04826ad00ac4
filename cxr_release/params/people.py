"""Sections in which people look at films: `prescreen`, `review`, `screen`, `study`, `landmarks`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cxr_release.params.limits import MOST_DRAWS, MOST_FILMS, MOST_PEOPLE, reviewer
from cxr_release.settings import between, checked_by


@dataclass(frozen=True, kw_only=True)
class PrescreenParams:
    """The automatic pre-screen."""

    exclude: bool
    percentile: float = between(90.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class ReviewParams:
    """The reviewers' pages."""

    order: Literal["shuffled", "doubtful-first"]
    assign: Literal["shared", "all", "stratified"] = "shared"
    """`shared`: each film to whoever comes first; `all`: to everybody; `stratified`: to some."""


@dataclass(frozen=True, kw_only=True)
class ScreenParams:
    """What reviewers' decisions make of a film."""

    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers")
    conflict: Literal["exclude", "majority", "adjudicate"]
    adjudicator: str = reviewer()
    require_complete: bool
    sample: int = between(0, MOST_FILMS, "films of each source", default=0)
    """Films of each source that are reviewed in place of all; 0: all."""


@dataclass(frozen=True, kw_only=True)
class LandmarksParams:
    """Landmarks on released films; the defaults are those of a release without any."""

    teacher: Literal["none", "closed"] = "none"
    films: int = between(0, 100_000, "films", default=0)
    readers_required: int = between(1, MOST_PEOPLE, "readers", default=2)
    start: Literal["model", "template"] = "model"

    @property
    def is_on(self) -> bool:
        """Whether released films come with landmarks."""
        return self.teacher != "none" or self.films > 0


@dataclass(frozen=True, kw_only=True)
class StudyParams:
    """The blinded reader study; the defaults are those of an analysis without params.yaml."""

    quartets: int = between(1, 10_000, default=50)  # the page holds all of their films in memory
    readers_required: int = between(1, MOST_PEOPLE, "readers", default=8)
    going_back: bool = False
    margin: float = checked_by(
        "above 0 and below 3 Likert points", lambda value: 0 < value < 3, default=0.25
    )
    accuracy_margin: float = checked_by(
        "above 0 and below 1", lambda value: 0 < value < 1, default=0.1
    )
    bootstrap: int = between(100, MOST_DRAWS, "draws", default=10_000)
