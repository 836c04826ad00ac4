"""Landmarks on the released films: a teacher's, and the readers' where they placed any."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release import schemas, tables
from cxr_release.exit_status import execute
from cxr_release.files import private, write_json
from cxr_release.film_size import Size, at_once
from cxr_release.films import png
from cxr_release.landmarks.manifest_points import placed_points
from cxr_release.landmarks.newcomer import picture_of
from cxr_release.landmarks.points import NAMES, READERS, Points
from cxr_release.landmarks.readers import NO_FACING, drawn_films, read_films, read_placements
from cxr_release.landmarks.report import (
    Film,
    RealFilms,
    about_films,
    about_newcomer,
    about_readers,
    about_teacher,
    rows_of,
    taught,
)
from cxr_release.landmarks.teacher import Placed
from cxr_release.logbook.witnesses import require_kept
from cxr_release.params.project import Params
from cxr_release.paths import Paths

OFF: Mapping[str, Any] = {"landmarks": None}


def run(paths: Paths, params: Params) -> None:
    """Write the landmarks of the released films, and how good they are.

    Raises:
        DecisionError: a reader's log does not verify or lacks lines.
        SourceError: a teacher is asked for, and too few real films came with landmarks.
    """
    require_kept(paths.root, [paths.landmark_log])
    with private(paths.landmarks):  # control films lie there
        _run(paths, params)


def _run(paths: Paths, params: Params) -> None:
    placements = read_placements(paths.landmark_log)
    tables.read(paths.manifest, schemas.MANIFEST, ["status"])
    for table, kind in _inputs(paths, params):
        tables.require(table, kind)
    if not params.landmarks.is_on:
        tables.write(paths.landmark_table, schemas.LANDMARKS, [])
        tables.write(paths.landmark_model, schemas.LANDMARKS, [])
        tables.write(paths.landmark_test, schemas.REAL_POINTS, [])
        write_json(paths.landmark_report, dict(OFF))
        sys.stderr.write("landmarks: none are asked for (landmarks.teacher, landmarks.films)\n")
        return
    size = params.ingest.film_size
    films, pictures = _released(paths, params)
    control = _real(paths, paths.control_table, size)
    placed: dict[str, Placed] = {}
    about = None
    if params.landmarks.teacher != "none":
        learnt = _real(paths, paths.trained_table, size)
        teacher = taught(learnt)
        about = about_teacher(learnt, teacher, control)
        left = [film.id for film in films if film.facing == "left"]
        for ids, block in _blocks(paths, params, left):
            some = teacher.teacher.place(block)
            for place, film in enumerate(ids):
                one = slice(place, place + 1)
                placed[film] = Placed(some.points[one], some.radius[one])
    read = read_films(placements, {film.id: film.sha256 for film in films})
    ranked = drawn_films(
        [film.id for film in films if film.facing == "left"],
        number=params.landmarks.films,
        seed=params.seed,
    )
    by_id = {film.id: film for film in films}
    rows = list(rows_of(films, placed, read, size))
    tested = _tested(control)
    tables.write(paths.landmark_table, schemas.LANDMARKS, rows)
    tables.write(paths.landmark_model, schemas.LANDMARKS, rows_of(films, placed, {}, size))
    _write_control(paths, control)
    report: dict[str, Any] = {
        "points": len(NAMES),
        "films": about_films(rows),
        "facing_unknown": sum(film.facing != "left" for film in films),
        "teacher": about,
        "readers": about_readers(
            [by_id[film] for film in ranked],
            read,
            placements,
            placed,
            wanted=params.landmarks.films,
            required=params.landmarks.readers_required,
        ),
        "newcomer": about_newcomer(rows, pictures, tested),
    }
    write_json(paths.landmark_report, {"landmarks": report})
    if params.landmarks.films and not ranked:
        sys.stderr.write(f"landmarks: readers are not asked: {NO_FACING}\n")
    sys.stderr.write(f"landmarks: on {len(rows) - report['films']['none']:,} released film(s)\n")


def _inputs(paths: Paths, params: Params) -> list[tuple[Path, tables.Table]]:
    """Tables that are looked at, even where nothing is asked for."""
    oriented = paths.oriented_tables(params.sample.jobs)
    return [
        (paths.screening / "screened.parquet", schemas.SCREENED),
        (paths.trained_table, schemas.COHORT),
        (paths.control_table, schemas.COHORT),
        *((table, schemas.ORIENTED) for table in oriented),
    ]


def _released(paths: Paths, params: Params) -> tuple[list[Film], NDArray[np.float64]]:
    """The released films in the order of release, and each as a newcomer sees it."""
    screened = tables.read_rows(paths.screening / "screened.parquet", schemas.SCREENED)
    released = {row["id"] for row in screened if row["released"]}
    films, pictures = [], []
    for row in _rows(paths, params):
        if row["id"] in released:
            drawn_here = row["checkpoint"] is not None
            scale = params.ingest.millimetres_per_pixel if drawn_here else None
            films.append(Film(row["id"], row["sha256"], row["facing"], scale))
            pictures.append(picture_of(png.decode(row["image"]["bytes"], where=row["id"])))
    return films, np.stack(pictures)


def _rows(paths: Paths, params: Params) -> Iterator[dict[str, Any]]:
    for path in paths.oriented_tables(params.sample.jobs):
        yield from tables.iterate(path, schemas.ORIENTED)


def _blocks(
    paths: Paths, params: Params, wanted: Sequence[str]
) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
    """Some films, a few at a time: ids, and pixels (n, height, width)."""
    chosen = {*wanted}
    rows = (row for row in _rows(paths, params) if row["id"] in chosen)
    for block in tables.pieces(rows, at_once(256, params.ingest.film_size)):
        yield [row["id"] for row in block], _pixels(block)


def _pixels(rows: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    return np.stack([png.decode(row["image"]["bytes"], where=str(row["id"])) for row in rows])


def _real(paths: Paths, table: Path, size: Size) -> RealFilms:
    """Real films of a part that came with all landmarks, and of which it is known how they face."""
    known = {}
    for row in tables.iterate(paths.manifest, schemas.MANIFEST):
        if row["id"] is not None and row["facing"] is not None:
            points = placed_points(row, size)
            if all(name in points for name in NAMES):
                known[row["id"]] = [points[name] for name in NAMES]
    rows = [row for row in tables.iterate(table, schemas.COHORT) if row["id"] in known]
    fractions = np.array([known[row["id"]] for row in rows]).reshape(-1, len(NAMES), 2)
    return RealFilms(
        tuple(row["id"] for row in rows),
        tuple(row["patient"] or row["id"] for row in rows),
        _pixels(rows) if rows else np.zeros((0, *size.shape), np.uint8),
        fractions * [size.width, size.height],
    )


def _tested(control: RealFilms) -> tuple[NDArray[np.float64], Points, Sequence[str]] | None:
    if not len(control):
        return None
    return np.stack(list(map(picture_of, control.films))), control.points, control.patients


def _write_control(paths: Paths, control: RealFilms) -> None:
    """The control films with points, as examples/landmark_model.py takes them."""
    rows = (
        {
            "image": png.cell(png.encode(film, synthetic=False), name),
            "id": name,
            "keypoints": [
                {
                    "name": point,
                    "x": float(x),
                    "y": float(y),
                    "uncertainty": None,
                    "placed_by": READERS,
                }
                for point, (x, y) in zip(NAMES, points, strict=True)
            ],
        }
        for name, film, points in zip(control.ids, control.films, control.points, strict=True)
    )
    tables.write(paths.landmark_test, schemas.REAL_POINTS, rows)


if __name__ == "__main__":
    execute(run)
