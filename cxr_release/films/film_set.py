"""A set of films out of folders and image tables, read one film at a time.

What is found is accounted for: every film is searched or unreadable, and every file that is
taken for no film is named in `ignored`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cxr_release.errors import SourceError
from cxr_release.films.film_listing import Ignored, list_path, twice
from cxr_release.films.film_parts import Part


@dataclass(frozen=True)
class FilmSet:
    """Films under one name, in one or more parts."""

    name: str
    parts: tuple[Part, ...]
    ignored: tuple[Ignored, ...]
    stated: Mapping[str, str] = field(default_factory=dict)
    """Id → patient, as somebody states beside the films; counts where these state none."""

    @cached_property
    def homes(self) -> Mapping[str, Part]:
        """Id → part, of every film found, readable or not."""
        return {name: part for part in self.parts for name in part.places}

    @cached_property
    def patients(self) -> Mapping[str, str]:
        """Id → patient, where known."""
        own = {name: patient for part in self.parts for name, patient in part.patients.items()}
        return own or {name: self.stated[name] for name in self.homes if name in self.stated}

    def __len__(self) -> int:
        """Films found, readable or not."""
        return len(self.homes)

    def png(self, name: str) -> bytes:
        """One film by its id, as 8-bit grey PNG.

        Raises:
            SourceError: there is no such film, or it cannot be read.
        """
        if name not in self.homes:
            raise SourceError(f"is no film of the {self.name} set", where=name)
        opened = self.homes[name].open(name)
        if opened.fault:
            raise SourceError(opened.fault, where=name)
        return opened.png


def open_films(paths: Sequence[Path], name: str) -> FilmSet:
    """Take films out of folders and tables. No film is opened yet.

    Args:
        paths: each a folder of films (PNG, JPEG, TIFF; every visible file is a film, but
            `patients.csv`); a folder with image tables, at any depth, of which only those count;
            or an image table: Parquet with columns `id` and `image` of bytes and path, and
            `patient` where there is one. A film of a folder is called like its file's stem.
        name: of the set, for messages.

    Raises:
        SourceError: nothing is there, folders lie among films, an id stands twice, or
            `patients.csv` is wrong; with every fault.
        TableError: a table cannot be read, or has no such columns.
    """
    parts: list[Part] = []
    ignored: list[Ignored] = []
    for path in paths:
        found, passed = list_path(path)
        parts += found
        ignored += passed
    where = ", ".join(map(str, paths))
    faults = twice(pair for part in parts for pair in part.places.items())
    if faults:
        raise SourceError(
            f"{len(faults)} id(s) of {name} films stand twice", where=where, faults=faults
        )
    films = FilmSet(name, tuple(parts), tuple(ignored))
    if not len(films):
        raise SourceError(
            f"no {name} films",
            where=where,
            remedy="give a folder of PNG, JPEG or TIFF films, or an image table",
        )
    return films
