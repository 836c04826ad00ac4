"""The Cervical Spine X-ray Atlas (CSXA) as its authors publish it.

    datasets-PNG/0001035.png     the film: case 0001, a code, age 35
    datasets-JSON/0001035.json   optional: LabelMe key points in pixels of that film
    datasets.xlsx                optional: a table with a curvature class of each film
    patients.csv                 not of the atlas: the patient of each film
    left-facing.txt              not of the atlas: films that are known to face left

Ran et al., A high-quality dataset featuring classified and annotated cervical spine X-ray atlas,
Scientific Data 11:625 (2024), doi 10.1038/s41597-024-03383-0.

The atlas numbers cases and says nowhere that two cases are two patients: the numbers have gaps, and
a patient imaged twice may be two cases. So films of one case stay together, and their patient is
not stated, unless a table beside them states it.

A JSON file can hold its film once more, in base64: that is never decoded and never kept. Nothing in
such a file costs the film.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault, SourceError
from cxr_release.films.decode import read_bytes
from cxr_release.films.facts import Facts, Listing
from cxr_release.films.film_key import FilmKey
from cxr_release.films.folder import FilmFile, RealFilm, open_folder, place_fault, printable
from cxr_release.films.limits import OLDEST
from cxr_release.films.png import Film
from cxr_release.films.stated_facts import Kind

FILMS, ANNOTATIONS, WORKBOOK = "datasets-PNG", "datasets-JSON", "datasets.xlsx"
SHEET = "Sheet1"
CURVATURES = range(1, 6)

_STEM = re.compile(r"(?P<case>\d{4})\d(?P<age>\d{2})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class AtlasFilm:
    """A film of the atlas with its annotation and its class, where there are any."""

    film: RealFilm
    age: int
    annotation: Path
    """Where its key points would be."""
    annotation_fault: str
    """Why that file must not be opened, if it must not."""
    curvature: int | None

    @property
    def id(self) -> str:
        """Opaque; see `film_key`."""
        return self.film.id

    @property
    def name(self) -> str:
        """Path of the film within the atlas."""
        return self.film.name

    def load(self) -> tuple[Film, Facts]:
        """Read the film, and what can be read of its key points."""
        film, facts = self.film.load()
        points: Points = {}
        faults = [self.annotation_fault] if self.annotation_fault else []
        if not faults and self.annotation.exists():
            points, faults = read_keypoints(self.annotation, facts.width, facts.height)
        where = f"{ANNOTATIONS}/{printable(self.annotation.name)}"
        return film, replace(
            facts,
            age=self.age,
            curvature=self.curvature,
            keypoints=points or None,
            left_out=tuple(f"{where}: {fault}" for fault in faults),
        )


def is_atlas(folder: Path) -> bool:
    """Whether a folder has the layout of the atlas."""
    return (folder / FILMS).is_dir()


def list_atlas(folder: Path, key: FilmKey, kinds: Mapping[str, Kind] | None = None) -> Listing:
    """List the films of the atlas, by opaque ids of that key.

    Args:
        folder: of the atlas.
        key: behind the films' ids.
        kinds: columns of `patients.csv` that are asked for.

    Raises:
        SourceError: it holds no film, or its workbook cannot be understood.
    """
    films = open_folder(folder / FILMS, prefix=f"{FILMS}/", beside=folder)
    if not films.films:
        raise SourceError("holds no films", where=str(films.path))
    workbook = folder / WORKBOOK
    classes = read_curvatures(workbook) if workbook.exists() else {}

    def film_of(file: FilmFile, patient: str | None) -> AtlasFilm:
        parts = _STEM.fullmatch(file.path.stem)
        assert parts is not None  # noqa: S101 - listed only when it matches
        annotation = folder / ANNOTATIONS / f"{file.path.stem}.json"
        return AtlasFilm(
            film=RealFilm.named_by(key, file, patient, parts["case"]),
            age=min(int(parts["age"]), OLDEST),
            annotation=annotation,
            annotation_fault=place_fault(annotation, folder.resolve())[0],
            curvature=classes.get(file.path.stem),
        )

    misnamed = [
        Fault(film.name, "is not named by seven digits and .png")
        for film in films.films
        if not _STEM.fullmatch(film.path.stem) or film.path.suffix.lower() != ".png"
    ]
    # No stems: the atlas's numbers hold no name, and no date.
    return films.listing(film_of, faults=misnamed, kinds=kinds)


def read_curvatures(path: Path) -> dict[str, int]:
    """Curvature class (1–5) of each film, by the film's stem.

    Raises:
        SourceError: the workbook, or the columns looked for, are not there.
    """
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            return curvatures_in(book[SHEET].iter_rows(min_row=2, values_only=True))
        finally:
            book.close()
    except SourceError as error:
        raise SourceError(error.what, where=str(path), remedy=error.remedy) from error
    except Exception as error:
        raise SourceError(
            f"is not a workbook with a sheet {SHEET!r} ({type(error).__name__})", where=str(path)
        ) from error


def curvatures_in(rows: Iterable[tuple[Any, ...]]) -> dict[str, int]:
    """Curvature classes in the rows of the atlas's sheet, of which the first is the header.

    Of all columns whose title speaks of curvature, the classes are in the one that holds whole
    numbers from 1 to 5 alone: the others are angles and lengths.
    """
    table: Iterator[tuple[Any, ...]] = iter(rows)
    titles = [str(title or "").strip() for title in next(table, ())]
    if "Number" not in titles:
        raise SourceError("has no column Number", remedy="its header is the second row")
    number = titles.index("Number")
    candidates = {at for at, title in enumerate(titles) if "curvature" in title.casefold()}
    by_column: dict[int, dict[str, int]] = {at: {} for at in candidates}
    for cells in table:
        row = (*cells, *(None,) * (len(titles) - len(cells)))  # empty ones may be left out
        if row[number] is None:
            continue
        stem = str(row[number]).split(".", maxsplit=1)[0].strip().zfill(7)
        for at in list(candidates):
            value = _number(row[at])
            if value is not None and value not in CURVATURES:
                candidates.discard(at)
            elif value is not None:
                by_column[at][stem] = int(value)
    classes = [at for at in sorted(candidates) if by_column[at]]
    if len(classes) != 1:
        named = ", ".join(repr(titles[at]) for at in classes) or "none"
        raise SourceError(
            f"has no single column of curvature classes 1–5 (candidates: {named})",
            remedy="give just one column a title with the word curvature, or take the file away",
        )
    return by_column[classes[0]]


def _number(value: object) -> float | None:
    """What a cell holds, also where numbers are stored as text; nothing where it is empty."""
    text = "" if value is None else str(value).strip()
    try:
        return float(text) if text else None
    except ValueError:
        return math.nan


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
            fault = "with the name of an earlier point"
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
    """Name and place of a shape; a fault where it is not a point, else empty."""
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
