"""Landmarks that came in with a cohort's films, where they lie on the films as ingested.

Left and right in a landmark's name are sides of the film: they change where it was mirrored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cxr_release.radiographs.resample import Fit, place
from cxr_release.scorecard.utility.labels import Labels, Point


def labels_of_manifest(rows: Iterable[Mapping[str, Any]], *, size: int, fit: Fit) -> Labels | None:
    """Landmarks and classes of ingested films.

    Args:
        rows: of the manifest; `keypoints` in pixels of the source film, as a list of `name`, `x`
            and `y`, or None.
        size: pixels on each side of an ingested film.
        fit: how films were fitted into that.

    Returns:
        None where no film has any. Landmarks beyond the film are left out.
    """
    points: dict[str, dict[str, Point]] = {}
    classes: dict[str, str] = {}
    for row in rows:
        if row["curvature"] is not None:
            classes[row["id"]] = f"class {row['curvature']}"
        placed = {
            _named(point["name"], mirrored=row["flipped"]): _placed(point, row, size=size, fit=fit)
            for point in row["keypoints"] or ()
        }
        inside = {name: at for name, at in placed.items() if all(0 <= part <= 1 for part in at)}
        if inside:
            points[row["id"]] = inside
    return Labels(points=points, classes=classes) if points or classes else None


_SIDES = {"left": "right", "right": "left"}


def _named(name: str, *, mirrored: bool) -> str:
    return " ".join(_SIDES.get(word, word) for word in name.split()) if mirrored else name


def _placed(point: Mapping[str, Any], row: Mapping[str, Any], *, size: int, fit: Fit) -> Point:
    """Where a landmark lies on the ingested film, as fractions of its sides."""
    # Of the film or, where a border was cut off, of its exposed field.
    x, y = row.get("field_left") or 0, row.get("field_top") or 0
    width = (row.get("field_right") or row["source_width"]) - x
    height = (row.get("field_bottom") or row["source_height"]) - y
    left, top, right, bottom = place(width, height, size, fit)
    across = (left + (point["x"] - x) / width * (right - left)) / size
    down = (top + (point["y"] - y) / height * (bottom - top)) / size
    return (1 - across if row["flipped"] else across), down
