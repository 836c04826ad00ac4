"""Rows of `schemas.ORIENTED` for films that nobody trained a network for."""

from __future__ import annotations

from typing import Any

from cxr_release.film_id import FilmId, checkpoint_of, source_name
from cxr_release.films import png
from cxr_release.radiographs.resample import mirror


def oriented_row(film: png.Film, source: str | int, batch: str, index: int) -> dict[str, Any]:
    """A synthetic film (height, width) uint8 that faces left, as the stage `orient` writes it."""
    data = png.encode(film, synthetic=True)
    source = source if isinstance(source, str) else source_name(source)
    name, checkpoint = str(FilmId(source, batch, index)), checkpoint_of(source)
    return {
        "image": png.cell(data, name),
        "id": name,
        "checkpoint": checkpoint,
        "checkpoint_step": checkpoint and 10 * checkpoint,
        "batch": batch,
        "seed": checkpoint and index,
        "label": None,
        "facing": "left",
        "facing_said": False,
        "flipped": False,
        **png.facts(film, data),
        "mirrored_sha256": mirrored_sha256(film),
    }


def mirrored_sha256(film: png.Film) -> str:
    """SHA-256 of the PNG of a synthetic film's mirror image."""
    return png.sha256(png.encode(mirror(film), synthetic=True))
