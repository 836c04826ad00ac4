"""What a DICOM header says of its film: codes and numbers, and no free text."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.films.decode import Decoded, decode
from cxr_release.films.facts import Header
from cxr_release.params.films import DicomParams
from tests.support.dicom_films import dataset_of, encoded

PIXELS = (np.add.outer(np.arange(40), np.arange(60)) * 20).astype(np.uint16)


def decoded(**elements: Any) -> Decoded:
    return decode(encoded(dataset_of(PIXELS, 12, **elements)))


def header(**elements: Any) -> Header:
    return decoded(**elements).header


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({}, None),
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "unknown")),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, "detector")),
        ({"NominalScannedPixelSpacing": [0.2, 0.2]}, (0.2, 0.2, "detector")),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.1, 0.1]}, (0.1, 0.1, "detector")),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]}, (0.1, 0.1, "calibrated")),
        (
            {"PixelSpacing": [0.1, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.1, 0.1, "calibrated"),
        ),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": "1.3"},
            (0.2, 0.2, "detector"),
        ),
        ({"PixelSpacing": [0, 0]}, None),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2, "detector")),
        ({"PixelSpacing": [90, 90]}, None),
        ({"PixelSpacing": 0.1}, None),
    ],
)
def test_spacing_is_what_the_standard_makes_of_its_elements(
    elements: dict[str, Any], expected: tuple[float, float, str] | None
) -> None:
    spacing = header(**elements).spacing
    assert (spacing and (spacing.row, spacing.column, spacing.kind)) == expected


@pytest.mark.parametrize(
    ("stated", "age"),
    [("047Y", 47), ("090Y", 90), ("103Y", 90), ("018M", 1), ("011M", 0), ("060W", 1), ("400D", 1),
     ("47", None), ("47Y", None), ("", None)],
)  # fmt: skip
def test_ages_are_whole_years_of_90_at_most(stated: str, age: int | None) -> None:
    assert header(PatientAge=stated).codes.get("age") == age


@pytest.mark.parametrize(
    ("keyword", "name", "code"),
    [
        ("BodyPartExamined", "body_part", "CSPINE"),
        ("ViewPosition", "view", "LL"),
        ("Laterality", "laterality", "R"),
        ("ImageLaterality", "laterality", "U"),
        ("PatientSex", "sex", "F"),
    ],
)
def test_codes_come_through_and_free_text_in_them_does_not(
    keyword: str, name: str, code: str
) -> None:
    assert header(**{keyword: code}).codes[name] == code
    assert header(**{keyword: code.lower()}).codes[name] == code
    for text in ("MUELLER ANNA", "Mueller^Anna", "19610724", "c-spine", f"{code}^X", ""):
        assert name not in header(**{keyword: text}).codes


def test_a_code_that_the_settings_name_is_known() -> None:
    data = encoded(dataset_of(PIXELS, 12, BodyPartExamined="HWS"))
    assert "body_part" not in decode(data).header.codes
    assert decode(data, DicomParams(body_part=("HWS",))).header.codes["body_part"] == "HWS"


@given(st.text(max_size=16))
def test_no_text_in_any_code_comes_through(text: str) -> None:
    from cxr_release.films import dicom_terms as terms
    from cxr_release.films.dicom_header import film_codes

    keywords = ("BodyPartExamined", "ViewPosition", "Laterality", "PatientSex", "PatientAge")
    dataset = dataset_of(PIXELS[:1], 12, Modality=text, **dict.fromkeys(keywords, text))
    known = terms.BODY_PARTS | terms.VIEWS | terms.LATERALITIES | terms.SEXES | terms.MODALITIES
    for value in film_codes(dataset, DicomParams()).values():
        assert isinstance(value, float) or value in known


def rectangle(device: str, *edges: int) -> dict[str, Any]:
    names = ("LeftVertical", "UpperHorizontal", "RightVertical", "LowerHorizontal")
    return {
        f"{device}Shape": "RECTANGULAR",
        **{f"{device}{name}Edge": edge for name, edge in zip(names, edges, strict=True)},
    }


@pytest.mark.parametrize(
    ("elements", "box"),
    [
        ({}, None),
        (rectangle("Collimator", 11, 6, 50, 30), (10, 5, 50, 30)),
        (rectangle("Shutter", 1, 1, 60, 40), (0, 0, 60, 40)),
        (rectangle("Collimator", 0, 0, 61, 41), (0, 0, 60, 40)),
        (
            rectangle("Collimator", 11, 6, 50, 30) | rectangle("Shutter", 5, 8, 45, 40),
            (10, 7, 45, 30),
        ),
        (
            {
                "CollimatorShape": "CIRCULAR",
                "CenterOfCircularCollimator": [21, 31],
                "RadiusOfCircularCollimator": 10,
            },
            (20, 10, 41, 31),
        ),
        (
            {
                "ShutterShape": "POLYGONAL",
                "VerticesOfThePolygonalShutter": [2, 30, 38, 10, 38, 50],
            },
            (9, 1, 50, 38),
        ),
        (rectangle("Collimator", -184, 907, 184, 1299), None),
        (rectangle("Collimator", 50, 6, 11, 30), None),
        (rectangle("Collimator", 1, 1, 2, 2), None),
        ({"CollimatorShape": "RECTANGULAR"}, None),
        ({"CollimatorShape": "ROUND"} | {"CollimatorLeftVerticalEdge": 3}, None),
    ],
)
def test_the_exposed_field_is_what_collimator_and_shutter_leave_open(
    elements: dict[str, Any], box: tuple[int, ...] | None
) -> None:
    assert header(**elements).exposed == box


def test_loss_and_overlays_are_said() -> None:
    assert header().lossy is None
    assert header(LossyImageCompression="01").lossy is True
    assert header(LossyImageCompression="00").lossy is False
    assert header().overlay is False
    dataset = dataset_of(PIXELS, 12)
    dataset.add_new((0x6002, 0x0010), "US", 4)
    assert decode(encoded(dataset)).header.overlay is True


def test_pixels_that_are_not_square_and_have_no_spacing_are_displayed_square() -> None:
    tall = decoded(PixelAspectRatio=["2", "1"], **rectangle("Collimator", 11, 6, 50, 30))
    assert tall.film.shape == (80, 60)
    assert tall.header.exposed == (10, 10, 50, 60)
    assert decoded(PixelAspectRatio=["1", "2"]).film.shape == (40, 120)
    for ratio in (["1", "1"], ["0", "1"], ["1", "100"], "2"):
        assert decoded(PixelAspectRatio=ratio).film.shape == (40, 60)
    with_spacing = decoded(PixelAspectRatio=["2", "1"], PixelSpacing=[0.2, 0.1])
    assert with_spacing.film.shape == (40, 60)
