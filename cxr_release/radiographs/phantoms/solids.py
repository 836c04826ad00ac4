"""Solids of the body, and the attenuation that a beam gathers on its way through them.

Anatomy is laid out in centimetres in the patient's sagittal plane: x runs from the front of the
neck to its back, y from the head down. A `View` carries that plane onto a film.

Signed distances of outlines are negative inside. Points are (n, 2) arrays of (x, y); grids are
given by their axes, columns `x` (w,) and rows `y` (h,), and answers have shape (h, w), float32.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Grid = NDArray[np.float32]


def spline(points: Points, *, samples: int, closed: bool) -> Points:
    """Return the Catmull–Rom curve through (n, 2) `points`, `samples` points for each piece."""
    if closed:
        before, after, far = (np.roll(points, -k, axis=0) for k in (-1, 1, 2))
        start = points
    else:
        padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
        before, start, after, far = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.arange(samples)[:, None, None] / samples
    curve = 0.5 * (
        2 * start
        + (after - before) * t
        + (2 * before - 5 * start + 4 * after - far) * t**2
        + (3 * start - before - 3 * after + far) * t**3
    )
    pieces = curve.transpose(1, 0, 2).reshape(-1, 2)
    return pieces if closed else np.vstack([pieces, points[-1:]])


def polygon_distance(points: Points, x: Grid, y: Grid) -> Grid:
    """Signed distance to the closed polygon, by the nearest edge and the even–odd rule."""
    ends = np.concatenate([points[1:], points[:1]])
    squared, _ = _to_segments(points, ends, x, y)
    distance: Grid = np.sqrt(squared.min(axis=0))
    return np.where(_inside(points, ends, x, y), -distance, distance)


def chain_distance(
    points: Points, radii: NDArray[np.float64], x: Grid, y: Grid, *, blend: float
) -> Grid:
    """Signed distance to capsules strung along a line, of one radius (n,) a point.

    The capsules are joined by a smooth minimum of width `blend` (log-sum-exp), since adding
    them would draw a bright disc wherever two overlap.
    """
    squared, along = _to_segments(points[:-1], points[1:], x, y)
    start = radii[:-1, None, None].astype(np.float32)
    widening = (radii[1:] - radii[:-1])[:, None, None].astype(np.float32)
    distance: Grid = np.sqrt(squared, out=squared)
    distance -= start + along * widening
    nearest: Grid = distance.min(axis=0)
    if len(distance) == 1:
        return nearest
    weights = np.exp((nearest - distance) / np.float32(blend)).sum(axis=0)
    joined: Grid = nearest - np.float32(blend) * np.log(weights)
    return joined


def _to_segments(starts: Points, ends: Points, x: Grid, y: Grid) -> tuple[Grid, Grid]:
    """Squared distance to each segment and the position along it (0 to 1), both (n, h, w)."""
    edge = ends - starts
    length = np.maximum((edge * edge).sum(axis=1, keepdims=True), 1e-9)
    # Terms that depend on one axis only are worked out on it, before the grid is spanned.
    from_x = (x - starts[:, :1]).astype(np.float32)
    from_y = (y - starts[:, 1:]).astype(np.float32)
    pace = (edge / length).astype(np.float32)
    edge_x, edge_y = (edge[:, k, None, None].astype(np.float32) for k in range(2))
    along: Grid = (from_y * pace[:, 1:])[:, :, None] + (from_x * pace[:, :1])[:, None, :]
    np.minimum(along, 1, out=along)
    np.maximum(along, 0, out=along)
    across = from_x[:, None, :] - along * edge_x
    squared: Grid = from_y[:, :, None] - along * edge_y
    squared *= squared
    across *= across
    squared += across
    return squared, along


def _inside(points: Points, ends: Points, x: Grid, y: Grid) -> NDArray[np.bool_]:
    rise = ends[:, 1] - points[:, 1]
    slope = (ends[:, 0] - points[:, 0]) / np.where(rise == 0, 1.0, rise)
    crosses = (points[:, 1:] > y) != (ends[:, 1:] > y)
    crossing = points[:, :1] + (y - points[:, 1:]) * slope[:, None]
    crossing = np.sort(np.where(crosses, crossing, -np.inf), axis=0).astype(np.float32)
    # Of the n edges few cross any one row: after sorting, theirs are the last.
    most = int(crosses.sum(axis=0).max())
    odd: NDArray[np.bool_] = np.zeros((len(y), len(x)), np.bool_)
    for k in range(len(points) - most, len(points)):
        odd ^= x < crossing[k, :, None]
    return odd


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
