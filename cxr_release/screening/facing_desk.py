"""Somebody says which way films face; and whether the logs of it are what was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.log import append
from cxr_release.logbook.verify import sentences_of, verified, wholeness_of
from cxr_release.radiographs.naming import job_name
from cxr_release.screening.decision import TERMINAL
from cxr_release.screening.desk import refuse_prescreen
from cxr_release.screening.facing import FACING, Faces, FacingLine, FacingWish
from cxr_release.screening.films import Generated, unknown_films


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
    jobs = {job_name(film) for film in known} | {""}
    faults: list[Fault] = []
    unknown: list[tuple[str, str]] = []
    for reviewer, log in logs.items():
        for line in log:
            where, film = f"{reviewer}.jsonl: line {line.seq}", known.get(line.image_id)
            if film is None and job_name(line.image_id) in jobs:
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
