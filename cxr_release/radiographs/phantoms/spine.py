"""The curve of the neck: where each vertebra from C2 to T1 and the skull above them lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cxr_release.radiographs.phantoms.patient import LEVELS, Patient, Posture
from cxr_release.radiographs.phantoms.shapes import Points


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
