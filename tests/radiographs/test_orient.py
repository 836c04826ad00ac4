from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.radiographs import png
from cxr_release.radiographs.orient import orient, reference_of_cohort


def left_facing(seed: int) -> png.Film:
    """A film that is bright on the left, with some grain."""
    chance = np.random.default_rng(seed)
    ramp = np.tile(np.linspace(200, 40, 32), (32, 1)) + chance.normal(0, 12, (32, 32))
    return np.clip(ramp, 0, 255).astype(np.uint8)


def cohort(path: Path, facing: str | None) -> Path:
    rows = []
    for seed in range(6):
        film = left_facing(seed)
        data = png.encode(film, synthetic=False)
        known = {"id": f"film-{seed}", "patient": f"p{seed}", "inverted": False}
        facts = png.facts(film, data)
        rows.append(
            {"image": png.cell(data, f"film-{seed}"), "facing": facing, "flipped": False}
            | known
            | facts
        )
    tables.write(path, schemas.COHORT, rows)
    return path


def shard(path: Path, films: list[png.Film]) -> tuple[Path, list[dict[str, Any]]]:
    rows = []
    for index, film in enumerate(films):
        name, data = f"checkpoint-1-large-{index:05d}", png.encode(film, synthetic=True)
        rows.append(
            {
                "image": png.cell(data, name),
                "id": name,
                "checkpoint": 1,
                "checkpoint_step": 10,
                "batch": "large",
                "seed": index,
                **png.facts(film, data),
            }
        )
    tables.write(path, schemas.SAMPLES, rows)
    return path, rows


@pytest.fixture
def mixed() -> list[png.Film]:
    films = [left_facing(100 + seed) for seed in range(8)]
    return [film[:, ::-1].copy() if place % 2 else film for place, film in enumerate(films)]


def test_right_facing_films_are_mirrored_and_left_facing_bytes_copied(
    tmp_path: Path, mixed: list[png.Film]
) -> None:
    reference = reference_of_cohort(cohort(tmp_path / "cohort.parquet", "left"))
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    assert orient([path], output, reference=reference) == {"left": 4, "right": 4, "unknown": 0}
    for place, (before, after) in enumerate(
        zip(rows, tables.iterate(output, schemas.ORIENTED), strict=True)
    ):
        film = png.decode(after["image"]["bytes"], where=after["id"])
        assert after["flipped"] == (place % 2 == 1)
        if after["flipped"]:
            assert np.array_equal(film, mixed[place][:, ::-1])
            assert png.is_labelled(after["image"]["bytes"])
        else:
            assert after["image"] == before["image"]
        assert png.facts(film, after["image"]["bytes"]).items() <= after.items()
        assert (after["id"], after["seed"]) == (before["id"], before["seed"])


def test_without_an_anchor_nothing_is_turned(tmp_path: Path, mixed: list[png.Film]) -> None:
    assert reference_of_cohort(cohort(tmp_path / "cohort.parquet", None)) is None
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    assert orient([path], output, reference=None) == {"left": 0, "right": 0, "unknown": 8}
    for before, after in zip(rows, tables.iterate(output, schemas.ORIENTED), strict=True):
        assert after["image"] == before["image"]
        assert (after["facing"], after["flipped"]) == (None, False)


def test_shards_follow_each_other(tmp_path: Path, mixed: list[png.Film]) -> None:
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    orient([path], output, reference=None)
    found = [row["id"] for row in tables.read_rows(output, schemas.ORIENTED)]
    assert found == [row["id"] for row in rows]
