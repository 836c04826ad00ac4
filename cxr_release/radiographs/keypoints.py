"""Key points of a film out of a LabelMe file. They are optional: nothing in them costs the film."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr_release.errors import SourceError
from cxr_release.radiographs.decode import read_bytes

Points = dict[str, tuple[float, float]]
"""Name → (x, y) in pixels of the film as displayed."""


def read_keypoints(path: Path, width: int, height: int) -> tuple[Points, list[str]]:
    """Key points of a film of width × height pixels, and what had to be left out.

    Points have one place within the film and a name; of two with one name the first counts. The
    file may be in any Unicode, or in GB 18030 (GBK), as LabelMe writes it in Chinese Windows. The
    film itself, which it can hold in base64, is not decoded.
    """
    try:
        document = _document(read_bytes(path))
        shapes = list(document["shapes"])
        size = document.get("imageWidth"), document.get("imageHeight")
    except SourceError as error:
        return {}, [error.what]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}, ["is not LabelMe JSON"]
    if any(
        isinstance(stated, int) and stated != actual
        for stated, actual in zip(size, (width, height), strict=True)
    ):
        return {}, [f"is of a film of another size, {size[0]} × {size[1]}"]
    points: Points = {}
    left_out: dict[str, int] = {}
    for shape in shapes:
        name, place, fault = _point(shape)
        if not fault and not (0 <= place[0] <= width and 0 <= place[1] <= height):
            fault = "outside the film"
        if not fault and name in points:
            fault = "with the name of another"
        if fault:
            left_out[fault] = left_out.get(fault, 0) + 1
        else:
            points[name] = place
    return points, [f"{count} of its shapes: {fault}" for fault, count in left_out.items()]


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    document: Mapping[str, Any] = json.loads(text)
    return document


def _point(shape: Any) -> tuple[str, tuple[float, float], str]:
    """Name and place of a shape, and why it is not a point, if it is none."""
    nowhere = math.nan, math.nan
    try:
        name = str(shape["label"]).strip()
        if shape.get("shape_type", "point") != "point" or len(shape["points"]) != 1:
            return name, nowhere, "not a point"
        ((x, y),) = shape["points"]
        numbers = all(type(value) in (int, float) for value in (x, y))
        if not numbers or not (math.isfinite(x) and math.isfinite(y)):
            return name, nowhere, "without a place"
        return name, (float(x), float(y)), "" if name else "without a name"
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return "", nowhere, "not a point"
