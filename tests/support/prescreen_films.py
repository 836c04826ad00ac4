"""Phantoms for the tests of the pre-screen, as ingest would leave them, drawn once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.films import png
from cxr_release.films.png import Film
from tests.support.oriented import mirrored_sha256
from tests.support.small_phantoms import small_phantoms
from tests.support.unspaced import NO_SPACING


def phantoms(count: int = 64) -> list[tuple[str, Film]]:
    """Patients and films: 64 × 64, bone bright, facing left."""
    return [(patient, film) for film, patient in small_phantoms(count, seed=3)]


def write_cohort(path: Path, films: Sequence[tuple[str, Film]]) -> Path:
    rows = []
    for place, (patient, film) in enumerate(films):
        data = png.encode(film, synthetic=False)
        known = {"id": f"film-{place:03d}", "patient": patient, "facing": "left"}
        image = {"image": png.cell(data, f"film-{place:03d}")}
        rows.append(
            NO_SPACING
            | {"inverted": False, "flipped": False}
            | known
            | image
            | png.facts(film, data)
        )
    tables.write(path, schemas.COHORT, rows)
    return path


def write_oriented(path: Path, films: Mapping[str, Film]) -> Path:
    """Films under names such as `checkpoint-1-large-00000`."""
    rows: list[dict[str, Any]] = []
    for index, (name, film) in enumerate(films.items()):
        data = png.encode(film, synthetic=True)
        known = {"id": name, "checkpoint": 1, "checkpoint_step": 10, "batch": name.split("-")[2]}
        image = {"image": png.cell(data, name), "seed": index, "facing": "left", "flipped": False}
        facing = {"label": None, "facing_said": False, "mirrored_sha256": mirrored_sha256(film)}
        rows.append(known | image | facing | png.facts(film, data))
    tables.write(path, schemas.ORIENTED, rows)
    return path
