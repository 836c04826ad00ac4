"""Poses: where on a real film a point of a synthetic film comes to lie, and the parts of a film.

A pose is four numbers (a, b, x, y). A point (u, v) of the synthetic film, in its view, lies at

    (a u − b v + x, b u + a v + y)

on the real film: turned, scaled and shifted. Coordinates run from −1 at the left or top edge of a
film to 1 at the opposite one. A film that shows a real one cropped by 10 % has a pose of scale 0.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

Poses = NDArray[np.float32]
"""(n, 4) a, b, x, y."""
PLAIN: Poses = np.array([1, 0, 0, 0], np.float32)
"""The pose of a film that lies on the real one as it is."""

_TURNS = (-4, -2, 2, 4)
"""Degrees."""
_SCALES = (0.95, 1.05, 1.075, 1.1)
_RING, _RING_STEPS = 0.05, 16
"""How far the widest shifts lie off the middle, of a side, and how many there are."""
_NEAR = 0.026
"""How far the nearest shifts lie off it, in each direction."""
_CROPS = ((0.95, (-0.018, 0.018)), (0.9, (-0.033, 0, 0.033)), (0.85, (-0.05, 0, 0.05)))
"""Scale of a crop, and how far its middle lies off the film's, in each direction."""
_BETWEEN = (0.85, (-0.025, 0.025))
"""Middles between those of the strongest crop, which lie far apart."""


@dataclass(frozen=True)
class Pose:
    """A pose as people read it."""

    turn: float
    """Degrees by which the synthetic film shows the real one turned, counterclockwise."""
    scale: float
    """Of lengths on the real film over lengths on the synthetic one: 0.9 shows 90 % of it."""
    right: float
    """Of a side, by which the middle of the synthetic film lies right of the real one's."""
    down: float
    """Of a side, by which it lies below."""


def pose_of(
    turn: ArrayLike = 0, scale: ArrayLike = 1, right: ArrayLike = 0, down: ArrayLike = 0
) -> Poses:
    """(…, 4) the numbers of a pose, or of many; see `Pose`."""
    angle, scale = np.deg2rad(turn), np.asarray(scale)
    numbers = (
        *(scale * np.cos(angle), scale * np.sin(angle)),
        *(2 * np.asarray(right), 2 * np.asarray(down)),
    )
    poses: Poses = np.stack(np.broadcast_arrays(*numbers), axis=-1).astype(np.float32)
    return poses


def read_pose(pose: NDArray[np.floating]) -> Pose:
    """A pose of four numbers, as people read it."""
    a, b, x, y = map(float, pose)
    return Pose(float(np.rad2deg(np.arctan2(b, a))), float(np.hypot(a, b)), x / 2, y / 2)


def looks() -> Poses:
    """(looks, 4) poses in which each real film is looked at; the first is `PLAIN`.

    They lie so near to each other that a film turned by up to 5°, cropped or scaled by up to 10 %
    or shifted by up to 5 % is within about a degree, 2.5 % of scale and 2 % of shift of one.
    """
    return np.stack([PLAIN, *_looks()])


def _looks() -> Iterator[Poses]:
    for turn in _TURNS:
        yield pose_of(turn=turn)
    for scale in _SCALES:
        yield pose_of(scale=scale)
    for scale, places in (*_CROPS, _BETWEEN):
        for right, down in product(places, places):
            yield pose_of(scale=scale, right=right, down=down)
    for right, down in product((-_NEAR, 0, _NEAR), repeat=2):
        if right or down:
            yield pose_of(right=right, down=down)
    for step in range(_RING_STEPS):
        angle = 2 * np.pi * step / _RING_STEPS
        yield pose_of(right=_RING * np.cos(angle), down=_RING * np.sin(angle))
