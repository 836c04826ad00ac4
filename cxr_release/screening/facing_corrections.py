"""What reviewers say of the way films face: a log of its own kind, and what comes of it.

A line names the PNG that the reviewer saw. Its film may since have been mirrored: what was said of
the one is the opposite said of the other (`radiographs.orient`).

Somebody says which way films face; and whether the logs of it are what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import job_of
from cxr_release.films.facts import Facing
from cxr_release.logbook import chain
from cxr_release.logbook.entry import Chained, Kind, Place, standing_of
from cxr_release.logbook.log import append
from cxr_release.logbook.logs import read_all, sentences_of, verified, wholeness_of
from cxr_release.radiographs.orient import Said, Saying
from cxr_release.screening.decision import TERMINAL, OnFilm
from cxr_release.screening.films import Generated, unknown_films
from cxr_release.screening.record_decisions import refuse_prescreen

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
            raise DecisionError(fault, where=repr(self.image_id[: chain.MAX_ID]))


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
    jobs = {job_of(film) for film in films} | {""}
    names = [
        (one.where, film)
        for film, sayings in said.items()
        if film not in films and job_of(film) in jobs
        for one in sayings
    ]
    return unknown_films(names, films)


def say_facing(
    folder: Path,
    reviewer: str,
    ids: Sequence[str],
    faces: Faces,
    *,
    films: Sequence[Generated],
    note: str = "",
) -> list[FacingLine]:
    """Log the way that every film of `ids` faces as it is now, or log nothing.

    Raises:
        DecisionError: an id is unknown (the nearest known ones are named).
    """
    refuse_prescreen(reviewer)
    known = {film.id: film for film in films}
    faults = unknown_films([("", film) for film in ids if film not in known], known)
    if faults:
        raise DecisionError("nothing was logged", faults=faults)
    wishes = [
        FacingWish(film, known[film].sha256, faces, note, via=TERMINAL)
        for film in dict.fromkeys(ids)
    ]
    return append(FACING, folder, reviewer, wishes)


def faults_of(
    known: Mapping[str, Generated], logs: Mapping[str, Sequence[FacingLine]]
) -> list[Fault]:
    """Lines that are not about these films, by log and line; films of other jobs are left alone."""
    jobs = {job_of(film) for film in known} | {""}
    faults: list[Fault] = []
    unknown: list[tuple[str, str]] = []
    for reviewer, log in logs.items():
        for line in log:
            where, film = f"{reviewer}.jsonl: line {line.seq}", known.get(line.image_id)
            if film is None and job_of(line.image_id) in jobs:
                unknown.append((where, line.image_id))
            elif film is not None and line.image_sha256 not in film.hashes:
                faults.append(Fault(where, f"{film.id} has other bytes than were decided on"))
    return [*unknown_films(unknown, known), *faults]


def about_facing(
    films: Sequence[Generated] | None,
) -> Callable[[Mapping[str, Sequence[FacingLine]]], list[Fault]]:
    """What is wrong with such lines, reviewer → lines; see `verify_facing`."""
    known = {film.id: film for film in films or ()}
    return lambda logs: [] if films is None else faults_of(known, logs)


def verify_facing(folder: Path, films: Sequence[Generated] | None) -> dict[str, Any]:
    """Verify every log of a folder; see `verify.verify_logs`."""
    found = verified(FACING, folder, about_facing(films))
    return found | {"films": None if films is None else len(films)}


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_facing` found, for people."""
    films = found["films"]
    against = "no film is sampled yet" if films is None else f"held against {films:,} films"
    end = f"{wholeness_of(found, 'log(s) of facing decisions')}; {against}"
    return "\n".join([*sentences_of(found, FACING.noun), end])
