"""The blinded kit: what readers see, and the record of it once they have begun.

The record makes the quartets stay as they are: an exclusion, a checkpoint more or another number
of quartets would otherwise deal the cards anew under readers who have looked at theirs.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.files import read_json, write_once

_NEW_STUDY = (
    "to begin another study, move this file and the readers' answers away and run `dvc repro`"
)


@dataclass(frozen=True)
class KitFilm:
    """One film in its place."""

    quartet: int
    """From 1."""
    position: int
    """From 1."""
    name: str
    """Random name, 16 hex digits."""
    sha256: str
    """Of its PNG bytes in the kit."""


@dataclass(frozen=True)
class Kit:
    """The blinded quartets, by quartet and position."""

    films: tuple[KitFilm, ...]

    @cached_property
    def quartets(self) -> dict[int, tuple[KitFilm, ...]]:
        """Quartet → its films, by position."""
        in_place = sorted(self.films, key=lambda film: (film.quartet, film.position))
        return {
            number: tuple(films) for number, films in groupby(in_place, lambda film: film.quartet)
        }

    @cached_property
    def fingerprints(self) -> dict[int, str]:
        """Quartet → SHA-256 of what is shown in it."""
        return {number: quartet_sha256(films) for number, films in self.quartets.items()}


def quartet_sha256(films: Iterable[KitFilm]) -> str:
    """SHA-256, in hex, of the films' own SHA-256 in the order of their names."""
    shown = sorted((film.name, film.sha256) for film in films)
    return hashlib.sha256("".join(sha256 for _, sha256 in shown).encode()).hexdigest()


def open_kit(path: Path) -> Kit:
    """The kit, without its pictures.

    Raises:
        TableError: it is missing or breaks its schema.
        ReaderStudyError: it holds no quartet.
    """
    rows = tables.read_rows(path, schemas.KIT)
    if not rows:
        raise ReaderStudyError(
            "holds no quartet",
            where=str(path),
            remedy="each source needs a film: see sample.initial, and how many are excluded",
        )
    return Kit(tuple(KitFilm(**row) for row in rows))


def serve(kit: Kit, record: Path) -> None:
    """Record that readers get this kit, unless it is recorded; it is on disk when this returns.

    Any number of servers and exports may do so at once.

    Raises:
        ReaderStudyError: readers got another kit.
    """
    if not os.path.lexists(record):
        _record(kit, record)
    if served(record) != kit:
        raise ReaderStudyError(
            "readers were given other quartets than the kit holds now",
            where=str(record),
            remedy=f"run `dvc repro quartets`, which draws those again; {_NEW_STUDY}",
        )


def served(record: Path) -> Kit | None:
    """The kit that readers got; None before any did.

    Raises:
        ReaderStudyError: the record is damaged.
    """
    try:
        found: Any = read_json(record, follow=False)
        films = tuple(_film(one) for one in found["films"])
        if not films or found.keys() != {"films"}:
            raise ValueError("holds something else")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ReaderStudyError(
            "is no record of a kit", where=str(record), remedy=f"restore it from git; {_NEW_STUDY}"
        ) from None
    return Kit(films)


def _film(raw: Mapping[str, Any]) -> KitFilm:
    film = KitFilm(**raw)
    if not all(
        type(value) is (int if name in {"quartet", "position"} else str)
        for name, value in asdict(film).items()
    ):
        raise TypeError("has a wrong type")
    return film


def _record(kit: Kit, record: Path) -> None:
    films = [asdict(film) for film in kit.films]
    try:
        write_once(record, json.dumps({"films": films}, indent=1) + "\n")
    except OSError as error:
        raise ReaderStudyError(f"cannot be written: {error.strerror}", where=str(record)) from error
