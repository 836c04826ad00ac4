"""What must be true of every film, looked at one by one: bytes, pixels, hashes, label, identity."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.film_id import FilmId, index_of
from cxr_release.films import png
from cxr_release.films.png import Film, ancillary
from cxr_release.params import Params
from cxr_release.release.checks.report import Collector
from cxr_release.release.inputs import Job, ReleaseInputs, job_of, jobs_of

BLANK_DEVIATION = 2.0
"""Grey levels of standard deviation below which a film shows nothing."""

FilmFault = tuple[str, str, str]
"""Column, what is wrong with it, remedy."""

_EXCLUDE = "exclude it with reason {}"
_AGAIN = "sample it again"


@dataclass(frozen=True)
class KnownFilm:
    """A generated film, as far as the rules across tables must know it."""

    job: Job
    seed: int
    sha256: str
    pixel_sha256: str
    mirrored_sha256: str | None = field(default=None, kw_only=True)


def check_generated(
    inputs: ReleaseInputs, params: Params, released: Collection[str], found: Collector
) -> dict[str, KnownFilm]:
    """Decode every generated film and hold its row against it.

    Args:
        inputs: where the tables are.
        params: the jobs that must be there, and the films' size.
        released: ids of the films that go out: they alone must show something.
        found: where faults go.

    Returns:
        Film id → film, of every film whose row could be read.
    """
    jobs = jobs_of(params.sample.checkpoints)
    _check_folder(inputs, jobs, found)
    known: dict[str, KnownFilm] = {}
    for job in jobs:
        path = inputs.table(job)
        before = len(known)
        found.rows(path, schemas.ORIENTED)
        with found.collecting():
            _check_table(path, job, params, released=released, known=known, found=found)
        found.applied("films decoded and held against their row", len(known) - before)
    return known


def _check_folder(inputs: ReleaseInputs, jobs: list[Job], found: Collector) -> None:
    for path in sorted(inputs.oriented.glob("*.parquet")):
        if job_of(path) not in jobs:
            found.add(path, "is of no checkpoint and batch in sample.checkpoints", "delete it")


def _check_table(
    path: Path,
    job: Job,
    params: Params,
    *,
    released: Collection[str],
    known: dict[str, KnownFilm],
    found: Collector,
) -> None:
    last = -1
    for number, row in enumerate(tables.iterate(path, schemas.ORIENTED), start=1):
        where = f"{path}: row {number} ({row['id']})"
        film, faults = open_film(row, synthetic=True)
        faults += _identity_faults(row, job, params)
        if film is not None:
            faults += _picture_faults(film, params.ingest.size, row["id"] in released)
        for column, what, remedy in faults:
            found.add(f"{where}, column {column}", what, remedy)
        if row["id"] in known:
            found.add(f"{where}, column id", "stands there twice")
            continue
        index = index_of(row["id"])
        if index <= last:
            found.add(f"{where}, column id", "films are not in the order of their index")
        last = index
        same = (row["seed"], row["sha256"], row["pixel_sha256"])
        known[row["id"]] = KnownFilm(job, *same, mirrored_sha256=row["mirrored_sha256"])


def _identity_faults(row: Mapping[str, Any], job: Job, params: Params) -> Iterator[FilmFault]:
    checkpoint, batch = job
    expected = {
        "checkpoint": checkpoint,
        "batch": batch,
        "checkpoint_step": checkpoint * params.train.checkpoint_every,
        "id": str(FilmId(checkpoint, batch, index_of(row["id"]))),
    }
    for column, value in expected.items():
        if row[column] != value:
            yield column, f"is {row[column]!r}, expected {value!r}", ""
    asked = params.sample.films(batch)
    if index_of(row["id"]) >= asked:
        yield "id", f"is beyond the {asked} films of this batch", _AGAIN
    if row["flipped"] and row["facing"] != "left":
        yield "facing", f"is {row['facing']!r} of a film that was mirrored to face left", _AGAIN
    if (row["image"] or {}).get("path") != f"{row['id']}.png":
        yield "image", "is named otherwise than the film", _AGAIN


def open_film(row: Mapping[str, Any], *, synthetic: bool) -> tuple[Film | None, list[FilmFault]]:
    """The pixels of a row's film, and where the row or the bytes are untrue.

    Args:
        row: a row of an image table, with the film and its hashes and size.
        synthetic: whether the film must carry the provenance label.
    """
    data = (row["image"] or {}).get("bytes")
    if not data:
        return None, [("image", "holds no film", _AGAIN)]
    try:
        film = png.decode(data, where=str(row["id"]))
    except SourceError as error:
        return None, [("image", error.what, _AGAIN)]
    faults = [
        (column, f"is {row[column]}, the film's is {value}", _AGAIN)
        for column, value in png.facts(film, data).items()
        if row[column] != value
    ]
    if synthetic and ancillary(data) != _label():
        labelled = png.is_labelled(data)
        what = "metadata beside the provenance label" if labelled else "no provenance label"
        faults.append(("image", f"carries {what}", _AGAIN))
    return film, faults


def _picture_faults(film: Film, side: int, released: bool) -> Iterator[FilmFault]:
    if film.shape != (side, side):
        size = f"{film.shape[1]} × {film.shape[0]} pixels"
        yield "image", f"is {size}, expected {side} × {side}", _AGAIN
    if released and float(np.std(film)) < BLANK_DEVIATION:
        yield "image", "is blank", _EXCLUDE.format("blank-or-noise")


@cache
def _label() -> bytes:
    """The provenance label as this version writes it."""
    return ancillary(png.encode(np.zeros((8, 8), np.uint8), synthetic=True))


def check_cohort(path: Path, found: Collector) -> dict[str, str] | None:
    """Decode every film of the cohort and hold its row against it.

    Returns:
        Film id → hash of its pixels, or None where the table cannot be read.
    """
    rows = found.rows(path, schemas.COHORT)
    with found.collecting():
        for number, row in enumerate(tables.iterate(path, schemas.COHORT), start=1):
            for column, what, _ in open_film(row, synthetic=False)[1]:
                found.add(f"{path}: row {number}, column {column}", what, "ingest again")
            found.applied("films of the cohort decoded and held against their row", 1)
    return None if rows is None else {row["id"]: row["pixel_sha256"] for row in rows}


def check_pixels(
    known: Mapping[str, KnownFilm],
    released: Collection[str],
    real: Mapping[str, str],
    table: Path,
    found: Collector,
) -> None:
    """No released film has the pixels or the seed of another one, or a cohort film's pixels."""
    cohort = set(real.values())
    first: dict[str, str] = {}
    seeds: dict[int, str] = {}
    for film in sorted(set(released) & set(known)):
        pixels, seed = known[film].pixel_sha256, known[film].seed
        if seeds.setdefault(seed, film) != film:
            found.add(f"{table}: {film}", f"has the seed of {seeds[seed]}", _AGAIN)
        if pixels in cohort:
            remedy = _EXCLUDE.format("other")
            found.add(f"{table}: {film}", "has the pixels of a film of the cohort", remedy)
        if first.setdefault(pixels, film) != film:
            remedy = _EXCLUDE.format("other")
            found.add(f"{table}: {film}", f"has the same pixels as {first[pixels]}", remedy)
        found.applied("released films held against each other and against the cohort", 1)
