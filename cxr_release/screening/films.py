"""The generated films, as far as screening must know them, and whether logs are about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import Job, job_of, job_of_row, padded
from cxr_release.logbook.entry import E
from cxr_release.logbook.logs import Logs
from cxr_release.rows import Rows
from cxr_release.spelling import did_you_mean

COLUMNS = schemas.FILMS.arrow.names
COMPARED = 5
"""Unknown ids that are compared with all known ones: with 27,000 that takes half a second."""


@dataclass(frozen=True)
class Generated:
    """A synthetic film, excluded or not."""

    id: str
    checkpoint: int | None
    """None of a film that another generator drew."""
    batch: str
    sha256: str
    mirrored_sha256: str = ""
    """Of the PNG of its mirror image; empty where that is not known."""
    label: str | None = None
    """Class that it was drawn as, if any."""

    @property
    def job(self) -> Job:
        """Its source and batch."""
        return job_of_row(vars(self))

    @property
    def hashes(self) -> set[str]:
        """What names one of them is about this film, whichever way it faces by now."""
        return {self.sha256, self.mirrored_sha256} - {""}


def read_generated(paths: Iterable[Path]) -> Rows[Generated]:
    """Every film in some `schemas.ORIENTED` tables, in their order."""
    columns = [*COLUMNS, "mirrored_sha256", "label"]
    read = [tables.read(path, schemas.ORIENTED, columns) for path in paths]
    return Rows(pa.concat_tables(read), Generated)


def read_listed(path: Path) -> Rows[Generated]:
    """Every film in a table from elsewhere: Parquet or CSV with `id, checkpoint, batch, sha256`.

    Raises:
        TableError: with every fault of those columns; others are left alone.
        DecisionError: films lack a checkpoint and their ids do not say whose they are, all named.
    """
    films = Rows(tables.read_foreign(path, schemas.FILMS), Generated)
    faults = [
        Fault(film.id, "has no checkpoint, and its id does not name another source")
        for film in films
        if not film.job[0]
    ]
    if faults:
        remedy = "give the checkpoint, or ids such as stylegan2-large-00012"
        raise DecisionError(
            f"{len(faults):,} film(s) of no source", where=str(path), remedy=remedy, faults=faults
        )
    return films


def films_of(films: Sequence[Generated], ids: Collection[str]) -> Sequence[Generated]:
    """The films whose id is one of some, in their order."""
    if isinstance(films, Rows):
        return films.of_ids(ids)
    return [film for film in films if film.id in ids]


def _ids(films: Sequence[Generated]) -> Iterator[str]:
    return films.column("id") if isinstance(films, Rows) else (film.id for film in films)


def read_scores(path: Path, films: Sequence[Generated]) -> dict[str, float]:
    """Anomaly score of every film from a `schemas.PRESCREEN` table.

    Raises:
        DecisionError: the table is not about exactly these films.
    """
    table = tables.read(path, schemas.PRESCREEN, ["id", "sha256", "score"])
    ids, hashes, scores = (column.to_pylist() for column in table.columns)
    if dict(zip(ids, hashes, strict=True)) != {film.id: film.sha256 for film in films}:
        raise DecisionError(
            "is not about the films that are there now",
            where=str(path),
            remedy="run `dvc repro prescreen`",
        )
    return dict(zip(ids, scores, strict=True))


def unknown_films(names: Sequence[tuple[str, str]], known: Collection[str]) -> list[Fault]:
    """A fault for each id that is unknown; the first of them name the known ids most like it.

    Args:
        names: where each id is used, and the id.
        known: ids of films.
    """
    return [
        Fault(where, f"unknown film {name!r}", nearest(name, known) if place < COMPARED else "")
        for place, (where, name) in enumerate(names)
    ]


def nearest(name: str, known: Collection[str]) -> str:
    """A half-sentence that names the known ids most like `name`, or nothing."""
    whole = padded(name)
    return did_you_mean(whole if whole in known else name, [whole] if whole in known else known)


def about_films(
    films: Sequence[Generated] | None, reasons: Collection[str] | None = None
) -> Callable[[Logs[E]], list[Fault]]:
    """What is wrong with entries on films, by log and line; films of other jobs are left alone.

    Args:
        films: what they must be about, or None where nothing is known.
        reasons: known codes of reasons, or None where any will do.
    """
    jobs = {job_of(film) for film in _ids(films or ())} | {""}

    def faults_of(logs: Logs[E]) -> list[Fault]:
        about = {entry.about for log in logs.values() for entry in log}
        known = {film.id: film for film in films_of(films or (), about)}
        faults: list[Fault] = []
        unknown: list[tuple[str, str]] = []
        for reviewer, log in logs.items() if films is not None else ():
            for entry in log:
                where, film = f"{reviewer}.jsonl: line {entry.seq}", known.get(entry.about)
                if film is None and job_of(entry.about) in jobs:
                    unknown.append((where, entry.about))
                elif film is not None and entry.fingerprint not in film.hashes:
                    faults.append(
                        Fault(where, f"{film.id} does not match the SHA-256 that was decided on")
                    )
                reason = getattr(entry, "reason", "")
                if reasons is not None and reason and reason not in reasons:
                    problem = f"unknown reason {reason!r}"
                    near = did_you_mean(reason, reasons)
                    remedy = f"{near} known: {', '.join(reasons)}".strip()
                    faults.append(Fault(where, problem, remedy))
        ids = [*_ids(films or ())] if unknown else []
        return [*unknown_films(unknown, ids), *faults]

    return faults_of
