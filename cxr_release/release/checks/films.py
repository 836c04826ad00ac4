"""What must be true of every film, looked at one by one: bytes, pixels, hashes, label, identity."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import tables
from cxr_release.errors import CxrReleaseError, SourceError
from cxr_release.film_id import (
    BATCHES,
    FilmId,
    Job,
    Origin,
    checkpoint_of,
    index_of,
    job_of_row,
    origin_of,
)
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.png import Film, ancillary
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.untrusted.readers import frame_fault
from cxr_release.tables import Stretch, Table
from cxr_release.workers import ALONE, Workers

Row = Mapping[str, Any]
BLANK_DEVIATION = 2.0
"""Grey levels of standard deviation below which a film shows nothing."""
AT_ONCE = 64
"""Films in memory at one time."""
STRETCH = 256
"""Films that are checked in one go, or as few more as the row groups of their table allow."""
FilmFault = tuple[str, str, str]
"""Column, what is wrong with it, remedy."""
_EXCLUDE = "exclude it with reason {}"


@dataclass(frozen=True)
class KnownFilm:
    """A film, as far as the rules across tables must know it."""

    job: Job
    seed: int | None
    """None of a film drawn elsewhere."""
    sha256: str
    pixel_sha256: str
    facing: str
    flipped: bool
    mirrored_sha256: str | None = None
    label: str | None = None
    """Name of the class that it was drawn as, if any."""


@dataclass(frozen=True, kw_only=True)
class FilmTable:
    """A table of synthetic films, and what its films must be."""

    place: Place
    path: Path
    kind: Table
    source: str
    batch: str | None
    """None where it holds both."""
    every: int
    """Training steps between checkpoints."""
    autoencoder_step: int
    """Training steps of the autoencoder that draws; 0: there is none."""
    size: Size
    """Of a film."""
    asked: int | None = None
    """Films that were asked for, where known."""
    shown: Collection[str] | None = None
    """Ids of films that must show something; None: all."""


@dataclass(frozen=True)
class _Checked:
    """What came of the films of a stretch."""

    films: int
    faults: Sequence[tuple[int, str, FilmFault]]
    """Row, from 1, id, and what is wrong with it."""
    error: CxrReleaseError | None = None
    """Why those after them could not be checked."""


def check_films(
    parts: Iterable[tuple[FilmTable, Sequence[Row]]], report: CheckReport, crew: Workers = ALONE
) -> None:
    """Hold every row against its film, which is decoded.

    Args:
        parts: tables, each with its flat columns, as read.
        report: where faults go, table by table and row by row, whoever found them.
        crew: shares the tables' stretches.
    """
    calls = []
    for films, rows in parts:
        with report.collecting():
            for stretch in tables.stretches(films.path, STRETCH):
                ids = {row["id"] for row in rows[stretch.rows]}
                shown = None if films.shown is None else ids.intersection(films.shown)
                calls.append((replace(films, shown=shown), stretch))
    for (films, _), checked in zip(
        calls, crew.map(_check_stretch, calls, "checking films"), strict=True
    ):
        report.applied("films decoded and held against their row", checked.films)
        for number, film, (column, what, remedy) in checked.faults:
            place = films.place.at(f"row {number} ({film})")
            report.add(place.column(column).where, what, remedy)
        with report.collecting():
            if checked.error is not None:
                raise checked.error


def _check_stretch(films: FilmTable, stretch: Stretch) -> _Checked:
    """Hold the films of some rows against them."""
    number = stretch.rows.start
    found: list[tuple[int, str, FilmFault]] = []
    look = partial(_faults, films)
    rows = tables.iterate(films.path, films.kind, AT_ONCE, stretch=stretch)
    try:
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for piece in tables.pieces(rows, AT_ONCE):
                for row, faults in zip(piece, pool.map(look, piece), strict=True):
                    number += 1
                    found += [(number, row["id"], fault) for fault in faults]
    except CxrReleaseError as error:
        return _Checked(number - stretch.rows.start, found, error)
    except Exception as error:  # noqa: BLE001 - the file decides what is raised, not this code
        what = f"cannot be checked: {type(error).__name__}: {error}"
        failure = CxrReleaseError(what, where=films.place.where, remedy=films.place.remedy)
        return _Checked(number - stretch.rows.start, found, failure)
    return _Checked(number - stretch.rows.start, found)


Order = tuple[int, int]
"""Where a film stands in the order of release: its batch, and its index there."""
FIRST: Order = (-1, -1)
"""Before all films."""


def check_order(
    films: FilmTable,
    rows: Sequence[Row],
    known: dict[str, KnownFilm],
    report: CheckReport,
    last: Order = FIRST,
) -> Order:
    """Make sure that each film is there once, in its place.

    Args:
        films: the table.
        rows: its flat columns, as read; a class by its name.
        known: films of the tables before; those of this one are added.
        report: where faults go.
        last: the last film of the shard before.

    Returns:
        The last film.
    """
    for number, row in enumerate(rows, start=1):
        where = films.place.at(f"row {number} ({row['id']}), column id")
        order = (BATCHES.index(row["batch"]), index_of(row["id"]))
        if row["id"] in known:
            report.add(where, "is a duplicate")
            continue
        if order <= last:
            report.add(where, "films are not in the order of batch and index")
        last = order
        known[row["id"]] = KnownFilm(
            job=job_of_row(row),
            seed=row["seed"],
            sha256=row["sha256"],
            pixel_sha256=row["pixel_sha256"],
            facing=row["facing"],
            flipped=row["flipped"],
            mirrored_sha256=row.get("mirrored_sha256"),
            label=row.get("label"),
        )
    return last


def _faults(films: FilmTable, row: Row) -> list[FilmFault]:
    """Columns of a film's row that are not true, why, and the remedy."""
    faults = [(column, what, films.place.remedy) for column, what in _identity_faults(films, row)]
    origin = origin_of(films.source)
    film, wrong = open_film(row, synthetic=True, origin=origin, remedy=films.place.remedy)
    faults += wrong
    if film is None:
        return faults
    if film.shape != films.size.shape:
        what = f"is {Size.of_shape(film.shape)} pixels, expected {films.size}"
        faults.append(("image", what, films.place.remedy))
    must_show = films.shown is None or row["id"] in films.shown
    if must_show and float(np.std(film)) < BLANK_DEVIATION:
        faults.append(("image", "is blank", _EXCLUDE.format("blank-or-noise")))
    return faults


def _identity_faults(films: FilmTable, row: Row) -> Iterator[tuple[str, str]]:
    batch, index = films.batch or row["batch"], index_of(row["id"])
    checkpoint, origin = checkpoint_of(films.source), origin_of(films.source)
    step = None if checkpoint is None else checkpoint * films.every
    expected = {
        "checkpoint": checkpoint,
        "batch": batch,
        "checkpoint_step": films.autoencoder_step if origin == "autoencoder" else step,
        "id": str(FilmId(films.source, batch, index)),
    }
    if (row["seed"] is None) != (origin == "elsewhere"):
        missing = origin != "elsewhere"
        yield "seed", "is missing" if missing else "is stated of a film drawn elsewhere"
    for column, value in expected.items():
        if row[column] != value:
            yield column, f"is {row[column]!r}, expected {value!r}"
    if films.asked is not None and index >= films.asked:
        yield "id", f"is beyond the {films.asked} films of this batch"
    if row["flipped"] and row["facing"] != "left":
        yield "facing", f"is {row['facing']!r} of a film that was mirrored to face left"
    if (row["image"] or {}).get("path") != f"{row['id']}.png":
        yield "image", "is named otherwise than the film"


def open_film(
    row: Row, *, synthetic: bool, remedy: str, origin: Origin = "diffusion"
) -> tuple[Film | None, list[FilmFault]]:
    """The pixels of a row's film, and where the row or the bytes are untrue.

    Args:
        row: a row of an image table, with the film and its hashes and size.
        synthetic: whether the film must carry the provenance label.
        origin: who drew the film, as that label must say.
        remedy: for all faults.
    """
    data = (row["image"] or {}).get("bytes")
    if not data:
        return None, [("image", "holds no film", remedy)]
    # Before anything is decoded: a short file can state an enormous film.
    if fault := frame_fault(data):
        return None, [("image", fault, remedy)]
    try:
        film = png.decode(data, where=str(row["id"]))
    except SourceError as error:
        return None, [("image", error.what, remedy)]
    faults = [
        (column, f"is {row[column]}, the film's is {value}", remedy)
        for column, value in png.facts(film, data).items()
        if row[column] != value
    ]
    if synthetic and ancillary(data) != _label(origin):
        labelled = png.is_labelled(data)
        what = "metadata beside the provenance label" if labelled else "no provenance label"
        faults.append(("image", f"carries {what}", remedy))
    return film, faults


@cache
def _label(origin: Origin) -> bytes:
    """The provenance label as this version writes it."""
    film = np.zeros((8, 8), np.uint8)
    return ancillary(png.encode(film, synthetic=True, origin=origin))


def check_distinct(
    released: Mapping[str, KnownFilm], real: Collection[str], place: Place, report: CheckReport
) -> None:
    """No released film has the pixels or the seed of another one, or the pixels of a real film.

    Args:
        released: film id → film.
        real: hashes of the pixels of real films, where known.
        place: of the released films.
        report: where faults go.
    """
    first: dict[str, str] = {}
    seeds: dict[int, str] = {}
    other = _EXCLUDE.format("other")
    for film, known in sorted(released.items()):
        where = place.at(film)
        if known.seed is not None and seeds.setdefault(known.seed, film) != film:
            report.add(where, f"has the seed of {seeds[known.seed]}")
        if known.pixel_sha256 in real:
            report.add(where, "has the pixels of a film of the cohort", other)
        if first.setdefault(known.pixel_sha256, film) != film:
            report.add(where, f"has the same pixels as {first[known.pixel_sha256]}", other)
        report.applied("released films held against each other and against the cohort", 1)
