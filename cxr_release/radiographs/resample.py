"""Films of any size → films of one size, and thumbnails.

Thumbnails are small unit vectors, in which polarity is a sign and facing is a mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.film_size import Size
from cxr_release.films.facts import Box
from cxr_release.films.png import Film
from cxr_release.params.films import Fit
from cxr_release.radiographs.frame import Placement, place


def resample(film: Film, size: int | Size, fit: Fit) -> Film:
    """Resample a film (h, w) to `size` (a number: a square), stretched or padded.

    See `frame.Placement.resample`.
    """
    size, (height, width) = Size.of(size), film.shape
    edges = place(width, height, size, fit)
    return Placement(size, (0, 0, width, height), edges).resample(film)


def invert(film: Film, box: Box) -> Film:
    """Turn a negative within its box into a positive; padding stays black."""
    left, top, right, bottom = box
    positive = film.copy()
    positive[top:bottom, left:right] = 255 - film[top:bottom, left:right]
    return positive


def mirror(film: Film) -> Film:
    """Mirror a film left to right."""
    return np.ascontiguousarray(film[:, ::-1])


SIDE = 32
"""Pixels on each side: enough for the outline of a body, too few for markers and grain."""
BLOCK = 1024
"""Films worked on at a time, which bounds memory."""

Thumbnail = NDArray[np.float32]
"""Grey values (SIDE, SIDE); for many films (n, SIDE, SIDE)."""

Vectors = NDArray[np.float32]
"""One vector a film, (n, d), of length 1, or all 0 where there is no contrast."""

Direction = NDArray[np.float32]
"""A unit vector (d,)."""


def thumbnail(film: Film) -> Thumbnail:
    """Average a film (h, w) down to (SIDE, SIDE), whatever its proportions, 0 … 255."""
    image = Image.fromarray(film).convert("F")
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    return np.asarray(small, dtype=np.float32)


def thumbnails(films: Iterable[Film]) -> Thumbnail:
    """Thumbnails of many films, (n, SIDE, SIDE)."""
    return np.stack([thumbnail(film) for film in films])


def symmetric(small: Thumbnail) -> Vectors:
    """What a film and its mirror image share, as unit vectors of mean 0: blind to facing."""
    return _unit_vectors(small, lambda left, right: _centred(left + right))


def antisymmetric(small: Thumbnail) -> Vectors:
    """What changes its sign when a film is mirrored, as unit vectors."""
    return _unit_vectors(small, lambda left, right: left - right)


def principal(vectors: Vectors) -> Direction:
    """Direction (d,) that films share up to their sign: top eigenvector of the second moments.

    Turning any vector around leaves the matrix of second moments, and so the direction, as it is.
    An eigenvector has no sign of its own, and what LAPACK returns depends on its build, on threads
    and on the last bits of the matrix: the largest component is made positive.
    """
    films, parts = vectors.shape
    if films < parts:  # the smaller matrix of the two that share their eigenvalues
        _, weights = np.linalg.eigh((vectors @ vectors.T).astype(np.float64))
        top = unit((weights[:, -1] @ vectors)[None])[0]
    else:
        _, directions = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
        top = directions[:, -1]
    direction: Direction = (top * np.sign(top[np.abs(top).argmax()] or 1)).astype(np.float32)
    return direction


def _unit_vectors(small: Thumbnail, combine: Callable[[Vectors, Vectors], Vectors]) -> Vectors:
    """Combine left halves and mirrored right halves: half a film says all about both."""
    half = SIDE // 2
    vectors = np.empty((len(small), SIDE * half), np.float32)
    for at in range(0, len(small), BLOCK):
        films = small[at : at + BLOCK]
        left, right = films[:, :, :half], films[:, :, : half - 1 : -1]
        parts = combine(left.reshape(len(films), -1), right.reshape(len(films), -1))
        vectors[at : at + BLOCK] = unit(parts)
    return vectors


def _centred(vectors: Vectors) -> Vectors:
    centred: Vectors = vectors - vectors.mean(axis=1, keepdims=True)
    return centred


def unit(vectors: NDArray[Any]) -> NDArray[Any]:
    """Vectors (n, d) brought to length 1; those of length 0 stay 0."""
    scaled: NDArray[Any] = vectors / np.maximum(
        np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6
    )
    return scaled
