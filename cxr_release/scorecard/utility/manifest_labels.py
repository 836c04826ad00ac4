"""Landmarks and classes that came in with a cohort's films, as labels of the ingested films."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cxr_release.film_size import Size
from cxr_release.landmarks.manifest_points import placed_points
from cxr_release.scorecard.utility.labels import Labels, Point


def labels_of_manifest(rows: Iterable[Mapping[str, Any]], *, size: Size) -> Labels | None:
    """Landmarks and classes of ingested films.

    Args:
        rows: of the manifest; see `placed_points`.
        size: of an ingested film.

    Returns:
        None where no film has any. Landmarks beyond the film are left out.
    """
    points: dict[str, dict[str, Point]] = {}
    classes: dict[str, str] = {}
    for row in rows:
        if row["curvature"] is not None:
            classes[row["id"]] = f"class {row['curvature']}"
        if inside := placed_points(row, size):
            points[row["id"]] = inside
    return Labels(points=points, classes=classes) if points or classes else None
