"""What the pre-screen made of the films, as the review must know it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.screening.films import Generated


def read_doubt(path: Path, films: Sequence[Generated]) -> dict[str, float]:
    """Score of every film from a `schemas.PRESCREEN` table: the higher, the more doubtful.

    Raises:
        DecisionError: the table is not about exactly these films.
    """
    table = tables.read(path, schemas.PRESCREEN, ["id", "sha256", "score"])
    ids, hashes, scores = (column.to_pylist() for column in table.columns)
    if dict(zip(ids, hashes, strict=True)) != {film.id: film.sha256 for film in films}:
        raise DecisionError(
            "is not about the films that lie there now",
            where=str(path),
            remedy="run `dvc repro prescreen`",
        )
    return dict(zip(ids, scores, strict=True))
