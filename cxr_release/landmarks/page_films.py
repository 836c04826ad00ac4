"""The films of a project on which readers are to place landmarks, and how far they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.landmarks.placement import Shown
from cxr_release.landmarks.readers import drawn_films, read_placements


@dataclass(frozen=True)
class Drawn:
    """Films that were drawn for readers."""

    films: Mapping[str, str]
    """Film → SHA-256 of its PNG bytes, in the order in which they were drawn."""
    placed: Mapping[str, frozenset[Shown]]
    """Reader → films as they are now on which they placed landmarks, of these."""

    @property
    def people(self) -> dict[str, int]:
        """Reader → films."""
        return {reader: len(films) for reader, films in self.placed.items()}

    def waiting(self, required: int) -> int:
        """Films on which fewer than `required` readers placed landmarks."""
        counts = [
            sum(shown in films for films in self.placed.values()) for shown in self.films.items()
        ]
        return sum(count < required for count in counts)


def drawn_of(screened: Path, films: Iterable[Path], *, log: Path, number: int, seed: int) -> Drawn:
    """Draw the films, and read who placed landmarks on them.

    Args:
        screened: `schemas.SCREENED`.
        films: `schemas.ORIENTED` tables.
        log: folder of the logs.
        number: of films to draw, at most.
        seed: root of all random numbers.

    Raises:
        TableError: a table is missing or breaks its schema.
        DecisionError: a log does not verify.
    """
    rows = tables.read(screened, schemas.SCREENED, ["id", "released"]).to_pylist()
    released = [row["id"] for row in rows if row["released"]]
    hashes = {
        row["id"]: row["sha256"]
        for path in films
        for row in tables.read(path, schemas.ORIENTED, ["id", "sha256", "facing"]).to_pylist()
        if row["facing"] == "left"  # of others nobody knows which side is the front
    }
    ids = drawn_films([film for film in released if film in hashes], number=number, seed=seed)
    drawn = {film: hashes[film] for film in ids}
    now = {*drawn.items()}
    placed = {
        reader: frozenset(entries.keys() & now)
        for reader, entries in read_placements(log).items()
        if entries.keys() & now
    }
    return Drawn(drawn, placed)
