import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.films.atlas import curvatures_in, is_atlas, list_atlas
from cxr_release.films.facts import Facts
from cxr_release.films.png import Film
from tests.support.film_key import KEY

POINTS = {"C2 centroid": (30.0, 12.5), "C7 bottom right": (61.25, 200.0)}


def annotation(film: Film, **changes: Any) -> dict[str, Any]:
    shapes = [
        {"label": label, "points": [list(point)], "shape_type": "point"}
        for label, point in POINTS.items()
    ]
    shapes.append({"label": "C2 centroid", "points": [[99, 99]], "shape_type": "point"})
    return {
        "version": "5.0.1",
        "flags": {},
        "shapes": shapes,
        "imagePath": "..\\x.png",
        "imageData": base64.b64encode(b"SECRET FILM" * 9).decode(),
        "imageHeight": film.shape[0],
        "imageWidth": film.shape[1],
    } | changes


@pytest.fixture
def atlas(tmp_path: Path, positives: list[Film]) -> Path:
    """Two films of case 1, one of case 7, as CSXA lays them out."""
    root = tmp_path / "csxa"
    for folder in ("datasets-PNG", "datasets-JSON"):
        (root / folder).mkdir(parents=True)
    for stem, film in zip(("0001035", "0001136", "0007181"), positives, strict=False):
        Image.fromarray(film).save(root / "datasets-PNG" / f"{stem}.png")
        text = json.dumps(annotation(film))
        (root / "datasets-JSON" / f"{stem}.json").write_text(text)
    return root


def write_book(path: Path, rows: list[list[Any]], sheet: str = "Sheet1") -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)


def test_names_hold_case_and_age_and_json_holds_key_points(atlas: Path) -> None:
    assert is_atlas(atlas)
    listing = list_atlas(atlas, KEY)
    assert not listing.faults
    facts = [film.load()[1] for film in listing.films]
    assert [film_facts.source_file for film_facts in facts] == [
        f"datasets-PNG/{stem}.png" for stem in ("0001035", "0001136", "0007181")
    ]
    assert [film_facts.id for film_facts in facts] == [
        KEY.film(f"{stem}.png") for stem in ("0001035", "0001136", "0007181")
    ]
    assert [film_facts.case for film_facts in facts] == ["0001", "0001", "0007"]
    assert [film_facts.patient for film_facts in facts] == [None] * 3
    assert [film_facts.age for film_facts in facts] == [35, 36, 81]
    assert all(film_facts.keypoints == POINTS for film_facts in facts)
    assert "SECRET" not in repr(facts)


def test_whose_films_they_are_a_table_beside_them_may_state(atlas: Path) -> None:
    table = atlas / "patients.csv"
    table.write_text("file,patient\n0001035.png,p1\n0001136.png,\n0007181.png,p1\n")
    listing = list_atlas(atlas, KEY)
    assert not listing.faults
    facts = [film.load()[1] for film in listing.films]
    assert [film_facts.stated_patient for film_facts in facts] == ["p1", None, "p1"]
    table.write_text("file,patient\n0001035.png,p1\n0007181.png,P1\n")
    assert {fault.where for fault in list_atlas(atlas, KEY).faults} == {
        f"datasets-PNG/{stem}.png" for stem in ("0001035", "0001136", "0007181")
    }


def test_json_and_workbook_are_optional(atlas: Path) -> None:
    (atlas / "datasets-JSON" / "0001035.json").unlink()
    facts = [film.load()[1] for film in list_atlas(atlas, KEY).films]
    assert [film_facts.keypoints is None for film_facts in facts] == [True, False, False]
    assert [film_facts.curvature for film_facts in facts] == [None, None, None]


def test_the_workbook_gives_curvature_classes(atlas: Path) -> None:
    titles = ["Number", "Gender", "Cervical curvature", "Curvature angle (°)"]
    for two, five, nothing in ((2, 5, None), ("2", " 5 ", ""), ("2.0", 5.0, " ")):
        rows = [
            ["a title"],
            titles,
            [1035, "f", two, 17.5],
            ["0001136", "m", five, -3],
            [7181, "m", nothing, 12],
        ]
        write_book(atlas / "datasets.xlsx", rows)
        facts = [film.load()[1] for film in list_atlas(atlas, KEY).films]
        assert [film_facts.curvature for film_facts in facts] == [2, 5, None]


def test_rows_of_a_workbook_may_end_at_their_last_value() -> None:
    rows: list[tuple[Any, ...]] = [("Sex", "Number", "Curvature"), ("f", 1035, 3), (), ("m", 7181)]
    assert curvatures_in(rows) == {"0001035": 3}


def test_ages_above_90_are_90(atlas: Path) -> None:
    path = atlas / "datasets-PNG" / "0007181.png"
    path.rename(path.with_name("0007197.png"))
    assert [film.load()[1].age for film in list_atlas(atlas, KEY).films] == [35, 36, 90]


def test_workbooks_that_cannot_be_understood(atlas: Path) -> None:
    path = atlas / "datasets.xlsx"
    path.write_bytes(b"PK\3\4 no workbook")
    with pytest.raises(SourceError, match="is not a workbook"):
        list_atlas(atlas, KEY)
    write_book(path, [["t"], ["Number"]], sheet="Other")
    with pytest.raises(SourceError, match="'Sheet1'"):
        list_atlas(atlas, KEY)
    for titles, fault in (
        (("Nr", "Curvature"), "no column Number"),
        (("Number", "Angle"), r"candidates: none"),
        (("Number", "Curvature 1", "Curvature 2"), "candidates: 'Curvature 1', 'Curvature 2'"),
    ):
        with pytest.raises(SourceError, match=fault):
            curvatures_in([titles, (1035, 3, 4)])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is empty (0 bytes)"),
        (b"{", "is not LabelMe JSON"),
        (b"[]", "is not LabelMe JSON"),
        (b"\xff\xfe\xff", "is not LabelMe JSON"),
        (b'{"shapes": 7}', "is not LabelMe JSON"),
        (b'{"shapes": [7, null, {"label": "C2"}]}', "3 of its shapes: not a point"),
        (b'{"shapes": [{"label": "C2", "points": []}]}', "1 of its shapes: not a point"),
        (
            b'{"shapes": [{"label": "C2", "points": [[1, NaN]]}]}',
            "1 of its shapes: without a place",
        ),
        (
            b'{"shapes": [{"label": "C2", "points": [["1", 2]]}]}',
            "1 of its shapes: without a place",
        ),
        (
            b'{"shapes": [{"label": "C2", "points": [[true, 2]]}]}',
            "1 of its shapes: without a place",
        ),
        (b'{"shapes": [{"label": " ", "points": [[1, 2]]}]}', "1 of its shapes: without a name"),
        (
            b'{"shapes": [{"label": "C2", "points": [[1, 9999]]}]}',
            "1 of its shapes: outside the film",
        ),
        (
            b'{"shapes": [], "imageWidth": 1, "imageHeight": 1}',
            "is of a film of another size, 1 × 1",
        ),
        (b"[" * 100_000, "is not LabelMe JSON"),
        (
            b'{"shapes": [{"label": "C2", "points": [[1, 1' + b"0" * 400 + b"]]}]}",
            "not a point",
        ),
    ],
)
def test_a_bad_annotation_is_named_and_costs_no_film(
    atlas: Path, content: bytes, fault: str
) -> None:
    (atlas / "datasets-JSON" / "0001035.json").write_bytes(content)
    listing = list_atlas(atlas, KEY)
    assert not listing.faults
    film, facts = listing.films[0].load()
    assert facts.keypoints is None
    assert film.shape == (facts.height, facts.width)
    (entry,) = facts.left_out
    assert entry.startswith("datasets-JSON/0001035.json: ")
    assert fault in entry


def loaded(atlas: Path, content: bytes) -> Facts:
    (atlas / "datasets-JSON" / "0001035.json").write_bytes(content)
    return list_atlas(atlas, KEY).films[0].load()[1]


def test_a_polygon_among_the_points_costs_itself_alone(atlas: Path, positives: list[Film]) -> None:
    document = annotation(positives[0])
    outline = {"label": "C3", "points": [[1, 1], [2, 2], [3, 1]], "shape_type": "polygon"}
    document["shapes"].insert(1, outline)
    facts = loaded(atlas, json.dumps(document).encode())
    assert facts.keypoints == POINTS
    assert facts.left_out == (
        "datasets-JSON/0001035.json: 1 of its shapes: not a point",
        "datasets-JSON/0001035.json: 1 of its shapes: with the name of an earlier point",
    )


@pytest.mark.parametrize("size", [{}, {"imageHeight": None, "imageWidth": None}])
def test_an_annotation_without_sizes_is_taken(
    atlas: Path, positives: list[Film], size: dict[str, None]
) -> None:
    document = annotation(positives[0])
    del document["imageHeight"], document["imageWidth"]
    assert loaded(atlas, json.dumps(document | size).encode()).keypoints == POINTS


@pytest.mark.parametrize("coding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_an_annotation_is_read_in_the_codings_that_labelme_writes(
    atlas: Path, positives: list[Film], coding: str
) -> None:
    text = json.dumps(annotation(positives[0], imagePath="颈椎\\片.png"), ensure_ascii=False)
    assert loaded(atlas, text.encode(coding)).keypoints == POINTS


def test_odd_names_are_refused_and_annotations_from_elsewhere_not_read(
    atlas: Path, tmp_path: Path
) -> None:
    films = atlas / "datasets-PNG"
    (films / "12345.png").touch()
    Image.fromarray(np.eye(9, dtype=np.uint8)).save(films / "0009120.tif")
    (tmp_path / "secret.json").write_text("{}")
    stolen = atlas / "datasets-JSON" / "0007181.json"
    stolen.unlink()
    stolen.symlink_to(tmp_path / "secret.json")
    listing = list_atlas(atlas, KEY)
    assert {fault.where: fault.what for fault in listing.faults} == {
        "datasets-PNG/12345.png": "is not named by seven digits and .png",
        "datasets-PNG/0009120.tif": "is not named by seven digits and .png",
    }
    assert [film.name[-11:-4] for film in listing.films] == ["0001035", "0001136", "0007181"]
    facts = listing.films[2].load()[1]
    assert facts.keypoints is None
    assert facts.left_out == ("datasets-JSON/0007181.json: is a symbolic link out of the folder",)
