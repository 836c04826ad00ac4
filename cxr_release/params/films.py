"""Sections `ingest`, `clearance` and `split`: the real films."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cxr_release.errors import Fault
from cxr_release.film_size import ASKED, Size, is_film_size, read_sides
from cxr_release.params.limits import LEAST_PATIENTS, MOST_FILMS, MOST_PEOPLE
from cxr_release.settings import between, checked_by, path, read_by

PHANTOMS = "phantoms"
"""The value of `ingest.source` that draws the embedded cohort."""
Fit = Literal["stretch", "pad", "physical"]
"""How films come to one size; see docs/proportions.md."""
Borders = Literal["none", "bright", "dark", "mixed"]
"""Of collimators around phantoms: as bright as bone, or dark."""
FACT = re.compile(r"[^\W_][\w .()/%-]{0,59}")
"""The name of something known of films."""


def _fact_names(value: Any) -> bool:
    return len(value) <= 50 and all(FACT.fullmatch(name) for name in value)


_CODES = "at most 32 codes of 1 to 16 of A–Z, 0–9, blank and _"


def _codes(**options: Any) -> Any:
    return checked_by(
        _CODES,
        lambda value: (
            len(value) <= 32 and all(re.fullmatch("[A-Z0-9_ ]{1,16}", code) for code in value)
        ),
        **options,
    )


@dataclass(frozen=True, kw_only=True)
class DicomParams:
    """Which DICOM films are taken in, by their headers; an empty list asks for any.

    The defaults are those of a source without `ingest.dicom`.
    """

    modality: tuple[str, ...] = _codes(default=("CR", "DX"))
    body_part: tuple[str, ...] = _codes(default=())
    view: tuple[str, ...] = _codes(default=())
    laterality: tuple[str, ...] = _codes(default=())
    burned_in: Literal["refuse", "keep"] = "refuse"
    frames: Literal["refuse", "first"] = "refuse"


@dataclass(frozen=True, kw_only=True)
class IngestParams:
    """Films in: where they are and what becomes of them."""

    source: str = path()
    phantoms: int = between(1, MOST_FILMS, "films")
    phantom_borders: Borders = "none"
    phantom_hardware: float = between(0.0, 1.0, "of the patients", later=True, default=0.0)
    size: int | tuple[int, int] = read_by(ASKED, read_sides, is_film_size)
    fit: Fit
    on_error: Literal["stop", "skip"]
    millimetres: float | None = between(10, 2_000, "millimetres, or null", default=None)
    field: Literal["whole", "exposed"] = "whole"
    facts: Mapping[str, Literal["number", "code"]] = checked_by(
        "at most 50 names of letters, digits, blanks and _ . ( ) / % -, each with number or code",
        _fact_names,
        default_factory=dict,
    )
    least_patients: int = between(5, 1_000, "patients", default=LEAST_PATIENTS)
    dicom: DicomParams | None = None

    @property
    def film_size(self) -> Size:
        """Width and height of ingested films, and so of synthetic ones."""
        return Size.of(self.size)

    @property
    def millimetres_per_pixel(self) -> float | None:
        """The one scale of all films where `fit` is `physical`, else None."""
        if self.fit != "physical" or self.millimetres is None:
            return None
        return self.millimetres / max(self.film_size)


@dataclass(frozen=True, kw_only=True)
class ClearanceParams:
    """Text burned into real films: who looks for it, and whether a program helps."""

    ocr: Literal["never", "tesseract"]
    reviewers_required: int = between(1, MOST_PEOPLE, "reviewers")
    require_complete: bool


@dataclass(frozen=True, kw_only=True)
class SplitParams:
    """The parts of the films."""

    held_out: float = between(0.01, 0.5)
    control: float = between(0.0, 0.5, default=0.0)
    stratify: str = checked_by(
        "the name of a fact, or empty",
        lambda value: not value or bool(FACT.fullmatch(value)),
        default="",
    )


def fit_faults(ingest: IngestParams, section: str = "") -> list[Fault]:
    """What of `fit` and `millimetres` does not go together; `section` stands before the names."""
    if (ingest.fit == "physical") == (ingest.millimetres is not None):
        return []
    return [
        Fault(
            f"{section}millimetres",
            "`fit: physical` and the length of a film's longer side go together",
            f"give both, or set {section}fit to stretch or pad and {section}millimetres to null",
        )
    ]
