"""Whether all is there that people decided: asked of git, of the recorded orders, of the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cxr_release import schemas, tables
from cxr_release.adjudication.outcomes import VERDICT
from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import witnesses
from cxr_release.logbook.entry import line_hash
from cxr_release.logbook.log_files import log_file
from cxr_release.logbook.logs import people_of, read_all
from cxr_release.logbook.witnesses import line_keys
from cxr_release.paths import Paths
from cxr_release.release.versions.proofs import LogStatements, contradictions, shortened
from cxr_release.release.versions.version import Version
from cxr_release.screening.decision import DECISION


@dataclass(frozen=True)
class LostDecisions:
    """What the logs lack, as far as git, the recorded orders and the published versions show."""

    faults: tuple[Fault, ...] = ()
    """What is missing: file, what, remedy."""
    notes: tuple[str, ...] = ()
    """Sentences on what may be missing, or could not be asked."""
    asked: tuple[str, ...] = field(default=())
    """Witnesses that were asked: git, the ledger."""


def find_lost_decisions(
    paths: Paths,
    versions: Sequence[Version],
    *,
    films: Mapping[str, str],
    mirrored: Mapping[str, str] | None = None,
) -> LostDecisions:
    """Ask git, the recorded orders and the ledger what the logs held.

    Args:
        paths: of the project.
        versions: published ones.
        films: generated film → SHA-256 of its PNG bytes; what was decided on others is past.
        mirrored: generated film → that of its mirror image: it is the same film.
    """
    heard = witnesses.of_git(paths.root, [paths.reviews, paths.published])
    notes = [
        f"{person} was given an order and has no log: has decided nothing yet, or the log is gone"
        for person in witnesses.people_without_log(paths.orders, paths.ordered_logs)
    ]
    if heard.failure:
        notes.append(f"git could not be asked whether lines are missing: {heard.failure}")
    if heard.uncommitted:
        names = ", ".join(heard.uncommitted)
        notes.append(f"git knows nothing of what was never committed: {names}")
    notes += heard.abandoned
    asked = {"git": heard.tracked and not heard.abandoned, "the ledger": bool(versions and films)}
    faults = [*heard.faults, *_contradicted(paths, versions, films, mirrored or {})]
    return LostDecisions(
        tuple(faults), tuple(notes), tuple(witness for witness in asked if asked[witness])
    )


def _contradicted(
    paths: Paths,
    versions: Sequence[Version],
    films: Mapping[str, str],
    mirrored: Mapping[str, str],
) -> list[Fault]:
    """What the published versions prove and no log says."""
    if not versions:
        return []
    try:
        statements = statements_in(paths)
    except DecisionError:  # what reads the logs reports it
        return []
    rows = {
        film: {"sha256": sha256, "mirrored_sha256": mirrored.get(film)}
        for film, sha256 in films.items()
    }
    pairs = (
        tables.read_rows(paths.pairs, schemas.PAIRS)
        if paths.pairs.exists() and any(version.judged for version in versions)
        else []
    )
    return [
        *shortened(versions, films, statements),
        *contradictions(versions, rows, statements, audited={row["synthetic_id"] for row in pairs}),
    ]


def statements_in(paths: Paths) -> LogStatements:
    """What the logs of a project hold, as far as a published version can prove it.

    Raises:
        DecisionError: a log does not verify.
    """
    screening = read_all(DECISION, paths.screening_log)
    verdicts = [verdict for log in read_all(VERDICT, paths.audit_log).values() for verdict in log]
    withdrawals = read_all(DECISION, paths.withdrawals)
    kept = [
        decision for log in screening.values() for decision in log if decision.decision == "keep"
    ]
    withdrawn = [decision for log in withdrawals.values() for decision in log]
    out = Counter(
        film
        for log in screening.values()
        for film in {decision.image_id for decision in log if decision.decision == "exclude"}
    )
    return LogStatements(
        excluded=out,
        screened=_latest((decision.image_id, decision.at) for decision in kept),
        withdrawn=frozenset(decision.image_id for decision in withdrawn),
        retracted=_latest(
            (decision.image_id, decision.at)
            for decision in withdrawn
            if decision.decision == "retract"
        ),
        doubted=frozenset(
            verdict.synthetic_id for verdict in verdicts if verdict.verdict in {"copy", "unsure"}
        ),
        adjudicated=_latest(
            (verdict.synthetic_id, verdict.at)
            for verdict in verdicts
            if verdict.verdict != "retract"
        ),
        lines={name: frozenset(line_keys(data)) for name, data in _logs(paths)},
    )


def ends_of(paths: Paths) -> dict[str, dict[str, Any]]:
    """How far each log of a project goes: log → `lines`, and `sha256` of the last one."""
    return {
        name: {"lines": data.count(b"\n"), "sha256": line_hash(data.split(b"\n")[-2])}
        for name, data in _logs(paths)
        if b"\n" in data
    }


def _logs(paths: Paths) -> Iterator[tuple[str, bytes]]:
    """Every log on films and pairs, such as `screening/a.b`, and its bytes."""
    logs = (paths.screening_log, paths.withdrawals, paths.facing_log, paths.audit_log)
    for folder in (*logs, paths.clearance_log, paths.landmark_log, paths.findings_log):
        for person in people_of(folder):
            path = log_file(folder, person)
            if path.is_file():
                yield f"{folder.name}/{person}", path.read_bytes()


def _latest(times: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Film → time of the last line on it; the logs' times are in UTC, in one form."""
    latest: dict[str, str] = {}
    for film, at in times:
        latest[film] = max(at, latest.get(film, ""))
    return latest
