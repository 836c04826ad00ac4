"""Verdicts on the audited pairs, and from them which synthetic films stay out, and why.

A verdict is of one person on one pair, a real and a synthetic film: the type of entry that the
audit's logs hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError, Fault
from cxr_release.film_id import job_of
from cxr_release.logbook.entry import (
    Entry,
    EntryType,
    Note,
    Statement,
    effective_of,
    identifier,
    sha256,
)
from cxr_release.logbook.logs import Logs, read_all, tally
from cxr_release.schemas import COPY, JUDGED, POSSIBLE_COPY
from cxr_release.statistics.agreement import agreement_of
from cxr_release.tables import Table

Word = Literal["copy", "not-a-copy", "unsure", "retract"]
WORDS: tuple[Word, ...] = get_args(Word)

Pair = tuple[str, str]
"""Id of the real film, and of the synthetic one."""


@dataclass(frozen=True)
class NewVerdict(Statement):
    """A verdict on a pair; see `Statement`."""

    real_id: Annotated[str, identifier("a real film's id")]
    real_sha256: Annotated[str, sha256("the real film's hash")]
    """Of the film's PNG bytes, as the next hash."""
    synthetic_id: Annotated[str, identifier("a synthetic film's id")]
    synthetic_sha256: Annotated[str, sha256("the synthetic film's hash")]
    verdict: Word
    note: Note = ""

    @property
    def about(self) -> Pair:
        """The pair."""
        return self.real_id, self.synthetic_id

    @property
    def fingerprint(self) -> tuple[str, str]:
        """SHA-256 of both films, the real one's first."""
        return self.real_sha256, self.synthetic_sha256

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer judged of the pair."""
        return self.verdict == "retract"


@dataclass(frozen=True)
class Verdict(Entry, NewVerdict):
    """A verdict in its log."""


VERDICT = EntryType("verdict", NewVerdict, Verdict)


@dataclass(frozen=True)
class PairOutcome:
    """What the verdicts on one pair come to."""

    verdict: str | None = None
    """The verdict on it, once settled."""
    settled: bool = False
    """No other person needs to look at it."""
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


def settle(words: Mapping[str, str], *, required: int, adjudicator: str) -> PairOutcome:
    """What the effective verdicts on one pair come to.

    - The adjudicator's word, where given, is final.
    - Else it is settled when `required` people have judged, all alike, and not `unsure`.
    - Where they differ or are unsure it is a conflict, and waits for the adjudicator.
    - In doubt out: a film stays out while any effective verdict on it is `copy` or `unsure`,
      unless it was settled as not a copy.

    Args:
        words: reviewer → `copy`, `not-a-copy` or `unsure`.
        required: people who must judge, the adjudicator not among them.
        adjudicator: who settles conflicts; empty: there is none.
    """
    word = words.get(adjudicator) if adjudicator else None
    if word is not None:
        return PairOutcome(word, settled=True, excluded=_reason(word))
    verdicts = set(words.values())
    enough = len(words) >= required
    if enough and len(verdicts) == 1 and verdicts != {"unsure"}:
        (agreed,) = verdicts
        return PairOutcome(agreed, settled=True, excluded=_reason(agreed))
    doubtful = POSSIBLE_COPY if verdicts - {"not-a-copy"} else ""
    return PairOutcome(conflict=enough, excluded=doubtful)


def waits_for(person: str, words: Mapping[str, str], *, required: int, adjudicator: str) -> bool:
    """Whether a pair that a person has not judged waits for them.

    Args:
        person: who may judge it.
        words: see `settle`.
        required: see there.
        adjudicator: see there; for them wait the open conflicts.
    """
    outcome = settle(words, required=required, adjudicator=adjudicator)
    if person == adjudicator:
        return outcome.conflict
    judges = words.keys() - {person, adjudicator}
    return not outcome.settled and len(judges) < required


def _reason(word: str) -> str:
    return {"copy": COPY, "unsure": POSSIBLE_COPY}.get(word, "")


def apply(
    pairs: Sequence[Mapping[str, Any]],
    logs: Logs[Verdict],
    *,
    real: Mapping[str, str],
    synthetic: Mapping[str, str],
    mirrored: Mapping[str, str] | None = None,
    required: int,
    adjudicator: str,
) -> Adjudication:
    """Apply every reviewer's effective verdicts.

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
        adjudicator: who settles conflicts; empty: there is none.

    Raises:
        DecisionError: a verdict names an unknown synthetic film, or does not match a film's
            SHA-256; all of them at once, by log and line.
    """
    faults = faults_of(logs, real=real, synthetic=synthetic, mirrored=mirrored or {})
    if faults:
        raise DecisionError(
            f"{len(faults)} verdict(s) are not about these films",
            where="audit log",
            remedy="if the films were made anew, move the old log away and judge again",
            faults=faults,
        )
    effective = {reviewer: effective_of(log) for reviewer, log in logs.items()}
    people = {
        reviewer: {pair: entry.verdict for pair, entry in entries.items() if pair[1] in synthetic}
        for reviewer, entries in effective.items()
    }
    words: dict[Pair, dict[str, str]] = defaultdict(dict)
    for reviewer, verdict_of in people.items():
        for pair, word in verdict_of.items():
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
    verdicts = Counter(outcome.verdict for outcome in outcomes.values())
    judges = {name: verdict_of for name, verdict_of in people.items() if name != adjudicator}
    report = {
        "state": "none" if not words else "partial" if settled < len(listed) else "complete",
        "pairs": len(listed),
        "reviewers": sum(map(bool, people.values())),
        "judged": sum(pair in words for pair in listed),
        "pairs_by_reviewers": tally([len(words.get(pair, ())) for pair in listed]),
        "settled": settled,
        "open_conflicts": sum(outcome.conflict for outcome in outcomes.values()),
        "verdicts": {word: verdicts[word] for word in JUDGED},
        "excluded_films": len(excluded),
        "earlier": len(earlier),
        "elsewhere": sum(map(len, effective.values())) - sum(map(len, people.values())),
        "agreement": agreement_of(judges, JUDGED, unit="pairs"),
    }
    return Adjudication(rows, excluded, report)


def _excluded(outcomes: Mapping[Pair, PairOutcome]) -> dict[str, str]:
    excluded: dict[str, str] = {}
    for (_, film), outcome in outcomes.items():
        # A film may be in several pairs: a copy outweighs a possible copy.
        if outcome.excluded and excluded.get(film) != COPY:
            excluded[film] = outcome.excluded
    return dict(sorted(excluded.items()))


def faults_of(
    logs: Logs[Verdict],
    *,
    real: Mapping[str, str],
    synthetic: Mapping[str, str],
    mirrored: Mapping[str, str],
) -> list[Fault]:
    """Verdicts that are not about these films, whichever way they face, by log and line."""
    jobs = {job_of(film) for film in synthetic} | {""}
    faults: list[Fault] = []
    for reviewer, log in logs.items():
        for verdict in log:
            where = f"{reviewer}.jsonl: line {verdict.seq}"
            if verdict.synthetic_id not in synthetic:
                if job_of(verdict.synthetic_id) in jobs:
                    faults.append(Fault(where, f"unknown film {verdict.synthetic_id!r}"))
                continue
            # The real film may have been withdrawn since; its copy stays out all the same.
            if real.get(verdict.real_id, verdict.real_sha256) != verdict.real_sha256:
                faults.append(
                    Fault(where, f"{verdict.real_id} does not match the SHA-256 that was judged")
                )
            film = verdict.synthetic_id
            if verdict.synthetic_sha256 not in {synthetic[film], mirrored.get(film)}:
                faults.append(Fault(where, f"{film} does not match the SHA-256 that was judged"))
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
        cohort: table of the real films; not read while no pair is judged.
        synthetic: tables of the synthetic films.
        logs: folder of the verdicts.
        required: people who must judge each pair.
        adjudicator: who settles conflicts; empty: there is none.

    Raises:
        DecisionError: a log does not verify, or is about other films.
        TableError: a table is missing or breaks its schema.
    """
    verdicts = read_all(VERDICT, logs)
    columns = ["id", "sha256", "mirrored_sha256"]
    films = [
        row
        for path in synthetic
        for row in tables.read(path, schemas.ORIENTED, columns).to_pylist()
    ]
    return apply(
        tables.read_rows(pairs, schemas.PAIRS) if pairs.exists() else [],
        verdicts,
        real=hashes(schemas.COHORT, [cohort] if verdicts else []),
        synthetic={row["id"]: row["sha256"] for row in films},
        mirrored={row["id"]: row["mirrored_sha256"] for row in films},
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


def about_pairs(cohort: Path, synthetic: Sequence[Path]) -> Callable[[Logs[Verdict]], list[Fault]]:
    """What is wrong with verdicts, by log and line.

    Args:
        cohort: table of the real films; not read where there is no log.
        synthetic: tables of the synthetic films; none: nothing is known of them.
    """

    def faults(logs: Logs[Verdict]) -> list[Fault]:
        if not synthetic or not logs:
            return []
        return faults_of(
            logs,
            real=hashes(schemas.COHORT, [cohort]),
            synthetic=hashes(schemas.ORIENTED, synthetic),
            mirrored=hashes(schemas.ORIENTED, synthetic, "mirrored_sha256"),
        )

    return faults
