"""Films to learn from, which are looked up a few at a time: together they may not fit in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

HASHED_AT_ONCE = 2**24
"""Bytes."""


class Films(Protocol):
    """An array of films, or what is indexed like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Films, height, width."""

    def __len__(self) -> int:
        """Number of films."""

    def __getitem__(self, places: Any, /) -> NDArray[np.uint8]:
        """One film, or those of a slice or of an array of places."""


@dataclass(frozen=True)
class SomeFilms:
    """Some films of an array, without a copy of them."""

    films: NDArray[np.uint8]
    """(n, height, width)."""
    places: NDArray[np.int64]
    """Of the films in the array, in their order here."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Films, height, width."""
        return len(self), *self.films.shape[1:]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, places: Any, /) -> NDArray[np.uint8]:
        chosen: NDArray[np.uint8] = self.films[self.places[places]]
        return chosen


def films_sha256(films: Films) -> str:
    """SHA-256 of all pixels, film by film and row by row, in hex."""
    digest = hashlib.sha256()
    step = max(1, HASHED_AT_ONCE // int(np.prod(films.shape[1:])))
    for start in range(0, len(films), step):
        digest.update(np.ascontiguousarray(films[start : start + step]).data)
    return digest.hexdigest()
