"""Films for the benchmark of the review pages: as image tables, and as loose files."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from cxr_release import schemas, tables
from cxr_release.film_id import FilmId, source_name
from cxr_release.films import png
from cxr_release.logbook import log
from cxr_release.paths import shard_table
from cxr_release.radiographs.orient import rows_per_group
from cxr_release.screening.decision import DECISION, NewDecision
from cxr_release.screening.films import read_generated

SIDE, PER_PAGE, REVIEWER = 256, 48, "a.b"
DISTINCT = 24
"""Films that are drawn; the others differ from them in a chunk that viewers do not show."""
CHECKPOINTS = (34, 40, 80)


def make(root: Path, count: int, side: int = SIDE) -> float:
    """Films as image tables and as loose files, a third of them decided on; pages as JSON.

    Returns:
        Bytes of a film, on average.
    """
    chance = np.random.default_rng(1)
    distinct = [_draw_film(chance, side) for _ in range(DISTINCT)]
    encoded = [png.encode(film, synthetic=True) for film in distinct]
    facts = [png.facts(film, data) for film, data in zip(distinct, encoded, strict=True)]
    (root / "loose").mkdir()
    per_checkpoint = -(-count // len(CHECKPOINTS))
    for place, checkpoint in enumerate(CHECKPOINTS):
        rows = (
            _row(root / "loose", checkpoint, index, encoded[index % DISTINCT], facts)
            for index in range(min(per_checkpoint, count - place * per_checkpoint))
        )
        path = tables_in(root)[place]
        group = rows_per_group({"width": side, "height": side})
        with tables.Writer(path, schemas.ORIENTED, rows_per_group=group) as writer:
            for chunk in tables.pieces(rows, 256):
                writer.append(chunk)
    films = read_generated(tables_in(root))
    random.Random(1).shuffle(films)  # noqa: S311
    decisions = [NewDecision(film.id, film.sha256, "keep") for film in films[: count // 3]]
    log.append(DECISION, root / "reviews" / "screening", REVIEWER, decisions)
    for start in range(0, count, PER_PAGE):
        names = [{"name": f"{film.id}.png"} for film in films[start : start + PER_PAGE]]
        (root / "loose" / f"page-{start // PER_PAGE}.json").write_text(json.dumps(names))
    return sum(map(len, encoded)) / DISTINCT


def _draw_film(chance: np.random.Generator, side: int) -> png.Film:
    smooth = gaussian_filter(chance.standard_normal((side, side)), side / 10)
    grey = 128 + 60 * smooth / np.abs(smooth).max() + chance.normal(0, 5, (side, side))
    film: png.Film = np.clip(grey, 0, 255).astype(np.uint8)
    return film


def _row(
    loose: Path, checkpoint: int, index: int, data: bytes, facts: list[dict[str, int | str]]
) -> dict[str, Any]:
    name = str(FilmId(source_name(checkpoint), "large", index))
    labelled = _with_chunk(data, name.encode())
    (loose / f"{name}.png").write_bytes(labelled)
    return {
        "image": png.cell(labelled, name),
        "id": name,
        "checkpoint": checkpoint,
        "checkpoint_step": 1000 * checkpoint,
        "batch": "large",
        "seed": index,
        "label": None,
        "facing": "left",
        "facing_said": False,
        "flipped": False,
        "mirrored_sha256": hashlib.sha256(labelled + b"mirrored").hexdigest(),
        **facts[index % DISTINCT],
        "sha256": hashlib.sha256(labelled).hexdigest(),
    }


def _with_chunk(data: bytes, text: bytes) -> bytes:
    """A PNG whose bytes are its own."""
    body = b"prVt" + hashlib.sha256(text).digest()
    end = data.rindex(b"IEND") - 4
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:end] + chunk + data[end:]


def tables_in(root: Path) -> list[Path]:
    sources = map(source_name, CHECKPOINTS)
    return [shard_table(root / "oriented", (source, "large"), 0) for source in sources]
