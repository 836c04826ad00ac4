"""One person's queue of films that come one by one, under names that say nothing of them."""

from __future__ import annotations

import hmac
import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cxr_release.logbook.entry import E, S
from cxr_release.logbook.shared_state import PersonalQueue, SharedState, same_fields

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as a page knows it."""


class FilmQueue(PersonalQueue[S, E]):
    """One person's view of some films, in an order of their own.

    Names follow from the person's seed, the id and what is shown: they say nothing of the film, and
    cannot be made without the seed.

    Args:
        reviewer: whose it is.
        state: all people's statements; shared by the queues of all people.
        films: id of each film → hash of what is shown.
        seed: see `seeds.seed_of`.
        purpose: what people look for; the same film has another name elsewhere.
        first: ids of the films that come before all others.
    """

    def __init__(
        self,
        reviewer: str,
        state: SharedState[S, E],
        films: Mapping[str, str],
        seed: bytes,
        *,
        purpose: str,
        first: Collection[str] = frozenset(),
    ) -> None:
        super().__init__(reviewer, state)
        names = {
            hmac.digest(seed, "\0".join((purpose, *shown)).encode(), "sha256").hex()[:32]: shown
            for shown in films.items()
        }
        order = sorted(names, key=lambda name: (names[name][0] not in first, name))
        self._films = {name: names[name] for name in order}
        self._names = {shown[0]: name for name, shown in names.items()}

    def __len__(self) -> int:
        return len(self._films)

    def film(self, name: str) -> str | None:
        """Id of the film of a name, or None if none of these has it."""
        shown = self._films.get(name)
        return shown[0] if shown else None

    def name_of(self, film: str) -> str:
        """The name of a film, by its id."""
        return self._names[film]

    def has(self, name: str) -> bool:
        """Whether the film of a name is among `entries`: here, all are."""
        return name in self._films

    @abstractmethod
    def entry(self, name: str) -> Any:
        """One film by its name, as it is now, and what the person said of it."""

    @abstractmethod
    def progress(self) -> Any:
        """How far the person is, as last refreshed."""

    def entries(self) -> list[Any]:
        """What the person has said something of, or has to, in order, as last refreshed."""
        with self.lock:
            return [self.entry(name) for name in self._films if self.has(name)]

    def _say(self, statement: S, fields: Iterable[str]) -> bool:
        """Log a statement, unless it is in effect already: another one differs in these fields.

        It is on disk when this returns; on an error it does not count. Returns whether it was
        logged.

        Raises:
            DecisionError: see `Log.append`.
        """

        def unless(new: S, effective: E | None) -> bool:
            return same_fields(new, effective, fields) if effective else new.retracts

        return bool(self.record([statement], unless))
