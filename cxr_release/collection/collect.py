"""Synthetic films that another generator drew, as tables like those of a sampling job.

The first films of a source, in the order of their names, are its batch `initial`, all others its
batch `large`. Each is encoded once, with the label that it is synthetic.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm
from typing_extensions import TypedDict

from cxr_release import schemas, tables
from cxr_release.collection.film import Candidate, CollectedFilm, take_in
from cxr_release.collection.film_tables import picture_column, read_pictures
from cxr_release.collection.listing import Found, list_films
from cxr_release.collection.table_beside import told_of
from cxr_release.errors import Fault, SourceError
from cxr_release.files import write_json
from cxr_release.film_id import BATCHES, FilmId, job_name
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.folder import FilmFile, printable
from cxr_release.params.films import Fit
from cxr_release.pool import WorkerDiedError, fatal_calls, in_order, worker_pool

SHARD, GROUP, CHUNK = 256, 32, 8
"""Films of a shard, of a row group, and of what a process gets at a time."""
MANIFEST, SOURCES = "manifest.parquet", "sources.json"
SHOWN = 5


class CollectedSource(TypedDict):
    """What became of one source: an entry of `sources.json`."""

    kind: str
    repository: str | None
    """ORG/NAME, or a folder in it; None of a folder here."""
    commit: str | None
    """Of the repository."""
    files: int
    """Files, and rows of tables, that were taken for films."""
    films: int
    initial: int
    large: int
    refused: int
    """Of `files`, those that are not films or are duplicates."""
    passed_over: int
    """Other files."""


@dataclass(frozen=True)
class Form:
    """The form that all films get."""

    size: Size
    fit: Fit
    """See `resample`."""


@dataclass(frozen=True, kw_only=True)
class SourceFolder:
    """A source whose films lie here."""

    name: str
    folder: Path
    kind: str
    shown: str
    """What reports call it."""
    skip: bool
    """Whether faulty films are left out; else the first source with any stops all."""
    repository: str | None = None
    commit: str | None = None
    passed_over: int = 0
    """Files of a repository that were not fetched."""


@dataclass
class _Taken:
    """What was taken of one source so far."""

    source: SourceFolder
    initial: int
    """Films of the first batch, at most."""
    films: int = 0
    files: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Of the manifest."""
    faults: list[Fault] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    """Tables without a column of pictures."""


def collect(
    sources: Iterable[SourceFolder],
    output: Path,
    form: Form,
    *,
    initial: int,
    progress: bool = True,
) -> dict[str, CollectedSource]:
    """Bring all films of some sources into the form of sampled ones.

    Args:
        sources: in the order of their names.
        output: empty folder, which gets a folder of shards and `job.json` for each job,
            `manifest.parquet` (one row for every file or row, which stays in the house) and
            `sources.json`.
        form: of the films.
        initial: films of each source's first batch.
        progress: show bars on stderr.

    Returns:
        What `sources.json` holds.

    Raises:
        SourceError: films are bad or duplicates, or a source has none: all of them are named.
    """
    seen: dict[str, str] = {}
    report: dict[str, CollectedSource] = {}
    faults: list[Fault] = []
    rows: list[dict[str, Any]] = []
    for source in sources:
        found = list_films(source.folder)
        taken = _Taken(source, initial)
        for fault in found.faults:
            taken.files += 1
            _refuse(taken, fault)
        films = _films(taken, found, form, progress)
        rows_of = (row for film in films if (row := _row(taken, film, seen)))
        _write_jobs(source.name, rows_of, output)
        _tell(source, found, taken)
        if not taken.films:
            taken.faults.append(Fault(source.shown, "holds no film that can be read"))
        if taken.faults and not (source.skip and taken.films):
            faults += taken.faults
        elif taken.faults:
            lines = "\n".join(f"  {fault}" for fault in sorted(taken.faults))
            sys.stderr.write(f"{source.name}: left out {len(taken.faults):,} file(s):\n{lines}\n")
        rows += taken.rows
        report[source.name] = _summary(taken, found)
    if faults:
        raise SourceError(
            f"{len(faults):,} fault(s) in synthetic films drawn elsewhere",
            where="sample.sources",
            remedy="mend them, take them out, or state `on_error: skip` for their source",
            faults=sorted(faults),
        )
    # By name: in which order processes came to faults must not show in the file.
    rows.sort(key=lambda row: (row["source"], row["file"]))
    tables.write(output / MANIFEST, schemas.COLLECTED, rows)
    write_json(output / SOURCES, report)
    return report


def _write_jobs(name: str, films: Iterator[dict[str, Any]], output: Path) -> None:
    """Write the shards of both batches of a source, as its films come."""
    pending = next(films, None)
    for batch in BATCHES:
        folder = output / job_name(name, batch)
        folder.mkdir()
        made = shard = 0
        while pending is not None and pending["batch"] == batch:
            # One group after the other: of a large source only some films are in memory.
            with tables.Writer(folder / f"shard-{shard:05d}.parquet", schemas.SAMPLES) as writer:
                while writer.rows < SHARD and pending is not None and pending["batch"] == batch:
                    group: list[dict[str, Any]] = []
                    while len(group) < GROUP and pending is not None and pending["batch"] == batch:
                        group.append(pending)
                        pending = next(films, None)
                    writer.append(group)
            made, shard = made + writer.rows, shard + 1
        write_json(folder / "job.json", {"source": name, "batch": batch, "made": made})


def _row(taken: _Taken, film: CollectedFilm, seen: dict[str, str]) -> dict[str, Any] | None:
    """A row of `schemas.SAMPLES`; None of a film that is a duplicate."""
    pixels = str(film.facts["pixel_sha256"])
    known = {"source_sha256": film.sha256, "source_width": film.width}
    known |= {"source_height": film.height, "source_bits": film.bits, "source_mode": film.mode}
    if pixels in seen:
        what = f"has the pixels of {seen[pixels]}"
        _refuse(taken, Fault(film.name, what, "leave one of the two"), known)
        return None
    seen[pixels] = f"{taken.source.name}: {film.name}"
    batch, index = _place(taken)
    taken.films += 1
    name = str(FilmId(taken.source.name, batch, index))
    _enter(taken, film.name, known | {"status": "collected", "id": name})
    return {
        "image": png.cell(film.data, name),
        "id": name,
        "checkpoint": None,
        "checkpoint_step": None,
        "batch": batch,
        "seed": None,
        "label": None,
        **film.facts,
    }


def _place(taken: _Taken) -> tuple[str, int]:
    """Batch and index of the next film."""
    initial, large = BATCHES
    if taken.films < taken.initial:
        return initial, taken.films
    return large, taken.films - taken.initial


def _enter(taken: _Taken, name: str, known: Mapping[str, Any]) -> None:
    row = dict.fromkeys(schemas.COLLECTED.arrow.names)
    taken.rows.append(row | {"source": taken.source.name, "file": name} | dict(known))


def _refuse(taken: _Taken, fault: Fault, known: Mapping[str, Any] | None = None) -> None:
    taken.faults.append(Fault(f"{taken.source.name}: {fault.where}", fault.what, fault.remedy))
    _enter(taken, fault.where, {**(known or {}), "status": "refused", "fault": fault.what})


def _films(taken: _Taken, found: Found, form: Form, progress: bool) -> Iterator[CollectedFilm]:
    """Films that can be read, in order; the others go to `taken`."""
    refused = {fault.where for fault in found.faults}
    files = [film for film in found.films if film.name not in refused]
    shown = None if progress else True  # None: on terminals alone
    title = f"collect {taken.source.name}"
    with (
        worker_pool(len(files) + sum(map(_rows_of, found.tables))) as pool,
        tqdm(desc=title, unit="film", disable=shown, file=sys.stderr) as bar,
    ):
        calls = (
            (form.size, form.fit, chunk)
            for chunk in tables.pieces(_candidates(taken, files, found.tables), CHUNK)
        )
        try:
            for results in in_order(pool, take_in, calls):
                for result in results:
                    taken.files += 1
                    bar.update()
                    if isinstance(result, Fault):
                        _refuse(taken, result)
                    else:
                        yield result
        except WorkerDiedError as error:
            alone = [(form.size, form.fit, [film]) for *_, chunk in error.calls for film in chunk]
            fatal = [
                Fault(alone[place][2][0].name, "ends the process that reads it", "take it out")
                for place in fatal_calls(take_in, alone)
            ]
            if not fatal:
                raise
            raise SourceError(
                f"{len(fatal)} film(s) cannot be read", where=taken.source.shown, faults=fatal
            ) from error


def _candidates(
    taken: _Taken, files: Iterable[FilmFile], parquets: Iterable[FilmFile]
) -> Iterator[Candidate]:
    for file in files:
        yield Candidate(file.name, file)
    for file in parquets:
        try:
            column = picture_column(file)
            if column is None:
                taken.without.append(file.name)
                continue
            for row, data in read_pictures(file, column):
                name = f"{file.name}, row {row}"
                if isinstance(data, SourceError):
                    taken.files += 1
                    _refuse(taken, Fault(name, data.what, data.remedy))
                else:
                    yield Candidate(name, None, data)
        except SourceError as error:
            taken.files += 1
            _refuse(taken, Fault(file.name, error.what, error.remedy))


def _rows_of(file: FilmFile) -> int:
    """Many where a table is there: how many rows it has does not matter for the processes."""
    return 0 if file.fault[0] else SHARD


def _tell(source: SourceFolder, found: Found, taken: _Taken) -> None:
    """Say what was passed over, and where a table beside the films and the films differ."""
    names = [printable(path.relative_to(source.folder).as_posix()) for path in found.beside]
    passed = [*names, *taken.without]
    if passed:
        some = ", ".join(passed[:SHOWN]) + (", …" if len(passed) > SHOWN else "")
        sys.stderr.write(f"{source.name}: passed over, for they are not films: {some}\n")
    films = {row["file"] for row in taken.rows}
    for path, name in zip(found.beside, names, strict=True):
        for sentence in told_of(path, films):
            sys.stderr.write(f"{source.name}: {name} {sentence}\n")


def _summary(taken: _Taken, found: Found) -> CollectedSource:
    source = taken.source
    initial = min(taken.films, taken.initial)
    return CollectedSource(
        kind=source.kind,
        repository=source.repository,
        commit=source.commit,
        files=taken.files,
        films=taken.films,
        initial=initial,
        large=taken.films - initial,
        refused=taken.files - taken.films,
        passed_over=source.passed_over + len(found.beside) + len(taken.without),
    )
