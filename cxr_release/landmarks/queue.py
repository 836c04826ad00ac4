"""One reader's queue of films to place landmarks on."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cxr_release.landmarks.placement import NewPlacement, Placement, Shown, Start
from cxr_release.logbook.shared_state import PersonalQueue, SharedState, same_fields

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""


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


class LandmarkQueue(PersonalQueue[NewPlacement, Placement]):
    """One reader's view of the films that were drawn: all readers have the same ones.

    They come in an order of the reader's own. Names follow from the reader's seed, the id and the
    film's hash: they say nothing of the film, and cannot be made without the seed.

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
        super().__init__(reviewer, state)
        self._beginnings = beginnings
        names = {
            hmac.digest(seed, "\0".join(("landmarks", *shown)).encode(), "sha256").hex()[:32]: shown
            for shown in films.items()
        }
        self._films: dict[str, Shown] = {name: names[name] for name in sorted(names)}
        self._names = {shown[0]: name for name, shown in names.items()}

    def __len__(self) -> int:
        return len(self._films)

    def film(self, name: str) -> str | None:
        """Id of the film of a name, or None if none of these has it."""
        shown = self._films.get(name)
        return shown[0] if shown else None

    @property
    def contents(self) -> dict[str, str]:
        """Id → SHA-256 of each film."""
        return dict(self._films.values())

    def name_of(self, film: str) -> str:
        """The name of a film, by its id."""
        return self._names[film]

    def entries(self) -> list[ShownFilm]:
        """All films, as last refreshed."""
        with self.lock:
            return [self.entry(name) for name in self._films]

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
        """Log landmarks, as a log holds them. They are on disk when this returns.

        What is in effect exactly so already is not logged again.

        Returns:
            Whether they were logged.

        Raises:
            DecisionError: see `Log.append`.
        """
        shown = self._films[name]
        beginning = self._beginnings[shown[0]]
        pairs = zip(points.split(" "), beginning.points.split(" "), strict=True)
        moved = sum(given != first for given, first in pairs)
        new = NewPlacement(*shown, "place", points=points, start=beginning.start, moved=str(moved))
        return self._log_new(new)

    def retract(self, name: str) -> bool:
        """Log that what the reader placed on a film is taken back; see `place`."""
        return self._log_new(NewPlacement(*self._films[name], "retract"))

    def _log_new(self, placement: NewPlacement) -> bool:
        def unless(new: NewPlacement, effective: Placement | None) -> bool:
            if effective is None:
                return new.retracts
            return same_fields(new, effective, ("decision", "points"))

        return bool(self.record([placement], unless))
