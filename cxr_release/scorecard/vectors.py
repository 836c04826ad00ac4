"""Films as unit vectors, and how near they lie to each other.

A film's small picture is reduced to `SIDE`² greys, its mean is taken off, and it is brought to
length 1: two films are as similar as the cosine of their vectors. Brightness and contrast make no
difference; a film that is mirrored, or moved by 3 % of a side, is another film here. Copies of that
kind are what the search for copies aligns; this is for the question whether films of one group lie
nearer than those of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.memorization.parallel import in_parallel
from cxr_release.schemas import SMALL

Vectors = NDArray[np.float32]
"""(films, numbers), rows of length 1."""
Cosines = NDArray[np.float32]
"""(films, k) cosines with the k nearest films of another set, falling."""

SIDE = 24
_LEAST = 1e-6
"""Length of a film that is one grey."""


def picture_vectors(pictures: NDArray[np.uint8]) -> Vectors:
    """Unit vectors of small pictures.

    Args:
        pictures: (n, SMALL²) grey values, as `encoders.registry.small_picture` gives them.

    Returns:
        (n, SIDE²); the vector of a film of one grey is 0.
    """
    reduced = np.empty((len(pictures), SIDE * SIDE), np.float32)
    for place, picture in enumerate(pictures):
        film = Image.fromarray(np.asarray(picture, np.uint8).reshape(SMALL, SMALL))
        small = film.convert("F").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        reduced[place] = np.asarray(small, np.float32).ravel()
    return unit(reduced - reduced.mean(axis=1, keepdims=True))


def unit(rows: NDArray[np.floating]) -> Vectors:
    """Rows of length 1; those of length 0 stay so."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    vectors: Vectors = (rows / np.maximum(lengths, _LEAST)).astype(np.float32)
    return vectors


def nearest_cosines(films: Vectors, others: Vectors, k: int, *, task: str) -> Cosines:
    """Cosines of each film with the k films of another set that are nearest to it.

    Every pair is compared. The result does not depend on the number of cores.

    Args:
        films: (n, d).
        others: (m, d).
        k: 1 or more.
        task: what a bar on standard error says.

    Returns:
        (n, k), falling; −1, as far as can be, where there are fewer than k others.
    """
    columns = np.ascontiguousarray(others.T)
    near = np.full((len(films), k), -1, np.float32)
    kept = min(k, len(others))

    def highest(block: slice) -> Cosines:
        cosines = films[block] @ columns
        if kept < len(others):
            cosines = np.partition(cosines, len(others) - kept, axis=1)[:, -kept:]
        return np.sort(cosines, axis=1)[:, ::-1]

    done = 0
    for rows in in_parallel(highest, len(films) if kept else 0, task):
        near[done : done + len(rows), :kept] = rows
        done += len(rows)
    return near


def merged(cosines: Sequence[Cosines]) -> Cosines:
    """The nearest of several sets together: as many columns as the first of them has."""
    every = np.sort(np.concatenate(cosines, axis=1), axis=1)[:, ::-1]
    return np.ascontiguousarray(every[:, : cosines[0].shape[1]])
