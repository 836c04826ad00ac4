"""The generated films, as far as screening must know them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.screening.consensus import Generated


def read_generated(paths: Iterable[Path]) -> list[Generated]:
    """Identity and hash of every film in some `schemas.ORIENTED` tables, in their order."""
    return [
        Generated(row["id"], row["checkpoint"], row["batch"], row["sha256"])
        for path in paths
        for row in tables.read_rows(path, schemas.ORIENTED)
    ]
