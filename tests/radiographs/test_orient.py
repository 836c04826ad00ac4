from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import DecisionError
from cxr_release.films import png
from cxr_release.radiographs.facing import Detector, detector_of
from cxr_release.radiographs.orient import FacingStatement, Statements, left_facing, orient
from cxr_release.radiographs.resample import mirror
from tests.support.unspaced import NO_SPACING


def faces_left(seed: int) -> png.Film:
    """A film with the same blocks as the others, bright on the left, and grain of its own."""
    blocks = np.random.default_rng(99).uniform(0, 120, (8, 8)).repeat(4, axis=0).repeat(4, axis=1)
    ramp = np.linspace(100, 20, 32) + blocks
    grain = np.random.default_rng(seed).normal(0, 12, (32, 32))
    return np.clip(ramp + grain, 0, 255).astype(np.uint8)


def cohort(path: Path, facing: str | None) -> Path:
    rows = []
    for seed in range(12):
        film = faces_left(seed)
        data = png.encode(film, synthetic=False)
        known = {"id": f"film-{seed}", "patient": f"p{seed}", "inverted": False}
        facts = png.facts(film, data)
        rows.append(
            {"image": png.cell(data, f"film-{seed}"), "facing": facing, "flipped": False}
            | known
            | facts
            | NO_SPACING
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
                "label": None,
                **png.facts(film, data),
            }
        )
    tables.write(path, schemas.SAMPLES, rows)
    return path, rows


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    known = left_facing(cohort(tmp_path_factory.mktemp("real") / "cohort.parquet", "left"))
    assert known is not None
    found = detector_of(known)
    assert found is not None
    return found


@pytest.fixture
def films(
    tmp_path: Path, mixed: list[png.Film], detector: Detector
) -> tuple[Path, list[png.Film], Detector]:
    return tmp_path, mixed, detector


@pytest.fixture
def mixed() -> list[png.Film]:
    films = [faces_left(100 + seed) for seed in range(8)]
    return [film[:, ::-1].copy() if place % 2 else film for place, film in enumerate(films)]


def test_right_facing_films_are_mirrored_and_left_facing_bytes_copied(
    tmp_path: Path, mixed: list[png.Film], detector: Detector
) -> None:
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    expected = {"left": 4, "right": 4, "unknown": 0, "said": 0}
    assert orient([path], output, detector=detector) == expected
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
        assert (after["facing"], after["facing_said"]) == ("left", False)
        other = png.encode(mirror(film), synthetic=True)
        assert after["mirrored_sha256"] == png.sha256(other)
        assert (after["id"], after["seed"]) == (before["id"], before["seed"])


def test_without_an_anchor_nothing_is_turned(tmp_path: Path, mixed: list[png.Film]) -> None:
    assert left_facing(cohort(tmp_path / "cohort.parquet", None)) is None
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    expected = {"left": 0, "right": 0, "unknown": 8, "said": 0}
    assert orient([path], output, detector=None) == expected
    for before, after in zip(rows, tables.iterate(output, schemas.ORIENTED), strict=True):
        assert after["image"] == before["image"]
        assert (after["facing"], after["flipped"]) == ("unknown", False)


def test_shards_follow_each_other(tmp_path: Path, mixed: list[png.Film]) -> None:
    path, rows = shard(tmp_path / "s.parquet", mixed)
    output = tmp_path / "o.parquet"
    orient([path], output, detector=None)
    found = [row["id"] for row in tables.read_rows(output, schemas.ORIENTED)]
    assert found == [row["id"] for row in rows]


def test_a_film_that_faces_neither_way_keeps_its_bytes(
    tmp_path: Path, mixed: list[png.Film], detector: Detector
) -> None:
    both = (mixed[0] // 2 + mixed[0][:, ::-1] // 2).astype(np.uint8)
    path, rows = shard(tmp_path / "s.parquet", [both, *mixed[:2]])
    output = tmp_path / "o.parquet"
    counts = orient([path], output, detector=detector)
    assert counts == {"left": 1, "right": 1, "unknown": 1, "said": 0}
    after = next(iter(tables.iterate(output, schemas.ORIENTED)))
    assert (after["facing"], after["flipped"]) == ("unknown", False)
    assert after["image"] == rows[0]["image"]


def told(row: dict[str, Any], film: png.Film, *says: tuple[str, str | None]) -> Statements:
    """What reviewers say who saw the film `as it was sampled` or its mirror image."""
    mirrored = png.sha256(png.encode(mirror(film), synthetic=True))
    seen = {"sampled": row["sha256"], "mirrored": mirrored}
    sayings = [
        FacingStatement(f"log: line {at}", seen[what], way) for at, (what, way) in enumerate(says)
    ]  # type: ignore[arg-type]
    return {row["id"]: sayings}


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ([("sampled", "left")], ("left", False)),
        ([("sampled", "right")], ("left", True)),
        ([("mirrored", "right")], ("left", False)),
        ([("mirrored", "left")], ("left", True)),
        ([("sampled", None)], ("unknown", False)),
        ([("sampled", "right"), ("mirrored", "left")], ("left", True)),
        ([("sampled", "right"), ("sampled", "left")], ("unknown", False)),
        ([("sampled", "right"), ("mirrored", "right")], ("unknown", False)),
        ([("sampled", "right"), ("sampled", None)], ("unknown", False)),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_reviewers_say_counts_before_what_is_found(
    films: tuple[Path, list[png.Film], Detector],
    place: int,
    says: list[tuple[str, str | None]],
    expected: tuple[str, bool],
) -> None:
    folder, mixed, detector = films
    path, rows = shard(folder / "s.parquet", mixed)
    said = told(rows[place], mixed[place], *says)
    for finder in (detector, None):
        output = folder / "o.parquet"
        assert orient([path], output, detector=finder, statements=said)["said"] == 1
        after = list(tables.iterate(output, schemas.ORIENTED))[place]
        assert (after["facing"], after["flipped"]) == expected
        assert after["facing_said"]


def test_a_reviewer_who_saw_another_film_is_refused(tmp_path: Path, mixed: list[png.Film]) -> None:
    path, rows = shard(tmp_path / "s.parquet", mixed)
    said = {rows[3]["id"]: [FacingStatement("a.b.jsonl: line 4", "0" * 64, "left")]}
    with pytest.raises(DecisionError, match=r"a\.b\.jsonl: line 4") as error:
        orient([path], tmp_path / "o.parquet", detector=None, statements=said)
    assert rows[3]["id"] in str(error.value)
    assert not (tmp_path / "o.parquet").exists()
