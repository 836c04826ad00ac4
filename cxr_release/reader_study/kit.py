"""The blinded kit: its quartets and their key, and the record of it once readers have begun.

A quartet is one real film and one of each source of synthetic films, shuffled. Every choice is a
rank by a keyed hash of the film, so that an exclusion replaces the films that it must and leaves
every other quartet as it was. The hash's key is derived from the pixels of all real films: without
them a person can neither guess a name nor weigh how early a film was drawn, though the seed is
published; a person who has them can look a film up anyway.

The record makes the quartets stay as they are: an exclusion, a source more or another number
of quartets would otherwise deal the cards anew under readers who have looked at theirs.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Literal

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.files import MOST_JSON, read_bounded, write_once

NEW_STUDY = (
    "to begin another study, move data/reviews/quartets/served.json and the answers in"
    " data/reviews/readers away and run `dvc repro`"
)


@dataclass(frozen=True)
class KitFilm:
    """One film in its place."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    """A record with anything else in it is not one."""

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
    hashes = sorted((film.name, film.sha256) for film in films)
    return hashlib.sha256("".join(sha256 for _, sha256 in hashes).encode()).hexdigest()


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
            remedy=f"run `dvc repro quartets`, which draws those again; {NEW_STUDY}",
        )


def served(record: Path) -> Kit | None:
    """The kit that readers got; None before any did.

    Raises:
        ReaderStudyError: the record is damaged.
    """
    from pydantic import TypeAdapter

    shape = TypeAdapter(dict[Literal["films"], tuple[KitFilm, ...]])
    try:
        films = shape.validate_json(read_bounded(record, MOST_JSON), strict=True)["films"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError):
        films = ()
    if not films:
        remedy = f"restore it from git; {NEW_STUDY}"
        raise ReaderStudyError("is not a record of a kit", where=str(record), remedy=remedy)
    return Kit(films)


def _record(kit: Kit, record: Path) -> None:
    films = [asdict(film) for film in kit.films]
    try:
        write_once(record, json.dumps({"films": films}, indent=1) + "\n")
    except OSError as error:
        raise ReaderStudyError(f"cannot be written: {error.strerror}", where=str(record)) from error


Films = Mapping[str, Mapping[str, str]]
"""Source (`real`, or the name of a source of synthetic films) → film id → SHA-256 of its pixels."""


@dataclass(frozen=True)
class KeyRow:
    """One film in its place: a row of the key."""

    quartet: int
    position: int
    name: str
    source: str
    id: str


def secret_of(seed: int, pixels: Iterable[str]) -> bytes:
    """The key of the hashes.

    Args:
        seed: root of the pipeline's random numbers.
        pixels: SHA-256 of the pixels of every real film, in any order.
    """
    return hashlib.sha256("\0".join([str(seed), *sorted(pixels)]).encode()).digest()


def draw_quartets(films: Films, *, quartets: int, secret: bytes) -> list[KeyRow]:
    """Draw quartets without repeats; fewer than asked where a source has too few films.

    Args:
        films: those that may be drawn.
        quartets: quartets wanted.
        secret: see `secret_of`. The order of films and sources does not matter.

    Returns:
        The key, sorted by quartet and position. Positions count from 1.
    """
    possible = min([quartets, *(len(ids) for ids in films.values())])
    drawn = {
        source: sorted(ids, key=lambda film: _rank(secret, "draw", source, film, ids[film]))
        for source, ids in films.items()
    }
    key = []
    for place in range(possible):
        members = [
            (_rank(secret, "position", source, ids[place], films[source][ids[place]]), source, ids)
            for source, ids in drawn.items()
        ]
        for position, (_, source, ids) in enumerate(sorted(members), start=1):
            film = ids[place]
            name = name_of(secret, source, film, films[source][film])
            key.append(KeyRow(place + 1, position, name, source, film))
    return key


def left_facing_only(films: Films, facing_left: Mapping[str, Collection[str]]) -> Films | None:
    """The films that face left, of each source: no film gives itself away by the way it faces.

    Args:
        films: those that may be drawn.
        facing_left: source → ids of films that are known to face left; others may be among them.

    Returns:
        None where a source has no such film: then which way films face is not known well enough
        to draw by it.
    """
    alike = {
        source: {film: pixels for film, pixels in ids.items() if film in facing_left[source]}
        for source, ids in films.items()
    }
    return alike if all(alike.values()) else None


def redraw_quartets(
    films: Films, served: Kit, *, quartets: int, secret: bytes, mirrored: Films | None = None
) -> list[KeyRow]:
    """The key to a kit that readers have seen.

    Args:
        films: all that there are, excluded ones too.
        served: the kit.
        quartets: quartets wanted.
        secret: see `secret_of`.
        mirrored: the mirror images of films, which readers were shown where reviewers have
            corrected since which way those face.

    Raises:
        ReaderStudyError: another study is asked for, or a film is not what they saw any more.
    """
    known = {
        name_of(secret, source, film, pixels): (source, film)
        for images in (mirrored or {}, films)
        for source, ids in images.items()
        for film, pixels in ids.items()
    }
    lost = [film.name for film in served.films if film.name not in known]
    if lost:
        raise ReaderStudyError(
            f"{len(lost)} of the {len(served.films)} films that readers were given are not there"
            " any more: the cohort, the checkpoints, other sources or the samples have changed",
            remedy=NEW_STUDY,
        )
    key = [
        KeyRow(film.quartet, film.position, film.name, *known[film.name]) for film in served.films
    ]
    for quartet in served.quartets:
        sources = sorted(film.source for film in key if film.quartet == quartet)
        if sources != sorted(films):
            raise ReaderStudyError(
                f"readers were given films of {', '.join(sources)} in a quartet; asked for are"
                f" {', '.join(sorted(films))}",
                remedy=f"set sample.checkpoints back, or sample.sources; {NEW_STUDY}",
            )
    if len(served.quartets) > quartets:
        raise ReaderStudyError(
            f"readers were given {len(served.quartets)} quartets; asked for are {quartets}",
            remedy=f"set study.quartets back; {NEW_STUDY}",
        )
    return key


def name_of(secret: bytes, source: str, film: str, pixels: str) -> str:
    """The random name of a film whose pixels have that SHA-256."""
    return _rank(secret, "name", source, film, pixels)[:16]


def _rank(secret: bytes, *parts: str) -> str:
    return hmac.new(secret, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
