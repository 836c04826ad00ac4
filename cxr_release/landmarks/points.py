"""The 23 landmarks of CSXA, and what is measured between them.

Ran et al., Scientific Data 11:625 (2024), doi 10.1038/s41597-024-03383-0: the centroid of C2, the
lower corners of its body, and the four corners of the bodies of C3 to C7. Left and right in their
names are sides of the film. Films here face left, so that left is the front of a body.

A film's points are an array (23, 2) in the order of `NAMES`: x to the right and y down, in pixels
from the top left corner of the film (the middle of its first pixel is 0.5, 0.5); NaN: not placed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.film_size import Size

Points = NDArray[np.float64]
LEVELS = ("C2", "C3", "C4", "C5", "C6", "C7")
CENTROID = "C2 centroid"
_CORNERS = ("top left", "top right", "bottom left", "bottom right")
NAMES = (
    CENTROID,
    *(f"C2 {corner}" for corner in _CORNERS[2:]),
    *(f"{level} {corner}" for level in LEVELS[1:] for corner in _CORNERS),
)
PLACES = {name: place for place, name in enumerate(NAMES)}
SKELETON = (
    (CENTROID, "C2 bottom left"),
    (CENTROID, "C2 bottom right"),
    ("C2 bottom left", "C2 bottom right"),
    *(
        (f"{level} {start}", f"{level} {end}")
        for level in LEVELS[1:]
        for start, end in pairwise((*(_CORNERS[at] for at in (0, 1, 3, 2)), _CORNERS[0]))
    ),
)
"""Edges that people draw between them: the outline of each body."""
DECIMALS = 2
"""Of a pixel: what is released of coordinates and lengths, and of degrees."""
MODEL, READERS = "model", "readers"
"""Who placed a point."""


def rounded(number: float) -> float:
    """As released; never −0."""
    return round(float(number), DECIMALS) + 0.0


def cobb(points: Points) -> Points:
    """Angle between the lower endplates of C2 and of C7, in degrees; above 0 in lordosis.

    Cobb's method on the cervical spine (Harrison et al., Spine 25:2072, 2000,
    doi 10.1097/00007632-200008150-00011): lines through both lower corners of a body.

    Args:
        points: (…, 23, 2) on films that face left.

    Returns:
        (…,) −180 … 180; NaN where a corner is missing.
    """
    turned = _slope(points, "C2") - _slope(points, "C7")
    angles: Points = np.degrees((turned + np.pi) % (2 * np.pi) - np.pi)
    return angles


def _slope(points: Points, level: str) -> Points:
    front, back = (points[..., PLACES[f"{level} bottom {side}"], :] for side in ("left", "right"))
    along = back - front
    turns: Points = np.arctan2(along[..., 1], along[..., 0])
    return turns


def sagittal_axis(points: Points) -> Points:
    """How far the centroid of C2 lies in front of the upper back corner of C7, in pixels.

    The C2–C7 sagittal vertical axis (Lee et al., Neurospine 17:478, 2020,
    doi 10.14245/ns.2040392.196): horizontal, from a plumb line through that centroid.

    Args:
        points: (…, 23, 2) on films that face left.

    Returns:
        (…,) below 0 where it lies behind; NaN where one of both is missing.
    """
    lengths: Points = points[..., PLACES["C7 top right"], 0] - points[..., PLACES[CENTROID], 0]
    return lengths


def angles_of(points: Points, millimetres_per_pixel: float | None) -> dict[str, float | None]:
    """The value of the column `angles`.

    Args:
        points: (23, 2) of one film, as released.
        millimetres_per_pixel: of the film, along rows and columns alike; None: not known.
    """
    axis = _known(sagittal_axis(points))
    scaled = None if axis is None or millimetres_per_pixel is None else axis * millimetres_per_pixel
    return {
        "cobb_c2_c7": _known(cobb(points)),
        "sva_pixels": axis,
        "sva_millimetres": None if scaled is None else rounded(scaled),
    }


def _known(value: Points) -> float | None:
    return rounded(float(value)) if np.isfinite(value) else None


def column_of(
    points: Points, uncertainty: Points, placed_by: str, size: Size
) -> list[dict[str, Any]]:
    """The value of the column `keypoints`: the points that were placed, in the order of `NAMES`.

    Args:
        points: (23, 2); what lies beyond the film is moved to its edge.
        uncertainty: (23,) in pixels; NaN: not known.
        placed_by: `MODEL` or `READERS`.
        size: of the film.
    """
    return [
        {
            "name": name,
            "x": rounded(min(max(x, 0.0), size.width)),
            "y": rounded(min(max(y, 0.0), size.height)),
            "uncertainty": rounded(about) if np.isfinite(about) else None,
            "placed_by": placed_by,
        }
        for name, (x, y), about in zip(NAMES, points, uncertainty, strict=True)
        if np.isfinite(x) and np.isfinite(y)
    ]


def points_of(column: Iterable[Mapping[str, Any]] | None) -> Points:
    """The points (23, 2) of a value of the column `keypoints`; points of other names are left out.

    Of two points of a name the last one counts.
    """
    points = np.full((len(NAMES), 2), np.nan)
    for point in column or ():
        if point["name"] in PLACES:
            points[PLACES[point["name"]]] = point["x"], point["y"]
    return points


def template(size: Size) -> Points:
    """Points (23, 2) to begin with where nothing is known: a straight neck in the film's middle."""
    middle, half = 0.5 * size.width, 0.1 * size.width
    step = 0.1 * size.height
    points = np.empty((len(NAMES), 2))
    for name, place in PLACES.items():
        level, _, corner = name.partition(" ")
        y = (0.2 + 0.1 * LEVELS.index(level)) * size.height
        x = middle + half * (("right" in corner) - ("left" in corner))
        points[place] = x, y + 0.35 * step * (("bottom" in corner) - ("top" in corner))
    return points
