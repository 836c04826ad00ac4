"""The pictures of the card: contact sheets of released films, and the checkpoints' curves."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.files import whole_file
from cxr_release.params import Params
from cxr_release.radiographs import png
from cxr_release.radiographs.png import Film
from cxr_release.radiographs.sheet import contact_sheet
from cxr_release.release.inputs import STUDY, ReleaseInputs, jobs_of

ON_A_SHEET = 24
COLUMNS = 8
CURVES = ("losses", "distances", "quality")


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one checkpoint."""

    checkpoint: int
    file: str
    films: int


def write_figures(
    folder: Path, inputs: ReleaseInputs, params: Params, screened: Sequence[Mapping[str, Any]]
) -> list[Sheet]:
    """Write `figures/`.

    Args:
        folder: the release folder.
        inputs: the artefacts.
        params: the parameters that they were made with.
        screened: rows of `schemas.SCREENED`.

    Returns:
        The contact sheets, of the checkpoints that have released films.
    """
    figures = folder / "figures"
    figures.mkdir()
    for name in CURVES:
        _copy_picture(inputs.checkpoints / f"{name}.png", figures / f"{name}.png")
    _copy_picture(inputs.screening / "reasons.png", figures / "reasons.png")
    _copy_picture(inputs.prescreen / "roc.png", figures / "prescreen.png")
    _copy_picture(inputs.audit / "distances.png", figures / "audit.png")
    for name, published in STUDY.items() if (inputs.study / "realism.png").exists() else ():
        _copy_picture(inputs.study / f"{name}.png", figures / f"{published}.png")
        # Drawn from numbers alone, without a date or an author.
        shutil.copyfile(inputs.study / f"{name}.svg", figures / f"{published}.svg")
    sheets = []
    for checkpoint in params.sample.checkpoints:
        released = [
            row["id"] for row in screened if row["released"] and row["checkpoint"] == checkpoint
        ]
        if released:
            chosen = spread(released, ON_A_SHEET)
            sheet = Sheet(checkpoint, f"figures/checkpoint-{checkpoint}.png", len(chosen))
            _write_sheet(folder / sheet.file, _films(inputs, checkpoint, set(chosen)))
            sheets.append(sheet)
    return sheets


def spread(ids: Sequence[str], wanted: int) -> list[str]:
    """At most `wanted` of `ids`, evenly over the list: nobody's eye chose them."""
    count = min(wanted, len(ids))
    return [ids[place * len(ids) // count] for place in range(count)]


def _films(inputs: ReleaseInputs, checkpoint: int, chosen: set[str]) -> dict[str, Film]:
    return {
        row["id"]: png.decode(row["image"]["bytes"], where=row["id"])
        for job in jobs_of((checkpoint,))
        for row in tables.iterate(inputs.table(job), schemas.ORIENTED)
        if row["id"] in chosen
    }


def _write_sheet(path: Path, films: Mapping[str, Film]) -> None:
    captions = [film.partition("-")[2].partition("-")[2] for film in films]
    sheet = contact_sheet(list(films.values()), captions, columns=COLUMNS)
    # Synthetic films stay labelled when they are shown together.
    path.write_bytes(png.encode(np.asarray(sheet), synthetic=True))


def _copy_picture(source: Path, target: Path) -> None:
    """Copy the pixels of a picture and nothing that its maker wrote beside them."""
    with Image.open(source, formats=["PNG"]) as picture, whole_file(target) as partial:
        bare = Image.frombytes("RGB", picture.size, picture.convert("RGB").tobytes())
        bare.save(partial, format="PNG", optimize=True)
