"""Films that were withdrawn after a version held them: exclusions that no other decision undoes.

Their logs have the form of the reviewers' and lie in a folder of their own. A withdrawal is an
`exclude` line; what takes it back is a `retract`.

From reviewers' logs to what stands: which films go out and which stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import job_of
from cxr_release.logbook.entry import standing_of
from cxr_release.params import ScreenParams
from cxr_release.screening.counts import Counts, count
from cxr_release.screening.decision import CATEGORIES, PRESCREEN, Decision
from cxr_release.screening.films import Generated, unknown_films
from cxr_release.screening.reviewers import People, people_of, sentence_of
from cxr_release.statistics.agreement import agreement_of


def withdrawn_in(logs: Mapping[str, Sequence[Decision]]) -> dict[str, str]:
    """Withdrawn film → reason, of all logs: the first one given counts.

    Args:
        logs: who withdrew → lines.
    """
    standing = [one for log in logs.values() for one in standing_of(log).values()]
    found: dict[str, str] = {}
    for line in sorted(standing, key=lambda one: (one.at, one.reviewer)):
        if line.decision == "exclude":
            found.setdefault(line.image_id, line.reason)
    return found


@dataclass(frozen=True)
class Screening:
    """What the reviewers made of the generated films."""

    screened: list[dict[str, Any]]
    """Rows of `schemas.SCREENED`: every generated film, sorted by id."""
    exclusions: list[dict[str, Any]]
    """Rows of `schemas.EXCLUSIONS`, sorted by id."""
    counts: Counts
    """`rows` (a row a checkpoint and batch), `total`, `review`."""
    people: People
    """Who decided what, by name."""


@dataclass(frozen=True)
class Verdict:
    """What the standing decisions on one film come to."""

    decided: bool
    """Nobody else needs to look at it."""
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
) -> Screening:
    """Apply all decisions that stand: reviewers', the pre-screen's, the audit's, withdrawals.

    Decisions on films of a checkpoint or batch that is not among `films` at all are left alone,
    so that a checkpoint can be dropped from a release without touching the log; they are counted
    as `elsewhere`.

    Args:
        films: what was generated.
        logs: reviewer → decisions.
        rule: how many must decide, and what holds where they differ.
        reasons: known codes of reasons, or None where any will do.
        copies: film id → code of the reason for which the memorization audit keeps it out. No
            screening decision brings such a film back.
        withdrawals: who withdrew → lines of films that were withdrawn after they were published.
            No screening decision brings these back either.

    Raises:
        DecisionError: a decision names an unknown film, other bytes than the film has, or an
            unknown reason; all of them at once, by log and line.
    """
    known = {film.id: film for film in films}
    withdrawals = withdrawals or {}
    faults = faults_of(known, logs, reasons) + faults_of(known, withdrawals, reasons)
    if faults:
        raise DecisionError(
            f"{len(faults)} decision(s) are not about these films",
            where="decision log",
            remedy="if the films were sampled anew, move the old log away and screen again",
            faults=faults,
        )
    standing = {reviewer: standing_of(log) for reviewer, log in logs.items()}
    by_film: dict[str, dict[str, Decision]] = defaultdict(dict)
    for reviewer, decisions in standing.items():
        for decision in decisions.values():
            by_film[decision.image_id][reviewer] = decision
    ordered = sorted(films, key=lambda film: film.id)
    verdicts = {film.id: verdict(by_film.get(film.id, {}), rule) for film in ordered}
    copies, withdrawn = copies or {}, withdrawn_in(withdrawals)
    exclusions = [
        _exclusion(film, verdicts[film.id].excluded_by, copies, withdrawn)
        for film in ordered
        if verdicts[film.id].excluded_by or film.id in copies or film.id in withdrawn
    ]
    excluded = {row["id"] for row in exclusions}
    people = people_of(known, {name: log for name, log in logs.items() if name != PRESCREEN})
    screened: list[dict[str, Any]] = [
        {
            "id": film.id,
            "checkpoint": film.checkpoint,
            "batch": film.batch,
            "sha256": film.sha256,
            "decided": verdicts[film.id].decided,
            "released": film.id not in excluded,
            "reviewers": people.deciders.get(film.id, 0),
            "looked_at": film.id in people.looked_at,
        }
        for film in ordered
    ]
    words = {
        reviewer: {film: one.decision for film, one in mine.items() if film in known}
        for reviewer, mine in standing.items()
        if reviewer != PRESCREEN
    }
    undecided = [row for row in screened if not row["decided"]]
    review = {
        "state": "none" if not people.deciders else "partial" if undecided else "complete",
        **people.counted(len(screened)),
        "decided": len(screened) - len(undecided),
        "undecided": len(undecided),
        "undecided_released": sum(row["released"] for row in undecided),
        "prescreened": sum(_by(row) == "prescreen" for row in exclusions),
        "audited": sum(_by(row) == "audit" for row in exclusions),
        "withdrawn": sum(_by(row) == "withdrawn" for row in exclusions),
        "open_conflicts": sum(one.open_conflict for one in verdicts.values()),
        "elsewhere": sum(film not in known for mine in standing.values() for film in mine),
        "agreement": agreement_of(words, CATEGORIES, unit="films"),
    }
    review["sentence"] = sentence_of(review, len(screened))
    counts = {**count(screened, exclusions), "review": review}
    return Screening(screened, exclusions, counts, people)


def verdict(decisions: Mapping[str, Decision], rule: ScreenParams) -> Verdict:
    """What the standing decisions on one film come to.

    - Enough people: `rule.reviewers_required`. Until then the film is undecided, and out if any
      of them, or the rule below, says so.
    - Where people differ: with `exclude` any exclusion keeps the film out; with `majority` as
      many exclusions as keeps do; with `adjudicate` the adjudicator's word counts, and until it
      is there the film stays out, undecided.
    - An exclusion of the pre-screen holds until enough people have decided.

    Args:
        decisions: reviewer → standing decision on this film.
        rule: see above.
    """
    people = [one for reviewer, one in decisions.items() if reviewer != PRESCREEN]
    out = sorted(
        (one for one in people if one.decision == "exclude"), key=lambda one: (one.at, one.reviewer)
    )
    keeps = len(people) - len(out)
    enough = len(people) >= rule.reviewers_required
    machine = decisions.get(PRESCREEN)
    if not enough and machine and machine.decision == "exclude":
        return Verdict(decided=True, excluded_by=(*out, machine))
    if rule.conflict == "adjudicate" and out and keeps:
        word = decisions.get(rule.adjudicator)
        if word is None:
            return Verdict(decided=False, excluded_by=tuple(out), open_conflict=True)
        others = [one for one in out if one is not word]
        return Verdict(
            decided=True, excluded_by=(word, *others) if word.decision == "exclude" else ()
        )
    if rule.conflict == "majority" and len(out) < keeps:
        out = []
    return Verdict(decided=enough, excluded_by=tuple(out))


def faults_of(
    known: Mapping[str, Generated],
    logs: Mapping[str, Sequence[Decision]],
    reasons: Collection[str] | None,
) -> list[Fault]:
    """Decisions that are not about these films, by log and line."""
    sets = {job_of(film) for film in known} | {""}
    faults: list[Fault] = []
    unknown: list[tuple[str, str]] = []
    for reviewer, log in logs.items():
        for decision in log:
            where = f"{reviewer}.jsonl: line {decision.seq}"
            film = known.get(decision.image_id)
            if film is None and job_of(decision.image_id) in sets:
                unknown.append((where, decision.image_id))
            elif film is not None and decision.image_sha256 not in film.hashes:
                faults.append(Fault(where, f"{film.id} has other bytes than were decided on"))
            if reasons is not None and decision.reason and decision.reason not in reasons:
                what = f"unknown reason {decision.reason!r}"
                faults.append(Fault(where, what, f"known: {', '.join(reasons)}"))
    return [*unknown_films(unknown, known), *faults]


def _exclusion(
    film: Generated,
    by: Sequence[Decision],
    copies: Mapping[str, str],
    withdrawn: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "id": film.id,
        "checkpoint": film.checkpoint,
        "batch": film.batch,
        "sha256": film.sha256,
        "reason": copies.get(film.id) or withdrawn.get(film.id) or by[0].reason,
        "reviewers": sum(one.reviewer != PRESCREEN for one in by),
        "prescreen": any(one.reviewer == PRESCREEN for one in by),
        "audit": film.id in copies,
        "withdrawn": film.id in withdrawn,
    }


def _by(row: Mapping[str, Any]) -> str:
    """Who alone keeps a film out, where that is not the reviewers."""
    if row["reviewers"]:
        return ""
    return next(by for by in ("audit", "withdrawn", "prescreen") if row[by])
