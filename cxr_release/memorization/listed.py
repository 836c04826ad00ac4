"""The pairs that the audit lists for people to judge, the most similar first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.errors import Fault, TableError
from cxr_release.memorization.verdict import Pair

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
