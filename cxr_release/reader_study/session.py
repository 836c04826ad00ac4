"""One reader's session: quartets in an order of their own, answers, what is next.

Order and names follow from the reader's seed and from what is shown: they are the same at each
visit, others for each reader, and say nothing of a film or of a quartet's place in the kit.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from cxr_release.errors import DecisionError, ReaderStudyError
from cxr_release.logbook.log import Log
from cxr_release.reader_study.answer import RATINGS, Answer, NewAnswer
from cxr_release.reader_study.collect import foreign
from cxr_release.reader_study.kit import Kit, KitFilm

LONGEST = 7 * 24 * 3600
"""Seconds for which a page may have been in view."""


class UnknownPageError(ReaderStudyError):
    """No page of this reader is called so: other films are shown now."""


class UnfitAnswerError(ReaderStudyError):
    """An answer is not whole, or not about the films of its page."""


class FinalAnswerError(ReaderStudyError):
    """A quartet was answered before, and answers are final."""


@dataclass(frozen=True)
class GivenAnswer:
    """What a reader answered."""

    ratings: tuple[int, ...]
    """One for each film in the order shown, 1 … 4."""
    picked: int
    """Place, from 0, of the film picked as the real one."""


@dataclass(frozen=True)
class Page:
    """One quartet as its reader sees it. All names are opaque, 32 hex digits."""

    name: str
    films: tuple[str, ...]
    """In the order shown."""
    given: GivenAnswer | None
    """The effective answer."""


@dataclass(frozen=True)
class _Sheet:
    """What a page shows, by the kit's own names."""

    number: int
    """From 1, in the reader's order."""
    quartet: int
    films: Mapping[str, str]
    """Opaque name → name in the kit, in the order shown."""


class Session:
    """One reader's quartets. Any number of threads and processes may answer at once.

    Args:
        kit: what is shown.
        log: the reader's own.
        seed: see `seeds.seed_of`.
        going_back: whether an answer may be changed.

    Raises:
        DecisionError: the log does not verify, or is about other films.
    """

    def __init__(
        self, kit: Kit, log: Log[NewAnswer, Answer], seed: bytes, *, going_back: bool = False
    ) -> None:
        self.reader = log.reviewer
        self.going_back = going_back
        self._kit = kit
        self._log = log
        log.held = True
        self._turn = threading.Lock()
        quartets = {number: (str(number), sha256) for number, sha256 in kit.fingerprints.items()}
        in_order = sorted(quartets, key=lambda number: _rank(seed, "order", *quartets[number]))
        self._sheets: dict[str, _Sheet] = {}
        self._films: dict[str, str] = {}
        for number, quartet in enumerate(in_order, start=1):
            films = _named(seed, kit.quartets[quartet])
            name = _rank(seed, "page", *quartets[quartet])[:32]
            self._sheets[name] = _Sheet(number, quartet, films)
            self._films.update(films)
        self.refresh()

    def refresh(self) -> None:
        """Take in what was logged since, by any process.

        Raises:
            DecisionError: the log does not verify, or is about other films.
        """
        with self._turn:
            self._log.refresh()
            faults = list(foreign({self.reader: self._log.entries}, self._kit))
        if faults:
            raise DecisionError(
                f"{len(faults)} answer(s) on other films than the kit holds",
                where=str(self._log.path),
                faults=faults,
            )

    def film(self, name: str) -> str | None:
        """Name in the kit of a film on one of these pages, or None if none of them is called so."""
        return self._films.get(name)

    def pages(self) -> list[Page]:
        """All pages in the reader's order, as last refreshed."""
        with self._turn:
            return [self._page(name) for name in self._sheets]

    def submit(
        self, name: str, ratings: Mapping[str, int], picked: str, seconds: float
    ) -> tuple[Page, bool]:
        """Log an answer. It is on disk when this returns; on an error it does not count.

        The answer that is already in effect, given again, is acknowledged and not logged again,
        whatever time it took: the page may have missed the acknowledgement.

        Args:
            name: of the page.
            ratings: film of the page → 1 (unrealistic) … 4 (fully realistic).
            picked: film picked as the real one.
            seconds: for which the page was in view.

        Returns:
            The page as it is now, and whether anything was logged.

        Raises:
            UnknownPageError: no such page.
            UnfitAnswerError: it is not whole.
            FinalAnswerError: there is another answer, and it may not be changed.
            DecisionError: see `Log.append`.
        """
        sheet = self._sheets.get(name)
        if sheet is None:
            raise UnknownPageError("is out of date: load it again")
        answer = self._reply(sheet, ratings, picked, seconds)

        def unless(new: NewAnswer, effective: Answer | None) -> bool:
            return effective is not None and (not self.going_back or _same(new, effective))

        with self._turn:
            logged = self._log.append([answer], unless=unless)
            if not logged and not _same(answer, self._log.effective[sheet.quartet]):
                raise FinalAnswerError("was answered before, and answers are final")
            return self._page(name), bool(logged)

    def _reply(
        self, sheet: _Sheet, ratings: Mapping[str, int], picked: str, seconds: float
    ) -> NewAnswer:
        if ratings.keys() != sheet.films.keys():
            raise UnfitAnswerError("does not rate each film of the page, and no other")
        if not {str(rating) for rating in ratings.values()} <= set(RATINGS):
            raise UnfitAnswerError("holds a rating that is not 1 to 4")
        if picked not in sheet.films:
            raise UnfitAnswerError("does not pick a film of the page as the real one")
        if not 0 <= seconds <= LONGEST:  # NaN neither
            raise UnfitAnswerError(f"took no time between 0 and {LONGEST} seconds")
        return NewAnswer(
            quartet=str(sheet.quartet),
            quartet_sha256=self._kit.fingerprints[sheet.quartet],
            films=" ".join(sheet.films.values()),
            ratings=" ".join(str(ratings[film]) for film in sheet.films),
            picked=sheet.films[picked],
            page=str(sheet.number),
            seconds=f"{abs(seconds):.3f}",
        )

    def _page(self, name: str) -> Page:
        sheet = self._sheets[name]
        effective = self._log.effective.get(sheet.quartet)
        given = None
        if effective:
            shown, rated = list(sheet.films.values()), effective.rated
            given = GivenAnswer(tuple(rated[film] for film in shown), shown.index(effective.picked))
        return Page(name, tuple(sheet.films), given)


def _named(seed: bytes, films: tuple[KitFilm, ...]) -> dict[str, str]:
    """Opaque name → name in the kit, in the order in which the reader sees them."""
    in_order = sorted(films, key=lambda film: _rank(seed, "place", film.name, film.sha256))
    return {_rank(seed, "film", film.name, film.sha256)[:32]: film.name for film in in_order}


def _same(new: NewAnswer, effective: Answer) -> bool:
    return new.rated == effective.rated and new.picked == effective.picked


def _rank(seed: bytes, *parts: str) -> str:
    return hmac.digest(seed, "\0".join(("study", *parts)).encode(), "sha256").hex()
