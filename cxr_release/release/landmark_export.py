"""Landmarks of a release for other programs: COCO keypoints, or a long CSV.

COCO's format of keypoint annotations: https://cocodataset.org/#format-data. Each film has one
instance, the spine; a point that was not placed has v = 0, and its x and y are 0. Points count from
the film's top left corner, where the middle of the first pixel is 0.5, 0.5.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import whole_folder, write_text
from cxr_release.film_id import FILM_PATTERN
from cxr_release.film_size import Size
from cxr_release.json_documents import read
from cxr_release.landmarks.points import NAMES, PLACES, SKELETON
from cxr_release.release.checks.landmarks import point_faults
from cxr_release.release.layout import shards_of
from cxr_release.release.record import RECORD, Record

Row = Mapping[str, Any]
Form = Literal["coco", "csv"]
FILE: Mapping[Form, str] = {"coco": "landmarks.json", "csv": "landmarks.csv"}
IMAGES = "images"
_COLUMNS = ("id", "width", "height", "keypoints", "angles")
CSV_COLUMNS = (
    *("image", "width", "height", "point", "x", "y", "uncertainty", "placed_by"),
    *("cobb_c2_c7", "sva_pixels", "sva_millimetres"),
)
_VISIBLE = 2


def export_landmarks(
    release: Path, output: Path, *, to: Form, images: bool = False
) -> dict[str, Any]:
    """Write the landmarks of a release folder into a folder of their own, whole or not at all.

    Args:
        release: the release folder.
        output: the folder for them; what stood there before is replaced as a whole.
        to: the form.
        images: whether the films are written too, as PNG, below `images/`.

    Returns:
        `file`, `films` (all of the release), `with_landmarks`, and `points`.

    Raises:
        ReleaseError: the release holds no landmarks, or `output` holds other files.
        DocumentError: the folder is not a release.
        TableError: a table cannot be read.
    """
    record = _record(release)
    _require_replaceable(output)
    with whole_folder(output) as folder:
        rows = list(_rows(release, record.params.ingest.film_size, folder if images else None))
        text = _coco(rows, record) if to == "coco" else _csv(rows)
        write_text(folder / FILE[to], text)
    return {
        "file": str(output / FILE[to]),
        "films": len(rows),
        "with_landmarks": sum(bool(row["keypoints"]) for row in rows),
        "points": sum(len(row["keypoints"] or ()) for row in rows),
    }


def _record(release: Path) -> Record:
    record = read(release / RECORD, Record, remedy="name the folder of a release")
    if record.metrics.landmarks is None:
        raise ReleaseError(
            "holds no landmarks",
            where=str(release),
            remedy="set landmarks.teacher or landmarks.films in params.yaml, and run `dvc repro`",
        )
    return record


def _require_replaceable(output: Path) -> None:
    """Only what an export wrote is replaced: a slip must not cost somebody's folder."""
    if not os.path.lexists(output):
        return
    ours = {*FILE.values(), IMAGES}
    if not output.is_dir() or {path.name for path in output.iterdir()} - ours:
        raise ReleaseError(
            "is there, and holds more than landmarks",
            where=str(output),
            remedy="name another --output",
        )


def _rows(release: Path, size: Size, folder: Path | None) -> Iterator[Row]:
    """The films in the order of the shards' names; their PNG goes below `folder`, if any.

    Raises:
        ReleaseError: a film has no name of ours, or its landmarks are not in order.
    """
    for shard in shards_of(release):
        kind = schemas.released_films_of(shard)
        columns = [*_COLUMNS, *(["image"] if folder else [])]
        for piece in tables.batches(shard, kind, columns, 64):
            for row in piece.to_pylist():
                points = row["keypoints"]
                named = re.fullmatch(FILM_PATTERN, row["id"] or "")
                if not named or (points is not None and any(point_faults(points, size))):
                    raise ReleaseError(
                        "has landmarks, or a film's name, that are not in order",
                        where=str(shard),
                        remedy=f"run `cxr-release verify {release}`",
                    )
                if folder:
                    place = folder / IMAGES / f"{row['id']}.png"
                    place.parent.mkdir(exist_ok=True)
                    place.write_bytes(row.pop("image")["bytes"])
                yield row


def _coco(rows: list[Row], record: Record) -> str:
    document = {
        "info": {
            "description": record.title,
            "version": record.version,
            "contributor": ", ".join(record.authors),
        },
        "licenses": [{"id": 1, "name": record.license, "url": ""}],
        "images": [
            {
                "id": number,
                "file_name": f"{row['id']}.png",
                "width": row["width"],
                "height": row["height"],
                "license": 1,
            }
            for number, row in enumerate(rows, start=1)
        ],
        "annotations": [
            {"id": number, **_annotation(image, row)}
            for number, (image, row) in enumerate(
                ((image, row) for image, row in enumerate(rows, start=1) if row["keypoints"]),
                start=1,
            )
        ],
        "categories": [
            {
                "id": 1,
                "name": "cervical spine",
                "supercategory": "spine",
                "keypoints": list(NAMES),
                "skeleton": [[PLACES[start] + 1, PLACES[end] + 1] for start, end in SKELETON],
            }
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"


def _annotation(image: int, row: Row) -> dict[str, Any]:
    placed = {point["name"]: point for point in row["keypoints"]}
    across = [point["x"] for point in placed.values()]
    down = [point["y"] for point in placed.values()]
    left, top = min(across), min(down)
    width, height = round(max(across) - left, 2), round(max(down) - top, 2)
    flat = (
        (placed[name]["x"], placed[name]["y"], _VISIBLE) if name in placed else (0, 0, 0)
        for name in NAMES
    )
    return {
        "image_id": image,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [left, top, width, height],
        "area": round(width * height, 2),
        "num_keypoints": len(placed),
        "keypoints": [number for point in flat for number in point],
        "uncertainty": [placed[name]["uncertainty"] if name in placed else None for name in NAMES],
        "placed_by": row["keypoints"][0]["placed_by"],
        "angles": row["angles"],
    }


def _csv(rows: list[Row]) -> str:
    """One row a point; the film's angles stand on each of its rows. Empty: not known."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        film = {"image": f"{row['id']}.png", "width": row["width"], "height": row["height"]}
        for point in row["keypoints"] or ():
            named = {"point": point["name"], **{key: point[key] for key in CSV_COLUMNS[4:8]}}
            writer.writerow({**film, **named, **(row["angles"] or {})})
    return stream.getvalue()


def text_of(report: Mapping[str, Any]) -> str:
    """What `export_landmarks` returned, for people."""
    return (
        f"{report['points']:,} landmarks on {report['with_landmarks']:,} of {report['films']:,}"
        f" film(s): {report['file']}"
    )
