"""From reviewers' verdicts on pairs to which synthetic films stay out, and why.

The verdicts of a project as they are now, held against its films.

Whether the logs of verdicts are what was written, and about these films.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.adjudication.verdict import VERDICT, Pair, Verdict
from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import job_of
from cxr_release.logbook.entry import standing_of
from cxr_release.logbook.logs import read_all, sentences_of, tally, verified, wholeness_of
from cxr_release.schemas import COPY, JUDGED, POSSIBLE_COPY
from cxr_release.statistics.agreement import agreement_of
from cxr_release.tables import Table


@dataclass(frozen=True)
class Outcome:
    """What the verdicts on one pair come to."""

    verdict: str | None = None
    """What it is taken for, once settled."""
    settled: bool = False
    """Nobody else needs to look at it."""
    conflict: bool = False
    """It waits for the adjudicator."""
    excluded: str = ""
    """Code of the reason for which the synthetic film stays out; empty: it does not."""


@dataclass(frozen=True)
class Adjudication:
    """What the verdicts on all pairs come to."""

    rows: list[dict[str, Any]]
    """Rows of `schemas.VERDICTS`: by rank, then pairs that only an earlier audit listed."""
    excluded: dict[str, str]
    """Synthetic film → code of the reason, of the films that stay out."""
    report: dict[str, Any]
    """`state` (none, partial or complete), `pairs`, `reviewers`, `judged`, `settled`,
    `open_conflicts`, `verdicts` (how many of each), `excluded_films`, `earlier` (pairs judged in
    an earlier audit that are not in this list), `elsewhere` (of other checkpoints, left alone)
    and `agreement`."""


def settle(words: Mapping[str, str], *, required: int, adjudicator: str) -> Outcome:
    """What the standing verdicts on one pair come to.

    - The adjudicator's word, where given, is final.
    - Else it is settled when `required` people have judged, all alike, and not `unsure`.
    - Where they differ or are unsure it is a conflict, and waits for the adjudicator.
    - In doubt out: a film stays out while anybody's standing verdict on it is `copy` or `unsure`,
      unless it was settled as no copy.

    Args:
        words: reviewer → `copy`, `not-a-copy` or `unsure`.
        required: people who must judge, the adjudicator not among them.
        adjudicator: who settles conflicts; empty: nobody does.
    """
    word = words.get(adjudicator) if adjudicator else None
    if word is not None:
        return Outcome(word, settled=True, excluded=_reason(word))
    said = set(words.values())
    enough = len(words) >= required
    if enough and len(said) == 1 and said != {"unsure"}:
        (agreed,) = said
        return Outcome(agreed, settled=True, excluded=_reason(agreed))
    doubtful = POSSIBLE_COPY if said - {"not-a-copy"} else ""
    return Outcome(conflict=enough, excluded=doubtful)


def _reason(word: str) -> str:
    return {"copy": COPY, "unsure": POSSIBLE_COPY}.get(word, "")


def apply(
    pairs: Sequence[Mapping[str, Any]],
    logs: Mapping[str, Sequence[Verdict]],
    *,
    real: Mapping[str, str],
    synthetic: Mapping[str, str],
    mirrored: Mapping[str, str] | None = None,
    required: int,
    adjudicator: str,
) -> Adjudication:
    """Apply every reviewer's standing verdicts.

    A verdict holds for its two films, whether or not this audit lists the pair: a copy that was
    found once does not come back when the encoder changes. Verdicts on films of a checkpoint or
    batch that is not in the release at all are left alone.

    Args:
        pairs: rows of `schemas.PAIRS`.
        logs: reviewer → verdicts.
        real: film of the cohort → SHA-256 of its PNG bytes.
        synthetic: synthetic film → SHA-256 of its PNG bytes.
        mirrored: synthetic film → that of its mirror image: a verdict that names it counts.
        required: people who must judge each pair.
        adjudicator: who settles conflicts; empty: nobody does.

    Raises:
        DecisionError: a verdict names an unknown synthetic film, or other bytes than a film has;
            all of them at once, by log and line.
    """
    faults = faults_of(logs, real=real, synthetic=synthetic, mirrored=mirrored or {})
    if faults:
        raise DecisionError(
            f"{len(faults)} verdict(s) are not about these films",
            where="audit log",
            remedy="if the films were made anew, move the old log away and judge again",
            faults=faults,
        )
    people, elsewhere = _standing(logs, synthetic)
    words: dict[Pair, dict[str, str]] = defaultdict(dict)
    for reviewer, mine in people.items():
        for pair, word in mine.items():
            words[pair][reviewer] = word
    ranks: dict[Pair, int] = {(row["real_id"], row["synthetic_id"]): row["rank"] for row in pairs}
    listed = sorted(ranks, key=lambda pair: ranks[pair])
    earlier = sorted(words.keys() - ranks.keys())
    outcomes = {
        pair: settle(words.get(pair, {}), required=required, adjudicator=adjudicator)
        for pair in [*listed, *earlier]
    }
    rows = [
        {
            "real_id": pair[0],
            "synthetic_id": pair[1],
            "rank": ranks.get(pair),
            "verdict": outcome.verdict,
            "settled": outcome.settled,
            "reviewers": len(words.get(pair, {})),
            "excluded": bool(outcome.excluded),
        }
        for pair, outcome in outcomes.items()
    ]
    excluded = _excluded(outcomes)
    settled = sum(outcomes[pair].settled for pair in listed)
    said = Counter(one.verdict for one in outcomes.values() if one.verdict is not None)
    judges = {reviewer: mine for reviewer, mine in people.items() if reviewer != adjudicator}
    report = {
        "state": "none" if not words else "partial" if settled < len(listed) else "complete",
        "pairs": len(listed),
        "reviewers": sum(map(bool, people.values())),
        "judged": sum(pair in words for pair in listed),
        "pairs_by_reviewers": tally([len(words.get(pair, ())) for pair in listed]),
        "settled": settled,
        "open_conflicts": sum(one.conflict for one in outcomes.values()),
        "verdicts": {word: said[word] for word in JUDGED},
        "excluded_films": len(excluded),
        "earlier": len(earlier),
        "elsewhere": elsewhere,
        "agreement": agreement_of(judges, JUDGED, unit="pairs"),
    }
    return Adjudication(rows, excluded, report)


def _standing(
    logs: Mapping[str, Sequence[Verdict]], synthetic: Collection[str]
) -> tuple[dict[str, dict[Pair, str]], int]:
    """Reviewer → pair → verdict that stands; and how many are on films that are not here."""
    people: dict[str, dict[Pair, str]] = {}
    elsewhere = 0
    for reviewer, log in logs.items():
        standing = standing_of(log)
        people[reviewer] = {
            pair: one.verdict for pair, one in standing.items() if one.synthetic_id in synthetic
        }
        elsewhere += len(standing) - len(people[reviewer])
    return people, elsewhere


def _excluded(outcomes: Mapping[Pair, Outcome]) -> dict[str, str]:
    excluded: dict[str, str] = {}
    for (_, film), outcome in outcomes.items():
        # A film may stand in several pairs: that it is a copy outweighs that it may be one.
        if outcome.excluded and excluded.get(film) != COPY:
            excluded[film] = outcome.excluded
    return dict(sorted(excluded.items()))


def faults_of(
    logs: Mapping[str, Sequence[Verdict]],
    *,
    real: Mapping[str, str],
    synthetic: Mapping[str, str],
    mirrored: Mapping[str, str],
) -> list[Fault]:
    """Verdicts that are not about these films, whichever way they face, by log and line."""
    jobs = {job_of(film) for film in synthetic} | {""}
    faults: list[Fault] = []
    for reviewer, log in logs.items():
        for one in log:
            where = f"{reviewer}.jsonl: line {one.seq}"
            if one.synthetic_id not in synthetic:
                if job_of(one.synthetic_id) in jobs:
                    faults.append(Fault(where, f"unknown film {one.synthetic_id!r}"))
                continue
            # The real film may have been withdrawn since; its copy stays out all the same.
            if real.get(one.real_id, one.real_sha256) != one.real_sha256:
                faults.append(Fault(where, f"{one.real_id} has other bytes than were judged"))
            film = one.synthetic_id
            if one.synthetic_sha256 not in {synthetic[film], mirrored.get(film)}:
                faults.append(Fault(where, f"{film} has other bytes than were judged"))
    return faults


def read_adjudication(
    *,
    pairs: Path,
    cohort: Path,
    synthetic: Iterable[Path],
    logs: Path,
    required: int,
    adjudicator: str,
) -> Adjudication:
    """What the reviewers' verdicts on pairs come to.

    Args:
        pairs: table of the audited pairs; where there is none yet, no pair is listed.
        cohort: table of the real films; not read while nobody has judged.
        synthetic: tables of the synthetic films.
        logs: folder of the verdicts.
        required: people who must judge each pair.
        adjudicator: who settles conflicts; empty: nobody does.

    Raises:
        DecisionError: a log does not verify, or is about other films.
        TableError: a table is missing or breaks its schema.
    """
    verdicts = read_all(VERDICT, logs)
    return apply(
        tables.read_rows(pairs, schemas.PAIRS) if pairs.exists() else [],
        verdicts,
        real=hashes(schemas.COHORT, [cohort] if verdicts else []),
        synthetic=hashes(schemas.ORIENTED, synthetic),
        mirrored=hashes(schemas.ORIENTED, synthetic, "mirrored_sha256"),
        required=required,
        adjudicator=adjudicator,
    )


def hashes(kind: Table, paths: Iterable[Path], column: str = "sha256") -> dict[str, str]:
    """Film → SHA-256 of its PNG bytes, of every film in some tables; or what another column is."""
    return {
        row["id"]: row[column]
        for path in paths
        for row in tables.read(path, kind, ["id", column]).to_pylist()
    }


def verify_verdicts(
    logs: Path, *, cohort: Path, synthetic: Iterable[Path], known: bool
) -> dict[str, Any]:
    """Verify every log of verdicts; an unfinished last line is set aside, with a message.

    Args:
        logs: folder of the verdicts.
        cohort: table of the real films.
        synthetic: tables of the synthetic films.
        known: whether those tables are there, so that the verdicts are held against them.

    Returns:
        `logs` (reviewer → `lines`, `standing`) and `set_aside` (names of files).

    Raises:
        DecisionError: with every fault, by log and line.
    """
    return verified(VERDICT, logs, about_pairs(cohort=cohort, synthetic=synthetic, known=known))


def about_pairs(
    *, cohort: Path, synthetic: Iterable[Path], known: bool
) -> Callable[[Mapping[str, Sequence[Verdict]]], list[Fault]]:
    """What is wrong with verdicts, reviewer → lines; see `verify_verdicts`."""

    def faults(lines: Mapping[str, Sequence[Verdict]]) -> list[Fault]:
        if not known or not lines:
            return []
        real, tables = hashes(schemas.COHORT, [cohort]), list(synthetic)
        return faults_of(
            lines,
            real=real,
            synthetic=hashes(schemas.ORIENTED, tables),
            mirrored=hashes(schemas.ORIENTED, tables, "mirrored_sha256"),
        )

    return faults


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_verdicts` found, for people."""
    end = wholeness_of(found, "log(s) of verdicts on pairs")
    return "\n".join([*sentences_of(found, VERDICT.noun), end])
