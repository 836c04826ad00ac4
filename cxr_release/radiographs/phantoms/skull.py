"""Skull base, jaws and teeth as solids in the head's frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxr_release.radiographs.phantoms.patient import Patient, Posture
from cxr_release.radiographs.phantoms.solids import Points, Solid, Tissue, spline
from cxr_release.radiographs.phantoms.spine import Frame

_VAULT = Tissue(fill=0.50, bevel=1.0, cortex=0.08, rim=0.2)
_TABLE = Tissue(fill=0.42, bevel=0.2, cortex=0.18)
_PLATE = Tissue(fill=0.42, bevel=0.10, cortex=0.08)
_PETROUS = Tissue(fill=0.85, bevel=0.7)
_MASTOID = Tissue(fill=0.45, bevel=0.6)
_CONDYLE = Tissue(fill=0.30, bevel=0.3, cortex=0.12)
_CELLS = Tissue(fill=-0.20, bevel=0.18)
_EAR = Tissue(fill=-0.45, bevel=0.25)
_MAXILLA = Tissue(fill=0.22, bevel=0.5)
_SINUS = Tissue(fill=-0.45, bevel=0.5)

_OCCIPUT = np.array(
    [[3.5, 0.15], [4.5, 0.55], [5.8, 0.45], [7.1, -0.45], [8.1, -2.2], [8.6, -4.6], [8.4, -8.0]]
)
_CLIVUS = np.array([[-0.15, -0.05], [-1.2, -1.5], [-2.4, -3.3], [-2.55, -4.2]])
_FRONT = np.array([[-8.0, -9.0], [-9.0, -4.8], [-6.0, -4.3], [-4.1, -4.1], [-3.3, -3.4]])
_FOSSA = np.array([[2.6, -0.2], [1.9, 0.0], [0.9, -0.4], [0.2, -1.6], [-0.6, -2.6]])
_PETROUS_OUTLINE = np.array(
    [[0.2, -2.9], [1.3, -2.7], [2.0, -1.6], [0.9, -0.9], [-0.4, -1.3], [-0.7, -2.2]]
)
_MASTOID_OUTLINE = np.array([[0.9, -1.4], [2.6, -1.5], [2.7, -0.2], [1.75, 0.85], [1.1, 0.2]])
_CONDYLE_OUTLINE = np.array([[-0.25, -0.25], [0.9, -0.45], [1.5, -0.1], [0.7, 0.45], [0.0, 0.35]])
_MASTOID_CELLS = np.array(
    [[1.3, -0.9], [1.8, -0.8], [1.5, -0.3], [2.1, -0.2], [1.8, 0.25], [2.3, -1.0], [2.2, -0.6]]
)


def skull_solids(patient: Patient, posture: Posture, skull: Frame) -> list[Solid]:
    """Return the bone of the skull from the hard palate to the occiput."""
    return [*_cranium(skull), *_ears(skull, posture), *_maxilla(skull, patient)]


def _cranium(skull: Frame) -> list[Solid]:
    """Vault, occipital bone, clivus, sella and floor of the posterior fossa."""
    occiput = spline(_OCCIPUT, samples=4, closed=False)
    vault = np.vstack([spline(_FRONT, samples=2, closed=False), _CLIVUS[::-1], occiput])
    sella = np.vstack([_CLIVUS[-1:] + np.array([0.0, 0.2]), _FRONT[:0:-1]])
    return [
        Solid(skull.place(vault), _VAULT),
        _strand(skull.place(occiput), _TABLE, 0.18, 0.30),
        _strand(skull.place(_CLIVUS), _PLATE, 0.14, 0.28, 0.30, 0.16),
        _strand(skull.place(sella), _PLATE, 0.12),
        _strand(skull.place(_FOSSA), _PLATE, 0.10),
    ]


def _ears(skull: Frame, posture: Posture) -> list[Solid]:
    """Petrous bones, mastoids with their air cells and occipital condyles of both sides."""
    solids = []
    for side in (-0.5, 0.5):
        offset = side * posture.twist * np.array([1.8, 1.2])
        for outline, tissue in (
            (_PETROUS_OUTLINE, _PETROUS),
            (_MASTOID_OUTLINE, _MASTOID),
            (_CONDYLE_OUTLINE, _CONDYLE),
        ):
            half = Tissue(tissue.fill / 2, tissue.bevel, tissue.cortex / 2)
            points = skull.place(spline(outline, samples=2, closed=True)) + offset
            solids.append(Solid(points, half))
    hollows = [(cell, _CELLS, 0.20) for cell in _MASTOID_CELLS]
    hollows.append((np.array([0.08, -1.75]), _EAR, 0.28))
    for hollow, tissue, radius in hollows:
        ends = hollow + np.array([[0.0, 0.0], [0.03, 0.05]])
        solids.append(_strand(skull.place(ends), tissue, radius))
    return solids


def _maxilla(skull: Frame, patient: Patient) -> list[Solid]:
    reach = (patient.jaw, 1.0)
    bone = np.array(
        [[-4.3, -0.4], [-9.0, -0.8], [-9.4, -0.2], [-9.0, 1.2], [-7.0, 1.3], [-4.6, 0.9]]
    )
    sinus = np.array(
        [[-4.4, -3.2], [-7.4, -3.2], [-8.2, -1.6], [-7.6, -0.2], [-5.2, 0.0], [-4.3, -0.9]]
    )
    palate = np.array([[-3.7, -0.25], [-6.4, -0.42], [-9.0, -0.5], [-9.6, -0.75]])
    pterygoid = np.array([[-3.7, -2.4], [-3.75, -1.2], [-3.9, 0.2]])
    return [
        Solid(skull.place(bone * reach), _MAXILLA, rounding=0.15),
        Solid(skull.place(spline(sinus, samples=2, closed=True) * reach), _SINUS),
        _strand(skull.place(palate * reach), _PLATE, 0.10, 0.14, 0.14, 0.08),
        _strand(skull.place(pterygoid * reach), _PLATE, 0.12, 0.10, 0.06),
    ]


def _strand(points: Points, tissue: Tissue, *radii: float) -> Solid:
    """Return a chain whose radii are given at even steps from its first to its last point."""
    values: Sequence[float] = radii if len(radii) > 1 else radii * 2
    steps = np.linspace(0, len(values) - 1, len(points))
    return Solid(points, tissue, radii=np.interp(steps, np.arange(len(values)), values))


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
