"""Landmarks that came in with a cohort's films, where they lie on the films as ingested.

Left and right in a landmark's name are sides of the film: they change where it was mirrored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxr_release.film_size import Size
from cxr_release.schemas import EDGES

_SIDES = {"left": "right", "right": "left"}


def placed_points(row: Mapping[str, Any], size: Size) -> dict[str, tuple[float, float]]:
    """Landmarks of one ingested film by name; those beyond the film are left out.

    Args:
        row: of the manifest; `keypoints` in pixels of the source film, as a list of `name`, `x`
            and `y`, or None; `placed_left` and its like say where that came to lie.
        size: of an ingested film.

    Returns:
        Name → x and y as fractions of the film's sides, 0 … 1.
    """
    placed = {
        _named(point["name"], mirrored=row["flipped"]): _placed(point, row, size)
        for point in row["keypoints"] or ()
        if _is_taken(point, row)
    }
    return {name: at for name, at in placed.items() if all(0 <= part <= 1 for part in at)}


def _named(name: str, *, mirrored: bool) -> str:
    return " ".join(_SIDES.get(word, word) for word in name.split()) if mirrored else name


def _is_taken(point: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a landmark lies in what was taken of the source film."""
    edges = [row[f"field_{edge}"] for edge in EDGES]
    if None in edges:  # all of it was
        return True
    left, top, right, bottom = edges
    return bool(left <= point["x"] <= right and top <= point["y"] <= bottom)


def _placed(point: Mapping[str, Any], row: Mapping[str, Any], size: Size) -> tuple[float, float]:
    """Where a landmark lies on the ingested film, as fractions of its sides."""
    left, top, right, bottom = (row[f"placed_{edge}"] for edge in EDGES)
    across = (left + point["x"] / row["source_width"] * (right - left)) / size.width
    down = (top + point["y"] / row["source_height"] * (bottom - top)) / size.height
    return (1 - across if row["flipped"] else across), down
