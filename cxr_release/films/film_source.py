"""A source of films to search: what it must state, and the form in which its films come.

A folder (`folder`), an image table (`image_table`), and whatever else films may come in, lists its
films without decoding any, and hashes what it is made of, so that what was found out of it can be
kept. Films come one at a time, as 8-bit grey pixels, decoded on all cores; what cannot be read
comes as a fault in its place. Another kind of file is a reader in `decode`; another kind of source
is a class like these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films import png
from cxr_release.films.decode import Decoded, decode
from cxr_release.films.folder import FilmFile
from cxr_release.films.limits import MAX_ENCODED_SIDE
from cxr_release.films.threads import mapped

VERSION = 2
"""Of how films are read here: other pixels need another number, so that no cache keeps the old."""

_LABEL = png.DIGITAL_SOURCE_TYPE.encode()
_DEEP = ("I;16", "I", "F")
"""Names of grey of more than 8 bits."""


@dataclass(frozen=True)
class OpenedFilm:
    """A film that was read, or could not be."""

    id: str
    film: png.Film | None = None
    """At most `MAX_ENCODED_SIDE` pixels on a side; None where there is a fault."""
    fault: str = ""
    note: str = ""
    """What was done to it beyond reading."""
    labelled: bool = False
    """Whether its file carries the label of a synthetic film; see `png`."""

    @property
    def pixels(self) -> png.Film:
        """The film of one that was read.

        Raises:
            SourceError: it could not be read.
        """
        if self.film is None:
            raise SourceError(self.fault, where=self.id)
        return self.film


class FilmSource(Protocol):
    """Films that lie together."""

    @property
    def name(self) -> str:
        """The folder or table, as the user knows it."""

    @property
    def places(self) -> Mapping[str, str]:
        """Id → where that film is, of every film there, readable or not, in order."""

    @property
    def patients(self) -> Mapping[str, str]:
        """Id → patient, where known."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the films are made of, in hex."""

    def read(self, start: int, stop: int) -> Iterator[OpenedFilm]:
        """Films of `places`, in that order, from place `start` to the one before `stop`.

        Raises:
            SourceError: what is read is not what was hashed.
        """

    def open(self, name: str) -> OpenedFilm:
        """One film, by its id."""


@dataclass(frozen=True)
class FolderSource:
    """The films of a folder, by id."""

    name: str
    films: Mapping[str, FilmFile]
    """Id → file."""
    patients: Mapping[str, str]

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Id → file."""
        return {name: str(film.path) for name, film in self.films.items()}

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {name: _hashed(film)[1] for name, film in self.films.items()}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and the hashes of the files, or why they have none."""
        lines = (f"{name}\0{sha256}\n" for name, sha256 in self._hashes.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def read(self, start: int, stop: int) -> Iterator[OpenedFilm]:
        """Some films; see `FilmSource.read`."""
        return mapped(self.open, list(self.films)[start:stop])

    def open(self, name: str) -> OpenedFilm:
        """One film; see `read`."""
        data, sha256 = _hashed(self.films[name])
        # For one film of a folder it is not worth while to hash all.
        if "_hashes" in self.__dict__ and sha256 != self._hashes[name]:
            raise changed(self.places[name])
        return opened(name, data) if data else OpenedFilm(name, fault=sha256)


def _hashed(film: FilmFile) -> tuple[bytes, str]:
    """Bytes of a file and their SHA-256 in hex; no bytes, and why, where it cannot be read."""
    try:
        data = film.read()
    except SourceError as error:
        return b"", str(error)
    return data, hashlib.sha256(data).hexdigest()


def changed(where: str) -> SourceError:
    """The error of a source that has changed since it was hashed."""
    return SourceError("was changed while it was read", where=where, remedy="start again")


def opened(name: str, data: bytes) -> OpenedFilm:
    """Decode a film as the encoders take it: 8-bit grey, not too large."""
    try:
        decoded = decode(data)
    except SourceError as error:
        return OpenedFilm(name, fault=str(error))
    film, reduced = _reduced(decoded.film)
    note = "; ".join(part for part in (_converted(decoded), reduced) if part)
    return OpenedFilm(name, film, note=note, labelled=_LABEL in data)


def _converted(decoded: Decoded) -> str:
    if decoded.mode in _DEEP:
        return f"{decoded.bits}-bit grey windowed to 8 bits"
    if decoded.mode not in ("L", "1"):
        return f"{decoded.bits}-bit {decoded.mode} turned to 8-bit grey"
    return ""


def _reduced(film: png.Film) -> tuple[png.Film, str]:
    height, width = film.shape
    scale = MAX_ENCODED_SIDE / max(film.shape)
    if scale >= 1:
        return film, ""
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # The gap lets Pillow average large films down first, to 3 times the size at least.
    small = Image.fromarray(film).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(small), f"reduced from {width} × {height} to {size[0]} × {size[1]} pixels"
