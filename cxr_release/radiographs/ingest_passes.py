"""What happens to films one by one, in other processes: read first, encoded later.

In between lies a store: one file of (size, size) uint8 films, so that memory does not grow with
the cohort while its polarity and facing are found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.errors import Fault, SourceError
from cxr_release.films import png
from cxr_release.films.facts import Box, Facing, Facts, SourceFilm
from cxr_release.films.png import Film
from cxr_release.radiographs.exposure import Field, cut, exposed_field, size_of
from cxr_release.radiographs.resample import (
    Fit,
    Thumbnail,
    invert,
    mirror,
    place,
    resample,
    thumbnail,
)


@dataclass(frozen=True)
class PixelStore:
    """Resampled films, as they came, on disk."""

    path: Path
    size: int

    def put(self, slot: int, film: Film) -> None:
        """Keep a film (size, size)."""
        with self.path.open("r+b") as stream:
            stream.seek(slot * self.size**2)
            stream.write(np.ascontiguousarray(film).tobytes())

    def get(self, slot: int) -> Film:
        """Fetch a film (size, size)."""
        count = self.size**2
        film = np.fromfile(self.path, np.uint8, count=count, offset=slot * count)
        return film.reshape(self.size, self.size)


@dataclass(frozen=True)
class ReadFilm:
    """A film that lies in the store."""

    slot: int
    facts: Facts
    field: Box
    """What of the source film was taken, in its pixels."""


@dataclass(frozen=True)
class OrientedFilm:
    """A film of which polarity and facing are found, as far as they can be."""

    slot: int
    facts: Facts
    field: Box
    inverted: bool
    facing: Facing | None

    @property
    def flipped(self) -> bool:
        """Whether it is mirrored, so that it faces left."""
        return self.facing == "right"


def read_films(
    store: PixelStore, fit: Fit, first: int, films: Sequence[SourceFilm], field: Field
) -> list[tuple[ReadFilm, Thumbnail] | Fault]:
    """Read films, resample them and put them into the store from slot `first` on.

    Thumbnails are of what was exposed, whatever is taken of a film.
    """
    return list(_read(store, fit, first, films, field))


def _read(
    store: PixelStore, fit: Fit, first: int, films: Sequence[SourceFilm], field: Field
) -> Iterator[tuple[ReadFilm, Thumbnail] | Fault]:
    for slot, film in enumerate(films, start=first):
        try:
            pixels, facts = film.load()
        except SourceError as error:
            yield Fault(film.name, error.what, error.remedy)
            continue
        exposed = exposed_field(pixels, facts.header.exposed)
        taken: Box = exposed if field == "exposed" else (0, 0, facts.width, facts.height)
        square = resample(cut(pixels, taken), store.size, fit)
        store.put(slot, square)
        film_in_square = cut(square, place(*size_of(taken), store.size, fit))
        shown = film_in_square if taken == exposed else cut(pixels, exposed)
        yield ReadFilm(slot, facts, taken), thumbnail(shown)


def encode_films(
    store: PixelStore, fit: Fit, films: Sequence[OrientedFilm]
) -> list[dict[str, Any]]:
    """Invert, mirror and encode films of the store: the columns that are the film itself."""
    return [_encode(store, fit, film) for film in films]


def _encode(store: PixelStore, fit: Fit, film: OrientedFilm) -> dict[str, Any]:
    pixels = store.get(film.slot)
    if film.inverted:
        pixels = invert(pixels, place(*size_of(film.field), store.size, fit))
    if film.flipped:
        pixels = mirror(pixels)
    data = png.encode(pixels, synthetic=False)
    return {"image": png.cell(data, film.facts.id), **png.facts(pixels, data)}
