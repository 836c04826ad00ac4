"""One reviewer's queue: films still to see, own decisions, progress.

The order of the films, and the names under which the page knows them, follow from the reviewer's
seed: a film's name or place does not show which checkpoint it is of.
"""

from __future__ import annotations

import hmac
import math
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from cxr_release.errors import DecisionError
from cxr_release.logbook.shared_state import PersonalQueue, SharedState, same_fields
from cxr_release.screening.decision import PAGE, Decision, NewDecision
from cxr_release.screening.films import Generated
from cxr_release.screening.review_rate import films_a_minute

View = Literal["queue", "excluded", "decided"]
VIEWS: tuple[View, ...] = ("queue", "excluded", "decided")
Order = Literal["shuffled", "doubtful-first"]

STATES, NOTES = ("", "open", "keep", "exclude"), ("", "with", "without")
"""What a list may be narrowed to; empty: it is not."""

NAME = re.compile(r"[0-9a-f]{32}")
"""A film, as the page knows it."""


def order_of(
    films: Sequence[Generated], seed: bytes, scores: Mapping[str, float] | None = None
) -> list[Generated]:
    """All films, shuffled by the seed; with scores those of the highest anomaly score first.

    Args:
        films: in any order.
        seed: see `seeds.seed_of`.
        scores: film id → anomaly score.

    Raises:
        DecisionError: a film's score is missing or not a number.
    """
    shuffled = sorted(films, key=lambda film: hmac.digest(seed, film.id.encode(), "sha256"))
    if scores is None:
        return shuffled
    unknown = sum(not math.isfinite(scores.get(film.id, math.nan)) for film in films)
    if unknown:
        raise DecisionError(
            f"the pre-screen gave no score to {unknown} film(s)",
            remedy="run `dvc repro`, or order the films by `shuffled`",
        )
    return sorted(shuffled, key=lambda film: -scores[film.id])


def name_of(film: Generated, seed: bytes) -> str:
    """The film's name on the page, matching `NAME`. It changes with the bytes and the reviewer.

    The name says nothing of the film, and cannot be made without the seed.
    """
    return hmac.digest(seed, f"{film.id}\0{film.sha256}".encode(), "sha256").hex()[:32]


@dataclass(frozen=True)
class ShownFilm:
    """A film, and what the reviewer decided on it."""

    name: str
    """See `name_of`."""
    decision: Decision | None


@dataclass(frozen=True)
class Listed:
    """Which films of a view are listed: those of which all that is given holds."""

    state: str = ""
    """One of `STATES`: what the reviewer decided."""
    reason: str = ""
    """Code of the reviewer's reason; empty: any, or none."""
    note: str = ""
    """One of `NOTES`: whether the reviewer's decision has a note."""

    @property
    def all(self) -> bool:
        """Whether no film is left out."""
        return not (self.state or self.reason or self.note)

    def holds(self, decision: Decision | None) -> bool:
        """Whether a film on which the reviewer decided so is listed."""
        state = decision.decision if decision else "open"
        noted = bool(decision and decision.note)
        return (
            self.state in ("", state)
            and (not self.reason or bool(decision and decision.reason == self.reason))
            and (not self.note or (self.note == "with") == noted)
        )


ALL = Listed()


@dataclass(frozen=True)
class Page:
    """Some films of a view."""

    entries: list[ShownFilm]
    start: int
    """Position of the first one."""
    next: int | None
    """Position to go on from; None at the end."""
    previous: int | None
    """Position before which there are more; None at the beginning."""
    matching: int | None = None
    """Films that are listed in all; None where all films of the view are."""


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is."""

    done: int
    """Films that the reviewer has decided on."""
    left: int
    """Films of the queue that the reviewer has not decided on."""
    excluded: int
    per_minute: float | None
    minutes_left: float | None


@dataclass(frozen=True)
class QueueRule:
    """Which films are in a reviewer's queue.

    It holds the films that the reviewer decided on, and of those that are assigned to them the ones
    that fewer than `required` other people have decided on; without those that the pre-screen
    excluded. The adjudicator's holds those on which others differ.
    """

    required: int = 1
    """People who must decide on a film."""
    assigned: frozenset[str] | None = None
    """Films that are this reviewer's to decide on; None: all are."""
    prescreened: frozenset[str] = frozenset()
    """Films that the pre-screen excluded."""
    adjudicates: bool = False
    """Whether the reviewer settles what others differ on."""

    def holds(self, film: str, words: Sequence[str], *, decided: bool) -> bool:
        """Whether the queue holds a film.

        Args:
            film: its id.
            words: what other people decided on it, in effect.
            decided: whether the reviewer decided on it.
        """
        if film in self.prescreened:
            return False
        if self.adjudicates:
            return len({*words}) > 1
        mine = self.assigned is None or film in self.assigned
        return decided or (mine and len(words) < self.required)


class Queue(PersonalQueue[NewDecision, Decision]):
    """One reviewer's views of the films; see `QueueRule`.

    Args:
        reviewer: whose it is.
        state: all people's decisions; shared by the queues of all reviewers.
        order: all films as this reviewer sees them; see `order_of`.
        seed: names them; see `seeds.seed_of`.
        required: people who must decide on a film; this and the rest as in `QueueRule`.
        assigned: ids of the films that are this reviewer's to decide on; None: all are.
        prescreened: ids of the films that the pre-screen excluded.
        adjudicates: whether the reviewer settles what others differ on.
    """

    def __init__(
        self,
        reviewer: str,
        state: SharedState[NewDecision, Decision],
        order: Sequence[Generated],
        seed: bytes,
        *,
        required: int = 1,
        assigned: Collection[str] | None = None,
        prescreened: Collection[str] = (),
        adjudicates: bool = False,
    ) -> None:
        super().__init__(reviewer, state)
        mine = None if assigned is None else frozenset(assigned)
        self._rule = QueueRule(required, mine, frozenset(prescreened), adjudicates)
        self._films = list(order)
        self._names = [name_of(film, seed) for film in order]
        self._places = {film.id: place for place, film in enumerate(order)}
        self._by_name = dict(zip(self._names, order, strict=True))
        # A byte a film, so that the next one is found by searching memory.
        self._queued = bytearray(len(order))
        self._open = bytearray(len(order))
        self._seen = 0
        with self.lock:
            self._mark(self._places)

    def __len__(self) -> int:
        return len(self._films)

    def place_of(self, film: str) -> int | None:
        """Position of a film in the queue, by its id; None where it is not queued."""
        with self.lock:
            place = self._places[film]
            return place if self._queued[place] else None

    def film(self, name: str) -> Generated | None:
        """The film of a name, or None if none of these films has it."""
        return self._by_name.get(name)

    def name_of(self, film: str) -> str:
        """The name of one of these films, by its id."""
        return self._names[self._places[film]]

    def page(
        self,
        view: View,
        count: int,
        *,
        start: int | None = None,
        before: int | None = None,
        listed: Listed = ALL,
    ) -> Page:
        """Up to `count` films of a view, as of the last refresh.

        Args:
            view: the queue, or the reviewer's own decisions, latest first.
            count: how many.
            start: position to begin at. By default, in the whole queue, the first film that the
                reviewer has not decided on, and elsewhere 0.
            before: position to end before, instead.
            listed: which films of the view.
        """
        with self.lock:
            if view != "queue":
                return self._decided(view, count, start, before, listed)
            if not listed.all:
                return self._narrowed(count, start, before, listed)
            if before is not None:
                start_or_end = min(before, len(self))
                places = list(islice(self._backward(start_or_end), count))[::-1]
            else:
                # Where every film is decided, -1 becomes the end.
                first_open = self._open.find(1) % (len(self) + 1)
                start_or_end = min(first_open if start is None else start, len(self))
                places = list(islice(self._forward(start_or_end), count))
            first = places[0] if places else start_or_end
            end = places[-1] + 1 if places else first
            return Page(
                [self._shown(self._films[place].id) for place in places],
                first,
                end if self._queued.find(1, end) >= 0 else None,
                first if self._queued.rfind(1, 0, first) >= 0 else None,
            )

    def entries(self, names: Iterable[str]) -> list[ShownFilm]:
        """Films by name, as they are now."""
        with self.lock:
            return [self._shown(self._by_name[name].id) for name in names]

    def progress(self) -> Progress:
        """How far the reviewer is, as of the last refresh."""
        with self.lock:
            left = self._open.count(1)
            excluded = sum(entry.decision == "exclude" for entry in self.mine.values())
            rate = films_a_minute(self._log.entries)
            return Progress(len(self.mine), left, excluded, rate, left / rate if rate else None)

    def decide(
        self, decisions: Sequence[NewDecision], *, undecided_only: bool = False
    ) -> list[Decision]:
        """Log decisions. They are on disk when this returns; on an error none of them counts.

        What is in effect exactly so already is not logged again.

        Args:
            decisions: on films of this queue's order.
            undecided_only: leave out films on which the reviewer has decided by now.

        Returns:
            The new entries.

        Raises:
            DecisionError: see `Log.append`.
        """

        def unless(new: NewDecision, effective: Decision | None) -> bool:
            if effective is None:
                return new.retracts
            # What was typed or piped is logged again once the reviewer has seen the film.
            unchanged = same_fields(new, effective, ("decision", "reason", "note"))
            return undecided_only or (unchanged and (new.via == effective.via or new.via != PAGE))

        return self.record(decisions, unless)

    def _catch_up(self) -> None:
        self._mark(self._state.changed[self._seen :])
        self._seen = len(self._state.changed)

    def _mark(self, films: Iterable[str]) -> None:
        for film in films:
            place = self._places[film]
            self._queued[place] = self._is_queued(film)
            self._open[place] = self._queued[place] and film not in self.mine

    def _is_queued(self, film: str) -> bool:
        decisions = self._on(film)
        own = decisions.pop(self.reviewer, None)
        words = [entry.decision for entry in decisions.values()]
        return self._rule.holds(film, words, decided=own is not None)

    def _shown(self, film: str) -> ShownFilm:
        return ShownFilm(self.name_of(film), self.mine.get(film))

    def _forward(self, start: int) -> Iterator[int]:
        place = self._queued.find(1, start)
        while place >= 0:
            yield place
            place = self._queued.find(1, place + 1)

    def _backward(self, end: int) -> Iterator[int]:
        place = self._queued.rfind(1, 0, end)
        while place >= 0:
            yield place
            place = self._queued.rfind(1, 0, place)

    def _narrowed(self, count: int, start: int | None, before: int | None, listed: Listed) -> Page:
        """Some films of the queue; positions are those of the whole queue."""
        mine = self.mine
        places = [
            place for place in self._forward(0) if listed.holds(mine.get(self._films[place].id))
        ]
        if before is not None:
            end = bisect_left(places, before)
            first = max(0, end - count)
        else:
            first = bisect_left(places, start or 0)
            end = min(first + count, len(places))
        shown = places[first:end]
        begin = shown[0] if shown else min(start or before or 0, len(self))
        return Page(
            [self._shown(self._films[place].id) for place in shown],
            begin,
            places[end] if end < len(places) else None,
            begin if first > 0 else None,
            len(places),
        )

    def _decided(
        self, view: View, count: int, start: int | None, before: int | None, listed: Listed
    ) -> Page:
        films = [
            film
            for film, entry in reversed(self.mine.items())
            if (view == "decided" or entry.decision == "exclude") and listed.holds(entry)
        ]
        if before is not None:
            end = min(before, len(films))
            first = max(0, end - count)
        else:
            first = min(start or 0, len(films))
            end = min(first + count, len(films))
        return Page(
            [self._shown(film) for film in films[first:end]],
            first,
            end if end < len(films) else None,
            first if first > 0 else None,
            None if listed.all else len(films),
        )
