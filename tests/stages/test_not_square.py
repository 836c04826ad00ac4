"""Films of 48 × 64 pixels, all to one scale, from phantoms to a verified release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.files import read_json
from cxr_release.films import png
from cxr_release.generators import checkpoints
from cxr_release.paths import Paths
from cxr_release.release.layout import shards_of
from cxr_release.release.verify import verify
from tests.support.card_rules import written
from tests.support.small_project import (
    SMALLEST,
    STAGES,
    assert_drawn_again,
    run_stages,
    small_project,
)

pytestmark = [pytest.mark.timeout(600), pytest.mark.long]

SMALL: dict[str, Any] = {
    **SMALLEST,
    "ingest": {"phantoms": 40, "size": [48, 64], "fit": "physical", "millimetres": 160},
    "network": {"channels": [8, 16], "pixel_unshuffle": 2},
    "train_tuning": {"steps": 4},
}
SHAPE = (64, 48)
SCALE = 2.5


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project after its last stage."""
    made = small_project(tmp_path_factory.mktemp("project"), SMALL)
    run_stages(made, *STAGES)
    return made


def pixels(rows: Any) -> list[png.Film]:
    return [png.decode(row["image"]["bytes"], where=row["id"]) for row in rows]


def test_every_film_has_the_size_and_the_scale(paths: Paths) -> None:
    cohort = list(tables.iterate(paths.cohort_table, schemas.COHORT))
    assert {film.shape for film in pixels(cohort)} == {SHAPE}
    assert {(row["width"], row["height"]) for row in cohort} == {(48, 64)}
    scales = {
        (row["millimetres_per_pixel_row"], row["millimetres_per_pixel_column"]) for row in cohort
    }
    assert scales == {(SCALE, SCALE)}
    assert {row["spacing_kind"] for row in cohort} == {"detector"}
    released = [
        row for path in shards_of(paths.release) for row in tables.iterate(path, schemas.TO_SCALE)
    ]
    assert len(released) == 20
    assert {film.shape for film in pixels(released)} == {SHAPE}
    assert {row["millimetres_per_pixel"] for row in released} == {SCALE}


def test_phantoms_of_any_size_have_bodies_of_one_scale(paths: Paths) -> None:
    """Their films are of 240 to 336 rows, and no proportion of the two is what the scale makes."""
    rows = [row for row in tables.iterate(paths.manifest, schemas.MANIFEST) if row["id"]]
    for row in rows:
        high = row["placed_bottom"] - row["placed_top"]
        wide = row["placed_right"] - row["placed_left"]
        assert high * SCALE == pytest.approx(row["source_height"] * row["spacing_row"])
        assert wide * SCALE == pytest.approx(row["source_width"] * row["spacing_column"])
    assert len({row["source_height"] for row in rows}) > 1


def test_a_checkpoint_states_width_and_height_and_draws_its_films_again(
    paths: Paths, tmp_path: Path
) -> None:
    folder = checkpoints.folder_of(paths.final, 2)
    assert read_json(folder / "checkpoint.json")["size"] == [48, 64]
    assert checkpoints.load(folder).record.size.shape == SHAPE
    assert_drawn_again(paths, ["checkpoint-2-large-00003", "checkpoint-2-large-00000"], tmp_path)


def test_the_release_says_so_and_is_whole(paths: Paths) -> None:
    assert verify(paths.release)["differences"] == []
    card = written(paths.release)
    assert "48 × 64 pixels" in card
    assert "2.5 mm a pixel at the detector, where the patient appears magnified" in card
    assert "stretched" not in card
    assert "cycles along a film's longer side" in card
    assert "cycles a film " not in card
    croissant = (paths.release / "croissant.json").read_text(encoding="utf-8")
    assert "millimetres_per_pixel" in croissant
    assert "2.5 mm a pixel" in croissant
    assert "48 × 64" in (paths.release / "CITATION.cff").read_text(encoding="utf-8")


def test_a_scale_that_is_not_the_record_s_is_found(paths: Paths) -> None:
    shard = shards_of(paths.release)[0]
    whole = shard.read_bytes()
    try:
        rows = [
            row | {"millimetres_per_pixel": 1.0} for row in tables.iterate(shard, schemas.TO_SCALE)
        ]
        tables.write(shard, schemas.TO_SCALE, rows)
        places = [difference["where"] for difference in verify(paths.release)["differences"]]
        assert any(place.endswith("column millimetres_per_pixel") for place in places)
    finally:
        shard.write_bytes(whole)
