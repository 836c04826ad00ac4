import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from cxr_release.films.facts import Box
from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.radiographs.exposure import LEAST, cut, exposed_field, is_whole, size_of
from cxr_release.radiographs.phantoms.collimation import Collimation
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from tests.support.collimated import collimated
from tests.support.dicom_films import shown_as_stated


def errors(film: Film, found: Box, true: Box) -> NDArray[np.float64]:
    """Of each side, as a share of the film's: above 0 what was lost, below 0 border that stayed."""
    height, width = film.shape
    inwards = np.array([1, 1, -1, -1]) * (np.array(found) - np.array(true))
    return inwards / (width, height, width, height)


@pytest.mark.parametrize("bright", [True, False])
def test_the_exposed_field_is_found_within_borders_of_both_kinds(bright: bool) -> None:
    films = [film for film in collimated() if film.bright == bright]
    found = np.array([errors(x.film, exposed_field(x.film), x.field) for x in films])
    assert np.abs(found).max() < 0.07
    assert (np.abs(found) < 0.02).mean() > 0.95
    assert (np.abs(found).max(axis=1) < 0.02).mean() >= 0.85


def test_the_field_of_a_negative_is_that_of_its_positive() -> None:
    for film in collimated()[::3]:
        assert exposed_field(255 - film.film) == exposed_field(film.film)


def test_a_film_without_a_border_is_a_field(positives: list[Film]) -> None:
    none = Collimation(margins=(0, 0, 0, 0), grey=1.0)
    for index in range(0, 24, 2):
        phantom = draw_phantom(index, seed=11, collimation=none)
        film = window(phantom.pixels)
        height, width = film.shape
        assert phantom.field == exposed_field(film) == (0, 0, width, height)
        assert is_whole(exposed_field(film), width, height)


@pytest.mark.parametrize("negative", [False, True])
def test_air_around_a_body_is_not_a_border(negative: bool) -> None:
    """A hand or a head in saturated air, which ends in a curve."""
    down, across = np.mgrid[:400, :300]
    inside = ((down - 230) / 150) ** 2 + ((across - 150) / 90) ** 2 < 1
    body = np.where(inside, 120 + 60 * np.cos(across / 9), 0).astype(np.uint8)
    assert exposed_field(255 - body if negative else body) == (0, 0, 300, 400)


def test_letters_and_specks_in_a_border_do_not_hide_it(positives: list[Film]) -> None:
    rng = np.random.default_rng(5)
    film = np.full((500, 400), 255, np.uint8)
    film[60:450, 50:380] = np.clip(rng.normal(90, 30, (390, 330)), 0, 255)
    film[20:30, 300:330] = 0
    specks = rng.random(film.shape) < 0.01
    specks[60:450, 50:380] = False
    film[specks] = rng.integers(0, 256, specks.sum())
    assert exposed_field(film) == (50, 60, 380, 450)


def test_borders_of_several_greys_are_found() -> None:
    """A viewer's grey frame around a black shutter around the film."""
    film = np.full((300, 300), 128, np.uint8)
    film[20:280, 20:280] = 0
    film[60:240, 70:250] = np.random.default_rng(1).integers(60, 250, (180, 180))
    assert exposed_field(film) == (70, 60, 250, 240)


@pytest.mark.parametrize("factor", [1, 4])
def test_a_large_film_has_the_field_of_a_small_one(factor: int) -> None:
    film = np.zeros((400, 500), np.uint8)
    film[40:360, 60:440] = np.random.default_rng(2).integers(80, 200, (320, 380))
    large = film.repeat(factor, 0).repeat(factor, 1)
    found = np.array(exposed_field(large)) / factor
    np.testing.assert_allclose(found, (60, 40, 440, 360), atol=1.5)


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
        elements=st.sampled_from([0, 1, 128, 254, 255]),
    ),
    st.none() | st.tuples(*[st.integers(-50, 90)] * 4),
)
def test_any_film_has_a_field_that_lies_in_it(film: Film, stated: Box | None) -> None:
    height, width = film.shape
    left, top, right, bottom = field = exposed_field(film, stated)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    assert size_of(field)[0] >= LEAST * width
    assert cut(film, field).shape == size_of(field)[::-1]


def test_a_stated_field_holds_unless_it_is_not_in_the_film(positives: list[Film]) -> None:
    film = positives[0]
    height, width = film.shape
    assert exposed_field(film, (10, 20, width - 5, height + 30)) == (10, 20, width - 5, height)
    # Edges in millimetres, as in a film of pydicom's.
    assert exposed_field(film, (-184, 907, 184, 1299)) == exposed_field(film)
    assert exposed_field(film, (5, 5, 4, 4)) == exposed_field(film)


def test_the_field_of_a_real_film_between_lit_borders_is_found() -> None:
    """A lower leg between borders that scattered light shades from white to grey."""
    left, top, right, bottom = exposed_field(shown_as_stated("RG3"))
    assert (top, bottom) == (0, 1760)
    assert 436 <= left <= 460
    assert 1228 <= right <= 1256
