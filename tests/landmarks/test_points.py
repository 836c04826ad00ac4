"""Names of landmarks, and what is measured between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.film_size import Size
from cxr_release.landmarks.manifest_points import placed_points
from cxr_release.landmarks.points import (
    MODEL,
    NAMES,
    PLACES,
    SKELETON,
    angles_of,
    cobb,
    column_of,
    points_of,
    sagittal_axis,
    template,
)
from cxr_release.radiographs.phantoms.patient import LEVELS
from cxr_release.release.checks.landmarks import check_landmarks
from cxr_release.release.checks.report import CheckReport, Place

SIZE = Size(64, 48)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    """Points turned clockwise on the film, for y runs down."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (points - 30) @ turn + 30


def test_the_names_are_the_23_of_csxa() -> None:
    assert len({*NAMES}) == 23
    assert NAMES[0] == "C2 centroid"
    assert {name.split(" ")[0] for name in NAMES} == {*LEVELS[:6]}
    assert not [name for name in NAMES if name.startswith("C2 top")]
    assert {name for edge in SKELETON for name in edge} == {*NAMES}


@given(turn=st.floats(-60, 60), bend=st.floats(-50, 50))
def test_the_angle_is_that_between_the_lower_endplates_however_the_film_lies(
    turn: float, bend: float
) -> None:
    points = template(SIZE)
    lower = [PLACES["C7 bottom left"], PLACES["C7 bottom right"]]
    # A vertebra that bends back: its front rises against that of C2.
    points[lower] = turned(points[lower], -bend)
    assert cobb(turned(points, turn)) == pytest.approx(bend, abs=1e-6)


def test_the_axis_is_positive_where_c2_lies_in_front() -> None:
    points = template(SIZE)
    points[PLACES["C2 centroid"]] = 10, 5
    points[PLACES["C7 top right"]] = 31.5, 40
    assert sagittal_axis(points) == 21.5
    assert angles_of(points, 0.5)["sva_millimetres"] == 10.75
    assert angles_of(points, None)["sva_millimetres"] is None


def test_what_is_not_placed_leaves_the_measures_that_need_it_empty() -> None:
    points = template(SIZE)
    points[PLACES["C7 bottom left"]] = np.nan
    angles = angles_of(points, None)
    assert angles["cobb_c2_c7"] is None
    assert angles["sva_pixels"] is not None
    assert len(column_of(points, np.ones(23), MODEL, SIZE)) == 22


@given(st.lists(st.tuples(st.floats(-9, 99), st.floats(-9, 99)), min_size=23, max_size=23))
def test_a_column_gives_its_points_back_and_keeps_them_on_the_film(
    drawn: list[tuple[float, float]],
) -> None:
    column = column_of(np.array(drawn), np.full(23, np.nan), MODEL, SIZE)
    points = points_of(column)
    assert (points >= 0).all() and (points <= [64, 48]).all()
    assert np.abs(points - np.clip(drawn, 0, [64, 48])).max() <= 0.005 + 1e-9
    row = {"id": "a", "facing": "left", "keypoints": column, "angles": angles_of(points, None)}
    report = CheckReport()
    check_landmarks([row], SIZE, None, Place("t"), report)
    faults = [fault for fault in report.faults if "no uncertainty" not in fault.what]
    assert not faults


def test_a_mirrored_film_s_left_is_its_right() -> None:
    row = {
        "keypoints": [{"name": "C3 top left", "x": 10.0, "y": 20.0}],
        "flipped": True,
        "source_width": 100,
        "source_height": 100,
        **{f"placed_{edge}": at for edge, at in zip(schemas.EDGES, (0, 0, 64, 48), strict=True)},
        **dict.fromkeys(f"field_{edge}" for edge in schemas.EDGES),
    }
    assert placed_points(row, SIZE) == {"C3 top right": (pytest.approx(0.9), pytest.approx(0.2))}


def test_both_columns_show_as_features_and_come_back(tmp_path: Path) -> None:
    column = column_of(template(SIZE), np.full(23, np.nan), MODEL, SIZE)
    rows = [
        {
            "id": f"checkpoint-3-large-{index:05d}",
            "sha256": "ab" * 32,
            "keypoints": column if index else None,
            "angles": angles_of(template(SIZE), None) if index else None,
        }
        for index in range(2)
    ]
    tables.write(tmp_path / "l.parquet", schemas.LANDMARKS, rows)
    assert list(tables.iterate(tmp_path / "l.parquet", schemas.LANDMARKS)) == rows
    keypoints, angles = (one.feature() for one in schemas.LANDMARK_COLUMNS)
    assert keypoints["_type"] == "List"
    assert keypoints["feature"]["x"] == {"_type": "Value", "dtype": "float64"}
    assert [*angles] == ["cobb_c2_c7", "sva_pixels", "sva_millimetres"]
