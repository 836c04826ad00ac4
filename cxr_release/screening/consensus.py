"""From reviewers' logs to what stands: which films go out, which stay, and how many (Table S1)."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.screening.log import Decision


@dataclass(frozen=True)
class Generated:
    """A film that was sampled, as far as screening must know it."""

    id: str
    checkpoint: int
    batch: str
    sha256: str


@dataclass(frozen=True)
class Screening:
    """What the reviewers made of the generated films."""

    screened: list[dict[str, Any]]
    """Rows of `schemas.SCREENED`: every generated film, sorted by id."""
    exclusions: list[dict[str, Any]]
    """Rows of `schemas.EXCLUSIONS`, sorted by id."""
    counts: dict[str, Any]
    """`rows` (a row a checkpoint and batch), `total`, `review`."""


def apply(
    films: Sequence[Generated],
    logs: Mapping[str, Sequence[Decision]],
    reasons: Collection[str],
) -> Screening:
    """Apply every reviewer's standing decisions: a film that anyone excludes stays out.

    Decisions on films of a checkpoint or batch that is not among `films` at all are left alone,
    so that a checkpoint can be dropped from a release without touching the log; they are counted
    as `elsewhere`.

    Raises:
        DecisionError: a decision names an unknown film, other bytes than the film has, or an
            unknown reason; all of them at once, by log and line.
    """
    known = {film.id: film for film in films}
    faults = _faults(known, logs, reasons)
    if faults:
        raise DecisionError(
            f"{len(faults)} decision(s) are not about these films",
            where="data/reviews/screening",
            remedy="if the films were sampled anew, move the old log away and screen again",
            faults=faults,
        )
    standing = {reviewer: standing_of(log) for reviewer, log in logs.items()}
    by_film: dict[str, list[Decision]] = defaultdict(list)
    for decisions in standing.values():
        for decision in decisions.values():
            if decision.image_id in known:
                by_film[decision.image_id].append(decision)
    excluded = {
        film: [one for one in decisions if one.decision == "exclude"]
        for film, decisions in by_film.items()
    }
    ordered = sorted(films, key=lambda film: film.id)
    exclusions = [_exclusion(film, excluded[film.id]) for film in ordered if excluded.get(film.id)]
    screened = [
        {
            "id": film.id,
            "checkpoint": film.checkpoint,
            "batch": film.batch,
            "sha256": film.sha256,
            "decided": film.id in by_film,
            "released": not excluded.get(film.id),
        }
        for film in ordered
    ]
    reviewers = sum(any(one in known for one in mine) for mine in standing.values())
    counts = _counts(screened, exclusions, reviewers)
    counts["review"]["elsewhere"] = sum(
        one not in known for mine in standing.values() for one in mine
    )
    return Screening(screened, exclusions, counts)


def standing_of(log: Sequence[Decision]) -> dict[str, Decision]:
    """One reviewer's decisions that still stand: film id → the last one, unless retracted."""
    last = {decision.image_id: decision for decision in log}
    return {film: one for film, one in last.items() if one.decision != "retract"}


def nearest(name: str, known: Collection[str]) -> str:
    """A half-sentence that names the known ids most like `name`, or nothing."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    return f"did you mean {', '.join(close)}?" if close else ""


def _faults(
    known: Mapping[str, Generated],
    logs: Mapping[str, Sequence[Decision]],
    reasons: Collection[str],
) -> list[Fault]:
    sets = {_set_of(film) for film in known}
    faults = []
    for reviewer, log in logs.items():
        for decision in log:
            where = f"{reviewer}.jsonl: line {decision.seq}"
            film = known.get(decision.image_id)
            if film is None and _set_of(decision.image_id) in sets | {""}:
                what = f"unknown film {decision.image_id!r}"
                faults.append(Fault(where, what, nearest(decision.image_id, known)))
            elif film is not None and film.sha256 != decision.image_sha256:
                faults.append(Fault(where, f"{film.id} has other bytes than were decided on"))
            if decision.decision == "exclude" and decision.reason not in reasons:
                what = f"unknown reason {decision.reason!r}"
                faults.append(Fault(where, what, f"known: {', '.join(reasons)}"))
    return faults


def _set_of(film: str) -> str:
    """`checkpoint-34-large` of `checkpoint-34-large-00012`; nothing of an id that is no film's."""
    head, dash, index = film.rpartition("-")
    return head if dash and index.isdigit() and head.startswith("checkpoint-") else ""


def _exclusion(film: Generated, decisions: Sequence[Decision]) -> dict[str, Any]:
    # Where reviewers give several reasons, the first one that was logged is the film's.
    first = min(decisions, key=lambda one: (one.at, one.reviewer))
    return {
        "id": film.id,
        "checkpoint": film.checkpoint,
        "batch": film.batch,
        "sha256": film.sha256,
        "reason": first.reason,
        "reviewers": len(decisions),
    }


def _counts(
    screened: Sequence[Mapping[str, Any]],
    exclusions: Sequence[Mapping[str, Any]],
    reviewers: int,
) -> dict[str, Any]:
    sets = sorted({(film["checkpoint"], film["batch"]) for film in screened}, key=_paper_order)
    rows = []
    for checkpoint, batch in sets:
        films = [
            one for one in screened if (one["checkpoint"], one["batch"]) == (checkpoint, batch)
        ]
        out = [
            one for one in exclusions if (one["checkpoint"], one["batch"]) == (checkpoint, batch)
        ]
        rows.append({"checkpoint": checkpoint, "batch": batch, **_count(films, out)})
    total = _count(screened, exclusions)
    generated, undecided = total["generated"], total["undecided"]
    state = "complete" if generated and not undecided else "partial"
    return {
        "rows": rows,
        "total": total,
        "review": {
            "state": state if undecided < generated else "none",
            "reviewers": reviewers,
            "decided": generated - undecided,
            "undecided": undecided,
        },
    }


def _count(
    films: Sequence[Mapping[str, Any]], exclusions: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    reasons = Counter(str(one["reason"]) for one in exclusions)
    return {
        "generated": len(films),
        "excluded": len(exclusions),
        "released": sum(film["released"] for film in films),
        "undecided": sum(not film["decided"] for film in films),
        "by_reason": dict(sorted(reasons.items())),
    }


def _paper_order(one: tuple[int, str]) -> tuple[str, int]:
    """Initial sampling first, then the large one, as in the paper's Table S1."""
    return one[1], one[0]


def table_s1(counts: Mapping[str, Any]) -> str:
    """Counts as a Markdown table in the shape of the paper's Table S1."""
    lines = [
        "| Generation | Generated | Excluded | Released | Undecided |",
        "|---|---:|---:|---:|---:|",
    ]
    names = {"initial": "initial sampling", "large": "large generation"}
    for row in counts["rows"]:
        lines.append(
            f"| Checkpoint {row['checkpoint']} ({names[row['batch']]}) | {row['generated']:,}"
            f" | {row['excluded']:,} | {row['released']:,} | {row['undecided']:,} |"
        )
    total = counts["total"]
    lines.append(
        f"| **Total** | **{total['generated']:,}** | **{total['excluded']:,}**"
        f" | **{total['released']:,}** | **{total['undecided']:,}** |"
    )
    return "\n".join(lines) + "\n"
