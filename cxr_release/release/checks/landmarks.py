"""Landmarks of released films: each row against its film, and the numbers against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.film_size import Size
from cxr_release.landmarks.points import MODEL, NAMES, READERS, angles_of, points_of
from cxr_release.params.people import LandmarksParams
from cxr_release.params.project import Params
from cxr_release.release.checks.counts import check_tally
from cxr_release.release.checks.films import KnownFilm
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.record import LandmarkReaders, Landmarks, Record

Row = Mapping[str, Any]
_PLACE = "run `dvc repro --force landmarks`"


def check_landmarks(
    rows: Sequence[Row], size: Size, scale: float | None, place: Place, report: CheckReport
) -> None:
    """Points lie on their film, each once and in order; angles are those between them.

    Args:
        rows: with `id`, `facing`, `keypoints` and `angles`.
        size: of the films.
        scale: their millimetres per pixel; None: not known.
        place: of the table.
        report: where faults go.
    """
    for number, row in enumerate(rows, start=1):
        where = place.at(f"row {number} ({row['id']})")
        for column, what in _faults(row, size, scale):
            report.add(where.column(column), what)
    report.applied("films with landmarks on them, and angles taken again", len(rows))


def _faults(row: Row, size: Size, scale: float | None) -> Iterator[tuple[str, str]]:
    points = row["keypoints"]
    if points is not None:
        yield from (("keypoints", what) for what in point_faults(points, size))
    true = None
    if points and row["facing"] == "left":
        true = angles_of(points_of(points), scale)
    if row["angles"] != true:
        yield "angles", f"are {row['angles']}, its landmarks say {true}"


def point_faults(points: Sequence[Mapping[str, Any]], size: Size) -> Iterator[str]:
    """What is wrong with a value of the column `keypoints` that is not empty."""
    names = [point["name"] for point in points]
    if not names or names != [name for name in NAMES if name in {*names}]:
        yield "are not different landmarks in their order"
    if len({point["placed_by"] for point in points} & {MODEL, READERS}) != 1 or any(
        point["placed_by"] not in {MODEL, READERS} for point in points
    ):
        yield "are not all placed by the model, or all by readers"
    for point in points:
        at = point["x"], point["y"]
        if None in at or not (0 <= at[0] <= size.width and 0 <= at[1] <= size.height):
            yield f"{point['name']} does not lie on the film"
        about = point["uncertainty"]
        if about is None and point["placed_by"] == MODEL:
            yield f"{point['name']} has no uncertainty"
        if about is not None and not 0 <= about <= size.width + size.height:
            yield f"{point['name']} has an uncertainty of {about} pixels"


def check_placed(
    folder: Path,
    stated: Landmarks | None,
    films: Mapping[str, KnownFilm],
    params: Params,
    report: CheckReport,
) -> None:
    """The artefacts: landmarks of each released film, by its hash, and of no other.

    Args:
        folder: of the table and the report.
        stated: the report; None: no landmarks.
        films: the released ones.
        params: the parameters that all was made with.
        report: where faults go.
    """
    place = Place(str(folder / "landmarks.json"), _PLACE)
    if (stated is not None) != params.landmarks.is_on:
        report.add(place, "is of other parameters: landmarks are asked for, or not, since then")
        return
    table = Place(str(folder / "landmarks.parquet"), _PLACE)
    with report.collecting():
        rows = list(tables.iterate(folder / "landmarks.parquet", schemas.LANDMARKS))
        if stated is None:
            return
        report.tables["landmarks/landmarks.parquet"] = len(rows)
        placed = {row["id"]: row for row in rows}
        for film in sorted(films.keys() - placed.keys()):
            report.add(table.at(film), "is released and has no row")
        for film in sorted(placed.keys() - films.keys()):
            report.add(table.at(film), "has a row and is not released")
        if len(placed) < len(rows):
            report.add(table, "holds a film twice")
        for film in placed.keys() & films.keys():
            if placed[film]["sha256"] != films[film].sha256:
                report.add(table.at(f"{film}, column sha256"), "does not match the film's SHA-256")
        known = [row | {"facing": films[row["id"]].facing} for row in rows if row["id"] in films]
        for source in {film.job[0] for film in films.values()}:
            described = [row for row in known if films[row["id"]].job[0] == source]
            scale = params.millimetres_per_pixel_of(source)
            check_landmarks(described, params.ingest.film_size, scale, table, report)
        _check_numbers(stated, known, params.landmarks, place, report)


def check_landmark_record(
    record: Record, landmarks: Mapping[str, Row], place: Place, report: CheckReport
) -> None:
    """The same of a finished release; one without landmarks says nothing of them.

    Args:
        record: what `release.json` holds.
        landmarks: film id → its row, with `facing`, `keypoints` and `angles`.
        place: of the numbers.
        report: where faults go.
    """
    stated = record.metrics.landmarks
    if (stated is not None) != record.params.landmarks.is_on:
        report.add(place, "does not go with its params: landmarks are asked for, or not")
    elif stated is not None:
        _check_numbers(stated, list(landmarks.values()), record.params.landmarks, place, report)


def _check_numbers(
    stated: Landmarks,
    rows: Sequence[Row],
    params: LandmarksParams,
    place: Place,
    report: CheckReport,
) -> None:
    """Films by who placed their landmarks, recounted; the readers' numbers among themselves."""
    counts = Counter(
        row["keypoints"][0]["placed_by"] if row["keypoints"] else "none" for row in rows
    )
    true = {name: counts[name] for name in (MODEL, READERS, "none")}
    unknown = sum(row["facing"] != "left" for row in rows)
    report.says(place.at("key films"), dict(stated.films), true, "the films")
    report.says(place.at("key points"), stated.points, len(NAMES), "the names")
    report.says(place.at("key facing_unknown"), stated.facing_unknown, unknown, "the films")
    if (stated.teacher is not None) != (params.teacher != "none"):
        report.add(place.at("key teacher"), "does not go with landmarks.teacher")
    if stated.readers is not None:
        _check_readers(
            stated.readers, (true[READERS], len(rows), len(rows) - unknown), params, place, report
        )
    elif params.films or true[READERS]:
        report.add(place.at("key readers"), "is missing, and readers were asked")
    learnt = stated.newcomer
    if learnt and learnt.learnt + learnt.synthetic.films > len(rows):
        report.add(place.at("key newcomer"), "is of more films than are released")
    report.applied("counts of landmarks held against the films", len(true))


def _check_readers(
    stated: LandmarkReaders,
    counted: tuple[int, int, int],
    params: LandmarksParams,
    place: Place,
    report: CheckReport,
) -> None:
    """The readers' numbers; `counted`: films with their landmarks, all, and those facing left."""
    placed, films, facing = counted
    where = place.at("key readers")
    # A film on which readers saw no landmark at all has none.
    if not placed <= stated.films <= films:
        report.add(where.at("films"), f"{stated.films:,} cannot be of {placed:,} with their points")
    asked = min(params.films, facing)
    report.says(where.at("asked"), stated.asked, asked, "landmarks.films and the films")
    report.says(where.at("required"), stated.required, params.readers_required, "its params")
    report.says(where.at("readers"), stated.readers, len(stated.each), "its people")
    people = stated.films_by_readers
    if not check_tally(where.at("films_by_readers"), people, asked, report):
        return
    waiting = sum(number for count, number in people.items() if int(count) < stated.required)
    report.says(where.at("waiting"), stated.waiting, waiting, "films_by_readers")
    state = "none" if not stated.readers else "partial" if waiting else "complete"
    report.says(where.at("state"), stated.state, state, "its numbers")
    given = sum(person.films for person in stated.each)
    report.says(where.at("began, in all"), sum(stated.began.values()), given, "its people")
    for person in stated.each:
        most = len(NAMES) * person.films
        if not 0 < person.films <= stated.films or max(person.moved, person.not_seen) > most:
            report.add(where.at("each"), "holds impossible counts of a reader's landmarks")
    if stated.between and stated.between.films > stated.films:
        report.add(where.at("between"), "is of more films than were read")
    if stated.model and stated.model.films > stated.films:
        report.add(where.at("model"), "is of more films than were read")
