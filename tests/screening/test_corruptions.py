from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cxr_release.films.png import Film
from cxr_release.screening.corruptions import FAULTS, plant
from tests.support.prescreen_films import phantoms
from tests.support.small_phantoms import SIDE

EACH = pytest.mark.parametrize("fault", FAULTS)


def good(count: int = 16) -> list[Film]:
    return [film for _, film in phantoms()[:count]]


def planted(fault: str, seed: int = 5) -> list[tuple[Film, Film]]:
    """Films, and what becomes of them."""
    return [
        (film, plant(fault, film, np.random.default_rng([seed, place])))
        for place, film in enumerate(good())
    ]


def ridges(film: Film) -> np.ndarray:
    """How much each place stands out from the left and right of it, (height, width)."""
    grey = film.astype(float)
    return gaussian_filter(grey, (2, 1.5)) - gaussian_filter(grey, (2, 10))


@EACH
def test_a_fault_changes_a_film_and_leaves_the_given_one_alone(fault: str) -> None:
    for film, spoilt in planted(fault):
        before = film.copy()
        assert spoilt.shape == film.shape
        assert spoilt.dtype == np.uint8
        assert spoilt.flags.c_contiguous
        assert np.abs(spoilt.astype(int) - film).mean() > 1
        np.testing.assert_array_equal(film, before)


@EACH
def test_the_same_seed_plants_the_same_fault(fault: str) -> None:
    for (_, one), (_, other) in zip(planted(fault), planted(fault), strict=True):
        np.testing.assert_array_equal(one, other)


@settings(max_examples=40, deadline=None)
@given(
    fault=st.sampled_from(list(FAULTS)),
    shape=st.tuples(st.integers(16, 48), st.integers(16, 48)),
    kind=st.sampled_from(["noise", "black", "white"]),
)
def test_any_film_can_be_spoilt(fault: str, shape: tuple[int, int], kind: str) -> None:
    chance = np.random.default_rng(1)
    film = {
        "noise": chance.integers(0, 256, shape, dtype=np.uint8),
        "black": np.zeros(shape, np.uint8),
        "white": np.full(shape, 255, np.uint8),
    }[kind]
    spoilt = plant(fault, film, chance)
    assert spoilt.shape == shape
    assert spoilt.dtype == np.uint8


def test_a_truncated_column_is_gone_below_and_stays_above() -> None:
    for film, spoilt in planted("spine-truncated"):
        changed = np.abs(spoilt.astype(int) - film).max(axis=1)
        assert changed[: SIDE // 4].max() == 0
        assert changed[3 * SIDE // 4 :].max() > 20
        # No ridge is left to see where the column ran; the lowest rows are shoulder.
        below = np.s_[int(0.70 * SIDE) : int(0.85 * SIDE)]
        column = ridges(film)[below].max(axis=1)
        assert ridges(spoilt)[below, SIDE // 3 : -SIDE // 4].max(axis=1).mean() < column.mean()


def test_a_second_column_is_added_and_the_first_stays() -> None:
    brighter = []
    for film, spoilt in planted("two-spines"):
        added = spoilt.astype(int) - film
        middle = added[SIDE // 2 : 3 * SIDE // 4].mean(axis=0)
        brighter.append(middle.max())
        assert int(middle.argmax()) < SIDE // 2
    assert np.mean(brighter) > 15


def test_inverted_elements_stay_where_the_column_was() -> None:
    for film, spoilt in planted("elements-inverted"):
        changed = np.abs(spoilt.astype(int) - film).mean(axis=0)
        assert changed[: SIDE // 6].max() == 0
        assert changed[SIDE // 3 : -SIDE // 6].mean() > 5


def test_mirrored_halves_are_one_half_twice() -> None:
    sides = set()
    for film, spoilt in planted("mirrored-halves"):
        np.testing.assert_array_equal(spoilt, spoilt[:, ::-1])
        half = SIDE // 2
        kept_left = bool((spoilt[:, :half] == film[:, :half]).all())
        assert kept_left != bool((spoilt[:, half:] == film[:, half:]).all())
        sides.add(kept_left)
    assert sides == {True, False}


def test_the_plain_faults_are_what_they_are_called() -> None:
    film = good(1)[0]
    chance = np.random.default_rng(2)
    np.testing.assert_array_equal(plant("wrong-facing", film, chance), film[:, ::-1])
    np.testing.assert_array_equal(plant("upside-down", film, chance), film[::-1])
    np.testing.assert_array_equal(plant("inverted", film, chance), 255 - film)
    assert plant("blank", film, chance).std() < 4
    blurred, sharp = (np.diff(one.astype(float)) for one in (plant("blurred", film, chance), film))
    assert blurred.std() < 0.7 * sharp.std()
    noise = plant("noise", film, chance).astype(float)
    assert abs(noise.mean() - film.mean()) < 20
    assert abs(np.corrcoef(noise.ravel(), film.ravel())[0, 1]) < 0.2
