"""A kit of films whose sources the test knows and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cxr_release import schemas, tables
from cxr_release.films import png
from cxr_release.reader_study.kit import KeyRow, Kit, draw_quartets, open_kit

SIDE, BLOCK = 32, 8
CHECKPOINTS = ("checkpoint-34", "checkpoint-40", "checkpoint-80")


@dataclass
class Drawn:
    """A kit on disk, and its key in the test's memory."""

    path: Path
    key: list[KeyRow]
    by_pixels: dict[str, str] = field(default_factory=dict)
    """SHA-256 of a film's pixels → its name in the kit."""

    @property
    def kit(self) -> Kit:
        return open_kit(self.path)

    @property
    def secrets(self) -> set[str]:
        """Words that give films away, wherever they stand."""
        kit = self.kit
        ids = {one.id for one in self.key} | {one.name for one in self.key}
        hashes = {film.sha256 for film in kit.films} | set(kit.fingerprints.values())
        return ids | hashes | {"checkpoint-", "cervical-", ".parquet", "study-k", str(self.path)}


def draw_kit(folder: Path, quartets: int, pictures: Iterable[png.Film] | None = None) -> Drawn:
    """Quartets drawn as the pipeline draws them, of chequered films or of these."""
    pictures = iter(pictures or _chequered())
    films: dict[str, dict[str, png.Film]] = {
        "real": {},
        **{checkpoint: {} for checkpoint in CHECKPOINTS},
    }
    for source, some in films.items():
        for index in range(quartets):
            name = f"cervical-{index:04d}" if source == "real" else f"{source}-large-{index:05d}"
            some[name] = next(pictures)
    hashes = {
        source: {name: png.pixel_sha256(film) for name, film in some.items()}
        for source, some in films.items()
    }
    key = draw_quartets(hashes, quartets=quartets, secret=bytes(32))
    drawn = Drawn(folder / "kit.parquet", key)
    rows = []
    for one in key:
        film = films[one.source][one.id]
        data = png.encode_evenly(film)
        drawn.by_pixels[png.pixel_sha256(film)] = one.name
        rows.append(
            {
                "image": png.cell(data, one.name),
                "quartet": one.quartet,
                "position": one.position,
                "name": one.name,
                "sha256": png.sha256(data),
            }
        )
    tables.write(drawn.path, schemas.KIT, rows)
    return drawn


def _chequered() -> Iterator[png.Film]:
    chance = np.random.default_rng(6)
    while True:
        greys = chance.integers(0, 256, (SIDE // BLOCK, SIDE // BLOCK))
        yield np.kron(greys, np.ones((BLOCK, BLOCK))).astype(np.uint8)
