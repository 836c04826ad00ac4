"""One reader's queue of films to place landmarks on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cxr_release.landmarks.placement import NewPlacement, Placement, Start
from cxr_release.logbook.film_queue import FilmQueue
from cxr_release.logbook.shared_state import SharedState


@dataclass(frozen=True)
class Beginning:
    """Where the points of a film are before a reader has moved any."""

    start: Start
    points: str
    """As a log holds them."""


@dataclass(frozen=True)
class ShownFilm:
    """A film under its name on the page, where its points begin, and what the reader placed."""

    name: str
    beginning: Beginning
    placement: Placement | None


@dataclass(frozen=True)
class Progress:
    """How far a reader is."""

    done: int
    left: int


class LandmarkQueue(FilmQueue[NewPlacement, Placement]):
    """One reader's view of the films that were drawn: all readers have the same ones.

    Args:
        reviewer: whose it is.
        state: all people's placements; shared by the queues of all readers.
        films: id → SHA-256 of each film.
        beginnings: where the points of each begin, by id.
        seed: see `seeds.seed_of`.
    """

    def __init__(
        self,
        reviewer: str,
        state: SharedState[NewPlacement, Placement],
        films: Mapping[str, str],
        beginnings: Mapping[str, Beginning],
        seed: bytes,
    ) -> None:
        super().__init__(reviewer, state, films, seed, purpose="landmarks")
        self._beginnings = beginnings

    def entry(self, name: str) -> ShownFilm:
        """One film by its name, as it is now."""
        shown = self._films[name]
        with self.lock:
            return ShownFilm(name, self._beginnings[shown[0]], self.mine.get(shown))

    def progress(self) -> Progress:
        """How far the reader is, as last refreshed."""
        with self.lock:
            done = sum(shown in self.mine for shown in self._films.values())
            return Progress(done, len(self._films) - done)

    def place(self, name: str, points: str) -> bool:
        """Log landmarks, as a log holds them; see `_say`."""
        shown = self._films[name]
        beginning = self._beginnings[shown[0]]
        pairs = zip(points.split(" "), beginning.points.split(" "), strict=True)
        moved = sum(given != first for given, first in pairs)
        new = NewPlacement(*shown, "place", points=points, start=beginning.start, moved=str(moved))
        return self._say(new, ("decision", "points"))

    def retract(self, name: str) -> bool:
        """Log that what the reader placed on a film is taken back; see `_say`."""
        return self._say(NewPlacement(*self._films[name], "retract"), ("decision", "points"))
