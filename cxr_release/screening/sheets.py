"""Contact sheets of generated films, to screen them by eye until one decides film by film."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from cxr_release import schemas, tables
from cxr_release.radiographs import png
from cxr_release.radiographs.sheet import contact_sheet, save_sheet

PER_SHEET = 48
COLUMNS = 8
SIDE = 176
SHEET = re.compile(r"sheet-\d{3,}\.png")


def draw_sheets(films: Sequence[Path], folder: Path, *, seed: int) -> int:
    """Write `sheet-001.png` … with every film of some `schemas.ORIENTED` tables.

    The order is shuffled over checkpoints and batches, so that nobody screens one of them harder.

    Returns:
        The number of sheets.
    """
    found = {
        row["id"]: row["image"]["bytes"]
        for path in films
        for row in tables.iterate(path, schemas.ORIENTED)
    }
    order = sorted(found, key=lambda film: hashlib.sha256(f"{seed}\0{film}".encode()).digest())
    starts = range(0, len(order), PER_SHEET)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.iterdir():
        # The folder is the user's: only what an earlier call left here may go.
        if SHEET.fullmatch(stale.name):
            stale.unlink()
    for number, start in enumerate(starts, start=1):
        chosen = order[start : start + PER_SHEET]
        pictures = [png.decode(found[film], where=film) for film in chosen]
        sheet = contact_sheet(pictures, chosen, columns=COLUMNS, side=SIDE)
        save_sheet(folder / f"sheet-{number:03d}.png", sheet)
    return len(starts)
