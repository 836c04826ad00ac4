"""Landmarks as the stage leaves them: none, or some on every released film."""

from __future__ import annotations

from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.landmarks.distances import interval_of, summary_of
from cxr_release.landmarks.placement import Placement, text_of
from cxr_release.landmarks.points import NAMES, Points, template
from cxr_release.landmarks.readers import ReadFilm, read_films
from cxr_release.landmarks.report import Film, about_films, about_readers, rows_of
from cxr_release.landmarks.teacher import Placed
from cxr_release.logbook.entry import GENESIS
from cxr_release.params.project import Params
from cxr_release.release.inputs import ReleaseInputs


def write_no_landmarks(inputs: ReleaseInputs) -> None:
    tables.write(inputs.landmarks / "landmarks.parquet", schemas.LANDMARKS, [])
    tables.write(inputs.landmarks / "control.parquet", schemas.REAL_POINTS, [])
    write_json(inputs.landmarks / "landmarks.json", {"landmarks": None})


def placement(reader: str, film: Film, points: Points, seq: int = 1) -> Placement:
    return Placement(
        film.id,
        film.sha256,
        "place",
        points=text_of(points),
        start="model",
        moved="3",
        seq=seq,
        at="2026-11-20T10:00:00.000Z",
        reviewer=reader,
        prev=GENESIS,
    )


def released_films(inputs: ReleaseInputs, params: Params) -> list[Film]:
    screened = tables.read_rows(inputs.screening / "screened.parquet", schemas.SCREENED)
    released = {row["id"] for row in screened if row["released"]}
    return [
        Film(row["id"], row["sha256"], row["facing"], params.millimetres_per_pixel_of(source))
        for source, batch in params.sample.jobs
        for row in tables.read_rows(inputs.table((source, batch)), schemas.ORIENTED)
        if row["id"] in released
    ]


def write_landmarks(inputs: ReleaseInputs, params: Params, *, read: int = 0) -> list[Film]:
    """Landmarks of a teacher, and of two readers on the first `read` films."""
    films, size = released_films(inputs, params), params.ingest.film_size
    chance = np.random.default_rng(0)

    def some() -> Points:
        drawn: Points = template(size) + chance.normal(0, 0.4, (len(NAMES), 2))
        return np.clip(drawn, 0, min(size)).round(2)

    placed = {
        film.id: Placed(some()[None], np.full((1, len(NAMES)), 0.75))
        for film in films
        if film.facing == "left" and params.landmarks.teacher != "none"
    }
    asked = [film for film in films if film.facing == "left"][: params.landmarks.films]
    placements = {
        reader: {(film.id, film.sha256): placement(reader, film, some()) for film in asked[:read]}
        for reader in (("a.b", "c.d") if read else ())
    }
    by_readers: dict[str, ReadFilm] = read_films(
        placements, {film.id: film.sha256 for film in films}
    )
    rows = list(rows_of(films, placed, by_readers, size))
    tables.write(inputs.landmarks / "landmarks.parquet", schemas.LANDMARKS, rows)
    far = np.abs(chance.normal(0, 1, (12, len(NAMES))))
    summary, few = summary_of(far, range(12)), interval_of(far[:, 0], range(12))
    teacher: dict[str, Any] = {
        "kind": "closed",
        "films": 30,
        "patients": None,
        "level": 0.9,
        "left_out": summary,
        "control": {
            "patients": 12,
            "errors": summary,
            "mean_shape": summary,
            "within": interval_of(np.minimum(far[:, 1], 1), range(12)),
            "cobb": few,
            "sva": few,
        },
    }
    report: dict[str, Any] = {
        "points": len(NAMES),
        "films": about_films(rows),
        "facing_unknown": sum(film.facing != "left" for film in films),
        "teacher": teacher if params.landmarks.teacher != "none" else None,
        "readers": about_readers(
            asked,
            by_readers,
            placements,
            placed,
            wanted=params.landmarks.films,
            required=params.landmarks.readers_required,
        ),
        "newcomer": {"learnt": 1, "synthetic": {**few, "films": 1}, "real": None},
    }
    write_json(inputs.landmarks / "landmarks.json", {"landmarks": report})
    return films
