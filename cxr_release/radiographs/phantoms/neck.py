"""Soft tissue, air and the larynx: everything of the neck and face that is not its bone."""

from __future__ import annotations

import numpy as np

from cxr_release.radiographs.phantoms.patient import Patient, Posture
from cxr_release.radiographs.phantoms.solids import Points, Solid, Tissue, spline
from cxr_release.radiographs.phantoms.spine import Frame, Spine

_SOFT = 0.20
"""Attenuation of soft tissue for a diagnostic beam, 1/cm."""
_SHOULDER = np.array(
    [[-9, 2.6], [-5, 1.3], [-1.5, 0.3], [2.5, -0.5], [6, -0.9], [10, 0.6], [12, 9], [-11, 9]]
)
_LEAF = Tissue(fill=0.30, bevel=0.07)


def soft_tissue(patient: Patient, posture: Posture, spine: Spine) -> list[Solid]:
    """Return skin and flesh, cheeks, shoulders, and the air in pharynx, larynx and trachea."""
    breadth = 10.8 * (0.5 + 0.5 * patient.flesh)
    skin = spline(_skin(patient, spine), samples=2, closed=True)
    flesh = Solid(skin, Tissue(fill=_SOFT * breadth, bevel=4.0))
    return [
        flesh,
        _cheek(patient, spine),
        *_shoulders(patient, posture, spine),
        *_air(patient, spine),
    ]


def larynx_solids(patient: Patient, spine: Spine) -> list[Solid]:
    """Return hyoid bone and calcified cartilage."""
    body = _before(spine, ("C4", 3.15 * patient.airway**0.5, -0.35))
    horn = _before(spine, ("C3", 1.55, 0.35))
    wing = np.vstack([body, (body + horn) / 2 + (0.1, 0.15), horn])
    hyoid = Tissue(fill=0.40, bevel=0.12, cortex=0.16)
    solids = [
        Solid(body + np.array([[-0.05, -0.28], [0.05, 0.22]]), hyoid, radii=np.array([0.16, 0.20])),
        Solid(wing, hyoid, radii=np.array([0.10, 0.09, 0.10])),
    ]
    if patient.cartilage > 0.05:
        thyroid = _before(spine, ("C5", 3.5, -0.5), ("C5", 3.1, 0.6), ("C6", 2.6, 0.0))
        cricoid = _before(spine, ("C6", 1.35, -0.5), ("C6", 1.45, 0.5))
        chalk = Tissue(fill=0.32 * patient.cartilage, bevel=0.12)
        solids.append(Solid(thyroid, chalk, radii=np.array([0.12, 0.10, 0.14])))
        solids.append(Solid(cricoid, chalk, radii=np.array([0.22, 0.18])))
    return solids


def _before(spine: Spine, *places: tuple[str, float, float]) -> Points:
    """Return points (n, 2) before the spine, each given as (level, distance, down).

    The distance in cm runs from the front wall of that level's body. The structures of the throat
    hang less oblique than the vertebrae: they take half of their turn.
    """
    points = []
    for level, distance, down in places:
        vertebra = spine.at(level)
        wall = vertebra.frame.place((-vertebra.depth / 2, 0.0))
        points.append(Frame(wall, 0.5 * vertebra.frame.degrees).place((-distance, down)))
    return np.array(points)


def _skin(patient: Patient, spine: Spine) -> Points:
    """Outline of head and neck, from the brow down the front and up the back."""
    reach = patient.jaw
    drop = patient.jaw_drop
    face = np.array(
        [
            [-9.0, -9.0],
            [-10.4, -5.0],
            [-10.6 * reach, -2.4],
            [-12.1 * reach, -0.6],
            [-10.9 * reach, 0.1],
            [-11.1 * reach, 1.5],
            [-10.7 * reach, 2.3],
            [-11.0 * reach, 3.2],
            [-10.3 * reach, 4.4 + 0.5 * drop],
            [-10.5 * reach - patient.chin, 5.8 + drop],
            [-9.6 * reach - patient.chin, 7.0 + drop],
        ]
    )
    face = spine.skull.place(face)
    throat = patient.throat - spine.at("C4").depth / 2
    front = _before(
        spine,
        ("C4", throat + 0.3, -0.5),
        ("C5", throat + 0.1, -0.4),
        ("C6", throat - 0.3, 0.0),
        ("C7", throat - 0.3, 0.2),
        ("T1", throat + 0.1, 1.5),
        ("T1", throat + 3.5, 5.0),
    )
    nape = patient.nape
    back = np.vstack(
        [
            spine.at("T1").frame.place((nape + 6.5, 4.0)),
            spine.at("T1").frame.place((nape + 2.3, 0.2)),
            spine.at("C7").frame.place((nape + 0.9, -0.2)),
            spine.at("C5").frame.place((nape + 0.1, 0.0)),
            spine.at("C4").frame.place((nape, -0.4)),
            spine.at("C3").frame.place((nape + 0.1, -0.8)),
            spine.skull.place([[nape + 1.8, 1.6], [8.9, -1.2], [9.8, -4.0], [9.2, -9.0]]),
        ]
    )
    # However the head is held, the floor of the mouth spans chin and throat without a notch.
    floor = 0.5 * (face[-1:] + front[:1]) - np.array([0.0, 0.25])
    return np.vstack([face, floor, front, back])


def _cheek(patient: Patient, spine: Spine) -> Solid:
    """The breadth of the face and head beyond that of the neck."""
    outline = np.array([[-9, -9], [-10.3, -2], [-10.2, 3.5], [-9, 5.5], [-4, 4.5], [-1, 2.5],
                        [3.5, 1.5], [7.5, 0.5], [9.3, -4], [8, -9]])  # fmt: skip
    place = spine.skull.place(spline(outline * (patient.jaw, 1), samples=2, closed=True))
    return Solid(place, Tissue(fill=0.55, bevel=3.0))


def _shoulders(patient: Patient, posture: Posture, spine: Spine) -> list[Solid]:
    """Both shoulders, which rise from front to back and bury T1."""
    top = spine.at("T1").frame.origin - np.array([0.0, 1.0 + patient.shoulders + posture.shrug])
    solids = []
    for side in (-0.5, 0.5):
        shift = side * np.array([2.0, 0.6 + 2 * posture.twist])
        outline = top + shift + _SHOULDER
        solids.append(Solid(spline(outline, samples=2, closed=True), Tissue(fill=2.0, bevel=4.2)))
    clavicle = top + np.array([[-6.0, 3.2], [-3.0, 2.4], [0.0, 2.2]])
    bone = Tissue(fill=0.4, bevel=0.3, cortex=0.2)
    solids.append(Solid(clavicle, bone, radii=np.array([0.4, 0.45, 0.5])))
    return solids


def _air(patient: Patient, spine: Spine) -> list[Solid]:
    """Air from the nose to the trachea, and the leaves that stand in it."""
    wide = patient.airway
    half = 0.45 * wide
    below = _before(
        spine,
        ("C2", 0.85 + 0.25 * wide, -1.6),
        ("C2", 0.62 + 0.35 * wide, 0.2),
        ("C3", 0.50 + half, 0.0),
        ("C4", 0.60 + 0.50 * wide, -0.3),
        ("C4", 1.05 + half, 0.3),
        ("C5", 1.45 + half, -0.4),
        ("C5", 1.55 + half, 0.5),
        ("C6", 1.55 + half, 0.0),
        ("C7", 1.55 + half, 0.0),
        ("T1", 1.50 + half, 0.2),
        ("T1", 1.40 + half, 3.0),
    )
    column = np.vstack([spine.skull.place([[-4.0, -1.5], [-2.9, -0.9], [-2.15, 0.2]]), below])
    nose, throat = [0.12, 0.40, 0.50], [0.42, 0.50, 0.56, 0.54, 0.48]
    larynx, trachea = [0.46, 0.34, 0.54], [0.66, 0.70, 0.72]
    radii = np.array([*nose, *throat, *larynx, *trachea]) * wide
    vallecula = _before(spine, ("C3", 1.25 + 0.55 * wide, 0.0), ("C4", 1.55 + 0.55 * wide, -0.4))
    epiglottis = _before(
        spine,
        ("C4", 1.40 + 0.5 * wide, 0.35),
        ("C4", 1.15 + 0.5 * wide, -0.3),
        ("C3", 0.8 + half, 0.35),
    )
    cords = _before(spine, ("C5", 1.15 + half, 0.5), ("C5", 1.95 + half, 0.45))
    palate = spine.skull.place([[-3.8, 0.0], [-3.1, 0.45], [-2.7, 1.25], [-2.65, 1.8]])
    return [
        Solid(column, Tissue(fill=-0.55, bevel=0.5 * wide), radii=radii, blend=0.12),
        Solid(palate, Tissue(fill=0.22, bevel=0.25), radii=np.array([0.22, 0.34, 0.30, 0.14])),
        Solid(vallecula, Tissue(fill=-0.25, bevel=0.25), radii=np.array([0.28, 0.18]) * wide),
        Solid(epiglottis, _LEAF, radii=np.array([0.12, 0.10, 0.07])),
        Solid(cords, Tissue(fill=0.14, bevel=0.1), radii=np.array([0.08, 0.08])),
    ]
