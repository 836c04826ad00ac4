"""The verdicts of a project as they are now, held against its films."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.logbook.logs import read_all
from cxr_release.memorization.adjudication import Adjudication, apply
from cxr_release.memorization.verdict import VERDICT
from cxr_release.tables import Table


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
