"""A small kit, its key, and readers who answer: for tests that draw no film."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cxr_release import schemas, tables
from cxr_release.files import write_json
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.paths import Paths
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from cxr_release.reader_study.kit import Kit, KitFilm

SOURCES = ("real", "checkpoint-3", "checkpoint-6")
QUARTETS = 4


def picture(place: int) -> bytes:
    film = np.random.default_rng(place).integers(0, 256, (16, 16), dtype=np.uint8)
    return png.encode_evenly(film)


def small_kit(quartets: int = QUARTETS) -> tuple[Kit, dict[str, str]]:
    """A kit, and name → source: in each quartet the sources stand in another order."""
    films, sources = [], {}
    for place in range(quartets * len(SOURCES)):
        quartet, position = divmod(place, len(SOURCES))
        name = f"{7919 * (place + 1):016x}"
        sources[name] = SOURCES[(quartet + position) % len(SOURCES)]
        films.append(KitFilm(quartet + 1, position + 1, name, png.sha256(picture(place))))
    return Kit(tuple(films)), sources


def write_drawn(paths: Paths, *, quartets: int = QUARTETS) -> Kit:
    """What the stage `quartets` leaves."""
    kit, sources = small_kit(quartets)
    rows = [
        {"image": png.cell(picture(place), film.name), **vars(film)}
        for place, film in enumerate(kit.films)
    ]
    tables.write(paths.kit, schemas.KIT, rows)
    key = [
        {name: row[name] for name in ("quartet", "position", "name")}
        | {"source": sources[row["name"]], "id": f"film-{place}"}
        for place, row in enumerate(rows)
    ]
    tables.write(paths.key_table, schemas.KEY, key)
    write_json(
        paths.study_key / "draw.json",
        {
            "quartets": quartets,
            "quartets_wanted": quartets,
            "images_per_quartet": len(SOURCES),
            "checkpoints": [3, 6],
            "served": False,
            "not_released": 0,
            "drawn_by_facing": True,
            "turned_since": 0,
        },
    )
    return kit


def reply(kit: Kit, quartet: int, *, seed: int = 0, order: Sequence[int] = (2, 0, 1)) -> NewAnswer:
    """An answer that follows from the seed alone."""
    chance = random.Random(f"{quartet} {seed}")
    names = [kit.quartets[quartet][place].name for place in order]
    return NewAnswer(
        quartet=str(quartet),
        quartet_sha256=kit.fingerprints[quartet],
        films=" ".join(names),
        ratings=" ".join(chance.choice("1234") for _ in names),
        picked=chance.choice(names),
        page=str(quartet),
        seconds=f"{chance.randint(2, 90)}.250",
    )


def answer(folder: Path, kit: Kit, reader: str, quartets: Sequence[int], *, seed: int = 0) -> None:
    """Log a reader's answers."""
    log.append(ANSWER, folder, reader, [reply(kit, quartet, seed=seed) for quartet in quartets])
