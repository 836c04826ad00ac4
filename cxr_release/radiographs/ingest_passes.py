"""What happens to films one by one, in other processes: read first, encoded later.

In between lies a store: one file of uint8 films of one size, so that memory does not grow with
the cohort while its polarity and facing are found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.errors import Fault, SourceError
from cxr_release.film_size import Size
from cxr_release.films import png
from cxr_release.films.facts import Facing, Facts, SourceFilm
from cxr_release.films.png import Film
from cxr_release.radiographs.exposure import cut, exposed_field
from cxr_release.radiographs.frame import Frame, Placement
from cxr_release.radiographs.resample import Thumbnail, invert, mirror, thumbnail


@dataclass(frozen=True)
class PixelStore:
    """Resampled films, as they came, on disk."""

    path: Path
    size: Size

    def put(self, slot: int, film: Film) -> None:
        """Keep a film of this size."""
        with self.path.open("r+b") as stream:
            stream.seek(slot * self.size.pixels)
            stream.write(np.ascontiguousarray(film).tobytes())

    def get(self, slot: int) -> Film:
        """Fetch a film of this size."""
        count = self.size.pixels
        film = np.fromfile(self.path, np.uint8, count=count, offset=slot * count)
        return film.reshape(self.size.shape)


@dataclass(frozen=True)
class ReadFilm:
    """A film that lies in the store."""

    slot: int
    facts: Facts
    placed: Placement


@dataclass(frozen=True)
class OrientedFilm:
    """A film of which polarity and facing are found, as far as they can be."""

    slot: int
    facts: Facts
    placed: Placement
    inverted: bool
    facing: Facing | None

    @property
    def flipped(self) -> bool:
        """Whether it is mirrored, so that it faces left."""
        return self.facing == "right"


def read_films(
    store: PixelStore, frame: Frame, first: int, films: Sequence[SourceFilm]
) -> list[tuple[ReadFilm, Thumbnail] | Fault]:
    """Read films, resample them and put them into the store from slot `first` on.

    Thumbnails are of what was exposed, whatever is taken of a film.
    """
    return list(_read(store, frame, first, films))


def _read(
    store: PixelStore, frame: Frame, first: int, films: Sequence[SourceFilm]
) -> Iterator[tuple[ReadFilm, Thumbnail] | Fault]:
    for slot, film in enumerate(films, start=first):
        try:
            pixels, facts = film.load()
        except SourceError as error:
            yield Fault(film.name, error.what, error.remedy)
            continue
        if fault := frame.fault(film.name, facts):
            yield fault
            continue
        exposed = exposed_field(pixels, facts.header.exposed)
        placed = frame.place(facts, exposed)
        resampled = placed.resample(pixels)
        store.put(slot, resampled)
        left, top, right, bottom = placed.shown
        film_in_frame = resampled[top:bottom, left:right]
        # What is cut off, and what the frame adds, would count as the film's sides.
        whole = placed.taken == exposed and not placed.is_cut
        yield (
            ReadFilm(slot, facts, placed),
            thumbnail(film_in_frame if whole else cut(pixels, exposed)),
        )


def encode_films(store: PixelStore, films: Sequence[OrientedFilm]) -> list[dict[str, Any]]:
    """Invert, mirror and encode films of the store: the columns that are the film itself."""
    return [_encode(store, film) for film in films]


def _encode(store: PixelStore, film: OrientedFilm) -> dict[str, Any]:
    pixels = store.get(film.slot)
    if film.inverted:
        pixels = invert(pixels, film.placed.shown)
    if film.flipped:
        pixels = mirror(pixels)
    data = png.encode(pixels, synthetic=False)
    return {"image": png.cell(data, film.facts.id), **png.facts(pixels, data)}
