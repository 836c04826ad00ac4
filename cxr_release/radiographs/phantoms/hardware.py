"""Metal after surgery: a plate on the front of two or three bodies, with screws into them.

An anterior plate lies edge-on in a lateral film: a thin, nearly white line along the front walls,
with two screws in each body, one behind the other, the uppermost pointing up and the lowest down.
Between the bodies lie cages, of which the film shows two pins.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cxr_release.radiographs.phantoms.patient import LEVELS, Posture
from cxr_release.radiographs.phantoms.solids import Points, Solid, Tissue
from cxr_release.radiographs.phantoms.spine import Spine, Vertebra

_PLATE = Tissue(fill=2.6, bevel=0.05)
_SCREW = Tissue(fill=1.1, bevel=0.12)
"""Of one of the two screws that lie behind each other."""
_PIN = Tissue(fill=1.2, bevel=0.05)
_TOP_LEVELS = ("C3", "C4", "C5", "C6")
_TOP_SHARES = (0.1, 0.3, 0.4, 0.2)


def plated_levels(rng: np.random.Generator) -> tuple[str, ...]:
    """Levels that a plate holds together: two or three neighbours."""
    top = LEVELS.index(str(rng.choice(_TOP_LEVELS, p=_TOP_SHARES)))
    bodies = 3 if rng.random() < 0.4 and LEVELS[top] != "C6" else 2
    return LEVELS[top : top + bodies]


def plate_solids(spine: Spine, posture: Posture, levels: tuple[str, ...]) -> list[Solid]:
    """Plate, screws and pins on the front of some neighbouring bodies.

    Args:
        spine: as the patient holds it.
        posture: of the film.
        levels: from above, as of `plated_levels`.
    """
    bodies = [spine.at(level) for level in levels]
    line = [
        body.frame.place(_front(body, share * body.height))
        for place, body in enumerate(bodies)
        for share in _stretch(place, len(bodies))
    ]
    solids = [Solid(np.array(line), _PLATE, radii=np.full(len(line), 0.10), blend=0.02)]
    for place, body in enumerate(bodies):
        lean = _lean(place, len(bodies))
        for side in (-0.5, 0.5):
            offset = side * np.array([0.3 * posture.twist, 0.8 * posture.twist + 0.06])
            solids.append(_screw(body, lean, offset))
    for upper, lower in pairwise(bodies):
        below = upper.frame.place((0.0, upper.height / 2))
        above = lower.frame.place((0.0, -lower.height / 2))
        along = upper.frame.axes[0] * 0.3 * upper.depth
        for side in (-1, 1):
            pin = (below + above) / 2 + side * along
            ends = pin + np.array([[0.0, -0.10], [0.0, 0.10]])
            solids.append(Solid(ends, _PIN, radii=np.array([0.06, 0.06])))
    return solids


def _front(body: Vertebra, down: float) -> tuple[float, float]:
    """A place of the plate in a body's frame, so far below its middle."""
    return -body.depth / 2 - 0.09, down


def _stretch(place: int, bodies: int) -> tuple[float, ...]:
    """Where the plate lies on a body, in its heights from the middle down."""
    if place == 0:
        return -0.22, 0.45
    return (-0.45, 0.22) if place == bodies - 1 else (-0.45, 0.45)


def _lean(place: int, bodies: int) -> float:
    """Degrees by which the screws of a body point down."""
    return {0: -14.0, bodies - 1: 12.0}.get(place, 0.0)


def _screw(body: Vertebra, lean: float, offset: Points) -> Solid:
    """A screw from the plate into a body: its head, and a shaft that tapers."""
    turn = np.radians(lean)
    along = np.array([np.cos(turn), np.sin(turn)])
    head = np.array(_front(body, 0.008 * lean * body.height))
    length = min(1.35, 0.80 * body.depth)
    local = np.array([head - 0.05 * along, head + 0.16 * along, head + length * along])
    points = body.frame.place(local) + offset
    return Solid(points, _SCREW, radii=np.array([0.24, 0.17, 0.09]), blend=0.03)
