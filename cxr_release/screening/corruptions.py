"""Known faults, planted into good films: what the pre-screen is tried on.

Each fault takes a film of the cohort and spoils it in one way, such as reviewers exclude films for.
How, and how strongly, is drawn at random, so that no score can be tuned to one picture. Which are
planted follows from what the films show (`anatomy`): a film without a spine has no column to spoil.
Faults of the column need no landmarks: the column is the bright ridge that runs down the middle of
a film of the spine, and soft tissue is what lies between its two sides.

The faults are drawn with a pencil. A network fails in ways of its own: what finds these faults
need not find those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, gaussian_filter1d, map_coordinates, shift

from cxr_release.films.png import Film

Grey = NDArray[np.float64]
"""Grey values (height, width) on the way to a film."""

Fault = Callable[[Film, np.random.Generator], Film]
"""Film (height, width) uint8 and a source of chance → spoilt film of the same size."""

_SIDE = 64
"""Pixels on each side of the small copy in which the column is looked for."""
_MIDDLE = (0.28, 0.78)
"""Where the column may run, as parts of the width."""
_HALF = 0.19
"""From the middle of the column to soft tissue on either side, as a part of the width."""


def plant(fault: str, film: Film, chance: np.random.Generator) -> Film:
    """Plant one of `FAULTS` into a film (height, width) uint8. The film itself stays as it is."""
    return FAULTS[fault](film, chance)


def spine_truncated(film: Film, chance: np.random.Generator) -> Film:
    """The column ends between 35 and 65 % of the height; below it goes on as soft tissue."""
    column = _column(film)
    end = chance.uniform(0.35, 0.65)
    return _film(film - _below(column.bone, end, chance))


def two_spines(film: Film, chance: np.random.Generator) -> Film:
    """A second column beside the first, 20 to 32 % of the width away, on the side with room."""
    height, width = film.shape
    column = _column(film)
    away = chance.uniform(0.20, 0.32) * (1 if column.path.mean() < width / 2 else -1)
    second = shift(column.bone, (chance.uniform(-0.05, 0.05) * height, away * width), order=1)
    return _film(film + chance.uniform(0.85, 1.0) * second)


def elements_inverted(film: Film, chance: np.random.Generator) -> Film:
    """The column alone is turned around: what lay in front of it lies behind it."""
    column = _column(film)
    rows, places = np.indices(film.shape, dtype=np.float64)
    turned = map_coordinates(column.bone, (rows, 2 * column.path[:, None] - places), order=1)
    return _film(film - column.bone + turned * chance.uniform(0.95, 1.0))


def mirrored_halves(film: Film, chance: np.random.Generator) -> Film:
    """One half, and its mirror image in the place of the other."""
    half = film.shape[1] // 2
    spoilt = film.copy()
    if chance.random() < 0.5:
        spoilt[:, -half:] = film[:, :half][:, ::-1]
    else:
        spoilt[:, :half] = film[:, -half:][:, ::-1]
    return spoilt


def duplicated_anatomy(film: Film, chance: np.random.Generator) -> Film:
    """A piece of the film, 35 to 50 % of its sides, appears in a second place too."""
    sides = np.array(film.shape)
    reach = (chance.uniform(0.35, 0.5, 2) * sides).astype(int)
    source = (chance.uniform(0, 1, 2) * (sides - reach)).astype(int)
    # Far enough away to be another place: the far corner of the film, give or take.
    target = np.where(source < (sides - reach) / 2, sides - reach, 0)
    keep = chance.integers(3)
    if keep < 2:
        target[keep] = source[keep]
    window = np.zeros(film.shape)
    window[target[0] : target[0] + reach[0], target[1] : target[1] + reach[1]] = 1
    window = gaussian_filter(window, 0.02 * sides.mean())
    moved = shift(film.astype(np.float64), tuple(target - source), order=0, mode="nearest")
    return _film(film + window * (moved - film))


def wrong_facing(film: Film, chance: np.random.Generator) -> Film:
    """The film's mirror image."""
    return np.ascontiguousarray(film[:, ::-1])


def upside_down(film: Film, chance: np.random.Generator) -> Film:
    """What lies above lies below."""
    return np.ascontiguousarray(film[::-1])


def inverted(film: Film, chance: np.random.Generator) -> Film:
    """The negative."""
    return np.invert(film)


def blurred(film: Film, chance: np.random.Generator) -> Film:
    """Out of focus: outlines are left, details are not."""
    sigma = chance.uniform(0.025, 0.05) * film.shape[0]
    return _film(gaussian_filter(film.astype(np.float64), sigma, mode="nearest"))


def blank(film: Film, chance: np.random.Generator) -> Film:
    """A flat field of any grey, with little grain or none."""
    grain = chance.normal(0, chance.uniform(0, 3), film.shape)
    return _film(chance.uniform(0, 255) + grain)


def noise(film: Film, chance: np.random.Generator) -> Film:
    """Noise, fine or coarse, with the film's own mean and contrast."""
    field = gaussian_filter(chance.standard_normal(film.shape), chance.uniform(0, 0.04) * len(film))
    return _film(film.mean() + (field - field.mean()) / field.std() * max(1.0, film.std()))


FAULTS: Mapping[str, Fault] = {
    "spine-truncated": spine_truncated,
    "two-spines": two_spines,
    "elements-inverted": elements_inverted,
    "mirrored-halves": mirrored_halves,
    "duplicated-anatomy": duplicated_anatomy,
    "wrong-facing": wrong_facing,
    "upside-down": upside_down,
    "inverted": inverted,
    "blurred": blurred,
    "blank": blank,
    "noise": noise,
}
"""Code → fault, the faults of the column first."""
GENERAL = ("duplicated-anatomy", "upside-down", "inverted", "blurred", "blank", "noise")
"""Those of `FAULTS` that are faults of a film of any part of the body."""


@dataclass(frozen=True)
class _Column:
    """The column of a film."""

    path: Grey
    """(height,) its middle in each row, in pixels."""
    bone: Grey
    """(height, width) what it adds to soft tissue, in grey values; 0 away from it."""


def _column(film: Film) -> _Column:
    """Find the column, and take it from the soft tissue that would show without it."""
    height, width = film.shape
    path = _ridge(film)
    grey = film.astype(np.float64)
    smooth = gaussian_filter(grey, (0.06 * height, 0.02 * width), mode="nearest")
    rows = np.arange(height)
    left, right = path - _HALF * width, path + _HALF * width
    before, behind = (
        map_coordinates(smooth, (rows, np.clip(side, 0, width - 1)), order=1)
        for side in (left, right)
    )
    place = (np.arange(width) - left[:, None]) / (right - left)[:, None]
    tissue = before[:, None] + np.clip(place, 0, 1) * (behind - before)[:, None]
    # Rises and falls over an eighth of the column's width, so that no seam shows.
    window = np.clip(8 * np.minimum(place, 1 - place), 0, 1)
    fine = grey - gaussian_filter(grey, 0.01 * width, mode="nearest")
    grain = 0.5 * np.clip(fine, -4, 4)
    return _Column(path, window * (grey - tissue - grain))


def _ridge(film: Film) -> Grey:
    """Middle of the column in each row, (height,) pixels: the brightest smooth way down.

    Dynamic programming over a small copy: a way gains the brightness of its places over their
    surroundings, and moves by one place a row at most.
    """
    height, width = film.shape
    copy = Image.fromarray(film).convert("F").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    small = np.asarray(copy, np.float64)
    narrow, wide = (gaussian_filter(small, (5, sigma), mode="nearest") for sigma in (3, 10))
    gain = (narrow - wide)[:, int(_MIDDLE[0] * _SIDE) : int(_MIDDLE[1] * _SIDE)]
    total = gain.copy()
    came = np.zeros(gain.shape, int)
    for row in range(1, _SIDE):
        padded = np.pad(total[row - 1], 1, constant_values=-np.inf)
        steps = np.stack([padded[1:-1], padded[:-2], padded[2:]])
        came[row] = np.array([0, -1, 1])[steps.argmax(axis=0)]
        total[row] += steps.max(axis=0)
    way = np.empty(_SIDE)
    place = int(total[-1].argmax())
    for row in range(_SIDE - 1, -1, -1):
        way[row] = place
        place += int(came[row, place])
    way = gaussian_filter1d(way + int(_MIDDLE[0] * _SIDE) + 0.5, 3, mode="nearest")
    rows = (np.arange(height) + 0.5) / height * _SIDE - 0.5
    middle: Grey = np.interp(rows, np.arange(_SIDE), way)
    path: Grey = middle * width / _SIDE - 0.5
    return path


def _below(bone: Grey, end: float, chance: np.random.Generator) -> Grey:
    """The part of the column below `end` (part of the height), cut off along a slanted line."""
    height, width = bone.shape
    slope = chance.uniform(-0.25, 0.25)
    line = end * height + slope * (np.arange(width) - width / 2)
    depth = np.arange(height)[:, None] - line
    below: Grey = bone * np.clip(depth / max(1.0, 0.02 * height), 0, 1)
    return below


def _film(grey: Grey | NDArray[np.floating]) -> Film:
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)
