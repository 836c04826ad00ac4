"""Small pictures of films in any pose, and vectors of them that can be compared.

A vector is band-passed, weighted, of mean 0 and length 1: neither brightness, contrast, slow
shading nor what lies near an edge counts. Only what a film shows counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.poses import Poses
from cxr_release.schemas import PARTS, SMALL

Floats = NDArray[np.float32]
Vectors = NDArray[np.float64]
Pictures = NDArray[np.int16]
"""(n, SMALL, SMALL) small pictures of films, smooth; from −`WHITE`, black, to `WHITE`."""
WHITE = 32767
"""A picture in 16 bits takes half the memory of one in floats. Greys are counted from the middle
one: then a negative has the opposite numbers, exactly, and so have its vectors."""

SIDE = 32
"""Points on each side at which a picture is sampled."""
FINE, COARSE = 1 / 48, 1 / 8
"""Standard deviations, of a film's side, of the two blurs whose difference is taken."""
FLAT = 2e-5 * WHITE
"""Length of a vector below which it is rounding error."""
AT_ONCE = 32
"""Films that are sampled at a time: what they need stays near the processor."""
EDGE = 0.93
"""How far out on a film, from −1 to 1, its smooth picture has no part of what lies beyond it."""
SEAM = 2
"""Points between the halves of a film that belong to neither, for the same reason."""


def smooth(films: NDArray[np.uint8]) -> Pictures:
    """Small pictures (n, SMALL, SMALL) without their grain, so that they can be moved freely."""
    from scipy.ndimage import gaussian_filter

    sigma = FINE * SMALL
    grey = (2 * films.astype(np.float32) - 255) / np.float32(255)
    return whole(gaussian_filter(grey, (0, sigma, sigma), mode="nearest"))


def whole(grey: Floats) -> Pictures:
    """Greys from −1 to 1 as pictures are kept; what lies beyond is cut off."""
    pictures: Pictures = np.rint(WHITE * np.clip(grey, -1, 1)).astype(np.int16)
    return pictures


class Sampler:
    """Looks at small pictures of films through a window, at SIDE² points (`u`, `v`).

    Args:
        window: share of each side of a film that is looked at.
    """

    def __init__(self, window: float) -> None:
        from scipy.ndimage import gaussian_filter1d

        self.window = window
        line = window * ((np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE * 2 - 1)
        self.v, self.u = (axis.ravel() for axis in np.meshgrid(line, line, indexing="ij"))
        self._blur = gaussian_filter1d(
            np.eye(SIDE), COARSE * SIDE / window, axis=0, mode="constant"
        )
        self._shown = np.stack([_shown(part) for part in PARTS]).reshape(len(PARTS), -1)
        self._weights = np.stack([_weights(part) for part in PARTS]).reshape(len(PARTS), -1)

    def sampled(self, films: NDArray[Any], poses: Poses) -> tuple[Floats, Floats]:
        """Grey values of films in their poses, and 1 where the films have pixels.

        Args:
            films: (n, SMALL, SMALL) pictures of any kind.
            poses: (n, 4), or (4,) for all.

        Returns:
            (n, SIDE²), and (n, SIDE²) or, of one pose for all, (1, SIDE²).
        """
        a, b, x, y = np.atleast_2d(poses).astype(np.float32).T[..., None]
        across = a * self.u - b * self.v + x
        down = b * self.u + a * self.v + y
        inside = (np.maximum(np.abs(across), np.abs(down)) <= EDGE).astype(np.float32)
        values = np.empty((len(films), SIDE * SIDE), np.float32)
        for start in range(0, len(films), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            at = some if len(across) == len(films) else slice(None)
            values[some] = _between_pixels(films[some], across[at], down[at])
        return values, inside

    def vectors(self, values: Floats, inside: Floats, part: int) -> Vectors:
        """Vectors (n, SIDE²) of a part of films; 0 of one that is flat.

        The blur is that of the pixels inside alone (normalised convolution: Knutsson and Westin
        1993), so that what lies beyond an edge changes nothing within it.

        Args:
            values: (n, SIDE²) grey values.
            inside: (n, SIDE²), or (1, SIDE²) for all, 1 where they count.
            part: place of one of `PARTS`.
        """
        inside = inside * self._shown[part]
        counted = np.maximum(inside.sum(axis=1, keepdims=True), 1)
        centred = (values - (values * inside).sum(axis=1, keepdims=True) / counted) * inside
        image, mask = (
            part.reshape(-1, SIDE, SIDE).astype(np.float64) for part in (centred, inside)
        )
        blurred = (self._blur @ image @ self._blur.T) / np.maximum(
            self._blur @ mask @ self._blur.T, 1e-3
        )
        band = (image - blurred).reshape(len(values), -1)
        weights = inside * self._weights[part]
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        band -= (band * weights).sum(axis=1, keepdims=True)
        vectors = band * (np.sqrt(self._weights[part]) * inside)
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        unit: Vectors = np.divide(
            vectors, lengths, out=np.zeros_like(vectors), where=lengths > FLAT
        )
        return unit

    def points(self, part: int) -> NDArray[np.intp]:
        """Places of the points of a part: elsewhere its vectors are 0."""
        return np.flatnonzero(self._shown[part])

    def weights(self, part: int) -> Floats:
        """(SIDE²,) how much each point counts where films are aligned."""
        roots: Floats = np.sqrt(self._weights[part])
        return roots


def _between_pixels(films: NDArray[Any], across: Floats, down: Floats) -> Floats:
    """Values of pictures at points (n, k), or (1, k) for all: bilinear, at the edge the last ones.

    What `torch.nn.functional.grid_sample` gives, which takes half of the time and half a gigabyte.
    """
    rows, columns = films.shape[1:]
    x, y = (
        np.clip((side + 1) * np.float32(count / 2) - np.float32(0.5), 0, count - 1)
        for side, count in ((across, columns), (down, rows))
    )
    left = np.minimum(x.astype(np.intp), columns - 2)
    top = np.minimum(y.astype(np.intp), rows - 2)
    x, y = x - left, y - top
    greys = films.astype(np.float32).ravel()
    corner = top * columns + left + (np.arange(len(films)) * (rows * columns))[:, None]
    upper, right, lower, lower_right = (
        greys[offset:].take(corner) for offset in (0, 1, columns, columns + 1)
    )
    upper += (right - upper) * x
    lower += (lower_right - lower) * x
    values: Floats = upper + (lower - upper) * y
    return values


def _shown(part: str) -> Floats:
    """(SIDE, SIDE) 1 in the part, 0 elsewhere."""
    shown = np.zeros((SIDE, SIDE), np.float32)
    before, after = slice(0, SIDE // 2 - SEAM), slice(SIDE // 2 + SEAM, SIDE)
    every = slice(None)
    rows, columns = {
        "whole": (every, every),
        "left": (every, before),
        "right": (every, after),
        "top": (before, every),
        "bottom": (after, every),
    }[part]
    shown[rows, columns] = 1
    return shown


def _weights(part: str) -> Floats:
    """(SIDE, SIDE) sin² along both sides of a part, 0 outside; the sum is 1.

    At the edges, where collimation and cropping make two copies differ most, pixels count least.
    """
    shown = _shown(part)
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    vertical, horizontal = (
        np.sin(np.pi * (np.arange(len(places)) + 0.5) / len(places)) ** 2
        for places in (rows, columns)
    )
    weights = np.zeros_like(shown)
    weights[np.ix_(rows, columns)] = np.outer(vertical, horizontal)
    normalised: Floats = (weights / weights.sum()).astype(np.float32)
    return normalised
