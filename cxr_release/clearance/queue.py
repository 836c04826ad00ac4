"""One reviewer's queue of real films: films to look at, own decisions, progress."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cxr_release.clearance.state import waits_for_more
from cxr_release.clearance.statement import TEXT, Clearance, NewClearance, Shown, Word
from cxr_release.logbook.film_queue import FilmQueue
from cxr_release.logbook.shared_state import SharedState


@dataclass(frozen=True)
class ShownFilm:
    """A film under its name on the page, and what the reviewer decided on it."""

    name: str
    suspected: bool
    """Whether the search for text flagged it."""
    decision: Clearance | None


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is."""

    done: int
    """Films that the reviewer has decided on."""
    left: int
    """Films that wait for the reviewer."""
    text: int
    """Films that show text, as the reviewer says."""


class ClearanceQueue(FilmQueue[NewClearance, Clearance]):
    """One reviewer's view of the real films.

    It holds the films that the reviewer has decided on, and those that nobody says show text and at
    which fewer than `required` other people have looked: flagged ones first.

    Args:
        reviewer: whose it is.
        state: all people's decisions; shared by the queues of all reviewers.
        contents: opaque id of each film → HMAC of its content.
        seed: see `seeds.seed_of`.
        required: people who must look at a film.
        suspected: films that the search for text flagged.
    """

    def __init__(
        self,
        reviewer: str,
        state: SharedState[NewClearance, Clearance],
        contents: Mapping[str, str],
        seed: bytes,
        *,
        required: int,
        suspected: Collection[str] = (),
    ) -> None:
        self._required = required
        self._suspected = frozenset(suspected)
        super().__init__(
            reviewer, state, contents, seed, purpose="burned-in", first=self._suspected
        )

    def has(self, name: str) -> bool:
        """Whether the reviewer has decided on a film or has to, as last refreshed."""
        with self.lock:
            shown = self._films[name]
            return shown in self.mine or self._waits(shown)

    def entry(self, name: str) -> ShownFilm:
        """One film by its name, as it is now."""
        with self.lock:
            shown = self._films[name]
            return ShownFilm(name, shown[0] in self._suspected, self.mine.get(shown))

    def progress(self) -> Progress:
        """How far the reviewer is, as last refreshed."""
        with self.lock:
            mine = self.mine
            left = sum(shown not in mine and self._waits(shown) for shown in self._films.values())
            return Progress(len(mine), left, sum(one.decision == TEXT for one in mine.values()))

    def decide(self, name: str, decision: Word) -> bool:
        """Log a decision; see `_say`."""
        return self._say(NewClearance(*self._films[name], decision), ("decision",))

    def _waits(self, shown: Shown) -> bool:
        """Whether a film that the reviewer has not decided on waits for them."""
        others = [
            entry.decision for name, entry in self._on(shown).items() if name != self.reviewer
        ]
        return waits_for_more(others, self._required)
