"""What is known of real films beside their pixels: a column → film → value.

Films come with facts in two ways. Ingest has noted some in the manifest; and `patients.csv` beside
a folder of films may have any further columns. Facts only say which films form a group; no value of
a film is ever reported (see `groups`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cxr_release.films.film_set import FilmSet
from cxr_release.films.limits import AGE
from cxr_release.films.patients import PATIENTS, read_columns
from cxr_release.radiographs.fact_groups import CURVATURE, facts_of_row

Value = str | int | float | bool | None
Facts = Mapping[str, Mapping[str, Value]]
"""Column → id of a film → value; None, or no entry, where it is not stated."""

LORDOSIS = "lordosis, degrees"
TECHNICAL = ("source film", "source bits", "width over height", "source faces")
"""Facts of how a film was made and came in, which ingest evens out: no film as ingested shows them.
"""
_ENDPLATES = {
    "C2": ("C2 bottom left", "C2 bottom right"),
    "C7": ("C7 bottom left", "C7 bottom right"),
}


def facts_of_manifest(rows: Iterable[Mapping[str, Any]]) -> Facts:
    """Facts of ingested films: what the source stated, and what its films were like.

    Args:
        rows: of the manifest; `keypoints` as a list of `name`, `x` and `y`, or None.

    Returns:
        What the source and its tables state (`ingest.facts`), age, class of curvature, lordosis
        (the angle between the lower endplates of C2 and C7, where both are marked and it is known
        which way the film faces), whether the film was a negative, its bits, its shape (width over
        height) and which way it faced. Columns that no film has a value in are left out.
    """
    columns: dict[str, dict[str, Value]] = {}
    for row in rows:
        film = row.get("id")
        if film is None:
            continue
        for column, value in _facts(row).items():
            if value is not None:
                columns.setdefault(column, {})[film] = value
    return columns


def _facts(row: Mapping[str, Any]) -> dict[str, Value]:
    width, height = row.get("source_width"), row.get("source_height")
    inverted = row.get("inverted")
    known = facts_of_row(row)
    if row.get("curvature") is not None:
        known.pop(CURVATURE, None)  # the same, by the name below
    return {
        AGE: row.get("age"),
        **known,
        "curvature class": None if row.get("curvature") is None else f"class {row['curvature']}",
        LORDOSIS: lordosis(row.get("keypoints"), row.get("facing")),
        "source film": None if inverted is None else "negative" if inverted else "positive",
        "source bits": None if row.get("source_bits") is None else f"{row['source_bits']} bits",
        "width over height": width / height if width and height else None,
        "source faces": row.get("facing"),
    }


def lordosis(keypoints: Iterable[Mapping[str, Any]] | None, facing: str | None) -> float | None:
    """Angle between the lower endplates of C2 and C7 in degrees; below 0 for a kyphotic neck.

    Args:
        keypoints: marked on the film; `x` to the right and `y` down.
        facing: which way the film faces, `left` or `right`.

    Returns:
        None where an endplate is not marked, or it is not known which way the film faces.
    """
    if keypoints is None or facing not in ("left", "right"):
        return None
    points = {point["name"]: (point["x"], point["y"]) for point in keypoints}
    if not all(name in points for pair in _ENDPLATES.values() for name in pair):
        return None
    slopes = {
        level: math.degrees(
            math.atan2(
                points[right][1] - points[left][1],
                points[right][0] - points[left][0],
            )
        )
        for level, (left, right) in _ENDPLATES.items()
    }
    # An endplate of C7 falls towards the front: to the right in a film that faces right.
    turn = slopes["C7"] - slopes["C2"]
    turn = (turn + 180) % 360 - 180
    return turn if facing == "right" else -turn


def facts_beside(films: FilmSet) -> Facts:
    """Further columns of each `patients.csv` that lies beside films of a set.

    Raises:
        SourceError: a table cannot be read.
    """
    facts: dict[str, dict[str, Value]] = {}
    for source in films.sources:
        folder = Path(source.name)
        table = folder / PATIENTS
        if not folder.is_dir() or table.is_symlink() or not table.is_file():
            continue
        names = {Path(place).name: film for film, place in source.places.items()}
        for column, values in facts_of_table(table, names).items():
            facts.setdefault(column, {}).update(values)
    return facts


def facts_of_table(table: Path, names: Mapping[str, str]) -> Facts:
    """Further columns of a table with `file` and `patient`.

    Args:
        table: CSV, as `films.patients.read_patients` takes it.
        names: what the table calls a film → its id; rows of others are passed over.

    Raises:
        SourceError: the table cannot be read.
    """
    return {
        column: {names[name]: value for name, value in values.items()}
        for column, values in read_columns(table, set(names)).items()
    }
