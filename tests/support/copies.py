"""Copies of films, altered by code that is not the package's."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates

from cxr_release.films.png import Film


def moved(film: Film, turn: float = 0, scale: float = 1, right: float = 0, down: float = 0) -> Film:
    """What a square film shows that lies on this one in a pose; see `poses.Pose`."""
    side = len(film)
    line = (np.arange(side) + 0.5) / side * 2 - 1
    v, u = np.meshgrid(line, line, indexing="ij")
    cosine, sine = scale * np.cos(np.deg2rad(turn)), scale * np.sin(np.deg2rad(turn))
    across, below = cosine * u - sine * v + 2 * right, sine * u + cosine * v + 2 * down
    places = [((place + 1) * side - 1) / 2 for place in (below, across)]
    values = map_coordinates(film.astype(float), places, order=3, mode="nearest")
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def mirrored(film: Film) -> Film:
    return np.ascontiguousarray(film[:, ::-1])


def noisy(film: Film, share: float = 0.05) -> Film:
    """With grain of that share of the grey values."""
    grain = np.random.default_rng(0).normal(size=film.shape) * 255 * share
    return np.clip(film + grain, 0, 255).astype(np.uint8)


def gamma(film: Film, exponent: float = 0.8) -> Film:
    return np.round(255 * (film / 255) ** exponent).astype(np.uint8)


def recompressed(film: Film, quality: int = 50) -> Film:
    """As JPEG."""
    stream = io.BytesIO()
    Image.fromarray(film).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))
