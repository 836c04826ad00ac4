"""Solids of the body and the attenuation that a beam gathers on its way through them.

Anatomy is laid out in centimetres in the patient's sagittal plane: x runs from the front of the
neck to its back, y from the head down. A `View` carries that plane onto a film.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.phantoms.shapes import (
    Grid,
    Points,
    chain_distance,
    polygon_distance,
)

_SAMPLES = 28
"""A solid is measured at about so many places a side and interpolated between them, where its
window is larger: distances to smooth outlines are almost linear between neighbours."""
_COARSEST = 5
"""Pixels between such places, at most."""


@dataclass(frozen=True)
class Tissue:
    """What a solid adds to the line integral of attenuation (no unit), by depth from its edge."""

    fill: float
    """Added where the solid has its full thickness; below 0 for air in soft tissue."""
    bevel: float
    """Depth in cm over which the thickness rounds off like a cylinder's."""
    cortex: float = 0.0
    """Added on top in the middle of the cortical rim."""
    rim: float = 0.1
    """Width of the cortical rim in cm."""

    def attenuation(self, distance: Grid) -> Grid:
        """Attenuation of a beam that passes at a signed distance in cm from the edge."""
        depth = distance * np.float32(-1 / self.bevel)
        np.minimum(depth, 1, out=depth)
        np.maximum(depth, 0, out=depth)
        total: Grid = np.sqrt(depth * (2 - depth)) * np.float32(self.fill)
        if self.cortex:
            half = np.float32(self.rim / 2)
            total += np.float32(self.cortex) * np.exp(-(((distance + half) / half) ** 2))
        return total


@dataclass(frozen=True)
class Solid:
    """A closed outline, or a chain of capsules where `radii` are given, filled with a tissue."""

    points: Points
    tissue: Tissue
    radii: NDArray[np.float64] | None = None
    rounding: float = 0.0
    """Radius in cm by which a polygon swells, which rounds its corners."""
    blend: float = 0.06
    """Width in cm over which the capsules of a chain melt into each other."""


@dataclass(frozen=True)
class View:
    """How the patient's plane (cm) falls onto the film (pixels): turn, scale, mirror, shift."""

    matrix: NDArray[np.float64]
    shift: NDArray[np.float64]
    scale: float
    """Pixels a centimetre."""

    @classmethod
    def centred(
        cls,
        look_at: Points,
        shape: tuple[int, int],
        *,
        scale: float,
        degrees: float = 0.0,
        mirrored: bool = False,
    ) -> View:
        """Return the view that brings the point `look_at` (cm) to the middle of the film."""
        turn = np.radians(degrees)
        matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        if mirrored:
            matrix[0] *= -1
        middle = (np.array([shape[1], shape[0]]) - 1) / 2
        return cls(matrix, middle - matrix @ look_at, scale)

    def project(self, points: Points) -> Points:
        """Return the pixel coordinates (x, y) of points (n, 2) in cm."""
        return points @ self.matrix.T + self.shift


def attenuation_map(solids: Iterable[Solid], view: View, shape: tuple[int, int]) -> Grid:
    """Return the line integral of attenuation at each pixel of a film of `shape` (h, w)."""
    total = np.zeros(shape, np.float32)
    for solid in solids:
        _add(solid, view, total)
    return total


def _add(solid: Solid, view: View, total: Grid) -> None:
    points = view.project(solid.points)
    swell = solid.rounding if solid.radii is None else float(solid.radii.max())
    margin = swell * view.scale + 3
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.ceil(points.max(axis=0) + margin).astype(int) + 1
    window = total[low[1] : high[1], low[0] : high[0]]
    if window.size == 0 or (high <= 0).any():
        return
    step = int(window.size**0.5) // _SAMPLES
    if solid.radii is not None:
        step = min(step, int(solid.radii.mean() * view.scale / 2))
    step = min(max(step, 1), _COARSEST)
    x = np.arange(0, window.shape[1] + step, step, dtype=np.float32) + low[0]
    y = np.arange(0, window.shape[0] + step, step, dtype=np.float32) + low[1]
    if solid.radii is None:
        distance = polygon_distance(points, x, y) - np.float32(swell * view.scale)
    else:
        blend = solid.blend * view.scale
        distance = chain_distance(points, solid.radii * view.scale, x, y, blend=blend)
    if step > 1:
        distance = refine(distance, step)
    distance = distance[: window.shape[0], : window.shape[1]] * np.float32(1 / view.scale)
    window += solid.tissue.attenuation(distance)


def refine(coarse: Grid, step: int) -> Grid:
    """Interpolate linearly between the samples of `coarse`, `step` pixels apart."""
    part = (np.arange(step, dtype=np.float32) / np.float32(step))[:, None]
    rows = coarse[:-1, None] + np.diff(coarse, axis=0)[:, None] * part
    tall = rows.reshape(-1, coarse.shape[1])
    columns = tall[:, :-1, None] + np.diff(tall, axis=1)[:, :, None] * part[:, 0]
    fine: Grid = columns.reshape(len(tall), -1)
    return fine
