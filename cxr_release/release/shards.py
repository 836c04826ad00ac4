"""The files of a release's films: which film goes into which, and the copying."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.film_id import Job, jobs_of
from cxr_release.film_size import Size
from cxr_release.release.versions.published import FILMS, LABELLED_FILMS, History
from cxr_release.rows import Rows

Row = Mapping[str, Any]
SHARD_BYTES = 500_000_000
"""A shard is never larger; the Hub's clients fetch files of this size well."""
ROWS_PER_GROUP = 100
"""As `datasets` cuts images itself. Groups of a few megabytes are also the quickest to write."""
GROUP_BYTES = 100_000_000
"""A row group is never larger; the Hub's viewer reads them whole."""
FILM = tuple(name for name in schemas.RELEASE.arrow.names if name != "release_version")
"""Columns that a film brings with it; in which version its shard changed, the history says."""

LANDMARKS = tuple(column.name for column in schemas.LANDMARK_COLUMNS)


@dataclass(frozen=True)
class Shard:
    """One file of a source's films, before it is written."""

    name: str
    """File below the release folder."""
    generated: int
    """Films that were generated for it, the excluded ones among them."""
    films: Rows[dict[str, Any]]
    """Flat columns of its released films, `release_version` among them."""
    content: str
    """What `content_of` gives for them."""
    version: str
    """The version in which it last changed."""

    @property
    def stated(self) -> dict[str, Any]:
        """What the release's record says of it."""
        return {"rows": len(self.films), "version": self.version, "content": self.content}


def plan_shards(
    generated: Mapping[Job, Rows[dict[str, Any]]],
    film_size: int | Size,
    released: pa.ChunkedArray,
    history: History,
    *,
    classes: Sequence[str] = (),
    landmarks: Mapping[str, Row] | None = None,
) -> dict[str, list[Shard]]:
    """Which released films go into which file: source → shards, from the flat columns alone.

    A shard takes so many generated films, so that an exclusion changes the one that held the film.

    Args:
        generated: sampling job → flat columns of its `schemas.ORIENTED`, in the order of release.
        film_size: of each of them.
        released: ids of the films that go out, texts.
        history: the versions before.
        classes: names of the classes that films were drawn as.
        landmarks: film id → its `schemas.LANDMARK_COLUMNS`, where landmarks are released.
    """
    size = films_per_shard(film_size)
    planned = {}
    for source in dict.fromkeys(source for source, _ in generated):
        films = pa.concat_tables(generated[job].table for job in jobs_of((source,)))
        stays = pc.is_in(films["id"], value_set=released)
        count = -(-len(films) // size)
        pieces = [films.slice(number * size, size) for number in range(count)]
        planned[source] = [
            _shard(
                f"data/{source}/train-{number:05d}-of-{count:05d}.parquet",
                len(piece),
                _kept(piece, stays.slice(number * size, size)),
                history,
                classes=classes,
                landmarks=landmarks or {},
            )
            for number, piece in enumerate(pieces)
        ]
    return planned


def _kept(films: pa.Table, stays: pa.ChunkedArray) -> pa.Table:
    """The films that stay. A filter copies them, and mostly all of them stay."""
    return films if pc.all(stays).as_py() else films.filter(stays)


def _shard(
    name: str,
    generated: int,
    kept: pa.Table,
    history: History,
    *,
    classes: Sequence[str],
    landmarks: Mapping[str, Row],
) -> Shard:
    kind = LABELLED_FILMS if classes else FILMS
    unknown = {*kept["label"].unique().to_pylist()} - {None, *classes} if classes else set()
    if unknown:
        what = (
            f"films are drawn as {', '.join(sorted(unknown))}, which are not classes of the split"
        )
        raise ReleaseError(what, where=name, remedy="sample again")
    films: Rows[dict[str, Any]] = Rows(kept, dict)
    content = content_of(({**film, **landmarks.get(film["id"], {})} for film in films), classes)
    version = history.version_of(content)
    versions = pa.repeat(pa.scalar(version, pa.string()), len(kept))
    columns = kept.append_column("release_version", versions).select(kind.arrow.names)
    # Here, for the whole of them, so that the copying need not.
    tables.check(columns.cast(kind.arrow), kind, name)
    return Shard(name, generated, Rows(columns, dict), content, version)


def content_of(films: Iterable[Row], classes: Sequence[str] = ()) -> str:
    """SHA-256 of what a shard says about its films, in hex; the version is no part of it.

    Args:
        films: rows with the flat columns of `schemas.RELEASE`, with the name of the class as
            `label` where there are classes, and with `schemas.LANDMARK_COLUMNS` where landmarks
            are released. The pictures are in it by their hashes.
        classes: names of the classes, in order: the shard states them all.
    """
    digest = hashlib.sha256()
    if classes:
        digest.update(json.dumps(list(classes)).encode() + b"\n")
    columns = (*FILM[1:], *["label"] * bool(classes))
    for film in films:
        names = (*columns, *(name for name in LANDMARKS if name in film))
        digest.update(json.dumps([film[name] for name in names]).encode() + b"\n")
    return digest.hexdigest()


def write_films(
    folder: Path,
    jobs: Sequence[Sequence[Path]],
    shards: Sequence[Shard],
    group: int,
    shown: Collection[str] = (),
    *,
    kind: tables.Table = schemas.RELEASE,
    millimetres_per_pixel: float | None = None,
    landmarks: Mapping[str, Row] | None = None,
    classes: Sequence[str] = (),
) -> dict[str, bytes]:
    """Copy the films of one source into its shards: Arrow batches, never a decoded film.

    Args:
        folder: the release folder.
        jobs: the `schemas.ORIENTED` tables of each of its jobs, in the order of release.
        shards: what `plan_shards` made of them.
        group: most rows of a row group.
        shown: ids of films whose PNG bytes are wanted besides: they pass by here anyway.
        kind: of the shards; see `schemas.released_films`.
        millimetres_per_pixel: the one scale of these films, where that is known.
        landmarks: film id → its `schemas.LANDMARK_COLUMNS`, where landmarks are released.
        classes: names of the classes that films were drawn as.

    Returns:
        Film id → PNG bytes, of the films in `shown`.
    """
    pictures = {}
    wanted = pa.array(sorted(shown), pa.string())
    names = pa.array(classes, pa.string())
    for number, pieces in groupby(_pieces(jobs, shards, group), key=itemgetter(0)):
        shard = shards[number]
        kept = shard.films.table["id"]
        with tables.Writer(folder / shard.name, kind, checked=True) as writer:
            for _, piece in pieces:
                stays = pc.is_in(piece["id"], kept)
                released = _kept(piece, stays)
                alike = {
                    "release_version": shard.version,
                    "millimetres_per_pixel": millimetres_per_pixel,
                }
                ids = released["id"].to_pylist()
                labelled = released.select(FILM)
                for column in kind.columns[len(FILM) :]:
                    if column.name == "label":
                        values = pc.index_in(released["label"], value_set=names).cast(column.type)
                    elif column.name in LANDMARKS:
                        placed = [(landmarks or {})[film][column.name] for film in ids]
                        values = pa.array(placed, column.type)
                    else:
                        values = pa.array([alike[column.name]] * len(ids), column.type)
                    labelled = labelled.append_column(column.name, values)
                writer.append(labelled)
                for film in released.filter(pc.is_in(released["id"], wanted)).to_pylist():
                    pictures[film["id"]] = film["image"]["bytes"]
    return pictures


def _pieces(
    jobs: Sequence[Sequence[Path]], shards: Sequence[Shard], group: int
) -> Iterator[tuple[int, pa.Table]]:
    """The generated films, as row groups of the shard with that number will hold them.

    Groups are cut among the generated films too: an exclusion leaves all groups but its own.
    """
    number = taken = 0
    for paths in jobs:
        for batch in _groups(paths, group):
            rest = batch
            while rest.num_rows:
                piece = rest.slice(0, shards[number].generated - taken)
                yield number, piece
                rest, taken = rest.slice(piece.num_rows), taken + piece.num_rows
                if taken == shards[number].generated:
                    number, taken = number + 1, 0


def _groups(paths: Sequence[Path], group: int) -> Iterator[pa.Table]:
    """The films of a job, so many at a time, whichever of its tables they are in."""
    rest = None
    for path in paths:
        for batch in tables.batches(path, schemas.ORIENTED, (*FILM, "label"), group):
            rest = pa.concat_tables([rest, batch]).combine_chunks() if rest else batch
            if rest.num_rows >= group:
                yield rest.slice(0, group)
                rest = rest.slice(group)
    if rest:
        yield rest


def film_bytes(size: int | Size) -> int:
    """Most bytes that a film of a size (a number: a square) takes, however badly it compresses."""
    size = Size.of(size)
    # Deflate's stored blocks add 5 bytes per 16 KiB, PNG one a row; chunks and columns the rest.
    return (size.width + 1) * size.height * 1001 // 1000 + 4096


def films_per_shard(size: int | Size) -> int:
    """Generated films whose released ones always fit one shard."""
    return SHARD_BYTES // film_bytes(size)


def rows_per_group(size: int | Size, films: int = 1) -> int:
    """Rows of so many films each that always fit a row group."""
    return max(1, min(ROWS_PER_GROUP, GROUP_BYTES // (films * film_bytes(size))))
