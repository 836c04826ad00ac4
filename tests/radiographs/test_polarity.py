import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.films.png import Film
from cxr_release.radiographs.phantoms.phantom_source import Phantom
from cxr_release.radiographs.polarity import find_negatives
from cxr_release.radiographs.resample import SIDE, Thumbnail, thumbnails


@pytest.fixture(scope="module")
def small(positives: list[Film]) -> Thumbnail:
    return thumbnails(positives)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=32, max_size=32))
def test_any_mixture_of_negatives_is_found(small: Thumbnail, flags: list[bool]) -> None:
    negative = np.array(flags)
    mixed = np.where(negative[:, None, None], 255 - small, small)
    np.testing.assert_array_equal(find_negatives(mixed), negative)


def test_the_drawn_negatives_are_found(phantoms: list[Phantom], positives: list[Film]) -> None:
    as_drawn = [255 - x if one.negative else x for x, one in zip(positives, phantoms, strict=True)]
    truth = [phantom.negative for phantom in phantoms]
    assert any(truth)
    assert find_negatives(thumbnails(as_drawn)).tolist() == truth


def test_exposure_and_facing_do_not_matter(small: Thumbnail) -> None:
    negative = np.arange(len(small)) % 3 == 0
    mixed = np.where(negative[:, None, None], 255 - small, small)
    darker = mixed * np.linspace(0.2, 1, len(small), dtype=np.float32)[:, None, None] + 3
    mirrored = darker.copy()
    mirrored[::2] = mirrored[::2, :, ::-1]
    np.testing.assert_array_equal(find_negatives(darker), negative)
    np.testing.assert_array_equal(find_negatives(mirrored), negative)


def test_a_handful_and_a_single_film_are_enough(small: Thumbnail) -> None:
    for count in (1, 3, 5):
        films = small[:count].copy()
        assert not find_negatives(films).any()
        assert find_negatives(255 - films).all()


def test_films_without_contrast_count_as_positive() -> None:
    assert not find_negatives(np.full((3, SIDE, SIDE), 8, np.float32)).any()
