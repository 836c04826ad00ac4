"""The generated films, as far as screening must know them.

What the pre-screen made of the films, as the review must know it.

The order in which a reviewer sees the films, and the names under which the page knows them.

Both follow from the reviewer's seed: nobody sees from a film's name or place which checkpoint it
is of.
"""

from __future__ import annotations

import difflib
import hmac
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import padded


@dataclass(frozen=True)
class Generated:
    """A film that was sampled."""

    id: str
    checkpoint: int
    batch: str
    sha256: str
    mirrored_sha256: str = ""
    """Of the PNG of its mirror image; empty where that is not known."""

    @property
    def hashes(self) -> set[str]:
        """What names one of them is about this film, whichever way it faces by now."""
        return {self.sha256, self.mirrored_sha256} - {""}


def read_generated(paths: Iterable[Path]) -> list[Generated]:
    """Every film in some `schemas.ORIENTED` tables, in their order."""
    columns = [*COLUMNS, "mirrored_sha256"]
    return [
        film
        for path in paths
        for film in _films(tables.read(path, schemas.ORIENTED, columns), columns)
    ]


def read_listed(path: Path) -> list[Generated]:
    """Every film in a table of anybody's: Parquet or CSV with `id, checkpoint, batch, sha256`.

    Raises:
        TableError: with every fault of those columns; others are left alone.
    """
    return _films(tables.read_foreign(path, schemas.FILMS), COLUMNS)


def unknown_films(names: Sequence[tuple[str, str]], known: Collection[str]) -> list[Fault]:
    """A fault for each id that is unknown; the first of them name the known ids most like it.

    Args:
        names: where each id stands, and the id.
        known: ids of films. Comparing with 27,000 of them takes half a second.
    """
    return [
        Fault(where, f"unknown film {name!r}", nearest(name, known) if place < COMPARED else "")
        for place, (where, name) in enumerate(names)
    ]


def nearest(name: str, known: Collection[str]) -> str:
    """A half-sentence that names the known ids most like `name`, or nothing."""
    whole = padded(name)
    close = [whole] if whole in known else difflib.get_close_matches(name, known, n=3)
    return f"did you mean {', '.join(close)}?" if close else ""


COLUMNS = schemas.FILMS.arrow.names
COMPARED = 5


def _films(table: tables.Arrow, names: Sequence[str]) -> list[Generated]:
    columns = (table[name].to_pylist() for name in names)
    return [Generated(*row) for row in zip(*columns, strict=True)]


def read_doubt(path: Path, films: Sequence[Generated]) -> dict[str, float]:
    """Score of every film from a `schemas.PRESCREEN` table: the higher, the more doubtful.

    Raises:
        DecisionError: the table is not about exactly these films.
    """
    table = tables.read(path, schemas.PRESCREEN, ["id", "sha256", "score"])
    ids, hashes, scores = (column.to_pylist() for column in table.columns)
    if dict(zip(ids, hashes, strict=True)) != {film.id: film.sha256 for film in films}:
        raise DecisionError(
            "is not about the films that lie there now",
            where=str(path),
            remedy="run `dvc repro prescreen`",
        )
    return dict(zip(ids, scores, strict=True))


Order = Literal["shuffled", "doubtful-first"]

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""


def order_of(
    films: Sequence[Generated], seed: bytes, doubts: Mapping[str, float] | None = None
) -> list[Generated]:
    """All films, shuffled by the seed; with doubts those of the highest doubt first.

    Args:
        films: in any order.
        seed: see `seeds.seed_of`.
        doubts: film id → how much the pre-screen doubts it.

    Raises:
        DecisionError: a film's doubt is missing or no number.
    """
    shuffled = sorted(films, key=lambda film: hmac.digest(seed, film.id.encode(), "sha256"))
    if doubts is None:
        return shuffled
    unknown = sum(not math.isfinite(doubts.get(film.id, math.nan)) for film in films)
    if unknown:
        raise DecisionError(
            f"the pre-screen gave no score to {unknown} film(s)",
            remedy="run `dvc repro`, or order the films by `shuffled`",
        )
    return sorted(shuffled, key=lambda film: -doubts[film.id])


def name_of(film: Generated, seed: bytes) -> str:
    """The film's name on the page, matching `NAME`. Other bytes, or another reviewer: another name.

    The name says nothing of the film, and cannot be made without the seed.
    """
    return hmac.digest(seed, f"{film.id}\0{film.sha256}".encode(), "sha256").hex()[:32]
