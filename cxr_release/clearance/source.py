"""The real films as they lie in the source folder, at full size, by their opaque ids."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from cxr_release.clearance.state import read_contents
from cxr_release.errors import SourceError, TableError
from cxr_release.films import png
from cxr_release.films.facts import Listing
from cxr_release.films.film_key import FilmKey, read_key
from cxr_release.films.listing import list_films
from cxr_release.films.png import Film
from cxr_release.params.films import DicomParams

AT_ONCE = 2
"""Films that are decoded at a time: each may be hundreds of megabytes."""


class SourceFilms:
    """Films of a source folder, each read when it is asked for and then let go.

    Nothing but an id leads to a file, and only ids that the manifest holds are known.

    Args:
        listing: the source, listed anew with the same key.
        contents: opaque id of each film that was taken in → HMAC of its content.
        key: behind both.
    """

    def __init__(self, listing: Listing, contents: Mapping[str, str], key: FilmKey) -> None:
        films = {film.id: film for film in listing.films}
        self._films = {film: films[film] for film in contents if film in films}
        self._contents = dict(contents)
        self._key = key
        self._decoding = threading.Semaphore(AT_ONCE)
        self.missing = sorted(contents.keys() - films.keys())
        """Films that were taken in and are not in the folder any more."""
        self.further = sorted(films.keys() - contents.keys())
        """Films in the folder that were not taken in."""

    @property
    def contents(self) -> dict[str, str]:
        """Opaque id → HMAC of the content, of the films that can be looked at."""
        return {film: self._contents[film] for film in self._films}

    def film(self, film: str) -> Film:
        """8-bit grey pixels of a film, as decoded, at full size.

        Raises:
            KeyError: no such film.
            TableError: its file cannot be read any more, or is not the one that was taken in. The
                message names the film by its opaque id alone.
        """
        with self._decoding:
            try:
                pixels, facts = self._films[film].load()
            except SourceError:
                raise TableError("cannot be read any more", where=film, remedy=_REMEDY) from None
        if self._key.content(facts.sha256 or "") != self._contents[film]:
            raise TableError("has changed since it was taken in", where=film, remedy=_REMEDY)
        return pixels

    def png(self, film: str) -> bytes:
        """The same as PNG bytes."""
        return png.encode(self.film(film), synthetic=False)


_REMEDY = "run `dvc repro`, and start again"


def open_source(
    folder: Path, *, manifest: Path, key: Path, dicom: DicomParams | None = None
) -> SourceFilms:
    """The films of a project's source that were taken in.

    Args:
        folder: the source.
        manifest: `schemas.MANIFEST`, what became of it.
        key: file of the key behind the ids.
        dicom: which DICOM films were asked for.

    Raises:
        SourceError: the folder or the key cannot be read.
        TableError: the manifest is missing.
    """
    film_key = read_key(key)
    contents = read_contents(manifest, film_key)
    return SourceFilms(list_films(folder, film_key, dicom=dicom), contents, film_key)
