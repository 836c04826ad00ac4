"""A teacher that learns where landmarks lie from real films that have them, in closed form.

A cascade of ridge regressions (Xiong and De la Torre, CVPR 2013, doi 10.1109/CVPR.2013.75; each
step is solved as in `statistics.ridge`): the whole film, small, says roughly where all points lie;
then small patches around all points say together how far each still is off. What a step learns from
is where the steps before it put the points of films that they had not seen: films are left out in
turn, by patient. Nothing is drawn at random.

How far off a point may be follows from films that were left out likewise. A film on which the last
step still moves points far is a harder one. So the error of each point over (the film's last step +
its median over films) has an upper bound in 90 % of films left out, and that times the same number
of another film is the radius that is stated (split conformal prediction; Lei et al., JASA 113:1094,
2018, doi 10.1080/01621459.2017.1307116). It holds for films like the real ones; whether synthetic
films are like them is another question.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.films.png import Film
from cxr_release.landmarks.points import NAMES, Points
from cxr_release.statistics.ridge import Fitted, Numbers, fitted, strength_of

FOLDS = 5
LEAST_FILMS = 20
"""Films with all points: fewer teach nothing."""
MOST_FILMS = 1_500
"""Films that a teacher learns from."""
LEVEL = 0.9
"""Share of points within the stated radius."""
_MOST_CHOOSING = 300
"""Films by which the strength of a step is chosen."""
_SMALL, _LARGE = 64, 128
"""Pixels of the longer side at which films are looked at; the larger one where they have it."""
_REACH = 5
"""Pixels of a patch on each side of a point."""
_STEPS = (_SMALL, _SMALL, _LARGE)
"""At which size each step of patches looks."""
_BACKGROUND = 8.0
"""Standard deviation, in pixels, of the blur that takes brightness and contrast of a place out."""
_FLAT = 4.0
"""Grey levels that are added to the local contrast, so that noise is not blown up."""


@dataclass(frozen=True)
class Placed:
    """Points on films."""

    points: Points
    """(films, 23, 2) in pixels of the films."""
    radius: Points
    """(films, 23) within which 90 % of points of films that are not seen lie, in pixels."""


@dataclass(frozen=True)
class Teacher:
    """A fitted cascade."""

    whole: Fitted
    steps: tuple[tuple[int, Fitted], ...]
    """Size at which a step looks → its regression."""
    bounds: Points
    """(23,) upper bound of the scores of each point."""
    usual: float
    """Median of films' last step, in pixels of a film whose longer side is 1."""

    def place(self, films: NDArray[np.uint8]) -> Placed:
        """Place the points on films (n, height, width)."""
        pictures = _Pictures(films)
        points = _flat_points(self.whole.of(pictures.whole()))
        last = np.zeros_like(points)
        for size, regression in self.steps:
            last = _flat_points(regression.of(pictures.patches(points, size)))
            points = points + last
        # No point is further off than the film is long.
        radius = np.minimum(self.bounds * (_effort(last)[:, None] + self.usual), 1.0)
        return Placed(points * pictures.longer, radius * pictures.longer)


@dataclass(frozen=True)
class Taught:
    """A teacher, and what it says of the films that it learnt from when they were left out."""

    teacher: Teacher
    left_out: Points
    """(films, 23, 2) in pixels."""


def folds_of(patients: Sequence[str]) -> NDArray[np.int64]:
    """The fold (n,) of each film, by its patient's name alone: no patient is in two folds."""
    numbers = {
        patient: rank % FOLDS
        for rank, patient in enumerate(
            sorted({*patients}, key=lambda name: hashlib.sha256(name.encode()).digest())
        )
    }
    return np.array([numbers[patient] for patient in patients], np.int64)


def teach(films: NDArray[np.uint8], points: Points, patients: Sequence[str]) -> Taught:
    """Learn from films with all their points.

    Args:
        films: (n, height, width), n ≥ `LEAST_FILMS`, of at least two patients.
        points: (n, 23, 2) in pixels.
        patients: of each film; for one that is not stated something of its own.
    """
    pictures, folds = _Pictures(films), folds_of(patients)
    wanted = points / pictures.longer

    def step(inputs: Numbers, targets: Points) -> tuple[Fitted, Points]:
        flat = targets.reshape(len(targets), -1)
        chosen = slice(0, _MOST_CHOOSING)
        strength = strength_of(inputs[chosen], flat[chosen])
        unseen = np.empty_like(flat)
        for fold in np.unique(folds):
            out = folds == fold
            unseen[out] = fitted(inputs[~out], flat[~out], strength).of(inputs[out])
        return fitted(inputs, flat, strength), _flat_points(unseen)

    whole, placed = step(pictures.whole(), wanted)
    steps, last = [], np.zeros_like(placed)
    for size in _STEPS:
        if size > _SMALL and pictures.longer < size:
            continue
        regression, last = step(pictures.patches(placed, size), wanted - placed)
        steps.append((size, regression))
        placed = placed + last
    effort = _effort(last)
    usual = max(float(np.median(effort)), 1e-9)
    errors = np.linalg.norm(placed - wanted, axis=2)
    scores = np.sort(errors / (effort[:, None] + usual), axis=0)
    # Of the films and the one that comes, in rank: with few films the largest score.
    rank = min(len(scores), int(np.ceil((len(scores) + 1) * LEVEL))) - 1
    teacher = Teacher(whole, tuple(steps), scores[rank], usual)
    return Taught(teacher, placed * pictures.longer)


def _flat_points(flat: Numbers) -> Points:
    return flat.reshape(len(flat), len(NAMES), 2)


def _effort(step: Points) -> Points:
    """How far a step moves the points of each film, root mean square."""
    effort: Points = np.sqrt((step**2).sum(axis=2).mean(axis=1))
    return effort


class _Pictures:
    """Films as the regressions see them. Lengths are shares of a film's longer side."""

    def __init__(self, films: NDArray[np.uint8]) -> None:
        self.longer = max(films.shape[1:])
        self._films = films
        self._made: dict[int, NDArray[np.float64]] = {}

    def whole(self) -> Numbers:
        """All of each film, small, of one mean and contrast: (n, pixels)."""
        small = np.stack([_resized(film, _SMALL // 2) for film in self._films])
        flat = small.reshape(len(small), -1).astype(np.float64)
        flat -= flat.mean(axis=1, keepdims=True)
        normed: Numbers = flat / np.maximum(flat.std(axis=1, keepdims=True), _FLAT)
        return normed

    def patches(self, points: Points, size: int) -> Numbers:
        """What lies around points, of one local contrast: (n, 23 × patch)."""
        from scipy.ndimage import map_coordinates

        if size not in self._made:
            self._made[size] = _evened(np.stack([_resized(film, size) for film in self._films]))
        pictures = self._made[size]
        steps = np.arange(-_REACH, _REACH + 1.0)
        down, across = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
        # The middle of the first pixel is 0.5, 0.5; of an array it is 0, 0.
        x = points[:, :, :1] * size - 0.5 + across
        y = points[:, :, 1:] * size - 0.5 + down
        found = [
            map_coordinates(picture, [rows.ravel(), columns.ravel()], order=1, mode="nearest")
            for picture, rows, columns in zip(pictures, y, x, strict=True)
        ]
        return np.stack(found)


def _resized(film: Film, longer: int) -> Film:
    """A film of which the longer side has so many pixels."""
    from PIL import Image

    height, width = film.shape
    scale = longer / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if size == (width, height):
        return film
    return np.asarray(Image.fromarray(film).resize(size, Image.Resampling.BICUBIC))


def _evened(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Pictures without the brightness and contrast of a place."""
    from scipy.ndimage import gaussian_filter

    blur = (0, _BACKGROUND, _BACKGROUND)
    floats = pictures.astype(np.float64)
    floats -= gaussian_filter(floats, blur)
    floats /= np.sqrt(gaussian_filter(floats**2, blur)) + _FLAT
    return floats
