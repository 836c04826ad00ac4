"""The released films: every shard against the record, every row against its film."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from tqdm import tqdm

from cxr_release import schemas, tables
from cxr_release.film_id import BATCHES, FilmId, index_of, source_name
from cxr_release.release.checks.films import BLANK_DEVIATION, KnownFilm, open_film
from cxr_release.release.checks.record import RECORD, Record
from cxr_release.release.checks.report import value_at
from cxr_release.release.layout import SHARD, shard_checkpoint
from cxr_release.release.shards import content_of
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.parquet import rows_of
from cxr_release.release.untrusted.png import frame_fault

Row = Mapping[str, Any]
AT_ONCE = 64
"""Films in memory at one time."""


@dataclass(frozen=True)
class ReleasedFilm(KnownFilm):
    """A released film, as far as the other checks must know it."""

    flipped: bool
    facing: str


@dataclass
class Films:
    """What the shards hold."""

    by_id: dict[str, ReleasedFilm] = field(default_factory=dict)
    shards: dict[str, int] = field(default_factory=dict)
    """Readable shard → rows."""
    whole: bool = True
    """Whether every shard that is there could be read: else nothing is counted against them."""


def check_films(folder: Folder, record: Record, found: Findings) -> Films:
    """Read every shard once for its rows and once for its films, which are decoded one by one."""
    films = Films()
    with found.trying("data"):
        _check_names(folder, record, found)
    stated = value_at(record, "shards") or {}
    threads = min(8, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool, _bar(stated) as bar:
        for name in folder.shards:
            rows = rows_of(folder, name, schemas.RELEASE, found)
            if rows is None:
                films.whole = False
                continue
            films.shards[name] = len(rows)
            _keep(name, rows, films, found)
            with found.trying(name):
                _check_shard(name, rows, stated.get(name), found)
            with found.trying(name):
                look = partial(_faults_of, shard_checkpoint(name), record)
                _check_rows(folder, name, look, pool=pool, bar=bar, found=found)
    found.applied("shards held against the record", len(films.shards))
    return films


def _bar(stated: Mapping[str, Any]) -> tqdm[Any]:
    rows = [one.get("rows") for one in stated.values() if isinstance(one, Mapping)]
    total = sum(one for one in rows if type(one) is int)
    return tqdm(total=total, desc="checking films", unit="film", disable=None, file=sys.stderr)


def _check_names(folder: Folder, record: Record, found: Findings) -> None:
    """The shards are those of the record, and those of each checkpoint are numbered through."""
    stated = value_at(record, "shards") or {}
    for name in sorted({*stated} - {*folder.shards}):
        found.add(name, f"is a shard in {RECORD} and is not there")
    for name in sorted({*folder.shards} - {*stated}):
        found.add(name, f"is no shard in {RECORD}")
    numbered: dict[int, list[str]] = {}
    for name in folder.shards:
        numbered.setdefault(shard_checkpoint(name), []).append(name)
    for checkpoint, names in numbered.items():
        parts = [SHARD.fullmatch(name) for name in names]
        numbers = [(int(one[2]), int(one[3])) for one in parts if one]
        if numbers != [(place, len(names)) for place in range(len(names))]:
            found.add(f"data/{source_name(checkpoint)}", f"has not shards 0 to n − 1 of n: {names}")
    asked = value_at(record, "params.sample.checkpoints") or []
    if {*numbered} != {*asked}:
        found.says("data", sorted(numbered), asked, RECORD)


def _keep(name: str, rows: list[dict[str, Any]], films: Films, found: Findings) -> None:
    last: tuple[int, int] = (-1, -1)
    for number, row in enumerate(rows, start=1):
        where = f"{name}: row {number} ({row['id']})"
        place = (BATCHES.index(row["batch"]), index_of(row["id"]))
        if row["id"] in films.by_id:
            found.add(f"{where}, column id", "stands there twice")
        elif place <= last:
            found.add(f"{where}, column id", "films are not in the order of batch and index")
        last = place
        job = (row["checkpoint"], row["batch"])
        if row["flipped"] and row["facing"] != "left":
            found.add(f"{where}, column facing", "is unknown, and the film was mirrored")
        same = (row["seed"], row["sha256"], row["pixel_sha256"])
        film = ReleasedFilm(job, *same, row["flipped"], row["facing"])
        films.by_id.setdefault(row["id"], film)


def _check_shard(name: str, rows: list[dict[str, Any]], stated: Any, found: Findings) -> None:
    """Rows, version and content are those of the record."""
    if not isinstance(stated, Mapping):
        return
    found.says(f"{name}: rows", stated.get("rows"), len(rows))
    for version in sorted({row["release_version"] for row in rows} - {stated.get("version")}):
        what = f"holds rows of version {version}, {RECORD} says {stated.get('version')}"
        found.add(f"{name}: column release_version", what)
    if stated.get("content") != content_of(rows):
        found.add(name, f"its rows are not those whose hash stands in {RECORD}")


def _check_rows(
    folder: Folder,
    name: str,
    look: Callable[[Row], list[tuple[str, str]]],
    *,
    pool: ThreadPoolExecutor,
    bar: tqdm[Any],
    found: Findings,
) -> None:
    rows = tables.iterate(folder.path(name), schemas.RELEASE, AT_ONCE)
    for number, (film, faults) in enumerate(_looked_at(rows, look, pool), start=1):
        for column, what in faults:
            found.add(f"{name}: row {number} ({film}), column {column}", what)
        found.applied("films decoded and held against their row", 1)
        bar.update()


def _looked_at(
    rows: Iterator[Row], look: Callable[[Row], list[tuple[str, str]]], pool: ThreadPoolExecutor
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for some in tables.pieces(rows, AT_ONCE):
        for row, faults in zip(some, pool.map(look, some), strict=True):
            yield row["id"], faults


def _faults_of(checkpoint: int, record: Record, row: Row) -> list[tuple[str, str]]:
    """Columns of a film's row that are not true, and why."""
    faults = list(_identity_faults(checkpoint, record, row))
    data = (row["image"] or {}).get("bytes") or b""
    unsound = frame_fault(data)
    if unsound:
        return [*faults, ("image", unsound)]
    film, wrong = open_film(row, synthetic=True)
    faults += [(column, what) for column, what, _ in wrong]
    if film is None:
        return faults
    side = value_at(record, "params.ingest.size")
    if film.shape != (side, side):
        size = f"{film.shape[1]} × {film.shape[0]} pixels"
        faults.append(("image", f"is {size}, {RECORD} says {side} × {side}"))
    if float(np.std(film)) < BLANK_DEVIATION:
        faults.append(("image", "is blank"))
    return faults


def _identity_faults(checkpoint: int, record: Record, row: Row) -> Iterator[tuple[str, str]]:
    every = value_at(record, "params.train.checkpoint_every")
    expected = {
        "id": str(FilmId(checkpoint, row["batch"], index_of(row["id"]))),
        "checkpoint": checkpoint,
        "checkpoint_step": checkpoint * every if type(every) is int else None,
    }
    for column, value in expected.items():
        if row[column] != value:
            yield column, f"is {row[column]!r}, expected {value!r} in this place"
    if (row["image"] or {}).get("path") != f"{row['id']}.png":
        yield "image", "is named otherwise than the film"
