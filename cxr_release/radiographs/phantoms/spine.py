"""The spine: where each vertebra from C2 to T1 and the skull above them lie, and their bone.

The vertebrae C1 to T1 are solids; the corners of their bodies are the key points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxr_release.radiographs.phantoms.patient import LEVELS, Patient, Posture
from cxr_release.radiographs.phantoms.solids import Points, Solid, Tissue, spline


@dataclass(frozen=True)
class Frame:
    """A place in the patient's plane: origin in cm and the turn of its axes in degrees.

    The axes of an unturned frame are the plane's: u to the back, v down.
    """

    origin: Points
    degrees: float

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows: the directions of u (backwards) and v (downwards) in the patient's plane."""
        turn = np.radians(self.degrees)
        return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])

    def place(self, local: ArrayLike) -> Points:
        """Return points (n, 2), or one point (2,), given in (u, v), in the patient's plane."""
        placed: Points = self.origin + np.asarray(local, np.float64) @ self.axes
        return placed


@dataclass(frozen=True)
class Vertebra:
    """One vertebra in place: its frame is centred on the body."""

    level: str
    frame: Frame
    depth: float
    height: float
    above: float
    """From the middle of the vertebra above to this one's, in cm."""
    below: float
    """From this vertebra's middle to that of the next one below, in cm."""
    bend: float
    """Turn from this vertebra's frame to the next one's, in radians."""


@dataclass(frozen=True)
class Spine:
    """The vertebrae from C2 down to T1, as a patient holds them."""

    vertebrae: tuple[Vertebra, ...]
    skull: Frame
    """The head's frame, centred on the front edge of the foramen magnum, just above the dens."""

    def at(self, level: str) -> Vertebra:
        """Return the vertebra of a level, such as C4."""
        return self.vertebrae[LEVELS.index(level)]


def stack_spine(patient: Patient, posture: Posture) -> Spine:
    """Stack the vertebrae along the curve of the neck; the middle of C4 is the origin."""
    place = np.arange(7) / 5
    turns = posture.slope - posture.lordosis * (1 - place) + np.array(patient.kinks)
    heights = patient.height * np.array(patient.heights)
    depths = patient.depth * np.array(patient.depths)
    discs = patient.disc * (1 - 0.62 * np.array(patient.wear))
    centres = np.zeros((7, 2))
    for k in range(6):
        upper, between, lower = (
            Frame(np.zeros(2), float(turn)).axes[1]
            for turn in (turns[k], (turns[k] + turns[k + 1]) / 2, turns[k + 1])
        )
        step = upper * heights[k] / 2 + between * discs[k] + lower * heights[k + 1] / 2
        centres[k + 1] = centres[k] + step
    centres -= centres[2]
    pitches = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    vertebrae = tuple(
        Vertebra(
            level,
            Frame(centres[k], float(turns[k])),
            float(depths[k]),
            float(heights[k]),
            float(pitches[max(k - 1, 0)]),
            float(pitches[min(k, 5)]),
            float(np.radians(np.diff(turns)[min(k, 5)])),
        )
        for k, level in enumerate(LEVELS)
    )
    axis = vertebrae[0]
    basion = axis.frame.place((-0.05, -0.5 * axis.height - patient.dens - 0.55))
    skull = Frame(basion, 0.3 * axis.frame.degrees - posture.nod)
    return Spine(vertebrae, skull)


_ROUNDING = 0.07
_FACET_GAP = 0.24
"""Width of the joint space between two articular pillars, in cm."""


def spine_solids(patient: Patient, posture: Posture, spine: Spine) -> list[Solid]:
    """Return the bone of C1 to T1."""
    solids = _atlas(patient, posture, spine)
    for k, vertebra in enumerate(spine.vertebrae):
        outline = _body(patient, k, vertebra)[0]
        points = vertebra.frame.place(outline)
        solids.append(Solid(points, _tissue(patient, 0.60, 0.30, 0.36), rounding=_ROUNDING))
        solids += _pillars(patient, posture, vertebra)
        solids += _arch(patient, k, vertebra)
    return solids


def keypoints(patient: Patient, spine: Spine) -> dict[str, Points]:
    """Return the corners of C2 (bottom) to C7 and the middle of C2, in cm.

    Keys are such as "C3 top front", since left and right are the film's, not the patient's.
    """
    points = {"C2 centroid": spine.vertebrae[0].frame.origin}
    for k, vertebra in enumerate(spine.vertebrae[:6]):
        corners = _body(patient, k, vertebra)[1]
        for name, corner in corners.items():
            if not (vertebra.level == "C2" and name.startswith("top")):
                points[f"{vertebra.level} {name}"] = vertebra.frame.place(corner)
    return points


def _tissue(patient: Patient, fill: float, bevel: float, cortex: float) -> Tissue:
    density = patient.density
    return Tissue(fill=fill * density, bevel=bevel, cortex=cortex * density, rim=0.10)


def _body(patient: Patient, k: int, vertebra: Vertebra) -> tuple[Points, dict[str, Points]]:
    """Outline of a vertebral body in its frame, shrunk by the rounding, and its corners."""
    half_u = vertebra.depth / 2 - _ROUNDING
    half_v = vertebra.height / 2 - _ROUNDING
    above = 0.0 if k == 0 else patient.wear[k - 1]
    below = patient.wear[k]
    lip = 0.05
    corners = {
        "top front": np.array([-half_u + 0.05 - 0.22 * above, -half_v + 0.05]),
        "top back": np.array([half_u - 0.02 + 0.08 * above, -half_v - 0.03]),
        "bottom back": np.array([half_u + 0.02 + 0.08 * below, half_v - 0.02]),
        "bottom front": np.array([-half_u - lip - 0.26 * below, half_v + 0.05]),
    }
    waist = patient.waist
    sides_front = np.array(
        [[-half_u + waist * 0.7, 0.45 * half_v], [-half_u + waist, -0.2 * half_v]]
    )
    sides_back = np.array([[half_u - 0.04, -0.4 * half_v], [half_u - 0.05, 0.4 * half_v]])
    base = np.array([[0.5 * half_u, half_v - 0.09], [-0.25 * half_u, half_v - 0.10]])
    top = np.array([[-0.4 * half_u, -half_v + 0.08], [0.4 * half_u, -half_v + 0.07]])
    if vertebra.level == "C2":
        top = _dens(patient, half_u, half_v)
        outline = [sides_back[1:], corners["bottom back"], base, corners["bottom front"]]
        outline += [sides_front[:1], top]
    else:
        outline = [corners["top front"], top, corners["top back"], sides_back]
        outline += [corners["bottom back"], base, corners["bottom front"], sides_front]
    swollen = {name: corner + _ROUNDING * 0.7 * np.sign(corner) for name, corner in corners.items()}
    return np.vstack(outline), swollen


def _dens(patient: Patient, half_u: float, half_v: float) -> Points:
    """Upper outline of C2 from its front to its back: shoulder, dens, shoulder."""
    control = np.array(
        [
            [-0.86 * half_u, -0.25 * half_v],
            [-0.74 * half_u, -0.95 * half_v],
            [-0.58 * half_u, -half_v - 0.30 * patient.dens],
            [-0.62 * half_u, -half_v - 0.68 * patient.dens],
            [-0.34 * half_u, -half_v - 0.94 * patient.dens],
            [0.06 * half_u, -half_v - patient.dens],
            [0.44 * half_u, -half_v - 0.88 * patient.dens],
            [0.52 * half_u, -half_v - 0.60 * patient.dens],
            [0.56 * half_u, -half_v - 0.20 * patient.dens],
            [0.84 * half_u, -0.62 * half_v],
        ]
    )
    return spline(control, samples=2, closed=False)


def _pillars(patient: Patient, posture: Posture, vertebra: Vertebra) -> list[Solid]:
    """Left and right articular pillars: oblique shingles behind the body, with the pedicle."""
    front = vertebra.depth / 2 - 0.02
    back = front + 0.66 * patient.canal
    slope = 0.80 * (back - front)
    top = -0.60 * vertebra.above
    bottom = 0.40 * vertebra.below - _FACET_GAP
    if vertebra.level == "C2":
        top = -0.35 * vertebra.above
        upper = [[front - 0.35, top], [back - 0.30, top + 0.25], [back, top + slope]]
    else:
        upper = [[front, top], [0.5 * (front + back), top + 0.42 * slope], [back, top + slope]]
        upper += [[back - 0.17, 0.5 * (top + bottom) + slope]]
    lower = [[back + 0.02, bottom + slope - 0.10], [back - 0.10, bottom + slope]]
    lower += [[front + 0.08, bottom + 0.10], [front + 0.16, 0.5 * (top + bottom)]]
    # The lower face keeps parallel to the vertebra below, which a bent neck turns.
    faces = np.array(lower)
    faces[:, 1] -= faces[:, 0] * np.sin(vertebra.bend)
    shingle = np.vstack([upper, faces])
    solids = []
    for side in (-0.5, 0.5):
        offset = side * np.array([posture.twist, 0.4 * posture.twist])
        points = vertebra.frame.place(shingle) + offset
        solids.append(Solid(points, _tissue(patient, 0.21, 0.25, 0.12), rounding=0.05))
    stem = vertebra.frame.place(
        [[front - 0.2, -0.20 * vertebra.height], [front + 0.3, -0.12 * vertebra.height]]
    )
    solids.append(Solid(stem, _tissue(patient, 0.14, 0.2, 0.06), radii=np.array([0.26, 0.26])))
    return solids


def _arch(patient: Patient, k: int, vertebra: Vertebra) -> list[Solid]:
    """Lamina and spinous process, and the cortex of the spinolaminar line before its root."""
    wall = vertebra.depth / 2
    length = patient.processes[k]
    droop = np.radians(patient.droop[k])
    along = np.array([np.cos(droop), np.sin(droop)])
    stout = 1.40 if vertebra.level == "C2" else 1.12 if vertebra.level in ("C7", "T1") else 1.0
    lamina = np.array([wall + 0.58 * patient.canal, 0.08 * vertebra.below])
    root = np.array([wall + patient.canal + 0.22, 0.30 * vertebra.below])
    middle = root + 0.55 * length * along
    tip = root + length * along + np.array([0.0, 0.08])
    points = vertebra.frame.place(np.vstack([lamina, root, middle, tip]))
    radii = stout * np.array([0.17, 0.31, 0.21, 0.27])
    line = np.array([[-0.26, -0.30], [-0.32, 0.05], [-0.22, 0.38]]) + root
    return [
        Solid(points, _tissue(patient, 0.36, 0.2, 0.20), radii=radii),
        Solid(
            vertebra.frame.place(line),
            _tissue(patient, 0.20, 0.06, 0.0),
            radii=np.array([0.05, 0.07, 0.05]),
        ),
    ]


def _atlas(patient: Patient, posture: Posture, spine: Spine) -> list[Solid]:
    """C1: anterior arch before the dens, lateral masses over it, posterior arch behind."""
    axis = spine.at("C2")
    middle = axis.frame.place((0.0, -0.5 * axis.height - 0.62 * patient.dens))
    frame = Frame(middle, 0.6 * axis.frame.degrees + 0.4 * spine.skull.degrees)
    front = -0.5 * axis.depth * 0.66 - 0.36
    arch = np.array([[front + 0.02, -0.30], [front - 0.08, 0.0], [front, 0.32]])
    back = axis.depth * 0.5 + patient.canal + 0.55
    ring = np.array([[0.75, 0.10], [1.5, -0.02], [back - 0.5, 0.16], [back + 0.1, 0.30]])
    mass = np.array([[-0.62, -0.42], [0.1, -0.25], [0.68, -0.46], [0.62, 0.42], [-0.55, 0.46]])
    solids = [
        Solid(
            frame.place(arch), _tissue(patient, 0.55, 0.2, 0.34), radii=np.array([0.15, 0.24, 0.15])
        ),
        Solid(
            frame.place(ring),
            _tissue(patient, 0.36, 0.16, 0.24),
            radii=np.array([0.22, 0.15, 0.18, 0.30]),
        ),
    ]
    for side in (-0.5, 0.5):
        offset = side * np.array([posture.twist, 0.3 * posture.twist])
        points = frame.place(mass) + offset
        solids.append(Solid(points, _tissue(patient, 0.14, 0.3, 0.08), rounding=0.08))
    return solids
