from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.films.png import Film
from cxr_release.radiographs.exposure import cut, exposed_field
from cxr_release.radiographs.phantoms.phantom_source import Phantom
from cxr_release.radiographs.polarity import find_negatives, find_polarity
from cxr_release.radiographs.resample import SIDE, Thumbnail, thumbnails
from tests.support.collimated import FILMS, collimated
from tests.support.dicom_films import shown_as_stated


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


@settings(max_examples=10, deadline=None)
@given(st.lists(st.booleans(), min_size=FILMS, max_size=FILMS), st.sampled_from([0, 1, 2]))
def test_borders_of_both_kinds_mislead_nobody(flags: list[bool], kind: int) -> None:
    """Cohorts of bright borders, of dark ones, and of both, of any mixture of polarities."""
    films = [exposed_thumbnails()[: 2 * FILMS], exposed_thumbnails()[2 * FILMS :]]
    positive, negative = (
        films[0].reshape(2, FILMS, SIDE, SIDE),
        films[1].reshape(2, FILMS, SIDE, SIDE),
    )
    kinds = np.arange(FILMS) % 2 if kind == 2 else np.full(FILMS, kind)
    which = np.arange(FILMS)
    mixed = np.where(np.array(flags)[:, None, None], negative[kinds, which], positive[kinds, which])
    np.testing.assert_array_equal(find_negatives(mixed), flags)


def test_bright_borders_would_mislead_if_they_had_a_vote() -> None:
    """What the exposed field is for: else each of these films were called a negative."""
    whole = thumbnails([film.film for film in collimated() if film.bright])
    assert find_negatives(whole).all()


@cache
def exposed_thumbnails() -> Thumbnail:
    """The collimated phantoms, and then their negatives."""
    films = [film.film for film in collimated()]
    return thumbnails(
        cut(film, exposed_field(film)) for film in [*films, *(255 - x for x in films)]
    )


@pytest.mark.parametrize("names", [("RG1",), ("RG3",), ("RG1", "RG3")])
def test_real_films_that_are_shown_as_their_tags_say_are_positive(names: tuple[str, ...]) -> None:
    films = [shown_as_stated(name) for name in names]
    shown = thumbnails(cut(film, exposed_field(film)) for film in films)
    assert not find_negatives(shown).any()
    negatives = [255 - film for film in films]
    assert find_negatives(thumbnails(cut(x, exposed_field(x)) for x in negatives)).all()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["right", "wrong", None])),
        min_size=32,
        max_size=32,
    )
)
def test_what_is_stated_holds_and_is_held_against_the_looks(
    small: Thumbnail, films: list[tuple[bool, str | None]]
) -> None:
    truth = np.array([negative for negative, _ in films])
    stated = [None if how is None else negative == (how == "right") for negative, how in films]
    polarity = find_polarity(np.where(truth[:, None, None], 255 - small, small), stated)
    for film, value in enumerate(stated):
        assert value is None or polarity.negatives[film] == value
        assert (film in polarity.contrary) == (films[film][1] == "wrong")


def test_films_of_which_nothing_is_stated_follow_the_others(small: Thumbnail) -> None:
    """Nine of ten statements are right whatever the films look like: chests may look like hands."""
    truth = np.arange(len(small)) % 3 == 0
    looks = np.where(truth[:, None, None], small, 255 - small)  # all look otherwise
    stated = [bool(value) if film < 9 else None for film, value in enumerate(truth)]
    polarity = find_polarity(looks, stated)
    np.testing.assert_array_equal(polarity.negatives, truth)
    assert polarity.contrary == tuple(range(9))
