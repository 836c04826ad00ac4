"""Films on which readers place landmarks, and what all of them placed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from cxr_release.landmarks.placement import PLACEMENT, Placement, Shown, points_of_text
from cxr_release.landmarks.points import Points
from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import read_all

NO_FACING = "of no released film it is known which way it faces"
"""Why no film may have been drawn for readers."""

Placements = Mapping[str, Mapping[Shown, Placement]]
"""Reader → film as it was shown → what they placed, in effect."""


def drawn_films(films: Collection[str], *, number: int, seed: int) -> list[str]:
    """Films that readers place landmarks on: the same for all, whatever other films there are.

    Args:
        films: ids of the released films of known facing.
        number: of films to draw, at most.
        seed: root of all random numbers.

    Returns:
        In the order in which they were drawn.
    """

    def rank(film: str) -> bytes:
        return hashlib.sha256(f"{seed}/landmarks/{film}".encode()).digest()

    return sorted(films, key=rank)[:number]


def read_placements(folder: Path) -> dict[str, dict[Shown, Placement]]:
    """What every reader placed, in effect.

    Raises:
        DecisionError: a log does not verify.
    """
    return {reader: effective_of(log) for reader, log in read_all(PLACEMENT, folder).items()}


@dataclass(frozen=True)
class ReadFilm:
    """A film on which at least one reader placed landmarks."""

    readers: tuple[str, ...]
    points: Points
    """(readers, 23, 2)."""
    starts: tuple[str, ...]
    moved: tuple[int, ...]

    @property
    def mean(self) -> Points:
        """Mean (23, 2) over the readers who saw a point; NaN where none did."""
        seen = np.isfinite(self.points)
        total = np.where(seen, self.points, 0).sum(axis=0)
        count = seen.sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    @property
    def spread(self) -> Points:
        """Largest distance (23,) of a reader from that mean; NaN of fewer than two readers."""
        apart = np.linalg.norm(self.points - self.mean, axis=2)
        several = np.isfinite(apart).sum(axis=0) > 1
        return np.where(several, np.where(np.isfinite(apart), apart, 0).max(axis=0), np.nan)

    def between(self) -> Points:
        """Mean distance (23,) of two of the readers; NaN where fewer than two saw a point."""
        pairs = [
            np.linalg.norm(self.points[one] - self.points[other], axis=1)
            for one, other in combinations(range(len(self.readers)), 2)
        ]
        return _mean_of_known(pairs, self.points.shape[1])

    def to(self, model: Points) -> Points:
        """Mean distance (23,) of a reader from a model's points (23, 2)."""
        distances = list(np.linalg.norm(self.points - model, axis=2))
        return _mean_of_known(distances, self.points.shape[1])


def _mean_of_known(rows: Sequence[Points], length: int) -> Points:
    values = np.array(rows).reshape(len(rows), length)
    known = np.isfinite(values)
    count = known.sum(axis=0)
    mean: Points = np.where(
        count > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan
    )
    return mean


def read_films(placements: Placements, films: Mapping[str, str]) -> dict[str, ReadFilm]:
    """What readers placed on films as they are now.

    Args:
        placements: see `read_placements`.
        films: id of each film → SHA-256 of its PNG bytes.

    Returns:
        Film → what readers placed on it, of the films on which anybody placed any.
    """
    read = {}
    for film, sha256 in films.items():
        given = {
            reader: entries[film, sha256]
            for reader, entries in sorted(placements.items())
            if (film, sha256) in entries
        }
        if given:
            read[film] = ReadFilm(
                tuple(given),
                np.stack([points_of_text(entry.points) for entry in given.values()]),
                tuple(entry.start for entry in given.values()),
                tuple(int(entry.moved) for entry in given.values()),
            )
    return read
