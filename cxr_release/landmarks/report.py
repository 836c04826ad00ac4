"""Landmarks of the films of a release, and what is known of how good they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.errors import SourceError
from cxr_release.film_size import Size
from cxr_release.landmarks.distances import interval_of, summary_of
from cxr_release.landmarks.newcomer import newcomer
from cxr_release.landmarks.points import (
    MODEL,
    NAMES,
    READERS,
    Points,
    angles_of,
    cobb,
    column_of,
    points_of,
    sagittal_axis,
)
from cxr_release.landmarks.readers import Placements, ReadFilm
from cxr_release.landmarks.teacher import LEAST_FILMS, LEVEL, MOST_FILMS, Placed, Taught, teach
from cxr_release.logbook.logs import tally


@dataclass(frozen=True)
class RealFilms:
    """Real films that came with all of their landmarks, and face left."""

    ids: tuple[str, ...]
    patients: tuple[str, ...]
    """Of each film; of one without a stated patient, the film's own id."""
    films: NDArray[np.uint8]
    """(films, height, width)."""
    points: Points
    """(films, 23, 2) in pixels."""

    def __len__(self) -> int:
        return len(self.ids)

    def patients_known(self, films: int | None = None) -> int | None:
        """Of how many patients the first films are; None where that is not stated for all."""
        some = slice(0, films)
        pairs = zip(self.ids[some], self.patients[some], strict=True)
        stated = not any(film == whose for film, whose in pairs)
        return len({*self.patients[some]}) if stated else None


def taught(films: RealFilms) -> Taught:
    """A teacher of real films.

    Raises:
        SourceError: they are too few.
    """
    if len(films) < LEAST_FILMS or len({*films.patients}) < 2:
        raise SourceError(
            f"only {len(films):,} trained film(s) came with all {len(NAMES)} landmarks and face"
            f" left; a teacher learns from {LEAST_FILMS} or more, of two or more patients",
            where="landmarks.teacher",
            remedy="set landmarks.teacher to none, or give films with CSXA's landmarks",
        )
    some = slice(0, MOST_FILMS)
    return teach(films.films[some], films.points[some], films.patients[some])


def about_teacher(
    taught_films: RealFilms, teacher: Taught, control: RealFilms | None
) -> dict[str, Any]:
    """How far off the teacher is, as `release.json` has it.

    Args:
        taught_films: of whom it learnt.
        teacher: see `taught`.
        control: real films that nothing saw; None or none: it is not measured on them.
    """
    learnt = min(len(taught_films), MOST_FILMS)
    apart = np.linalg.norm(teacher.left_out - taught_films.points[:learnt], axis=2)
    about: dict[str, Any] = {
        "kind": "closed",
        "films": learnt,
        "patients": taught_films.patients_known(learnt),
        "level": LEVEL,
        "left_out": summary_of(apart, taught_films.patients[:learnt]),
        "control": None,
    }
    if control is None or not len(control):
        return about
    placed = teacher.teacher.place(control.films)
    shape = taught_films.points[:learnt].mean(axis=0)
    errors = np.linalg.norm(placed.points - control.points, axis=2)
    within = (errors <= placed.radius).mean(axis=1)
    return about | {
        "control": {
            "patients": control.patients_known(),
            "errors": summary_of(errors, control.patients),
            "mean_shape": summary_of(
                np.linalg.norm(control.points - shape, axis=2), control.patients
            ),
            "within": interval_of(within, control.patients),
            **{
                name: interval_of(
                    np.abs(measure(placed.points) - measure(control.points)), control.patients
                )
                for name, measure in (("cobb", cobb), ("sva", sagittal_axis))
            },
        }
    }


@dataclass(frozen=True)
class Film:
    """A released film."""

    id: str
    sha256: str
    facing: str
    millimetres_per_pixel: float | None


def rows_of(
    films: Sequence[Film], placed: Mapping[str, Placed], read: Mapping[str, ReadFilm], size: Size
) -> Iterator[dict[str, Any]]:
    """Rows of `schemas.LANDMARKS`: what readers placed, else what the teacher placed, else none.

    A film that may face either way has no angles: front and back of it are not known. A teacher of
    films that face left does not place points on it either.

    Args:
        films: in the order of the rows.
        placed: film → what the teacher placed on it (one film each).
        read: film → what readers placed.
        size: of the films.
    """
    for film in films:
        column = None
        if film.id in read:
            column = column_of(read[film.id].mean, read[film.id].spread, READERS, size)
        elif film.id in placed:
            one = placed[film.id]
            column = column_of(one.points[0], one.radius[0], MODEL, size)
        angles = None
        if column and film.facing == "left":
            angles = angles_of(points_of(column), film.millimetres_per_pixel)
        row = {"id": film.id, "sha256": film.sha256}
        yield row | {"keypoints": column or None, "angles": angles}


def about_readers(
    asked: Sequence[Film],
    read: Mapping[str, ReadFilm],
    placements: Placements,
    placed: Mapping[str, Placed],
    *,
    wanted: int,
    required: int,
) -> dict[str, Any] | None:
    """How far readers are, and how far apart; None where nobody is asked and nobody placed any.

    Args:
        asked: films that were drawn for readers; none where it is known of no released film which
            way it faces.
        read: film → what readers placed, of all released films.
        placements: all that they placed, on other films too.
        placed: film → what the teacher placed on it.
        wanted: films that were to be drawn, at most; 0: nobody is asked.
        required: readers who must have placed landmarks on a film.
    """
    if not wanted and not read:
        return None
    people = sorted({reader for film in read.values() for reader in film.readers})
    counts = [len(read[film.id].readers) if film.id in read else 0 for film in asked]
    waiting = sum(count < required for count in counts)
    entries = [(reader, film) for film in read.values() for reader in film.readers]
    both = {name: film for name, film in read.items() if name in placed}
    starts = [start for film in read.values() for start in film.starts]
    return {
        "state": "none" if not people else "partial" if waiting else "complete",
        "asked": len(asked),
        "required": required,
        "readers": len(people),
        "films": len(read),
        "waiting": waiting,
        "films_by_readers": tally(counts) if counts else {"0": 0},
        "elsewhere": sum(map(len, placements.values())) - len(entries),
        "each": [
            {
                "films": sum(reader == person for reader, _ in entries),
                "not_seen": sum(
                    int(np.isnan(film.points[film.readers.index(person), :, 0]).sum())
                    for reader, film in entries
                    if reader == person
                ),
                "moved": sum(
                    film.moved[film.readers.index(person)]
                    for reader, film in entries
                    if reader == person
                ),
            }
            for person in people
        ],
        "began": {start: starts.count(start) for start in sorted({*starts})},
        "between": summary_of(
            np.array([film.between() for film in read.values()]).reshape(-1, len(NAMES)), [*read]
        ),
        "model": summary_of(
            np.array([film.to(placed[name].points[0]) for name, film in both.items()]).reshape(
                -1, len(NAMES)
            ),
            [*both],
        ),
    }


def about_films(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Released films by who placed their landmarks: `model`, `readers`, `none`."""
    counts = {MODEL: 0, READERS: 0, "none": 0}
    for row in rows:
        counts[row["keypoints"][0]["placed_by"] if row["keypoints"] else "none"] += 1
    return counts


def about_newcomer(
    rows: Sequence[Mapping[str, Any]],
    pictures: NDArray[np.float64],
    control: tuple[NDArray[np.float64], Points, Sequence[str]] | None,
) -> dict[str, Any] | None:
    """See `newcomer`, of rows of `schemas.LANDMARKS`."""
    points = np.stack([points_of(row["keypoints"]) for row in rows])
    return newcomer([row["id"] for row in rows], pictures, points, control)
