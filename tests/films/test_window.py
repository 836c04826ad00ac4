"""Deep films are windowed over the grey values that they are exposed in, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cxr_release.films.grey import exposed_range, window
from cxr_release.radiographs.phantoms.phantom_source import Phantom

Deep = NDArray[np.uint16]


@pytest.fixture(scope="module")
def shades(phantoms: list[Phantom]) -> list[NDArray[np.float64]]:
    """Phantoms with noise, as shares of their range; 0 and 1 occur."""
    return [_shades(phantom.pixels) for phantom in phantoms[:6]]


def _shades(pixels: NDArray[np.integer]) -> NDArray[np.float64]:
    film = pixels.astype(float)
    film = (film - film.min()) / (film.max() - film.min())
    noise = np.random.default_rng(0).normal(0, 0.004, film.shape)
    return np.clip(film + noise, 0, 1)


def levels(shades: NDArray[np.float64], low: int, high: int) -> Deep:
    """A film in the values from `low` to `high`, both of which occur."""
    return (low + np.rint(shades * (high - low))).astype(np.uint16)


def linear(film: Deep) -> NDArray[np.int64]:
    low, high = int(film.min()), int(film.max())
    return np.rint((film.astype(float) - low) / (high - low) * 255).astype(np.int64)


def test_one_row_and_one_column_of_white_leave_a_12_bit_film_its_levels(
    shades: list[NDArray[np.float64]],
) -> None:
    film = levels(shades[0], 0, 4095)
    marked = film.copy()
    marked[0], marked[:, 0] = 65535, 65535
    found = window(marked)
    assert np.abs(found[1:, 1:].astype(int) - linear(film)[1:, 1:]).max() <= 1
    assert len(np.unique(found)) > 200
    assert (found[0] == 255).all()


@dataclass(frozen=True)
class Framed:
    """Which film, in which values, and the frame around it."""

    film: int
    low: int
    high: int
    rows: int
    """Of the frame above and below, in 300ths of the height."""
    columns: int
    """Of the frame at the left, in 300ths of the width."""
    above: int
    left: int


@st.composite
def framed_films(draw: st.DrawFn) -> Framed:
    low = draw(st.integers(0, 20_000))
    high = low + draw(st.sampled_from([1000, 4095, 16_000]))
    far = (high - low) // 2
    beyond = st.integers(high + far, 65535)
    if low > far:
        beyond = beyond | st.integers(0, low - far)
    sides = st.integers(0, 100)
    return Framed(
        *(draw(st.integers(0, 5)), low, high),
        *(draw(sides), draw(sides), draw(beyond), draw(beyond)),
    )


@given(framed_films())
def test_a_frame_of_any_width_and_value_changes_nothing_within(
    shades: list[NDArray[np.float64]], case: Framed
) -> None:
    film = levels(shades[case.film], case.low, case.high)
    height, width = film.shape
    rows, columns = height * case.rows // 300, width * case.columns // 300
    framed = film.copy()
    framed[:rows], framed[height - rows :] = case.above, case.above
    framed[:, :columns] = case.left
    within = np.s_[rows : height - rows, columns:]
    alone = window(film[within])
    assert np.abs(window(framed)[within].astype(int) - alone).max() <= 4


@given(st.integers(0, 5), st.integers(0, 30_000), st.integers(2000, 35_000))
def test_films_that_use_their_range_are_not_clipped(
    shades: list[NDArray[np.float64]], film: int, low: int, span: int
) -> None:
    deep = levels(shades[film], low, low + span)
    assert np.abs(window(deep).astype(int) - linear(deep)).max() <= 1


@pytest.mark.parametrize("span", [255, 4095, 65535])
def test_ramps_are_not_clipped(span: int) -> None:
    ramp = np.linspace(0, span, 40_000).reshape(200, 200).astype(np.uint16)
    assert np.abs(window(ramp).astype(int) - linear(ramp)).max() <= 1


def test_two_exposures_on_one_film_both_count() -> None:
    rng = np.random.default_rng(2)
    film = rng.integers(0, 1000, (90, 120), dtype=np.uint16)
    film[:, :40] = rng.integers(60_000, 65_000, (90, 40))
    assert np.abs(window(film).astype(int) - linear(film)).max() <= 1


def test_metal_is_not_a_marker() -> None:
    """Two of a hundred pixels, of many values, far above bone."""
    rng = np.random.default_rng(3)
    film = rng.integers(500, 3000, (200, 200), dtype=np.uint16)
    film[50:70, 60:100] = rng.integers(3000, 4096, (20, 40))
    assert exposed_range(*np.unique(film, return_counts=True)) == (film.min(), film.max())


def test_soft_edges_of_a_marker_are_part_of_it(shades: list[NDArray[np.float64]]) -> None:
    film = levels(shades[1], 0, 4095).astype(float)
    height, width = film.shape
    drawn = Image.new("L", (width * 4, height * 4))
    ImageDraw.Draw(drawn).rectangle((40, 40, 140, 120), fill=255)
    ink = np.asarray(drawn.resize((width, height), Image.Resampling.BICUBIC)) / 255
    marked = (film * (1 - ink) + 65535 * ink).astype(np.uint16)
    free = ink == 0
    assert 0 < ((ink > 0) & (ink < 1)).mean() < 0.01
    found = window(marked)[free].astype(int)
    assert np.abs(found - linear(film.astype(np.uint16))[free]).max() <= 3


def written(shape: tuple[int, int], size: int) -> NDArray[np.float64]:
    """How much of each pixel is the ink of two lines of text with soft edges."""
    drawn = Image.new("L", shape[::-1])
    lines = "DOE^JANE 1961-07-24\nPORTABLE 14:33 L"
    font = ImageFont.load_default(size=size)
    ImageDraw.Draw(drawn).multiline_text((4, 4), lines, 255, font=font)
    return np.asarray(drawn, float) / 255


@pytest.mark.parametrize("span", [255, 1023, 4095])
@pytest.mark.parametrize("white", [16_383, 32_768, 65_535])
def test_text_with_soft_edges_leaves_a_film_its_levels(
    shades: list[NDArray[np.float64]], span: int, white: int
) -> None:
    """Its edges have more grey values than the film, with a pixel or two each."""
    for shade in shades[:3]:
        low, high = levels(shade, 0, span), np.ones((4, 4), np.uint16)
        film = np.kron(low, high)
        film = (film + np.random.default_rng(5).integers(0, 2, film.shape)).astype(np.uint16)
        ink = written(film.shape, film.shape[1] // 14)
        marked = np.rint(film * (1 - ink) + white * ink).astype(np.uint16)
        assert len(np.unique(marked)) > 500
        free = ink == 0
        found, alone = window(marked)[free].astype(int), window(film)[free].astype(int)
        assert len(np.unique(found)) > 0.7 * len(np.unique(alone))
        assert np.abs(found - alone).mean() < 12


@pytest.mark.parametrize("span", [255, 1023, 4095])
@pytest.mark.parametrize("seed", range(3))
def test_pixels_of_any_values_here_and_there_hardly_lengthen_the_range(
    shades: list[NDArray[np.float64]], seed: int, span: int
) -> None:
    film = np.tile(levels(shades[4], 0, span), (2, 2))
    rng = np.random.default_rng(seed)
    at = rng.integers(0, film.size, film.size // 400)
    film.ravel()[at] = rng.integers(0, 65_536, len(at))
    low, high = exposed_range(*np.unique(film, return_counts=True))
    assert low == 0
    assert span <= high <= 4 / 3 * span


def test_hot_and_dead_pixels_do_not_count(shades: list[NDArray[np.float64]]) -> None:
    film = levels(shades[2], 20_000, 24_000)
    marked = film.copy()
    marked[3, 5], marked[9, 9], marked[30, 31] = 65535, 0, 50_000
    found = window(marked).astype(int)
    found[3, 5], found[9, 9], found[30, 31] = (
        linear(film)[at] for at in ((3, 5), (9, 9), (30, 31))
    )
    assert np.abs(found - linear(film)).max() <= 1


def test_signed_and_floating_films_are_windowed_alike(shades: list[NDArray[np.float64]]) -> None:
    film = levels(shades[3], 100, 4000)
    film[0] = 65535
    for other in (film.astype(np.int32) - 2000, film.astype(np.float32) / 7, film.astype(float)):
        assert np.abs(window(other).astype(int) - window(film)).max() <= 1
