"""What one reviewer has before them: films still to see, own decisions, progress."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from cxr_release.logbook.shared_state import Votes
from cxr_release.screening.decision import PAGE, Decision, Wish
from cxr_release.screening.films import Generated, name_of
from cxr_release.screening.review_rate import films_a_minute

View = Literal["queue", "excluded", "decided"]
VIEWS: tuple[View, ...] = ("queue", "excluded", "decided")
_said = attrgetter("decision", "reason", "note")


@dataclass(frozen=True)
class Entry:
    """A film, and what the reviewer decided on it."""

    name: str
    """See `order.name_of`."""
    decision: Decision | None


@dataclass(frozen=True)
class Page:
    """Some films of a view."""

    entries: list[Entry]
    start: int
    """Position of the first one."""
    next: int | None
    """Position to go on from; None at the end."""
    previous: int | None
    """Position before which there are more; None at the beginning."""


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is."""

    done: int
    """Films that the reviewer's decisions stand on."""
    left: int
    """Films of the queue without one."""
    excluded: int
    per_minute: float | None
    minutes_left: float | None


class Queue:
    """One reviewer's views of the films. Any number of threads may use it.

    The queue holds the films that the reviewer decided on, and those that fewer than `required`
    other people have decided on; without those that the pre-screen excluded. The adjudicator's
    holds those on which others differ.

    Args:
        reviewer: whose it is.
        votes: everybody's decisions; shared by the queues of all reviewers.
        order: all films as this reviewer sees them; see `order.order_of`.
        seed: names them; see `seeds.seed_of`.
        required: people who must decide on a film.
        prescreened: ids of the films that the pre-screen excluded.
        adjudicates: whether the reviewer settles what others differ on.
    """

    def __init__(
        self,
        reviewer: str,
        votes: Votes[Wish, Decision],
        order: Sequence[Generated],
        seed: bytes,
        *,
        required: int = 1,
        prescreened: Collection[str] = (),
        adjudicates: bool = False,
    ) -> None:
        self.reviewer = reviewer
        self._votes = votes
        self._log = votes.log_of(reviewer)
        self._required = required
        self._prescreened = frozenset(prescreened)
        self._adjudicates = adjudicates
        self._films = list(order)
        self._names = [name_of(film, seed) for film in order]
        self._places = {film.id: place for place, film in enumerate(order)}
        self._by_name = dict(zip(self._names, order, strict=True))
        # A byte a film, so that the next one is found by searching memory.
        self._queued = bytearray(len(order))
        self._open = bytearray(len(order))
        self._seen = 0
        with votes.turn:
            votes.take(reviewer)
            self._mark(self._places)

    @property
    def turn(self) -> threading.RLock:
        """Held by whoever reads everybody's decisions, or brings them up to date."""
        return self._votes.turn

    def __len__(self) -> int:
        return len(self._films)

    def film(self, name: str) -> Generated | None:
        """The film of a name, or None if none of these films has it."""
        return self._by_name.get(name)

    def name_of(self, film: str) -> str:
        """The name of one of these films, by its id."""
        return self._names[self._places[film]]

    def refresh(self) -> None:
        """Take in what was logged since; see `Votes.refresh`."""
        with self._votes.turn:
            self._votes.refresh()
            self._catch_up()

    def page(
        self, view: View, count: int, *, start: int | None = None, before: int | None = None
    ) -> Page:
        """Up to `count` films of a view, as of the last refresh.

        Args:
            view: the queue, or the reviewer's own decisions, latest first.
            count: how many.
            start: position to begin at. By default, in the queue, the first film that the
                reviewer has not decided on, and elsewhere 0.
            before: position to end before, instead.
        """
        with self._votes.turn:
            if view != "queue":
                return self._decided(view, count, start, before)
            if before is not None:
                asked = min(before, len(self))
                places = self._backward(asked, count)
            else:
                # Where every film is decided, -1 becomes the end.
                first_open = self._open.find(1) % (len(self) + 1)
                asked = min(first_open if start is None else start, len(self))
                places = self._forward(asked, count)
            first = places[0] if places else asked
            end = places[-1] + 1 if places else first
            return Page(
                [self._entry(self._films[place].id) for place in places],
                first,
                end if self._queued.find(1, end) >= 0 else None,
                first if self._queued.rfind(1, 0, first) >= 0 else None,
            )

    def entries(self, names: Iterable[str]) -> list[Entry]:
        """Films by name, as they stand."""
        with self._votes.turn:
            return [self._entry(self._by_name[name].id) for name in names]

    def progress(self) -> Progress:
        """How far the reviewer is, as of the last refresh."""
        with self._votes.turn:
            left = self._open.count(1)
            excluded = sum(one.decision == "exclude" for one in self._mine.values())
            pace = films_a_minute(self._log.lines)
            return Progress(len(self._mine), left, excluded, pace, left / pace if pace else None)

    def decide(self, wishes: Sequence[Wish], *, undecided_only: bool = False) -> list[Decision]:
        """Log decisions. They are on disk when this returns; on an error none of them counts.

        What stands exactly so already is not logged again.

        Args:
            wishes: on films of this queue's order.
            undecided_only: leave out films on which a decision of the reviewer stands by now.

        Returns:
            The new lines.

        Raises:
            DecisionError: see `Log.append`.
        """

        def unless(wish: Wish, stands: Decision | None) -> bool:
            if stands is None:
                return wish.retracts
            # What was typed or piped is given again by whoever now sees the film.
            same = _said(wish) == _said(stands) and (wish.via == stands.via or wish.via != PAGE)
            return undecided_only or same

        # Not in `turn`: others need not wait for the disk.
        logged = self._log.append(wishes, unless=unless)
        with self._votes.turn:
            self._votes.take(self.reviewer)
            self._catch_up()
        return logged

    @property
    def _mine(self) -> dict[str, Decision]:
        return self._votes.standing[self.reviewer]

    def _catch_up(self) -> None:
        self._mark(self._votes.changed[self._seen :])
        self._seen = len(self._votes.changed)

    def _mark(self, films: Iterable[str]) -> None:
        for film in films:
            place = self._places[film]
            self._queued[place] = self._is_queued(film)
            self._open[place] = self._queued[place] and film not in self._mine

    def _is_queued(self, film: str) -> bool:
        if film in self._prescreened:
            return False
        others = [
            decisions[film].decision
            for reviewer, decisions in self._votes.standing.items()
            if reviewer != self.reviewer and film in decisions
        ]
        if self._adjudicates:
            return len(set(others)) > 1
        return film in self._mine or len(others) < self._required

    def _entry(self, film: str) -> Entry:
        return Entry(self.name_of(film), self._mine.get(film))

    def _forward(self, start: int, count: int) -> list[int]:
        places: list[int] = []
        place = self._queued.find(1, start)
        while place >= 0 and len(places) < count:
            places.append(place)
            place = self._queued.find(1, place + 1)
        return places

    def _backward(self, end: int, count: int) -> list[int]:
        places: list[int] = []
        place = self._queued.rfind(1, 0, end)
        while place >= 0 and len(places) < count:
            places.append(place)
            place = self._queued.rfind(1, 0, place)
        return places[::-1]

    def _decided(self, view: View, count: int, start: int | None, before: int | None) -> Page:
        films = [
            film
            for film, one in reversed(self._mine.items())
            if view == "decided" or one.decision == "exclude"
        ]
        if before is not None:
            end = min(before, len(films))
            first = max(0, end - count)
        else:
            first = min(start or 0, len(films))
            end = min(first + count, len(films))
        return Page(
            [self._entry(film) for film in films[first:end]],
            first,
            end if end < len(films) else None,
            first if first > 0 else None,
        )
