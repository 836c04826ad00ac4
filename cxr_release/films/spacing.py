"""How large a pixel of a film is, and how well that is known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

LEAST, MOST = 0.005, 5.0
"""Millimetres between pixels, both excluded: what a source states beyond is not a spacing."""

SpacingKind = Literal["calibrated", "detector", "unknown"]
"""`calibrated`: in the plane of the patient. `detector`: in the plane of the detector, where the
patient appears magnified. `unknown`: stated, and nothing says in which plane."""


@dataclass(frozen=True)
class Spacing:
    """Millimetres between the centres of neighbouring pixels, as displayed."""

    row: float
    """Between rows: the height of a pixel."""
    column: float
    """Between columns: the width of a pixel."""
    kind: SpacingKind

    @classmethod
    def stated(cls, row: float, column: float, kind: SpacingKind) -> Spacing | None:
        """A spacing as a source states it; None where a number is not a spacing, such as 0."""
        plausible = all(math.isfinite(part) and LEAST < part < MOST for part in (row, column))
        return cls(row, column, kind) if plausible else None
