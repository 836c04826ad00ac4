import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from film_key import KEY
from PIL import Image

from cxr_release.errors import SourceError
from cxr_release.radiographs.atlas import curvatures_in, is_atlas, list_atlas
from cxr_release.radiographs.png import Film

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
    assert [one.source_file for one in facts] == [
        f"datasets-PNG/{stem}.png" for stem in ("0001035", "0001136", "0007181")
    ]
    assert [one.id for one in facts] == [
        KEY.film(f"{stem}.png") for stem in ("0001035", "0001136", "0007181")
    ]
    assert [one.case for one in facts] == ["0001", "0001", "0007"]
    assert [one.patient for one in facts] == [None] * 3
    assert [one.age for one in facts] == [35, 36, 81]
    assert all(one.keypoints == POINTS for one in facts)
    assert "SECRET" not in repr(facts)


def test_whose_films_they_are_a_table_beside_them_may_state(atlas: Path) -> None:
    table = atlas / "patients.csv"
    table.write_text("file,patient\n0001035.png,p1\n0001136.png,\n0007181.png,p1\n")
    listing = list_atlas(atlas, KEY)
    assert not listing.faults
    facts = [film.load()[1] for film in listing.films]
    assert [one.stated_patient for one in facts] == ["p1", None, "p1"]
    table.write_text("file,patient\n0001035.png,p1\n0007181.png,P1\n")
    assert {fault.where for fault in list_atlas(atlas, KEY).faults} == {
        f"datasets-PNG/{stem}.png" for stem in ("0001035", "0001136", "0007181")
    }


def test_json_and_workbook_are_optional(atlas: Path) -> None:
    (atlas / "datasets-JSON" / "0001035.json").unlink()
    facts = [film.load()[1] for film in list_atlas(atlas, KEY).films]
    assert [one.keypoints is None for one in facts] == [True, False, False]
    assert [one.curvature for one in facts] == [None, None, None]


def test_the_workbook_gives_curvature_classes(atlas: Path) -> None:
    rows = [
        ["a title"],
        ["Number", "Gender", "Cervical curvature", "Curvature angle (°)"],
        [1035, "f", 2, 17.5],
        ["0001136", "m", 5, -3],
        [7181, "m", None, 12],
    ]
    write_book(atlas / "datasets.xlsx", rows)
    facts = [film.load()[1] for film in list_atlas(atlas, KEY).films]
    assert [one.curvature for one in facts] == [2, 5, None]


def test_workbooks_that_cannot_be_understood(atlas: Path) -> None:
    path = atlas / "datasets.xlsx"
    path.write_bytes(b"PK\3\4 no workbook")
    with pytest.raises(SourceError, match="is no workbook"):
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
        (b"", "that is empty"),
        (b"{", "is no LabelMe JSON"),
        (b"[]", "is no LabelMe JSON"),
        (b'{"shapes": [{"label": "C2", "points": []}]}', "is no LabelMe JSON"),
        (b'{"shapes": [{"label": "C2", "points": [[1, NaN]]}]}', "is no LabelMe JSON"),
        (b'{"shapes": [{"label": "C2", "points": [["1", 2]]}]}', "is no LabelMe JSON"),
        (b'{"shapes": [], "imageWidth": 1, "imageHeight": 1}', "film of another size"),
        (b"[" * 100_000, "is no LabelMe JSON"),
    ],
)
def test_bad_annotations_are_named_with_their_film(atlas: Path, content: bytes, fault: str) -> None:
    (atlas / "datasets-JSON" / "0001035.json").write_bytes(content)
    with pytest.raises(SourceError, match=fault) as caught:
        list_atlas(atlas, KEY).films[0].load()
    assert "datasets-JSON/0001035.json" in str(caught.value)


def test_odd_names_and_annotations_from_elsewhere_are_refused(atlas: Path, tmp_path: Path) -> None:
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
        "datasets-PNG/0007181.png": "has an annotation, datasets-JSON/0007181.json, that is a"
        " symbolic link out of the folder",
    }
    assert [film.name[-11:-4] for film in listing.films] == ["0001035", "0001136"]
