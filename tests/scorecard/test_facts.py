"""What is known of films: of the manifest, and beside a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxr_release.films.film_set import open_films
from cxr_release.scorecard.facts import (
    LORDOSIS,
    facts_beside,
    facts_of_manifest,
    facts_of_table,
    lordosis,
)
from tests.support.film_arrays import film_set
from tests.support.phantom_sets import write_folder


def endplate(level: str, degrees: float, at: float) -> list[dict[str, Any]]:
    turn = math.radians(degrees)
    return [
        {
            "name": f"{level} bottom {side}",
            "x": 50 + x * math.cos(turn),
            "y": at + x * math.sin(turn),
        }
        for side, x in (("left", -9), ("right", 9))
    ]


@pytest.mark.parametrize("turned", [-20, 0, 35])
def test_lordosis_is_the_angle_between_the_endplates_whichever_way_the_film_faces(
    turned: float,
) -> None:
    points = endplate("C2", turned + 3, 20) + endplate("C7", turned + 25, 90)
    assert lordosis(points, "right") == pytest.approx(22)
    mirrored = [
        {**point, "x": 100 - point["x"], "name": point["name"].replace("left", "other")}
        for point in points
    ]
    mirrored = [
        {**point, "name": point["name"].replace("right", "left").replace("other", "right")}
        for point in mirrored
    ]
    assert lordosis(mirrored, "left") == pytest.approx(22)
    assert lordosis(points, None) is None
    assert lordosis(points[1:], "right") is None
    assert lordosis(None, "right") is None


def test_facts_of_the_manifest() -> None:
    points = endplate("C2", 0, 20) + endplate("C7", -10, 90)
    row = {
        "id": "a",
        "age": 44,
        "curvature": 3,
        "inverted": True,
        "source_bits": 16,
        "source_width": 30,
        "source_height": 40,
        "facing": "left",
        "keypoints": points,
    }
    empty = dict.fromkeys(row) | {"id": "b", "inverted": False, "source_bits": 8}
    facts = facts_of_manifest([row, empty, dict.fromkeys(row)])
    assert facts["age"] == {"a": 44}
    assert facts["curvature class"] == {"a": "class 3"}
    assert facts[LORDOSIS] == {"a": pytest.approx(10)}
    assert facts["source film"] == {"a": "negative", "b": "positive"}
    assert facts["source bits"] == {"a": "16 bits", "b": "8 bits"}
    assert facts["width over height"] == {"a": 0.75}
    assert facts["source faces"] == {"a": "left"}
    assert facts_of_manifest([dict.fromkeys(row)]) == {}


def test_further_columns_of_the_table_beside_the_films(tmp_path: Path) -> None:
    films = {name: np.full((8, 8), 9, np.uint8) for name in ("a", "b")}
    folder = write_folder(tmp_path / "films", films)
    (folder / "patients.csv").write_text(
        "file,patient,sex,,age,sex,site\na.png,p1, F ,x,41,M,\nb.png,p2,,x,52,F,\n"
    )
    facts = facts_beside(open_films([folder], "trained"))
    assert facts == {"sex": {"a": "F"}, "age": {"a": "41", "b": "52"}}
    assert facts_of_table(folder / "patients.csv", {"b.png": "B"}) == {"age": {"B": "52"}}
    assert facts_beside(film_set("trained", {"a": films["a"]})) == {}
