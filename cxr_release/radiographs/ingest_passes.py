"""What happens to films one by one, in other processes: taken in first, finished later.

In between lies a store: one file of (size, size) uint8 films, so that memory does not grow with
the cohort while its polarity and facing are found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxr_release.errors import Fault, SourceError
from cxr_release.films import png
from cxr_release.films.facts import Facts, SourceFilm
from cxr_release.films.png import Film
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
class Store:
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
class Taken:
    """A film that lies in the store."""

    slot: int
    facts: Facts


@dataclass(frozen=True)
class Turn:
    """What finishing a film takes."""

    slot: int
    id: str
    width: int
    """Of the source film, in pixels."""
    height: int
    inverted: bool
    flipped: bool


@dataclass(frozen=True)
class Finished:
    """The columns of an image table that are the film itself."""

    image: dict[str, bytes | str]
    facts: dict[str, int | str]


def take(
    store: Store, fit: Fit, first: int, films: Sequence[SourceFilm]
) -> list[tuple[Taken, Thumbnail] | Fault]:
    """Read films, resample them and put them into the store from slot `first` on."""
    return [_take(store, fit, first + at, film) for at, film in enumerate(films)]


def _take(store: Store, fit: Fit, slot: int, film: SourceFilm) -> tuple[Taken, Thumbnail] | Fault:
    try:
        pixels, facts = film.load()
    except SourceError as error:
        return Fault(film.name, error.what, error.remedy)
    square = resample(pixels, store.size, fit)
    store.put(slot, square)
    left, top, right, bottom = place(facts.width, facts.height, store.size, fit)
    return Taken(slot, facts), thumbnail(square[top:bottom, left:right])


def finish(store: Store, fit: Fit, turns: Sequence[Turn]) -> list[Finished]:
    """Invert, mirror and encode films of the store."""
    return [_finish(store, fit, turn) for turn in turns]


def _finish(store: Store, fit: Fit, turn: Turn) -> Finished:
    film = store.get(turn.slot)
    if turn.inverted:
        film = invert(film, place(turn.width, turn.height, store.size, fit))
    if turn.flipped:
        film = mirror(film)
    data = png.encode(film, synthetic=False)
    return Finished(png.cell(data, turn.id), png.facts(film, data))
