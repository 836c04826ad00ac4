"""What the header of a DICOM file says of its film: which film it is, codes, spacing, places.

Only coded fields are read, and of each only the values that DICOM defines, or that the settings
name: whatever else stands there is free text, which may be a name. Nothing of the header's text
leaves this module in any other way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cxr_release.errors import SourceError
from cxr_release.films import dicom_terms as terms
from cxr_release.films.dicom_file import code, codes, items, numbers, value, whole
from cxr_release.films.facts import Box, Header, Value
from cxr_release.films.limits import OLDEST
from cxr_release.films.spacing import Spacing, SpacingKind
from cxr_release.params.films import DicomParams

if TYPE_CHECKING:
    from pydicom import Dataset

ASKED = ("Modality", "BodyPartExamined", "ViewPosition", "ImageLaterality", "Laterality")
"""Elements that `not_asked_for` reads, beside the SOP Class UID."""

LEAST_OPEN = 1 / 16
"""Share of a film that collimator and shutter leave open, at least."""

_AGE = re.compile(r"([0-9]{3})([DWMY])")
_A_YEAR = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}
_OVERLAYS = range(0x6000, 0x6020, 2)


@dataclass(frozen=True)
class Refusal:
    """Why a file is not taken in."""

    what: str
    remedy: str = ""


def class_of(dataset: Dataset) -> str:
    """The SOP Class UID, of the file where its data set has none; empty where neither has."""
    stated = value(dataset, "SOPClassUID")
    meta = getattr(dataset, "file_meta", None)
    if not stated and meta is not None:
        stated = value(meta, "MediaStorageSOPClassUID")
    return str(stated or "")


def film_codes(dataset: Dataset, settings: DicomParams) -> dict[str, Value]:
    """Names as in `Header.codes` → what is coded, each only where it is one of the known terms."""
    parts = terms.BODY_PARTS | frozenset(settings.body_part)
    views = terms.VIEWS | frozenset(settings.view)
    modalities = terms.MODALITIES | frozenset(settings.modality)
    stated: dict[str, Value] = {
        "modality": _known(code(dataset, "Modality"), modalities),
        "body_part": _known(code(dataset, "BodyPartExamined"), parts),
        "view": _known(code(dataset, "ViewPosition"), views),
        "laterality": _known(
            code(dataset, "ImageLaterality") or code(dataset, "Laterality"), terms.LATERALITIES
        ),
        "sex": _known(code(dataset, "PatientSex"), terms.SEXES),
    }
    age = _AGE.fullmatch(code(dataset, "PatientAge"))
    if age:
        stated["age"] = float(min(int(int(age[1]) / _A_YEAR[age[2]]), OLDEST))
    return {name: known for name, known in stated.items() if known != ""}


def _known(text: str, among: frozenset[str]) -> str:
    return text if text in among else ""


def not_asked_for(dataset: Dataset, settings: DicomParams) -> Refusal | None:
    """Why a file is not among the films that the settings ask for; None where it is.

    It may be another kind of object, or of another modality, body part, view or side.

    Raises:
        SourceError: it is truncated, or states no modality, so that it may be one of them.
    """
    of_class = class_of(dataset)
    for start, kind in terms.NOT_FILMS.items():
        if of_class.startswith(start):
            return Refusal(f"is not a film: {kind}")
    if not len(dataset):  # pydicom drops all elements where the last one is not whole
        raise SourceError("is truncated: a DICOM file without its last elements")
    stated = film_codes(dataset, settings)
    for name in ("modality", "body_part", "view", "laterality"):
        asked: tuple[str, ...] = getattr(settings, name)
        if asked and stated.get(name) not in asked:
            label, known = name.replace("_", " "), stated.get(name)
            has = f"has the {label} {known}" if known else f"states no {label} that DICOM defines"
            what = f"{has}; {', '.join(asked)} asked for"
            if not known and name == "modality":  # which every object has to state
                raise SourceError(what)
            return Refusal(what, f"name it in ingest.dicom.{name}" if known else "")
    if code(dataset, "PresentationIntentType") == "FOR PROCESSING":
        return Refusal("is raw data of a detector (FOR PROCESSING)", "export it FOR PRESENTATION")
    return None


def not_clear(dataset: Dataset, settings: DicomParams) -> Refusal | None:
    """Why a film must not come in as it is: text may be burned into it; None where it may."""
    if settings.burned_in == "keep":
        return None
    remedy = "look at it; to take such films in, set ingest.dicom.burned_in to keep"
    if code(dataset, "BurnedInAnnotation") == "YES":
        return Refusal("has text burned in, by its header (BurnedInAnnotation)", remedy)
    of_class = f"{class_of(dataset)}."
    captured = code(dataset, "Modality") in terms.CAPTURED
    if captured or of_class.startswith(terms.SECONDARY_CAPTURE):
        return Refusal("is a picture of a screen (SC or OT), which may show text", remedy)
    return None


def is_inverted(dataset: Dataset) -> bool:
    """Whether the least value is shown white, after the VOI step (PS3.3 C.7.6.3.1.2)."""
    shape = code(dataset, "PresentationLUTShape")
    return code(dataset, "PhotometricInterpretation") == "MONOCHROME1" or shape == "INVERSE"


def read_header(dataset: Dataset, settings: DicomParams, syntax: str) -> Header:
    """What is said of a film that is displayed as its header says.

    `MONOCHROME1` with the Presentation LUT Shape `IDENTITY`, and `MONOCHROME2` with `INVERSE`,
    contradict themselves: then it is not stated whether the film is a negative.

    Args:
        dataset: of one film.
        settings: whose codes count as known.
        syntax: UID of its transfer syntax.
    """
    shape = code(dataset, "PresentationLUTShape")
    usual = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}
    expected = usual.get(code(dataset, "PhotometricInterpretation"))
    return Header(
        spacing=spacing_of(dataset),
        negative=False if expected and shape in ("", expected) else None,
        exposed=exposed_field(dataset),
        codes=film_codes(dataset, settings),
        lossy=_lossy(dataset, syntax),
        overlay=_has_overlay(dataset),
    )


def spacing_of(dataset: Dataset) -> Spacing | None:
    """Spacing by PS3.3 10.7: where it holds depends on which of its elements are there.

    `PixelSpacing` that differs from the detector's is calibrated; equal to it, it is the
    detector's; alone, its plane is unknown unless its calibration is stated. A magnification that
    is only estimated (EstimatedRadiographicMagnificationFactor) is not applied.
    """
    stated = _pair(dataset, "PixelSpacing")
    detector = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if stated is None:
        return _spacing(detector, "detector")
    if detector is not None:
        return _spacing(stated, "detector" if stated == detector else "calibrated")
    calibrated = code(dataset, "PixelSpacingCalibrationType") in ("GEOMETRY", "FIDUCIAL")
    return _spacing(stated, "calibrated" if calibrated else "unknown")


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """Two numbers that can be a spacing: 0 is not, whatever else is stated."""
    stated = numbers(dataset, keyword)
    if len(stated) != 2 or Spacing.stated(stated[0], stated[1], "unknown") is None:
        return None
    return stated[0], stated[1]


def _spacing(stated: tuple[float, float] | None, kind: SpacingKind) -> Spacing | None:
    return None if stated is None else Spacing.stated(*stated, kind)


def aspect_ratio(dataset: Dataset) -> float:
    """Height of a pixel, relative to its width; 1 where it is not stated, or not plausible."""
    stated = numbers(dataset, "PixelAspectRatio")
    if len(stated) != 2 or min(stated) <= 0 or not 1 / 4 <= stated[0] / stated[1] <= 4:
        return 1.0
    return stated[0] / stated[1]


def exposed_field(dataset: Dataset) -> Box | None:
    """The box of all that collimator and shutter leave open; None where neither is stated.

    Edges are rows and columns, numbered from 1, the outermost that are open; of circles and
    polygons the box around them counts. Edges beyond the film are passed over: some devices state
    millimetres from its centre. So is a box that leaves less than `LEAST_OPEN` of the film.
    """
    width, height = whole(dataset, "Columns"), whole(dataset, "Rows")
    boxes = [
        box
        for device in ("Collimator", "Shutter")
        for box in _shapes(dataset, device, width, height)
    ]
    if not boxes:
        return None
    left, top = (max(0, *(round(box[at]) for box in boxes)) for at in (0, 1))
    right = min(width, *(round(box[2]) for box in boxes))
    bottom = min(height, *(round(box[3]) for box in boxes))
    open_part = max(0, right - left) * max(0, bottom - top)
    return (left, top, right, bottom) if open_part >= LEAST_OPEN * width * height else None


def _shapes(
    dataset: Dataset, device: str, width: int, height: int
) -> Iterator[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each shape whose numbers lie on the film."""

    def on_film(rows: Sequence[float], columns: Sequence[float]) -> bool:
        return (
            min(rows) >= 0
            and max(rows) <= height + 1
            and 0 <= min(columns) <= max(columns) <= width + 1
        )

    shapes = codes(dataset, f"{device}Shape")
    edges = [
        numbers(dataset, f"{device}{edge}Edge", 1)
        for edge in ("LeftVertical", "UpperHorizontal", "RightVertical", "LowerHorizontal")
    ]
    if "RECTANGULAR" in shapes and all(edges):
        left, top, right, bottom = (edge[0] for edge in edges)
        if on_film((top, bottom), (left, right)):
            yield left - 1, top - 1, right, bottom
    centre = numbers(dataset, f"CenterOfCircular{device}")
    radius = numbers(dataset, f"RadiusOfCircular{device}", 1)
    if "CIRCULAR" in shapes and len(centre) == 2 and radius and on_film(centre[:1], centre[1:]):
        row, column = centre
        yield column - 1 - radius[0], row - 1 - radius[0], column + radius[0], row + radius[0]
    places = numbers(dataset, f"VerticesOfThePolygonal{device}")
    rows, columns = places[::2], places[1::2]
    if "POLYGONAL" in shapes and len(rows) == len(columns) >= 3 and on_film(rows, columns):
        yield min(columns) - 1, min(rows) - 1, max(columns), max(rows)


def _lossy(dataset: Dataset, syntax: str) -> bool | None:
    stated = {"00": False, "01": True}.get(code(dataset, "LossyImageCompression"))
    by_syntax = terms.LOSSY.get(syntax, False)
    return True if by_syntax else stated


def _has_overlay(dataset: Dataset) -> bool:
    planes = any((group, 0x0010) in dataset for group in _OVERLAYS)
    return planes or bool(items(dataset, "GraphicAnnotationSequence"))
