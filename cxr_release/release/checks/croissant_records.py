"""Every record of a release, read through `croissant.json` by mlcroissant as anybody would."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cxr_release.errors import Fault, ReleaseError
from cxr_release.files import read_json
from cxr_release.films import png
from cxr_release.release.documents.croissant import CROISSANT, LABEL_NAMES

_PICTURE = "sc:ImageObject"
_PIXELS_OF = {"image": "pixel_sha256", "real_image": "real_pixel_sha256"}
"""Column of pictures → column with the hash of their pixels."""


def read_all_records(folder: Path) -> dict[str, int]:
    """Read every record of every record set once, and look at its pictures and labels.

    Offline, and a shard at a time in memory: pandas holds each as a whole.

    Args:
        folder: a release folder whose `croissant.json` is the one that this package makes of it:
            any other could have mlcroissant fetch what it names.

    Returns:
        Record set → records read.

    Raises:
        ReleaseError: mlcroissant cannot read it, a picture has other pixels than those whose hash
            stands in its row, or a label is not a number of a class.
    """
    document = read_json(folder / CROISSANT)
    dataset, _ = load(folder)
    films: dict[str, str] = {}
    classes: set[int] = set()
    counts: dict[str, int] = {}
    faults: list[str] = []
    for record_set in document["recordSet"]:
        name = record_set["@id"]
        pictures = [
            field["name"] for field in record_set["field"] if field.get("dataType") == _PICTURE
        ]
        counts[name] = 0
        for row in _rows(dataset, name):
            counts[name] += 1
            if name == LABEL_NAMES:
                classes.add(int(row["number"]))
            wrong = _wrong(row, pictures, films, classes)
            faults += (f"{name}, record {counts[name]}: {what}" for what in wrong)
    if faults:
        raise ReleaseError(
            f"{len(faults)} record(s) differ",
            where=CROISSANT,
            faults=[Fault(CROISSANT, fault) for fault in faults],
        )
    return counts


def load(folder: Path) -> tuple[Any, list[str]]:
    """The dataset as mlcroissant has it, and what it complains of.

    Raises:
        ReleaseError: it cannot load it.
    """
    import mlcroissant

    with _quiet():
        try:
            dataset = mlcroissant.Dataset(str(folder / CROISSANT))
        except Exception as error:
            raise ReleaseError(f"mlcroissant cannot load it: {error}", where=CROISSANT) from error
    issues = dataset.metadata.ctx.issues
    return dataset, sorted(issues.errors | issues.warnings)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep its log off the terminal, for its issues are read from where it keeps them.

    And warnings of what rdflib and pandas will rename, which its authors are to read.
    """
    logger = logging.getLogger("absl")
    before = logger.disabled
    logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.disabled = before


def _rows(dataset: Any, name: str) -> Iterator[dict[str, Any]]:
    """Records of a record set, column → value."""
    with _quiet():
        try:
            for record in dataset.records(name):
                yield {key.removeprefix(f"{name}/"): value for key, value in record.items()}
        except Exception as error:
            what = f"record set {name} cannot be read: {error}"
            raise ReleaseError(what, where=CROISSANT) from error


def _wrong(
    row: Mapping[str, Any], pictures: list[str], films: dict[str, str], classes: set[int]
) -> Iterator[str]:
    """What a row has that is not what it names; notes the film's pixels by its id.

    Args:
        row: column → value.
        pictures: its columns of pictures.
        films: film id → hash of its pixels, of the rows before.
        classes: numbers of the classes, which come before all films.
    """
    label = row.get("label")
    # pandas has numbers of a column with empty cells as floats.
    if label is not None and not math.isnan(label) and label not in classes:
        yield f"label {label} is not the number of a class"
    if "pixel_sha256" in row:
        films[_text(row["id"])] = _text(row["pixel_sha256"])
    for column in pictures:
        if row[column] is None:
            continue
        if column in _PIXELS_OF:
            expected = _text(row[_PIXELS_OF[column]])
        else:
            # A synthetic film of a pair is shown only where it is released: it came up before.
            expected = films.get(_text(row["synthetic_id"]), "")
        if _pixels(row[column]) != expected:
            yield f"{column} is another picture"


def _text(value: bytes) -> str:
    return value.decode("utf-8")


def _pixels(picture: Any) -> str | None:
    """Hash of a picture's pixels; None of what is no 8-bit grey film."""
    if getattr(picture, "mode", "") != "L" or picture.width * picture.height > png.MAX_PIXELS:
        return None
    return png.pixel_sha256(np.asarray(picture))
