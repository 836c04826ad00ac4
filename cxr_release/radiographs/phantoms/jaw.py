"""Mandible and teeth as solids in the head's frame."""

from __future__ import annotations

import numpy as np

from cxr_release.radiographs.phantoms.patient import Patient, Posture
from cxr_release.radiographs.phantoms.shapes import Points, spline
from cxr_release.radiographs.phantoms.solids import Solid, Tissue
from cxr_release.radiographs.phantoms.spine import Frame

_DENTINE = Tissue(fill=0.55, bevel=0.14, cortex=0.08, rim=0.08)
_ENAMEL = Tissue(fill=0.55, bevel=0.16)
_METAL = Tissue(fill=2.2, bevel=0.08)


def jaw_solids(patient: Patient, posture: Posture, skull: Frame) -> list[Solid]:
    """Return both halves of the mandible and both rows of teeth."""
    return [*_mandible(skull, patient, posture), *_teeth(skull, patient, posture)]


def _jaw_outline(patient: Patient) -> Points:
    """Return the outline of one half of the mandible in the head's frame, for a closed bite."""
    reach, drop = patient.jaw, patient.jaw_drop
    control = np.array(
        [
            [-1.55, -1.75],
            [-1.35, -1.35],
            [-1.85, 0.4],
            [-2.15, 2.6],
            [-2.55, 3.85 + 0.3 * drop],
            [-3.5, 4.55 + 0.5 * drop],
            [-5.6, 5.35 + 0.8 * drop],
            [-7.9, 6.15 + drop],
            [-8.9 - patient.chin, 6.15 + drop],
            [-9.25 - patient.chin, 5.3 + drop],
            [-8.85, 3.9 + 0.6 * drop],
            [-8.2, 3.55 + 0.5 * drop],
            [-6.6, 3.35 + 0.3 * drop],
            [-5.0, 3.05 + 0.2 * drop],
            [-4.35, 2.0],
            [-3.95, 0.4],
            [-3.95, -0.9],
            [-3.65, -1.0],
            [-3.0, -0.25],
            [-2.35, -0.5],
            [-2.0, -1.6],
        ]
    )
    return spline(control * (reach, 1.0), samples=2, closed=True)


def _mandible(skull: Frame, patient: Patient, posture: Posture) -> list[Solid]:
    """Left and right halves, which a head that is not quite lateral throws apart."""
    outline = _jaw_outline(patient) + np.array([0.0, 0.5 * posture.bite])
    density = patient.density
    tissue = Tissue(fill=0.20 * density, bevel=0.45, cortex=0.24 * density, rim=0.20)
    solids = []
    for side in (-0.5, 0.5):
        offset = side * np.array([2.0 * posture.twist, 1.6 * posture.twist])
        solids.append(Solid(skull.place(outline) + offset, tissue))
    return solids


def _teeth(skull: Frame, patient: Patient, posture: Posture) -> list[Solid]:
    """Both rows: roots of dentine, crowns with enamel, and metal where the patient has it."""
    drop = 0.15 * patient.jaw_drop
    solids: list[Solid] = []
    for row, widths in ((0, patient.lower_teeth), (1, patient.upper_teeth)):
        up = -1.0 if row else 1.0
        edge = 1.95 + (0.5 if row == 0 else -0.5) * posture.bite + (drop if row == 0 else 0)
        place = -9.3 * patient.jaw
        for k, width in enumerate(widths):
            room = width or 0.5
            middle = place + room / 2
            place += room + 0.03
            if not width:
                continue
            # The bite curves up at the front and at the back (curve of Spee).
            height = edge + 0.35 * (1 - ((k - 3) / 4) ** 2) * 0.6 - 0.045 * k
            number = k + 7 * row
            solids += _tooth(
                skull,
                np.array([middle, height]),
                width=width,
                up=up,
                number=number,
                filled=number in patient.fillings,
            )
    return solids


def _tooth(
    skull: Frame, edge: Points, *, width: float, up: float, number: int, filled: bool
) -> list[Solid]:
    """One tooth: its edge is the middle of the chewing surface, `up` is +1 for lower teeth."""
    half = width / 2
    molar = number % 7 >= 5
    lean = 0.10 if number % 7 < 2 else 0.0
    root = 1.25 if molar else 1.55
    crown = np.array([[-half * 0.8, 0.05], [half * 0.8, 0.05], [half, 0.45], [half * 0.8, 0.72],
                      [-half * 0.8, 0.72], [-half, 0.45]])  # fmt: skip
    crown[:, 1] *= up
    solids = [
        Solid(skull.place(edge + crown), _DENTINE, rounding=0.03),
        Solid(skull.place(edge + crown * (1.0, 0.75)), _ENAMEL, rounding=0.02),
    ]
    feet = (-0.28 * width, 0.28 * width) if molar else (0.0,)
    for foot in feet:
        line = np.array([[foot, 0.62 * up], [foot * 1.1 - lean * up, (0.6 + root) * up]])
        thick = 0.55 * half if molar else 0.72 * half
        tissue = Tissue(fill=0.50, bevel=0.12, cortex=0.08)
        solids.append(Solid(skull.place(edge + line), tissue, radii=np.array([thick, 0.05])))
    if filled:
        solids.append(Solid(skull.place(edge + crown * (0.8, 0.5)), _METAL))
    return solids
