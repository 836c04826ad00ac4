"""Which films each reviewer is to decide on.

- `shared`: all films lie before everybody, and whoever comes first decides.
- `all`: everybody decides on all films.
- `stratified`: each film is assigned to as many reviewers as must decide on it, so that all have
  equal shares of every source and facing.

A stratified share follows from the films' ids, the names of the reviewers and the seed of the
project. Each film prefers the reviewers in an order of its own (rendezvous hashing: Thaler and
Ravishankar, IEEE/ACM Transactions on Networking 6, 1998), and each reviewer has room for an equal
share of a stratum. So a reviewer who joins takes films from all alike, and most of the others stay
where they are.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.film_id import job_of_row
from cxr_release.params.limits import MOST_PEOPLE
from cxr_release.params.people import ScreenParams
from cxr_release.screening.acceptance import sampled_films
from cxr_release.screening.films import Generated
from cxr_release.screening.queue import QueueRule

Assign = Literal["shared", "all", "stratified"]
Stratum = tuple[str, str]
"""A source, and the way in which the film faced when it was drawn."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which films are each reviewer's."""

    assign: Assign = "shared"
    required: int
    """People who must decide on a film."""
    adjudicator: str
    prescreened: Collection[str]
    """Films that the pre-screen excluded."""
    sample: frozenset[str] | None = None
    """Films that are reviewed in place of all; None: all are."""
    shares: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Reviewer → films, where they are stratified."""
    problem: str = ""
    """Why there are no shares although there should be."""

    def rule_of(self, reviewer: str) -> QueueRule:
        """Which films are in a reviewer's queue."""
        assigned = self.sample
        if self.assign == "stratified":
            assigned = self.shares.get(reviewer, frozenset())
        # Where everybody decides on all, no number of others is enough.
        required = MOST_PEOPLE + 1 if self.assign == "all" else self.required
        adjudicates = reviewer == self.adjudicator
        return QueueRule(required, assigned, frozenset(self.prescreened), adjudicates)

    def number_of(self, reviewer: str) -> int | None:
        """Films that are kept for a reviewer; None: none are kept for anybody in particular."""
        if self.assign != "stratified" or reviewer == self.adjudicator:
            return None
        return len(self.shares.get(reviewer, ()))

    def require(self, reviewers: Collection[str]) -> None:
        """Refuse reviewers who have no share.

        Raises:
            DecisionError: films are shared among others; with the names.
        """
        if self.assign != "stratified":
            return
        if self.problem:
            raise DecisionError(self.problem, where="review.assign", remedy=_REMEDY)
        strangers = sorted({*reviewers} - self.shares.keys() - {self.adjudicator})
        if strangers:
            raise DecisionError(
                f"films are shared among those who are invited, not with {', '.join(strangers)}",
                where="review.assign",
                remedy=_REMEDY,
            )


_REMEDY = "invite reviewers in `cxr-release lead`, or set review.assign to shared"


def assignment_of(
    films: Callable[[], Sequence[Generated]],
    strata: Callable[[], Mapping[str, Stratum]],
    *,
    assign: Assign,
    rule: ScreenParams,
    prescreened: Collection[str],
    reviewers: Collection[str],
    seed: int,
) -> Assignment:
    """Which films are each reviewer's.

    Args:
        films: gives all that were generated; called where it is needed, as is the next.
        strata: gives the stratum of each film.
        assign: how films are assigned.
        rule: how many must decide, who settles conflicts, and how many films are reviewed.
        prescreened: films that the pre-screen excluded.
        reviewers: who is invited.
        seed: root of all random numbers.
    """
    sample = None
    if rule.sample:
        ids = [film.id for film in films()]
        sample = sampled_films(ids, size=rule.sample, seed=seed, prescreened=prescreened)
    shares: Mapping[str, frozenset[str]] = {}
    problem = ""
    if assign == "stratified":
        shared = {
            film: stratum
            for film, stratum in strata().items()
            if film not in prescreened and (sample is None or film in sample)
        }
        people = {*reviewers} - {rule.adjudicator}
        try:
            shares = shares_of(shared, people, each=rule.reviewers_required, seed=seed)
        except DecisionError as error:
            problem = error.what
    return Assignment(
        assign=assign,
        required=rule.reviewers_required,
        adjudicator=rule.adjudicator,
        prescreened=prescreened,
        sample=sample,
        shares=shares,
        problem=problem,
    )


def strata_of(paths: Iterable[Path]) -> dict[str, Stratum]:
    """The stratum of each film of some `schemas.ORIENTED` tables."""
    columns = ["id", "checkpoint", "batch", "facing", "flipped"]
    return {
        row["id"]: (job_of_row(row)[0], "right" if row["flipped"] else row["facing"])
        for path in paths
        for row in tables.read(path, schemas.ORIENTED, columns).to_pylist()
    }


def shares_of(
    strata: Mapping[str, Stratum], reviewers: Collection[str], *, each: int, seed: int
) -> dict[str, frozenset[str]]:
    """Assign every film to `each` of the reviewers.

    Of a stratum no reviewer has more than one film more than another, and of all films together
    neither. It takes no account of what was decided already.

    Args:
        strata: film → stratum, of the films that are to be reviewed.
        reviewers: who shares them.
        each: reviewers of a film.
        seed: root of all random numbers.

    Returns:
        Reviewer → films.

    Raises:
        DecisionError: there are fewer reviewers than that.
    """
    people = sorted(reviewers)
    if len(people) < each:
        raise DecisionError(
            f"{each:,} reviewer(s) are to decide on each film, and {len(people):,} share them",
            where="review.assign",
            remedy=_REMEDY,
        )
    films_of: dict[Stratum, list[str]] = defaultdict(list)
    for film, stratum in strata.items():
        films_of[stratum].append(film)
    shares: dict[str, set[str]] = {person: set() for person in people}
    totals = Counter(dict.fromkeys(people, 0))
    for stratum in sorted(films_of):
        films = sorted(films_of[stratum])
        share, rest = divmod(len(films) * each, len(people))
        # Those with the fewest films so far take one more: so the totals stay equal, too.
        name = "/".join(stratum)
        order = sorted(people, key=lambda one: (totals[one], _rank(seed, name, one)))
        room = {person: share + (place < rest) for place, person in enumerate(order)}
        totals.update(room)
        for film, chosen in _assigned(films, room, each=each, seed=seed).items():
            for person in chosen:
                shares[person].add(film)
    return {person: frozenset(films) for person, films in shares.items()}


def _assigned(
    films: Sequence[str], room: Mapping[str, int], *, each: int, seed: int
) -> dict[str, list[str]]:
    """Film → reviewers: each film takes those that it prefers, while they have room.

    Where two films want the same place, the stronger preference has it, whatever came first: so
    the outcome is one, and a change of a share moves few films.
    """
    left = dict(room)
    wants = sorted(
        ((_rank(seed, film, person), film, person) for film in films for person in room),
    )
    chosen: dict[str, list[str]] = {film: [] for film in films}
    for _, film, person in wants:
        if len(chosen[film]) < each and left[person]:
            chosen[film].append(person)
            left[person] -= 1
    for film in films:
        while len(chosen[film]) < each:
            _make_room(film, chosen, left, seed)
    return chosen


def _make_room(film: str, chosen: dict[str, list[str]], left: dict[str, int], seed: int) -> None:
    """Only those have room who have this film already: one of them takes another film instead."""
    free = next(person for person in sorted(left) if left[person])
    others = sorted(chosen, key=lambda other: _rank(seed, other, free))
    for other in others:
        if free in chosen[other]:
            continue
        for person in chosen[other]:
            if person not in chosen[film]:
                chosen[other].remove(person)
                chosen[other].append(free)
                chosen[film].append(person)
                left[free] -= 1
                return
    raise AssertionError("shares of a stratum are never larger than the stratum")


def _rank(seed: int, what: str, person: str) -> bytes:
    return hashlib.sha256(f"{seed}/assign/{what}/{person}".encode()).digest()
