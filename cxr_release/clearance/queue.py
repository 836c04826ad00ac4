"""One reviewer's queue of real films: films to look at, own decisions, progress."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cxr_release.clearance.statement import TEXT, Clearance, NewClearance, Shown, Word
from cxr_release.logbook.shared_state import PersonalQueue, SharedState, same_fields

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""


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


class ClearanceQueue(PersonalQueue[NewClearance, Clearance]):
    """One reviewer's view of the real films.

    It holds the films that the reviewer has decided on, and those that nobody says show text and at
    which fewer than `required` other people have looked: flagged ones first, the others in an order
    of the reviewer's own. Names follow from the reviewer's seed, the id and the content: they say
    nothing of the film, and cannot be made without the seed.

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
        super().__init__(reviewer, state)
        self._required = required
        self._suspected = frozenset(suspected)
        names = {
            hmac.digest(seed, "\0".join(("burned-in", *shown)).encode(), "sha256").hex()[:32]: shown
            for shown in contents.items()
        }
        order = sorted(names, key=lambda name: (names[name][0] not in self._suspected, name))
        self._films: dict[str, Shown] = {name: names[name] for name in order}
        self._names = {shown[0]: name for name, shown in names.items()}

    def __len__(self) -> int:
        return len(self._films)

    def film(self, name: str) -> str | None:
        """Opaque id of the film of a name, or None if none of these has it."""
        shown = self._films.get(name)
        return shown[0] if shown else None

    @property
    def contents(self) -> dict[str, str]:
        """Opaque id of each film → HMAC of its content."""
        return dict(self._films.values())

    def name_of(self, film: str) -> str:
        """The name of a film, by its opaque id."""
        return self._names[film]

    def has(self, name: str) -> bool:
        """Whether the film of a name is among `entries`."""
        with self.lock:
            shown = self._films[name]
            return shown in self.mine or self._waits(shown)

    def entries(self) -> list[ShownFilm]:
        """What the reviewer has decided on or has to, as last refreshed."""
        with self.lock:
            return [
                self._shown(name, shown) for name, shown in self._films.items() if self.has(name)
            ]

    def entry(self, name: str) -> ShownFilm:
        """One film by its name, as it is now."""
        with self.lock:
            return self._shown(name, self._films[name])

    def progress(self) -> Progress:
        """How far the reviewer is, as last refreshed."""
        with self.lock:
            mine = self.mine
            left = sum(shown not in mine and self._waits(shown) for shown in self._films.values())
            return Progress(len(mine), left, sum(one.decision == TEXT for one in mine.values()))

    def decide(self, name: str, decision: Word) -> bool:
        """Log a decision. It is on disk when this returns; on an error it does not count.

        What is in effect exactly so already is not logged again.

        Returns:
            Whether it was logged.

        Raises:
            DecisionError: see `Log.append`.
        """

        def unless(new: NewClearance, effective: Clearance | None) -> bool:
            if effective is None:
                return new.retracts
            return same_fields(new, effective, ("decision",))

        return bool(self.record([NewClearance(*self._films[name], decision)], unless))

    def _shown(self, name: str, shown: Shown) -> ShownFilm:
        return ShownFilm(name, shown[0] in self._suspected, self.mine.get(shown))

    def _waits(self, shown: Shown) -> bool:
        """Whether a film that the reviewer has not decided on waits for them."""
        others = self._on(shown)
        others.pop(self.reviewer, None)
        settled = any(entry.decision == TEXT for entry in others.values())
        return not settled and len(others) < self._required
