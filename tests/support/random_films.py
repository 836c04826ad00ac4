"""Films of random clouds, of patients whose films are alike: drawn in no time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter

from cxr_release.films.film_set import FilmSet
from cxr_release.films.png import Film
from tests.support.film_arrays import film_set

SIDE = 32


def clouds(patients: int, *, seed: int, films: int = 1, own: float = 0.6) -> list[tuple[Film, str]]:
    """Films with their patients, those of a patient in a row.

    Args:
        patients: how many.
        seed: of everything; also part of the patients' names.
        films: of each patient.
        own: share of a film that is another one in each film of the patient.
    """
    chance = np.random.default_rng(seed)
    drawn = []
    for number in range(patients):
        anatomy = chance.normal(size=(SIDE, SIDE))
        for _ in range(films):
            mixed = (1 - own) * anatomy + own * chance.normal(size=(SIDE, SIDE))
            smooth = gaussian_filter(mixed, 2.5)
            grey = 128 + 50 * smooth / smooth.std()
            drawn.append((np.clip(grey, 0, 255).astype(np.uint8), f"p{seed}x{number}"))
    return drawn


def as_set(name: str, films: Sequence[tuple[Film, str]]) -> FilmSet:
    """The films as a set, each with its patient."""
    ids = [f"{name}-{number:03d}" for number in range(len(films))]
    pixels = {film: pixels for film, (pixels, _) in zip(ids, films, strict=True)}
    patients = {film: patient for film, (_, patient) in zip(ids, films, strict=True)}
    return film_set(name, pixels, patients)
