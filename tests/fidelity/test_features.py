from __future__ import annotations

import numpy as np
import pytest

from cxr_release.fidelity.distances import DIMENSIONS, frechet_distance, random_conv_features


@pytest.fixture(scope="module")
def films() -> np.ndarray:
    """Bars of several widths, places and slants, 32 × 32."""
    chance = np.random.default_rng(1)
    rows, columns = np.mgrid[:32, :32]
    middle, slant, width = (
        chance.uniform(low, high, (80, 1, 1)) for low, high in ((10, 22), (-0.3, 0.3), (3, 6))
    )
    bars = np.exp(-(((columns - middle - slant * (rows - 16)) / width) ** 2))
    return (40 + 170 * bars + chance.normal(0, 4, bars.shape)).clip(0, 255).astype(np.uint8)


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return frechet_distance(random_conv_features(first), random_conv_features(second))


def test_features_are_one_row_a_film_whatever_stands_beside_it(films: np.ndarray) -> None:
    together = random_conv_features(films)
    assert together.shape == (80, DIMENSIONS)
    assert together.dtype == np.float64
    alone = np.concatenate([random_conv_features(film[None]) for film in films[:5]])
    np.testing.assert_allclose(alone, together[:5], rtol=1e-4, atol=1e-4)


def test_a_film_and_its_mirror_image_have_the_same_features(films: np.ndarray) -> None:
    np.testing.assert_allclose(
        random_conv_features(films), random_conv_features(films[:, :, ::-1].copy()), atol=1e-4
    )


def test_the_distance_grows_with_damage_and_exceeds_that_of_equals(films: np.ndarray) -> None:
    chance = np.random.default_rng(2)
    grain = chance.normal(0, 1, films[40:].shape)
    reference, others = films[:40], films[40:].astype(float)
    damaged = [
        distance(reference, (others + strength * grain).clip(0, 255).astype(np.uint8))
        for strength in (0, 10, 25, 60)
    ]
    assert damaged == sorted(damaged)
    assert damaged[1] > 1.2 * damaged[0]


def test_upside_down_and_blurred_films_are_told_apart(films: np.ndarray) -> None:
    reference, others = films[:40], films[40:]
    equals = distance(reference, others)
    half = np.concatenate([others[:, 16:], np.full((40, 16, 32), 40, np.uint8)], axis=1)
    blurred = (others[:, :, :-2:1] / 3 + others[:, :, 1:-1] / 3 + others[:, :, 2:] / 3).astype(
        np.uint8
    )
    assert distance(reference, half) > 3 * equals
    assert distance(reference, np.pad(blurred, ((0, 0), (0, 0), (1, 1)), "edge")) > equals
