"""Signed distances of the outlines that anatomy is made of, vectorised over a pixel grid.

Distances are negative inside. Points are (n, 2) arrays of (x, y); grids are given by their
axes, columns `x` (w,) and rows `y` (h,), and answers have shape (h, w), float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Grid = NDArray[np.float32]


def spline(points: Points, *, samples: int, closed: bool) -> Points:
    """Return the Catmull–Rom curve through (n, 2) `points`, `samples` points for each piece."""
    if closed:
        before, after, far = (np.roll(points, -k, axis=0) for k in (-1, 1, 2))
        here = points
    else:
        padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
        before, here, after, far = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = np.arange(samples)[:, None, None] / samples
    curve = 0.5 * (
        2 * here
        + (after - before) * t
        + (2 * before - 5 * here + 4 * after - far) * t**2
        + (3 * here - before - 3 * after + far) * t**3
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
