"""Phantoms at 64 × 64 as ingest would leave them, drawn once a run for all workers."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import numpy as np

from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from cxr_release.radiographs.resample import mirror, resample
from tests.support.once import made_once

SIDE = 64
TOGETHER = 8
"""Phantoms of a file. Eight films in a row share no patient with others."""


def small_phantoms(count: int, *, seed: int) -> list[tuple[Film, str]]:
    """The first films of a cohort, (SIDE, SIDE), bone bright, facing left, and their patients."""
    blocks = range(-(-count // TOGETHER))
    return [pair for block in blocks for pair in _block(block, seed)][:count]


@cache
def _block(block: int, seed: int) -> list[tuple[Film, str]]:
    path = made_once(f"phantoms-{seed}-{block}", partial(_draw, block=block, seed=seed))
    with np.load(path) as drawn:
        return list(zip(drawn["films"], drawn["patients"].tolist(), strict=True))


def _draw(path: Path, *, block: int, seed: int) -> None:
    films, patients = [], []
    for index in range(block * TOGETHER, (block + 1) * TOGETHER):
        phantom = draw_phantom(index, seed=seed)
        film = resample(window(phantom.pixels), SIDE, "stretch")
        film = np.invert(film) if phantom.negative else film
        films.append(mirror(film) if phantom.facing == "right" else film)
        patients.append(phantom.patient)
    with path.open("wb") as file:
        np.savez(file, films=np.stack(films), patients=np.array(patients))
