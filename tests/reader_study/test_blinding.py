"""Whether anything but the pixels tells a real film from a synthetic one."""

from __future__ import annotations

import io
import shutil
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.files import read_json
from cxr_release.films import png
from cxr_release.params.load import load_params
from cxr_release.params.project import Params
from cxr_release.paths import Paths
from cxr_release.radiographs.resample import mirror
from cxr_release.reader_study.kit import open_kit, serve
from cxr_release.reader_study.qualtrics.export import export_qualtrics
from cxr_release.reader_study.ratings import REAL
from cxr_release.stages import quartets
from cxr_release.tables import Table
from tests.support.oriented import oriented_row
from tests.support.unspaced import NO_SPACING

ROOT = Path(__file__).parents[2]
QUARTETS, SIDE = 60, 32


@pytest.fixture(scope="module")
def params() -> Params:
    params = load_params(ROOT / "params.yaml")
    return replace(
        params,
        sample=replace(params.sample, checkpoints=(3, 6)),
        study=replace(params.study, quartets=QUARTETS),
    )


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory, params: Params) -> Paths:
    """Grainy real films, smooth synthetic ones with labels: each is told at once by its size."""
    paths = Paths(tmp_path_factory.mktemp("study"))
    chance = np.random.default_rng(7)
    cohort, screened = [], []
    for index in range(2 * QUARTETS):
        film = chance.integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
        data = png.encode(film, synthetic=False)
        cohort.append(
            {
                "image": png.cell(data, f"patient-{index}"),
                "id": f"patient-{index}",
                "patient": f"patient-{index}",
                **png.facts(film, data),
                "inverted": False,
                "facing": "left",
                "flipped": False,
                **NO_SPACING,
            }
        )
    tables.write(paths.trained_table, schemas.COHORT, cohort)
    for checkpoint in params.sample.checkpoints:
        rows = []
        for index in range(QUARTETS + 10):
            film = np.full((SIDE, SIDE), 0, np.uint8)
            film[:] = chance.integers(0, 256, SIDE, dtype=np.uint8)
            rows.append(oriented_row(film, checkpoint, "initial", index))
        tables.write(
            paths.oriented_table(f"checkpoint-{checkpoint}", "initial"), schemas.ORIENTED, rows
        )
        screened += [
            {name: row[name] for name in ("id", "checkpoint", "batch", "label", "sha256")}
            | {"decided": True, "released": index >= 10, "reviewers": 1, "looked_at": True}
            for index, row in enumerate(rows)
        ]
    tables.write(paths.screening / "screened.parquet", schemas.SCREENED, screened)
    quartets.run(paths, params)
    return paths


def chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Type and length of each chunk of a PNG (RFC 2083, section 3.2)."""
    place = 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        yield data[place + 4 : place + 8], length
        place += 12 + length


def beside_the_pixels(films: list[dict[str, Any]], folder: Path) -> NDArray[np.float64]:
    """All that a file, its place and its name say, (films, features).

    Args:
        films: rows of the kit.
        folder: of the same films as files, as they are exported.
    """
    listed = [path.name for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_ino)]
    rows = []
    for place, film in enumerate(films):
        path = folder / film["image"]["path"]
        facts, data = path.stat(), path.read_bytes()
        layout = list(chunks(data))
        with Image.open(path) as image:
            shape = [*image.size, len(image.info), len(image.mode)]
        kinds = Counter(kind for kind, _ in layout)
        lengths = [length for _, length in layout][:8]
        rows.append(
            [
                facts.st_size,
                facts.st_mtime,
                listed.index(path.name),
                *shape,
                *(kinds[one] for one in (b"IHDR", b"IDAT", b"IEND", b"tEXt", b"iTXt", b"pHYs")),
                *(lengths + [0] * (8 - len(lengths))),
                *data[:48],  # signature, header and the first block's header
                place,
                film["quartet"],
                film["position"],
                *(int(digit, 16) for digit in film["name"]),
            ]
        )
    return np.array(rows, float)


def told_apart(features: NDArray[np.float64], real: NDArray[np.bool_]) -> float:
    """Area under the ROC curve of forests, each asked about films that it has not seen."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    said = cross_val_predict(
        RandomForestClassifier(60, min_samples_leaf=3, random_state=0),
        features,
        real,
        # By quartet: of each, one film is real, so films that it has seen would tell of the others.
        groups=np.arange(len(real)) // 3,
        cv=GroupKFold(5),
        method="predict_proba",
    )[:, 1]
    return float(roc_auc_score(real, said))


@pytest.fixture(scope="module")
def kit(paths: Paths) -> list[dict[str, Any]]:
    return list(tables.iterate(paths.kit, schemas.KIT))


@pytest.fixture(scope="module")
def real(paths: Paths, kit: list[dict[str, Any]]) -> NDArray[np.bool_]:
    sources = {row["name"]: row["source"] for row in tables.read_rows(paths.key_table, schemas.KEY)}
    return np.array([sources[film["name"]] == REAL for film in kit])


@pytest.fixture(scope="module")
def exported(paths: Paths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The kit as files."""
    folder = tmp_path_factory.mktemp("exported")
    export_qualtrics(
        paths.kit,
        folder / "served.json",
        folder / "survey",
        image_url="https://films.example.org/",
        title="Films",
        going_back=False,
    )
    return folder / "survey"


def test_a_classifier_finds_nothing_in_the_kit(
    kit: list[dict[str, Any]], real: NDArray[np.bool_], exported: Path
) -> None:
    # 60 real films of 180: chance is 0.5 with a standard error of 0.047. Less is chance too: the
    # places of real films that a part of the quartets has too often, the rest has too seldom.
    assert told_apart(beside_the_pixels(kit, exported / "images"), real) < 0.65


def test_the_same_classifier_tells_films_as_they_were_sampled(
    kit: list[dict[str, Any]], real: NDArray[np.bool_], tmp_path: Path
) -> None:
    """Without the labels: how well a film compresses is enough."""
    for film in kit:
        pixels = png.decode(film["image"]["bytes"], where=film["name"])
        (tmp_path / film["image"]["path"]).write_bytes(png.encode(pixels, synthetic=False))
    assert told_apart(beside_the_pixels(kit, tmp_path), real) > 0.95


def test_the_survey_names_no_source(exported: Path) -> None:
    for path in exported.rglob("*.txt"):
        text = path.read_text()
        assert not [word for word in ("checkpoint", "patient", "cohort") if word in text.lower()]


def test_films_are_equal_in_all_but_their_pixels(kit: list[dict[str, Any]]) -> None:
    assert len({len(film["image"]["bytes"]) for film in kit}) == 1
    assert len({tuple(chunks(film["image"]["bytes"])) for film in kit}) == 1
    for film in kit:
        assert film["image"]["path"] == f"{film['name']}.png"
        with Image.open(io.BytesIO(film["image"]["bytes"])) as image:
            assert (image.mode, image.size, image.info) == ("L", (SIDE, SIDE), {})


def test_a_kit_holds_the_films_of_its_key(paths: Paths, kit: list[dict[str, Any]]) -> None:
    pixels = {
        row["id"]: row["pixel_sha256"]
        for path, kind in [
            (paths.trained_table, schemas.COHORT),
            *(
                (paths.oriented_table(f"checkpoint-{one}", "initial"), schemas.ORIENTED)
                for one in (3, 6)
            ),
        ]
        for row in tables.read_rows(path, kind)
    }
    ids = {row["name"]: row["id"] for row in tables.read_rows(paths.key_table, schemas.KEY)}
    assert len(kit) == 3 * QUARTETS
    for film in kit:
        shown = png.decode(film["image"]["bytes"], where=film["name"])
        assert png.pixel_sha256(shown) == pixels[ids[film["name"]]]
        assert film["sha256"] == png.sha256(film["image"]["bytes"])


def test_the_kit_s_folder_and_its_file_say_no_more_than_its_columns(paths: Paths) -> None:
    assert [path.name for path in paths.kit.parent.iterdir()] == ["kit.parquet"]
    raw = paths.kit.read_bytes()
    for word in (b"checkpoint-", b"patient-", b"initial", b"cohort", str(paths.root).encode()):
        assert word not in raw
    with pq.ParquetFile(paths.kit) as parquet:
        assert set(parquet.schema_arrow.names) == set(schemas.KIT.arrow.names)


def exclude(paths: Paths, ids: set[str]) -> None:
    path = paths.screening / "screened.parquet"
    rows = tables.read_rows(path, schemas.SCREENED)
    tables.write(
        path,
        schemas.SCREENED,
        [row | {"released": row["released"] and row["id"] not in ids} for row in rows],
    )


def test_an_excluded_film_stays_in_the_kit_that_readers_were_given_and_only_there(
    paths: Paths, params: Params, kit: list[dict[str, Any]]
) -> None:
    before, key = paths.kit.read_bytes(), tables.read_rows(paths.key_table, schemas.KEY)
    assert not [
        row for row in key if row["id"].endswith(tuple(f"initial-0000{i}" for i in range(10)))
    ]
    lost = next(row["id"] for row in key if row["source"] == "checkpoint-3")
    screened = (paths.screening / "screened.parquet").read_bytes()
    exclude(paths, {lost})
    quartets.run(paths, params)
    assert lost not in {row["id"] for row in tables.read_rows(paths.key_table, schemas.KEY)}
    assert read_json(paths.study_key / "draw.json")["quartets"] == QUARTETS - 1

    (paths.screening / "screened.parquet").write_bytes(screened)
    quartets.run(paths, params)
    serve(open_kit(paths.kit), paths.served)
    exclude(paths, {lost})
    quartets.run(paths, params)
    assert paths.kit.read_bytes() == before
    assert tables.read_rows(paths.key_table, schemas.KEY) == key
    said = read_json(paths.study_key / "draw.json")
    assert (said["served"], said["not_released"]) == (True, 1)
    fewer = replace(params, sample=replace(params.sample, checkpoints=(3,)))
    with pytest.raises(ReaderStudyError, match="films that readers were given are not there"):
        quartets.run(paths, fewer)


def rewrite(path: Path, kind: Table, change: Callable[[dict[str, Any]], None]) -> None:
    rows = list(tables.iterate(path, kind))
    for row in rows:
        change(row)
    tables.write(path, kind, rows)


def turn(row: dict[str, Any]) -> None:
    """As `orient` leaves a film that reviewers have corrected."""
    film = mirror(png.decode(row["image"]["bytes"], where=row["id"]))
    other = oriented_row(film, row["checkpoint"], row["batch"], int(row["id"][-5:]))
    row.update(other | {"flipped": not row["flipped"], "facing_said": True})


@pytest.fixture
def fresh(paths: Paths, tmp_path: Path, params: Params) -> Paths:
    """The same study before anybody has seen it."""
    shutil.copytree(paths.root, tmp_path / "fresh")
    fresh = Paths(tmp_path / "fresh")
    fresh.served.unlink(missing_ok=True)
    quartets.run(fresh, params)
    return fresh


def test_a_corrected_film_stays_in_the_kit_as_readers_were_given_it(
    fresh: Paths, params: Params
) -> None:
    kit, key = fresh.kit.read_bytes(), tables.read_rows(fresh.key_table, schemas.KEY)
    serve(open_kit(fresh.kit), fresh.served)
    shown = [row["id"] for row in key if row["source"] == "checkpoint-6"][:3]
    rewrite(
        fresh.oriented_table("checkpoint-6", "initial"),
        schemas.ORIENTED,
        lambda row: turn(row) if row["id"] in shown else None,
    )
    quartets.run(fresh, params)
    assert fresh.kit.read_bytes() == kit
    assert tables.read_rows(fresh.key_table, schemas.KEY) == key
    said = read_json(fresh.study_key / "draw.json")
    assert (said["served"], said["turned_since"], said["drawn_by_facing"]) == (True, 3, None)


def test_films_of_unknown_facing_are_not_drawn(fresh: Paths, params: Params) -> None:
    def unknown_to(some: str) -> None:
        rewrite(
            fresh.oriented_table("checkpoint-3", "initial"),
            schemas.ORIENTED,
            lambda row: row.update(facing="unknown" if row["id"][-1] in some else "left"),
        )
        rewrite(
            fresh.trained_table,
            schemas.COHORT,
            lambda row: row.update(facing=None if row["id"][-1] in some else "left"),
        )
        quartets.run(fresh, params)

    unknown_to("2357")
    said = read_json(fresh.study_key / "draw.json")
    assert (said["drawn_by_facing"], said["turned_since"]) == (True, 0)
    drawn = [row["id"] for row in tables.read_rows(fresh.key_table, schemas.KEY)]
    assert not [one for one in drawn if one[-1] in "2357" and "checkpoint-6" not in one]
    unknown_to("0123456789")
    said = read_json(fresh.study_key / "draw.json")
    assert said["drawn_by_facing"] is False and said["quartets"] >= QUARTETS - 1
