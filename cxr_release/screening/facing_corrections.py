"""Reviewers' effective statements on the way films face.

An entry names the PNG that the reviewer saw. Its film may since have been mirrored: a statement on
one means the opposite for the other (`radiographs.orient`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from cxr_release.errors import Fault
from cxr_release.film_id import job_of
from cxr_release.films.facts import Facing
from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import read_all
from cxr_release.radiographs.orient import FacingStatement, Statements
from cxr_release.screening.decision import FACING, Faces
from cxr_release.screening.films import unknown_films

_FACING: Mapping[Faces, Facing | None] = {"left": "left", "right": "right", "unknown": None}


def read_facing(folder: Path) -> Statements:
    """Film → reviewers' effective statements on the way it faces.

    Raises:
        DecisionError: a log does not verify.
    """
    statements: dict[str, list[FacingStatement]] = {}
    for reviewer, log in read_all(FACING, folder).items():
        for film, entry in effective_of(log).items():
            where = f"{reviewer}.jsonl: line {entry.seq}"
            statement = FacingStatement(where, entry.image_sha256, _FACING[entry.faces])
            statements.setdefault(film, []).append(statement)
    return statements


def facing_of_unknown(statements: Statements, films: Collection[str]) -> list[Fault]:
    """Faults of statements on films of these jobs that do not exist."""
    jobs = {job_of(film) for film in films} | {""}
    names = [
        (statement.where, film)
        for film, given in statements.items()
        if film not in films and job_of(film) in jobs
        for statement in given
    ]
    return unknown_films(names, films)
