"""From reviewers' logs to what becomes of each film: which go out and which stay.

Films that were withdrawn after a version held them stay out whatever else was decided. Their logs
have the form of the reviewers' and lie in a folder of their own: a withdrawal is an `exclude`, and
what takes it back is a `retract`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from cxr_release import schemas
from cxr_release.errors import DecisionError
from cxr_release.logbook.entry import effective_of
from cxr_release.params.people import ScreenParams
from cxr_release.rows import Row, Rows, as_rows
from cxr_release.screening.acceptance import acceptance_of, state_of, waiting_films
from cxr_release.screening.counts import Counts, count, review_totals
from cxr_release.screening.decision import CATEGORIES, PRESCREEN, Decision
from cxr_release.screening.films import Generated, about_films, films_of
from cxr_release.screening.reviewers import People, people_of, sentence_of
from cxr_release.statistics.agreement import agreement_of


def withdrawn_in(logs: Mapping[str, Sequence[Decision]]) -> dict[str, str]:
    """Withdrawn film → reason, of all logs: the first one given counts.

    Args:
        logs: who withdrew → entries.
    """
    withdrawals = [
        entry
        for log in logs.values()
        for entry in effective_of(log).values()
        if entry.decision == "exclude"
    ]
    latest_first = sorted(withdrawals, key=_when, reverse=True)
    return {entry.image_id: entry.reason for entry in latest_first}


def _when(decision: Decision) -> tuple[str, str]:
    return decision.at, decision.reviewer


@dataclass(frozen=True)
class Screening:
    """What the reviewers made of the generated films."""

    screened: Rows[Row]
    """Rows of `schemas.SCREENED`: every generated film, sorted by id."""
    exclusions: list[dict[str, Any]]
    """Rows of `schemas.EXCLUSIONS`, sorted by id."""
    counts: Counts
    """`rows` (a row a source and batch), `total`, `review`."""
    people: People
    """Who decided what, by name."""

    @property
    def waiting(self) -> int:
        """Films that wait for reviewers."""
        review = self.counts["review"]
        return waiting_films(review["undecided"], review.get("acceptance"))

    @property
    def to_review(self) -> int:
        """Films that reviewers are to decide on: all, or those of the samples."""
        acceptance = self.counts["review"].get("acceptance")
        rows = acceptance["rows"] if acceptance else ()
        return sum(row["sample"] for row in rows) if acceptance else len(self.screened)


@dataclass(frozen=True)
class FilmOutcome:
    """What the effective decisions on one film come to."""

    decided: bool
    """No other person needs to look at it."""
    excluded_by: tuple[Decision, ...] = ()
    """The exclusions that keep it out, the one whose reason counts first."""
    open_conflict: bool = False
    """It waits for the adjudicator."""


def apply(
    films: Sequence[Generated],
    logs: Mapping[str, Sequence[Decision]],
    rule: ScreenParams,
    reasons: Collection[str] | None,
    *,
    copies: Mapping[str, str] | None = None,
    withdrawals: Mapping[str, Sequence[Decision]] | None = None,
    seed: int = 0,
) -> Screening:
    """Apply all effective decisions: reviewers', the pre-screen's, the audit's, withdrawals.

    Decisions on films of a source or batch that is not among `films` at all are left alone,
    so that a source can be dropped from a release without touching the log; they are counted
    as `elsewhere`.

    Args:
        films: what was generated.
        logs: reviewer → decisions.
        rule: how many must decide, and what holds where they differ.
        reasons: known codes of reasons, or None where any will do.
        copies: film id → code of the reason for which the memorization audit keeps it out. No
            screening decision brings such a film back.
        withdrawals: who withdrew → entries on films that were withdrawn after they were published.
            No screening decision brings these back either.
        seed: root of all random numbers, from which the sample follows where one is reviewed.

    Raises:
        DecisionError: a decision names an unknown film, does not match the film's SHA-256, or has
            an unknown reason; all of them at once, by log and line.
    """
    withdrawals = withdrawals or {}
    faults_of = about_films(films, reasons)
    if faults := faults_of(logs) + faults_of(withdrawals):
        raise DecisionError(
            f"{len(faults)} decision(s) are not about these films",
            where="decision log",
            remedy="if the films were sampled anew, move the old log away and screen again",
            faults=faults,
        )
    effective = {reviewer: effective_of(log) for reviewer, log in logs.items()}
    by_film: dict[str, dict[str, Decision]] = defaultdict(dict)
    for reviewer, decisions in effective.items():
        for film_id, decision in decisions.items():
            by_film[film_id][reviewer] = decision
    known = {film.id for film in films_of(films, by_film.keys())}
    outcomes = {film: outcome_of(decisions, rule) for film, decisions in by_film.items()}
    untouched = outcome_of({}, rule)
    copies, withdrawn = copies or {}, withdrawn_in(withdrawals)
    out = copies.keys() | withdrawn.keys()
    out |= {film for film, outcome in outcomes.items() if outcome.excluded_by}
    exclusions = sorted(
        (
            _exclusion(film, outcomes.get(film.id, untouched).excluded_by, copies, withdrawn)
            for film in films_of(films, out)
        ),
        key=itemgetter("id"),
    )
    people = people_of(known, {name: log for name, log in logs.items() if name != PRESCREEN})
    screened = as_rows(
        (
            {
                **_names(film),
                "label": film.label,
                "decided": outcomes.get(film.id, untouched).decided,
                "released": film.id not in out,
                "reviewers": people.deciders.get(film.id, 0),
                "looked_at": film.id in people.looked_at,
            }
            for film in films
        ),
        schemas.SCREENED,
        by="id",
    )
    categories = {
        reviewer: {film: entry.decision for film, entry in entries.items() if film in known}
        for reviewer, entries in effective.items()
        if reviewer != PRESCREEN
    }
    review = {**people.counted(), **review_totals(screened, exclusions)}
    acceptance = (
        acceptance_of(screened, exclusions, size=rule.sample, seed=seed) if rule.sample else None
    )
    review |= {
        "state": state_of(review["reviewers"], waiting_films(review["undecided"], acceptance)),
        "open_conflicts": sum(outcomes[film].open_conflict for film in known),
        "elsewhere": sum(film not in known for entries in effective.values() for film in entries),
        "agreement": agreement_of(categories, CATEGORIES, unit="films"),
    }
    if acceptance is not None:
        review["acceptance"] = acceptance
    review["sentence"] = sentence_of(review, len(screened))
    counts = {**count(screened, exclusions), "review": review}
    return Screening(screened, exclusions, counts, people)


def outcome_of(decisions: Mapping[str, Decision], rule: ScreenParams) -> FilmOutcome:
    """What the effective decisions on one film come to.

    - Enough people: `rule.reviewers_required`. Until then the film is undecided, and out if any
      of them, or the rule below, says so.
    - Where people differ: with `exclude` any exclusion keeps the film out; with `majority` as
      many exclusions as keeps do; with `adjudicate` the adjudicator's word counts, and until it
      is there the film stays out, undecided.
    - An exclusion of the pre-screen holds until enough people have decided.

    Args:
        decisions: reviewer → effective decision on this film.
        rule: see above.
    """
    people = [decision for reviewer, decision in decisions.items() if reviewer != PRESCREEN]
    out = sorted((decision for decision in people if decision.decision == "exclude"), key=_when)
    keeps = len(people) - len(out)
    enough = len(people) >= rule.reviewers_required
    machine = decisions.get(PRESCREEN)
    if not enough and machine and machine.decision == "exclude":
        return FilmOutcome(decided=True, excluded_by=(*out, machine))
    if rule.conflict == "adjudicate" and out and keeps:
        final = decisions.get(rule.adjudicator)
        if final is None:
            return FilmOutcome(decided=False, excluded_by=tuple(out), open_conflict=True)
        further = [decision for decision in out if decision is not final]
        excluded_by = (final, *further) if final.decision == "exclude" else ()
        return FilmOutcome(decided=True, excluded_by=excluded_by)
    if rule.conflict == "majority" and len(out) < keeps:
        out = []
    return FilmOutcome(decided=enough, excluded_by=tuple(out))


def _names(film: Generated) -> dict[str, Any]:
    names = ("id", "checkpoint", "batch", "sha256")
    return {name: getattr(film, name) for name in names}


def _exclusion(
    film: Generated,
    by: Sequence[Decision],
    copies: Mapping[str, str],
    withdrawn: Mapping[str, str],
) -> dict[str, Any]:
    return {
        **_names(film),
        "reason": copies.get(film.id) or withdrawn.get(film.id) or by[0].reason,
        "reviewers": sum(decision.reviewer != PRESCREEN for decision in by),
        "prescreen": any(decision.reviewer == PRESCREEN for decision in by),
        "audit": film.id in copies,
        "withdrawn": film.id in withdrawn,
    }
