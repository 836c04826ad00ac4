"""One reviewer's queue of audited pairs: pairs to judge, own verdicts, progress.

The audit lists the pairs for people to judge, the most similar first.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import (
    NewVerdict,
    Pair,
    PairOutcome,
    Verdict,
    Word,
    settle,
    waits_for,
)
from cxr_release.errors import Fault, TableError
from cxr_release.logbook.shared_state import PersonalQueue, SharedState, same_fields
from cxr_release.memorization.poses import Pose

_REMEDY = "run `dvc repro`"


@dataclass(frozen=True)
class AuditedPair:
    """A pair that the audit lists."""

    real_id: str
    real_sha256: str
    synthetic_id: str
    synthetic_sha256: str
    view: str
    """How the synthetic film is held against the real one: one of `schemas.VIEWS`."""
    part: str
    """What of the synthetic film, in its view, is similar: one of `schemas.PARTS`."""
    pose: Pose
    """Where on the real film the synthetic one, in its view, lies."""

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
) -> list[AuditedPair]:
    """The pairs of a `schemas.PAIRS` table, the most similar first.

    Args:
        path: the table.
        real: film of the cohort → SHA-256 of its PNG bytes.
        synthetic: synthetic film → SHA-256 of its PNG bytes.

    Raises:
        TableError: the table is not in order, names films that are not there, or has a pose in
            which a synthetic film has no size.
    """
    rows = sorted(tables.read_rows(path, schemas.PAIRS), key=lambda row: row["rank"])
    known = {"real_id": real, "synthetic_id": synthetic}
    faults = [
        Fault(
            f"{path}: rank {row['rank']}",
            f"{name} {row[name]!r} is not one of these films",
            _REMEDY,
        )
        for row in rows
        for name, films in known.items()
        if row[name] not in films
    ]
    if faults:
        raise TableError(
            f"{len(faults)} film(s) of the pairs are not there", where=str(path), faults=faults
        )
    sizeless = [
        Fault(f"{path}: rank {row['rank']}", "the scale is not above 0", _REMEDY)
        for row in rows
        if not row["scale"] > 0
    ]
    if sizeless:
        raise TableError(
            f"{len(sizeless)} pair(s) cannot be aligned", where=str(path), faults=sizeless
        )
    return [
        AuditedPair(
            row["real_id"],
            real[row["real_id"]],
            row["synthetic_id"],
            synthetic[row["synthetic_id"]],
            row["view"],
            row["part"],
            Pose(row["turn"], row["scale"], row["right"], row["down"]),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Film:
    """A film of a pair."""

    kind: Literal["real", "synthetic"]
    id: str


@dataclass(frozen=True)
class ShownPair:
    """A pair under its names, and what the reviewer judged of it."""

    name: str
    """Of the pair, as the names of both films 32 hex digits; see `PairQueue`."""
    real: str
    synthetic: str
    view: str
    """As the next two: see `AuditedPair`."""
    part: str
    pose: Pose
    verdict: Verdict | None


@dataclass(frozen=True)
class Progress:
    """How far a reviewer is."""

    done: int
    """Pairs that the reviewer has judged."""
    left: int
    """Pairs that the reviewer has yet to judge."""
    awaited: int | None
    """For the adjudicator: pairs that other people have not settled and do not differ on yet."""


class PairQueue(PersonalQueue[NewVerdict, Verdict]):
    """One reviewer's view of the pairs.

    It holds the pairs that the reviewer has judged, and those that are not settled and that fewer
    than `required` other people, the adjudicator not counted, have judged. The adjudicator's holds
    the open conflicts in place of the latter.

    A film and a pair have names for each reviewer, which follow from the reviewer's seed, from ids
    and from bytes: they tell nothing about the film, cannot be made without the seed, and change
    with the bytes.

    Args:
        reviewer: whose it is.
        state: all people's verdicts; shared by the queues of all reviewers.
        pairs: all of them, the most similar first: in this order they are judged.
        seed: see `seeds.seed_of`.
        required: people who must judge a pair.
        adjudicator: who settles conflicts; empty: there is none.
    """

    def __init__(
        self,
        reviewer: str,
        state: SharedState[NewVerdict, Verdict],
        pairs: Sequence[AuditedPair],
        seed: bytes,
        *,
        required: int,
        adjudicator: str,
    ) -> None:
        super().__init__(reviewer, state)
        self._required = required
        self._adjudicator = adjudicator
        self._named = {_name(seed, "pair", *pair.about, *pair.fingerprint): pair for pair in pairs}
        self._names = {pair.about: name for name, pair in self._named.items()}
        self._films: dict[str, Film] = {}
        self._film_names: dict[Film, str] = {}
        for pair in pairs:
            for film, sha256 in (
                (Film("real", pair.real_id), pair.real_sha256),
                (Film("synthetic", pair.synthetic_id), pair.synthetic_sha256),
            ):
                name = _name(seed, film.kind, film.id, sha256)
                self._films[name], self._film_names[film] = film, name

    @property
    def adjudicates(self) -> bool:
        """Whether the reviewer settles what others differ on."""
        return self.reviewer == self._adjudicator

    def pair(self, name: str) -> AuditedPair | None:
        """The pair of a name, or None if none of these has it."""
        return self._named.get(name)

    def name_of(self, about: Pair) -> str:
        """The name of a pair, by the ids of its films."""
        return self._names[about]

    def has(self, name: str) -> bool:
        """Whether the pair of a name is among `entries`."""
        with self.lock:
            about = self._named[name].about
            return about in self.mine or self._waits(about)

    def film(self, name: str) -> Film | None:
        """The film of a name, or None if none of these has it."""
        return self._films.get(name)

    def entries(self) -> list[ShownPair]:
        """What the reviewer has judged or has to, the most similar first, as last refreshed."""
        with self.lock:
            return [self._shown(name, pair) for name, pair in self._named.items() if self.has(name)]

    def entry(self, name: str) -> ShownPair:
        """One pair by its name, as it is now."""
        with self.lock:
            return self._shown(name, self._named[name])

    def progress(self) -> Progress:
        """How far the reviewer is, as last refreshed."""
        with self.lock:
            open_pairs = [
                pair.about for pair in self._named.values() if pair.about not in self.mine
            ]
            left = sum(map(self._waits, open_pairs))
            awaited = sum(not self._outcome(pair).settled for pair in open_pairs) - left
            done = len(self._named) - len(open_pairs)
            return Progress(done, left, awaited if self.adjudicates else None)

    def judge(self, name: str, verdict: Word, note: str = "") -> bool:
        """Log a verdict on a pair. It is on disk when this returns; on an error it does not count.

        What is in effect exactly so already is not logged again.

        Returns:
            Whether it was logged.

        Raises:
            DecisionError: it is malformed; or see `Log.append`.
        """
        pair = self._named[name]
        new = NewVerdict(
            pair.real_id, pair.real_sha256, pair.synthetic_id, pair.synthetic_sha256, verdict, note
        )

        def unless(new: NewVerdict, effective: Verdict | None) -> bool:
            if effective is None:
                return new.retracts
            return same_fields(new, effective, ("verdict", "note"))

        return bool(self.record([new], unless))

    def _shown(self, name: str, pair: AuditedPair) -> ShownPair:
        real = self._film_names[Film("real", pair.real_id)]
        synthetic = self._film_names[Film("synthetic", pair.synthetic_id)]
        return ShownPair(
            name, real, synthetic, pair.view, pair.part, pair.pose, self.mine.get(pair.about)
        )

    def _outcome(self, pair: Pair) -> PairOutcome:
        words = {reviewer: entry.verdict for reviewer, entry in self._on(pair).items()}
        return settle(words, required=self._required, adjudicator=self._adjudicator)

    def _waits(self, pair: Pair) -> bool:
        """Whether a pair that the reviewer has not judged waits for them."""
        return waits_for(
            self.reviewer,
            {name: entry.verdict for name, entry in self._on(pair).items()},
            required=self._required,
            adjudicator=self._adjudicator,
        )


def _name(seed: bytes, *parts: str) -> str:
    return hmac.digest(seed, "\0".join(("audit", *parts)).encode(), "sha256").hex()[:32]
