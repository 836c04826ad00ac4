"""Borders over a phantom: what a collimator kept from the beam, or a viewer's shutter hides.

The cohort has thin and straight ones of its own (`film.Exposure`); these are wide, tilted or
rounded, as scanners and viewers leave them. `ingest.phantom_borders` asks for them, to see what
polarity, facing and `ingest.field` make of such films before hospital films come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cxr_release.films.facts import Box
from cxr_release.radiographs.phantoms.solids import Grid


@dataclass(frozen=True)
class Collimation:
    """A border around a film."""

    margins: tuple[float, float, float, float]
    """What it hides: left, top, right, bottom, as parts of the film's sides; 0 for none."""
    grey: float
    """Of the border: near 1 where the beam did not reach a bone-bright film, 0 for a shutter."""
    degrees: float = 0.0
    """By how much the border is turned around the film's middle."""
    corner: float = 0.0
    """Radius of its corners, as a part of the film's shorter side."""
    scatter: float = 0.0
    """By how much scattered light changes the border's grey towards its edge."""
    noise: float = 0.0
    """Standard deviation of its grey."""


def draw_collimation(rng: np.random.Generator, borders: Literal["bright", "dark"]) -> Collimation:
    """Any border: of 4 to 25 % of a film's sides, tilted, rounded, lit by scatter and noisy.

    Args:
        rng: of all that chance decides.
        borders: as bright as bone, which the beam did not reach; or dark, of a shutter.
    """
    left, top, right, bottom = np.where(rng.random(4) < 0.7, rng.uniform(0.04, 0.25, 4), 0)
    return Collimation(
        margins=(float(left), float(top), float(right), float(bottom)),
        grey=float(rng.uniform(0.9, 1.0) if borders == "bright" else rng.uniform(0, 0.05)),
        degrees=float(rng.normal(0, 1.5)),
        corner=float(rng.choice([0, 0.05])),
        scatter=float(rng.choice([0, 0.2])),
        noise=float(rng.choice([0, 0.004, 0.01])),
    )


def collimate(grey: Grid, collimation: Collimation, rng: np.random.Generator) -> tuple[Grid, Box]:
    """Lay a border over a film.

    Args:
        grey: positive film (h, w), 0 to 1.
        collimation: the border.
        rng: of its noise.

    Returns:
        The film, and the box around what is left of it: left, top, right, bottom in pixels.
    """
    height, width = grey.shape
    depth = _depth(grey.shape, collimation)
    open_field = depth <= 0
    # Light is scattered some way under a collimator's edge, and less and less.
    reach = np.exp(-np.maximum(depth, 0) / np.float32(0.06 * min(height, width)))
    towards = np.float32(0.5 - collimation.grey) * 2
    border = np.float32(collimation.grey) + np.float32(collimation.scatter) * towards * reach
    border += np.float32(collimation.noise) * rng.standard_normal(grey.shape, np.float32)
    covered = np.where(open_field, grey, np.clip(border, 0, 1)).astype(np.float32)
    rows, columns = (np.flatnonzero(open_field.any(axis=axis)) for axis in (1, 0))
    field = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return covered, field


def _depth(shape: tuple[int, ...], collimation: Collimation) -> Grid:
    """How deep under the border each pixel (h, w) lies, in pixels; 0 or less in the field."""
    height, width = shape
    turn = np.radians(collimation.degrees)
    down, across = np.mgrid[:height, :width].astype(np.float32) + np.float32(0.5)
    down -= height / 2
    across -= width / 2
    x = across * np.cos(turn) + down * np.sin(turn) + width / 2
    y = down * np.cos(turn) - across * np.sin(turn) + height / 2
    left, top, right, bottom = collimation.margins
    radius = collimation.corner * min(height, width)
    beyond = np.float32(2 * max(height, width))  # a side without a border
    sides = (
        left * width - x if left else x * 0 - beyond,
        x - (1 - right) * width if right else x * 0 - beyond,
        top * height - y if top else y * 0 - beyond,
        y - (1 - bottom) * height if bottom else y * 0 - beyond,
    )
    wide, high = np.maximum(sides[0], sides[1]), np.maximum(sides[2], sides[3])
    corner = np.hypot(np.maximum(wide + radius, 0), np.maximum(high + radius, 0)) - radius
    depth: Grid = np.where((wide > -radius) & (high > -radius), corner, np.maximum(wide, high))
    return depth.astype(np.float32)
