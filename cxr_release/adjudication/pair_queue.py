"""The pairs that the audit lists for people to judge, the most similar first.

What one reviewer of the audit has before them: pairs to judge, own verdicts, progress.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Literal

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import settle
from cxr_release.adjudication.verdict import Judgement, Pair, Verdict, Word
from cxr_release.errors import Fault, TableError
from cxr_release.logbook.shared_state import Votes

_AGAIN = "run `dvc repro`"


@dataclass(frozen=True)
class Listed:
    """A pair that the audit lists."""

    real_id: str
    real_sha256: str
    synthetic_id: str
    synthetic_sha256: str
    view: str
    """How the synthetic film is held against the real one: one of `schemas.VIEWS`."""

    @property
    def about(self) -> Pair:
        """Ids of both films."""
        return self.real_id, self.synthetic_id

    @property
    def fingerprint(self) -> tuple[str, str]:
        """SHA-256 of both films' PNG bytes, in hex."""
        return self.real_sha256, self.synthetic_sha256


def read_pairs(
    path: Path, *, real: Mapping[str, str], synthetic: Mapping[str, str]
) -> list[Listed]:
    """The pairs of a `schemas.PAIRS` table, the most similar first.

    Args:
        path: the table.
        real: film of the cohort → SHA-256 of its PNG bytes.
        synthetic: synthetic film → SHA-256 of its PNG bytes.

    Raises:
        TableError: the table is not in order, or names films that are not there.
    """
    rows = sorted(tables.read_rows(path, schemas.PAIRS), key=lambda row: row["rank"])
    known = {"real_id": real, "synthetic_id": synthetic}
    faults = [
        Fault(f"{path}: rank {row['rank']}", f"{name} {row[name]!r} is no film of these", _AGAIN)
        for row in rows
        for name, films in known.items()
        if row[name] not in films
    ]
    if faults:
        raise TableError(
            f"{len(faults)} film(s) of the pairs are not there", where=str(path), faults=faults
        )
    return [
        Listed(
            row["real_id"],
            real[row["real_id"]],
            row["synthetic_id"],
            synthetic[row["synthetic_id"]],
            row["view"],
        )
        for row in rows
    ]


_said = attrgetter("verdict", "note")


@dataclass(frozen=True)
class Film:
    """A film of a pair."""

    kind: Literal["real", "synthetic"]
    id: str


@dataclass(frozen=True)
class Entry:
    """A pair under its names, and what the reviewer judged of it."""

    name: str
    """Of the pair, as the names of both films 32 hex digits; see `PairQueue`."""
    real: str
    synthetic: str
    view: str
    verdict: Verdict | None


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is."""

    done: int
    """Pairs on which the reviewer's verdict stands."""
    left: int
    """Pairs that the reviewer has yet to judge."""
    awaited: int | None
    """For the adjudicator: pairs that others have not settled, nor differ on yet."""


class PairQueue:
    """One reviewer's view of the pairs. Any number of threads may use it.

    It holds the pairs that the reviewer has judged, and those that are not settled and that fewer
    than `required` other people, the adjudicator not counted, have judged. The adjudicator's holds
    the open conflicts in place of the latter.

    A film and a pair have names for each reviewer, which follow from the reviewer's seed, from ids
    and from bytes: they say nothing of the film, cannot be made without the seed, and are others
    when the bytes are.

    Args:
        reviewer: whose it is.
        votes: everybody's verdicts; shared by the queues of all reviewers.
        pairs: all of them, the most similar first: in this order they are judged.
        seed: see `seeds.seed_of`.
        required: people who must judge a pair.
        adjudicator: who settles conflicts; empty: nobody does.
    """

    def __init__(
        self,
        reviewer: str,
        votes: Votes[Judgement, Verdict],
        pairs: Sequence[Listed],
        seed: bytes,
        *,
        required: int,
        adjudicator: str,
    ) -> None:
        self.reviewer = reviewer
        self._votes = votes
        self._log = votes.log_of(reviewer)
        self._required = required
        self._adjudicator = adjudicator
        self._named = {_name(seed, "pair", *one.about, *one.fingerprint): one for one in pairs}
        self._films: dict[str, Film] = {}
        self._film_names: dict[Film, str] = {}
        for one in pairs:
            self._name_film(seed, Film("real", one.real_id), one.real_sha256)
            self._name_film(seed, Film("synthetic", one.synthetic_id), one.synthetic_sha256)
        with votes.turn:
            votes.take(reviewer)

    @property
    def turn(self) -> threading.RLock:
        """Held by whoever reads everybody's verdicts, or brings them up to date."""
        return self._votes.turn

    @property
    def adjudicates(self) -> bool:
        """Whether the reviewer settles what others differ on."""
        return self.reviewer == self._adjudicator

    def pair(self, name: str) -> Listed | None:
        """The pair of a name, or None if none of these has it."""
        return self._named.get(name)

    def film(self, name: str) -> Film | None:
        """The film of a name, or None if none of these has it."""
        return self._films.get(name)

    def refresh(self) -> None:
        """Take in what was logged since, by anybody; see `Votes.refresh`."""
        self._votes.refresh()

    def entries(self) -> list[Entry]:
        """What the reviewer has judged or has to, the most similar first, as last refreshed."""
        with self._votes.turn:
            mine = self._mine
            return [
                self._entry(name, pair)
                for name, pair in self._named.items()
                if pair.about in mine or self._waits(pair.about)
            ]

    def entry(self, name: str) -> Entry:
        """One pair by its name, as it stands."""
        with self._votes.turn:
            return self._entry(name, self._named[name])

    def progress(self) -> Progress:
        """How far the reviewer is, as last refreshed."""
        with self._votes.turn:
            mine = self._mine
            open_pairs = [one.about for one in self._named.values() if one.about not in mine]
            left = sum(map(self._waits, open_pairs))
            awaited = sum(not self._settled(pair) for pair in open_pairs) - left
            done = len(self._named) - len(open_pairs)
            return Progress(done, left, awaited if self.adjudicates else None)

    def judge(self, name: str, verdict: Word, note: str = "") -> bool:
        """Log a verdict on a pair. It is on disk when this returns; on an error it does not count.

        What stands exactly so already is not logged again.

        Returns:
            Whether it was logged.

        Raises:
            DecisionError: it is malformed; or see `Log.append`.
        """
        one = self._named[name]
        wish = Judgement(
            one.real_id, one.real_sha256, one.synthetic_id, one.synthetic_sha256, verdict, note
        )

        def unless(wish: Judgement, stands: Verdict | None) -> bool:
            return wish.retracts if stands is None else _said(wish) == _said(stands)

        # Not in `turn`: others need not wait for the disk.
        logged = self._log.append([wish], unless=unless)
        self._votes.take(self.reviewer)
        return bool(logged)

    @property
    def _mine(self) -> dict[Pair, Verdict]:
        return self._votes.standing[self.reviewer]

    def _name_film(self, seed: bytes, film: Film, sha256: str) -> None:
        name = _name(seed, film.kind, film.id, sha256)
        self._films[name] = film
        self._film_names[film] = name

    def _entry(self, name: str, pair: Listed) -> Entry:
        real = self._film_names[Film("real", pair.real_id)]
        synthetic = self._film_names[Film("synthetic", pair.synthetic_id)]
        return Entry(name, real, synthetic, pair.view, self._mine.get(pair.about))

    def _words(self, pair: Pair) -> dict[str, str]:
        return {
            reviewer: verdicts[pair].verdict
            for reviewer, verdicts in self._votes.standing.items()
            if pair in verdicts
        }

    def _settled(self, pair: Pair) -> bool:
        words = self._words(pair)
        return settle(words, required=self._required, adjudicator=self._adjudicator).settled

    def _waits(self, pair: Pair) -> bool:
        """Whether a pair on which no verdict of the reviewer stands waits for one."""
        words = self._words(pair)
        stands = settle(words, required=self._required, adjudicator=self._adjudicator)
        if self.adjudicates:
            return stands.conflict
        others = words.keys() - {self.reviewer, self._adjudicator}
        return not stands.settled and len(others) < self._required


def _name(seed: bytes, *parts: str) -> str:
    return hmac.digest(seed, "\0".join(("audit", *parts)).encode(), "sha256").hex()[:32]
