"""What reviewers say of the way films face: a log of its own kind, and what comes of it.

A line names the PNG that the reviewer saw. Its film may since have been mirrored: what was said of
the one is the opposite said of the other (`radiographs.orient`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import checks
from cxr_release.logbook.line import Chained, Kind, Place, standing_of
from cxr_release.logbook.logs import read_all
from cxr_release.radiographs.facing import Facing
from cxr_release.radiographs.naming import job_name
from cxr_release.radiographs.orient import Said, Saying
from cxr_release.screening.decision import OnFilm
from cxr_release.screening.films import unknown_films

Faces = Literal["left", "right", "unknown", "retract"]
FACES: tuple[Faces, ...] = ("left", "right", "unknown", "retract")


@dataclass(frozen=True)
class _OnFacing(OnFilm):
    """What is said, in a line and in the wish for one."""

    image_id: str
    image_sha256: str
    faces: Faces
    """`unknown`: it cannot be told; `retract`: what the reviewer said before is taken back."""
    note: str
    via: str = field(default="", kw_only=True)
    """`decision.PAGE` or `decision.TERMINAL`."""

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer said of the film."""
        return self.faces == "retract"

    def _malformed(self) -> Iterator[str]:
        if self.faces not in FACES:
            yield f"{self.faces!r} is none of {', '.join(FACES)}"


@dataclass(frozen=True)
class FacingWish(_OnFacing):
    """A decision on facing that is not logged yet.

    Raises:
        DecisionError: it is malformed.
    """

    note: str = ""

    def __post_init__(self) -> None:
        for fault in self.malformed():
            raise DecisionError(fault, where=repr(self.image_id[: checks.MAX_ID]))


@dataclass(frozen=True)
class FacingLine(Chained, _OnFacing, Place):
    """One line of a log: the fields of `Place`, of `_OnFacing` and of `Chained`, in this order."""


_FACING: dict[Faces, Facing | None] = {"left": "left", "right": "right", "unknown": None}

FACING = Kind("facing decision", FacingWish, FacingLine)


def read_said(folder: Path) -> Said:
    """Film → what reviewers say of the way it faces, as far as it stands.

    Raises:
        DecisionError: a log does not verify.
    """
    found: dict[str, list[Saying]] = {}
    for reviewer, log in read_all(FACING, folder).items():
        for film, line in standing_of(log).items():
            where = f"{reviewer}.jsonl: line {line.seq}"
            found.setdefault(film, []).append(Saying(where, line.image_sha256, _FACING[line.faces]))
    return found


def not_there(said: Said, films: Collection[str]) -> list[Fault]:
    """What reviewers say of films of these jobs that do not exist."""
    jobs = {job_name(film) for film in films} | {""}
    names = [
        (one.where, film)
        for film, sayings in said.items()
        if film not in films and job_name(film) in jobs
        for one in sayings
    ]
    return unknown_films(names, films)
