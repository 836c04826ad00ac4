"""The generated films, as far as screening must know them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.errors import Fault


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
    head, _, index = name.rpartition("-")
    padded = f"{head}-{index:0>5}"
    close = [padded] if padded in known else difflib.get_close_matches(name, known, n=3)
    return f"did you mean {', '.join(close)}?" if close else ""


COLUMNS = schemas.FILMS.arrow.names
COMPARED = 5


def _films(table: tables.Arrow, names: Sequence[str]) -> list[Generated]:
    columns = (table[name].to_pylist() for name in names)
    return [Generated(*row) for row in zip(*columns, strict=True)]
