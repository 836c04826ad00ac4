"""What tells a film from its mirror image: parts of it that change their sign when it is mirrored.

Two looks that go wrong in different ways: where the film is bright, and which way its edges run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.thumbnail import SIDE, Thumbnail, Vectors, antisymmetric

COMPASS = 8
"""Directions of edges that are told apart."""
CELL = 4
"""Pixels of a thumbnail on each side of a cell, over which edges are summed up."""


def sides(small: Thumbnail) -> Vectors:
    """The parts of films that change their sign when a film is mirrored, (n, d).

    Half of them are grey values, the other half edges; each half is a vector of length 1, or all
    0 where there is nothing of the kind. Neither brightness nor contrast matters.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity.
    """
    edges = _edges(small)
    return np.concatenate([antisymmetric(small), _unit(edges - _mirrored(edges))], axis=1)


def _edges(small: Thumbnail) -> NDArray[np.float32]:
    """How strongly edges run each way in each cell, (n, COMPASS, cells, cells), 0 … 1.

    Histograms of oriented gradients (Dalal and Triggs, 2005), each cell brought to one contrast.
    """
    padded = np.pad(small, ((0, 0), (1, 1), (1, 1)), "edge")
    across = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    cells = SIDE // CELL
    found = np.empty((len(small), COMPASS, cells, cells), np.float32)
    for way in range(COMPASS):
        angle = 2 * np.pi * way / COMPASS
        along = np.float32(np.cos(angle)) * across + np.float32(np.sin(angle)) * down
        parts = np.maximum(along, 0).reshape(len(small), cells, CELL, cells, CELL)
        found[:, way] = parts.mean(axis=(2, 4))
    strength = np.sqrt((found**2).sum(axis=1, keepdims=True))
    usual = strength.mean(axis=(2, 3), keepdims=True)
    even: NDArray[np.float32] = found / np.maximum(strength + usual / 2, 1e-6)
    return even


def _mirrored(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """The edges of the mirror images."""
    ways = [(COMPASS // 2 - way) % COMPASS for way in range(COMPASS)]
    return edges[:, ways, :, ::-1]


def _unit(parts: NDArray[np.float32]) -> Vectors:
    """Left halves alone, as unit vectors: the right ones are the same with another sign."""
    vectors = parts[..., : parts.shape[-1] // 2].reshape(len(parts), -1)
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return unit
