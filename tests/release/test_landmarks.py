"""A release with landmarks: its columns, its numbers, its card, and what is noticed of them."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json
from cxr_release.json_documents import read
from cxr_release.landmarks.points import NAMES
from cxr_release.params.people import LandmarksParams
from cxr_release.params.project import Params
from cxr_release.publishing.readiness import incomplete_reviews
from cxr_release.release.configs import films_of
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.landmark_export import CSV_COLUMNS, export_landmarks
from cxr_release.release.layout import shards_of
from cxr_release.release.record import Record
from cxr_release.release.shards import content_of
from cxr_release.release.validate import validate
from cxr_release.release.verify import verify
from cxr_release.release.versions.published import enter
from tests.support.breaking import rejson, rewrite
from tests.support.card_rules import written
from tests.support.landmark_artefacts import write_landmarks, write_no_landmarks
from tests.support.release_artefacts import (
    files_of,
    inputs_below,
    make_release_of,
    small_params,
    write_inputs,
)
from tests.support.tampering import SHARD, summed

READ = 3
ON = LandmarksParams(teacher="closed", films=4)
ASKING = LandmarksParams(teacher="none", films=4)


@pytest.fixture(scope="module")
def on() -> Params:
    return replace(small_params(), landmarks=ON)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, on: Params) -> Path:
    root = tmp_path_factory.mktemp("made")
    inputs = write_inputs(root / "artefacts")
    write_landmarks(inputs, on, read=READ)
    return make_release_of(inputs, on, root)


@pytest.fixture
def release(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "release"))


@pytest.fixture
def placed(made: Path, tmp_path: Path) -> ReleaseInputs:
    return inputs_below(Path(shutil.copytree(made.parent / "artefacts", tmp_path / "artefacts")))


def test_where_no_film_faces_a_known_way_readers_are_not_measurable(
    tmp_path: Path, on: Params
) -> None:
    """The stage and whoever reads its report agree: a release is made, and says so."""
    inputs, asking = write_inputs(tmp_path / "artefacts"), replace(on, landmarks=ASKING)
    for job in asking.sample.jobs:
        rewrite(inputs.table(job), schemas.ORIENTED, _turn_away)
    write_landmarks(inputs, asking)
    made = make_release_of(inputs, asking, tmp_path)
    readers = read_json(made / "release.json")["metrics"]["landmarks"]["readers"]
    assert (readers["state"], readers["asked"], readers["waiting"]) == ("none", 0, 0)
    assert "Not measurable: of no released film it is known which way it faces" in written(made)
    assert verify(made, records=True)["differences"] == []


def _turn_away(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row.update(facing="unknown", flipped=False)


def test_films_say_who_placed_their_landmarks_and_the_card_counts_them(made: Path) -> None:
    assert verify(made, records=True)["differences"] == []
    films = [
        row
        for shard in shards_of(made)
        for row in tables.iterate(shard, schemas.released_films(landmarks=True))
    ]
    by = Counter(row["keypoints"][0]["placed_by"] if row["keypoints"] else "none" for row in films)
    unknown = [row for row in films if row["facing"] != "left"]
    assert by["readers"] == READ
    # The model places nothing where front and back are not known, and no angle is taken there.
    assert 0 < by["none"] == len(unknown)
    assert not [row for row in unknown if row["angles"]]
    stated = read_json(made / "release.json")["metrics"]["landmarks"]
    assert stated["films"] == dict(by)
    assert stated["facing_unknown"] == len(unknown)
    named = [[point["name"] for point in row["keypoints"]] for row in films if row["keypoints"]]
    assert named == [[*NAMES]] * (len(films) - by["none"])
    card = written(made)
    assert "## Landmarks" in card
    assert f"| a model; no person placed or corrected them | {by['model']} |" in card
    assert f"| of two readers | {READ} |" in card
    assert "keypoint-detection" in card
    assert "no landmarks" not in card


def test_a_release_without_them_says_nothing_of_landmarks(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    made = make_release_of(inputs, small_params(), tmp_path)
    said = files_of(made)
    assert b"keypoints" not in b"".join(said.values())
    record = read_json(made / "release.json")
    assert "landmarks" not in record["metrics"]
    assert not [name for name in record["inputs"] if "landmarks" in name]


def test_one_film_s_row_that_is_missing_or_of_another_film_stops_the_release(
    placed: ReleaseInputs, on: Params
) -> None:
    table = placed.landmarks / "landmarks.parquet"

    def spoil(rows: list[dict[str, Any]]) -> None:
        rows[0]["sha256"] = "0" * 64
        rows[1]["keypoints"][0]["x"] = 99.0
        del rows[2]

    rewrite(table, schemas.LANDMARKS, spoil)
    with pytest.raises(ReleaseError) as caught:
        validate(placed, on)
    said = [f"{fault.where} {fault.what}" for fault in caught.value.faults]
    for part in ("column sha256", "does not lie on the film", "has no row", "key films says"):
        assert any(part in one for one in said), (part, said)


def test_landmarks_asked_for_since_the_stage_ran_are_missed(
    placed: ReleaseInputs, on: Params
) -> None:
    write_no_landmarks(placed)
    with pytest.raises(ReleaseError, match=r"fault") as caught:
        validate(placed, on)
    assert "is of other parameters" in caught.value.faults[0].what


Spoil = Callable[[list[dict[str, Any]]], Any]


def _placed_on(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["keypoints"])


def _angle(rows: list[dict[str, Any]]) -> None:
    _placed_on(rows)["angles"]["cobb_c2_c7"] += 0.01


def _point(rows: list[dict[str, Any]]) -> None:
    _placed_on(rows)["keypoints"][3]["y"] = -0.01


def _name(rows: list[dict[str, Any]]) -> None:
    _placed_on(rows)["keypoints"][3]["name"] = NAMES[4]


def _by(rows: list[dict[str, Any]]) -> None:
    points = _placed_on(rows)["keypoints"]
    other = {"model": "readers", "readers": "model"}[points[0]["placed_by"]]
    for point in points:
        point["placed_by"] = other


@pytest.mark.long
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_angle, "column angles: are"),
        (_point, "does not lie on the film"),
        (_name, "are not different landmarks in their order"),
        (_by, "metrics.landmarks: key films"),
    ],
)
def test_a_forged_landmark_is_noticed_though_all_hashes_are_made_to_fit(
    release: Path, on: Params, spoil: Spoil, said: str
) -> None:
    kind = films_of(on)

    def forge(folder: Path) -> None:
        rewrite(folder / SHARD, kind, spoil)

        def restate(record: dict[str, Any]) -> None:
            rows = list(tables.iterate(folder / SHARD, kind))
            record["shards"][SHARD]["content"] = content_of(rows)

        rejson(folder / "release.json", restate)

    found = [
        f"{one['where']}: {one['what']}" for one in verify(summed(release, forge))["differences"]
    ]
    assert any(said in one for one in found), found


@pytest.mark.long
@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("films", "model"), 1),
        (("readers", "films"), 99),
        (("readers", "waiting"), 0),
        (("readers", "state"), "complete"),
        (("points",), 22),
        (("teacher",), None),
        (("newcomer", "learnt"), 9_999),
    ],
)
def test_a_number_that_was_altered_is_noticed(
    release: Path, keys: tuple[str, ...], value: object
) -> None:
    def alter(folder: Path) -> None:
        def change(record: dict[str, Any]) -> None:
            part = record["metrics"]["landmarks"]
            for key in keys[:-1]:
                part = part[key]
            part[keys[-1]] = value

        rejson(folder / "release.json", change)

    found = [one["where"] for one in verify(summed(release, alter))["differences"]]
    assert any("metrics.landmarks" in where for where in found), found


def test_coco_holds_each_film_and_each_point_once(made: Path, tmp_path: Path) -> None:
    report = export_landmarks(made, tmp_path / "out", to="coco", images=True)
    coco = json.loads((tmp_path / "out/landmarks.json").read_text())
    images = {image["id"]: image for image in coco["images"]}
    (category,) = coco["categories"]
    assert len(images) == report["films"]
    assert len(coco["annotations"]) == report["with_landmarks"] == report["points"] / 23
    assert category["keypoints"] == [*NAMES]
    assert {number for edge in category["skeleton"] for number in edge} == {*range(1, 24)}
    for annotation in coco["annotations"]:
        image = images[annotation["image_id"]]
        assert (tmp_path / "out/images" / image["file_name"]).is_file()
        triples = [annotation["keypoints"][at : at + 3] for at in range(0, 69, 3)]
        assert sum(v > 0 for _, _, v in triples) == annotation["num_keypoints"] == 23
        left, top, width, height = annotation["bbox"]
        for x, y, _ in triples:
            assert left <= x <= left + width + 0.01 and top <= y <= top + height + 0.01
            assert 0 <= x <= image["width"] and 0 <= y <= image["height"]


def test_csv_holds_the_same_points_and_angles_as_the_films(made: Path, tmp_path: Path) -> None:
    export_landmarks(made, tmp_path / "out", to="csv")
    with (tmp_path / "out/landmarks.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == CSV_COLUMNS
    films = {
        row["id"]: row
        for shard in shards_of(made)
        for row in tables.iterate(shard, schemas.released_films(landmarks=True))
    }
    assert len(rows) == 23 * sum(bool(film["keypoints"]) for film in films.values())
    for row in rows:
        film = films[row["image"].removesuffix(".png")]
        (point,) = [one for one in film["keypoints"] if one["name"] == row["point"]]
        assert (float(row["x"]), float(row["y"])) == (point["x"], point["y"])
        assert row["placed_by"] == point["placed_by"]
        angle = film["angles"] and film["angles"]["cobb_c2_c7"]
        assert row["cobb_c2_c7"] == ("" if angle is None else str(angle))


def test_an_export_replaces_an_export_and_nobody_s_folder(made: Path, tmp_path: Path) -> None:
    for _ in range(2):
        export_landmarks(made, tmp_path / "out", to="csv")
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="holds more than landmarks"):
        export_landmarks(made, tmp_path, to="csv")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_published_version_s_landmarks_are_never_changed(
    placed: ReleaseInputs, made: Path, on: Params, tmp_path: Path
) -> None:
    enter(placed.published, made)
    write_landmarks(placed, on, read=0)
    with pytest.raises(ReleaseError, match="says something else of the same films"):
        make_release_of(placed, on, tmp_path)


def test_a_release_whose_films_wait_for_readers_is_not_ready(made: Path) -> None:
    record = read(made / "release.json", Record)
    assert record.metrics.landmarks and record.metrics.landmarks.readers
    assert record.metrics.landmarks.readers.waiting == ON.films - READ
    faults = {fault.where: fault for fault in incomplete_reviews(record)}
    assert "is not finished" in faults["landmarks"].what
    assert "cxr-release landmark" in faults["landmarks"].remedy
