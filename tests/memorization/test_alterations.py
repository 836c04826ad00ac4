"""The planted copies are what their names say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cxr_release.films.png import Film
from cxr_release.memorization.recall import ALTERATIONS

SIDE = 128


@pytest.fixture(scope="module")
def film() -> Film:
    """Smooth blobs on a gradient: no symmetry, no sharp edge."""
    chance = np.random.default_rng(1)
    grey = ndimage.gaussian_filter(chance.normal(size=(SIDE, SIDE)), 6)
    grey += np.linspace(-0.1, 0.1, SIDE)[:, None]
    scaled = 30 + 195 * (grey - grey.min()) / np.ptp(grey)
    return scaled.astype(np.uint8)


def altered(name: str, film: Film, seed: int = 0) -> Film:
    return ALTERATIONS[name](film, np.random.default_rng(seed))


def distance(one: Film, other: Film) -> float:
    """Mean grey levels between two films, their edges left out."""
    inside = slice(12, -12)
    return float(np.abs(one[inside, inside].astype(float) - other[inside, inside]).mean())


@pytest.mark.parametrize("name", ALTERATIONS)
def test_a_copy_has_the_film_s_size_and_the_seed_repeats_it(name: str, film: Film) -> None:
    before = film.copy()
    copy = altered(name, film)
    assert copy.shape == film.shape
    assert copy.dtype == np.uint8
    assert np.array_equal(copy, altered(name, film))
    assert np.array_equal(film, before)
    assert np.array_equal(copy, film) == (name == "identical")


def test_mirrored_and_inverted_twice_is_the_film_again(film: Film) -> None:
    for name in ("mirrored", "inverted"):
        assert np.array_equal(altered(name, altered(name, film)), film)


def test_turns_are_of_three_degrees_and_opposite(film: Film) -> None:
    for name, degrees in (("turned +3°", 3), ("turned −3°", -3)):
        # scipy turns the other way round about the same middle.
        right = ndimage.rotate(film.astype(float), degrees, reshape=False, order=3)
        wrong = ndimage.rotate(film.astype(float), -degrees, reshape=False, order=3)
        copy = altered(name, film)
        assert distance(copy, right) < 1
        assert distance(copy, wrong) > 3


def test_a_crop_enlarges_what_is_left(film: Film) -> None:
    copy = altered("cropped 5 %", film)
    places = (np.arange(SIDE) + 0.5) * 0.95 + 0.025 * SIDE - 0.5
    expected = ndimage.map_coordinates(film.astype(float), np.meshgrid(places, places)[::-1])
    assert distance(copy, expected) < 1
    elsewhere = altered("cropped 5 %, off centre", film, seed=3)
    assert distance(elsewhere, expected) > 1


def test_gamma_darkens_above_one_and_keeps_the_ends(film: Film) -> None:
    assert altered("gamma 1.25", film).mean() < film.mean() < altered("gamma 0.8", film).mean()
    ends = np.array([[0, 255]], np.uint8)
    for name in ("gamma 0.8", "gamma 1.25"):
        assert np.array_equal(altered(name, ends), ends)


def test_noise_is_of_five_per_cent(film: Film) -> None:
    off = altered("noise 5 %", film).astype(float) - film
    assert off.std() == pytest.approx(0.05 * 255, rel=0.05)


def test_the_blur_is_local(film: Film) -> None:
    share = (altered("blurred patch", film) != film).mean()
    assert 0.02 < share <= 1 / 9 + 0.01
