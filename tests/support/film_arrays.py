"""Sets of films that lie in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cxr_release.errors import SourceError
from cxr_release.films.film_set import FilmSet
from cxr_release.films.film_source import OpenedFilm
from cxr_release.films.png import Film


@dataclass(frozen=True)
class ArraySource:
    """Films by id; None is a film that cannot be read."""

    name: str
    films: Mapping[str, Film | None]
    patients: Mapping[str, str]

    @property
    def places(self) -> Mapping[str, str]:
        return {film: f"{self.name}/{film}" for film in self.films}

    @property
    def fingerprint(self) -> str:
        parts = (b"" if film is None else film.tobytes() for film in self.films.values())
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def read(self, start: int, stop: int) -> Iterator[OpenedFilm]:
        return map(self.open, list(self.films)[start:stop])

    def open(self, name: str) -> OpenedFilm:
        if name not in self.films:
            raise SourceError("is not there", where=name)
        film = self.films[name]
        return OpenedFilm(name, film, fault="" if film is not None else "is not a film")


def film_set(
    name: str, films: Mapping[str, Film | None], patients: Mapping[str, str] | None = None
) -> FilmSet:
    return FilmSet(name, (ArraySource(name, films, patients or {}),), ())
