"""Measures of films that are not square."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_msssim import ms_ssim
from torch import from_numpy

from cxr_release.fidelity.distance_types import waves_of
from cxr_release.fidelity.measure import similarities
from cxr_release.fidelity.spectrum import band_powers, bands
from cxr_release.film_size import Size

SIDES = st.integers(8, 48)


@given(SIDES, SIDES, st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_bands_hold_all_of_a_film_s_variance_once(height: int, width: int, seed: int) -> None:
    film = np.random.default_rng(seed).integers(0, 256, (1, height, width), dtype=np.uint8)
    rows, columns = (
        0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(side) + 0.5) / side) for side in (height, width)
    )
    plane = np.outer(rows, columns)
    mean = (film[0] * plane).sum() / plane.sum()
    variance = (((film[0] - mean) * plane) ** 2).sum() / (plane**2).sum()
    # The mean wave of the windowed film, 0 but for rounding, is in no band.
    assert band_powers(film).sum() == pytest.approx(variance, rel=1e-9)


@given(SIDES, SIDES, st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_a_film_on_its_side_has_the_same_bands(height: int, width: int, seed: int) -> None:
    film = np.random.default_rng(seed).integers(0, 256, (2, height, width), dtype=np.uint8)
    assert band_powers(film.transpose(0, 2, 1)) == pytest.approx(band_powers(film), rel=1e-9)


@pytest.mark.parametrize("shape", [(64, 128), (128, 64), (128, 128), (128, 96)])
@pytest.mark.parametrize("along", [0, 1])
@pytest.mark.parametrize("pixels", [24, 11, 5.5, 2.8])
def test_a_wave_is_in_the_band_of_its_length_whichever_way_it_runs(
    shape: tuple[int, int], along: int, pixels: float
) -> None:
    wave = np.sin(2 * np.pi * np.indices(shape)[along] / pixels)
    powers = band_powers((128 + 80 * wave[None]).astype(np.uint8))[0]
    expected = [band.low <= max(shape) / pixels < band.high for band in bands(max(shape))]
    assert powers.argmax() == expected.index(True)
    assert powers.max() > 0.9 * powers.sum()


def test_similarity_keeps_proportions_when_it_enlarges() -> None:
    chance = np.random.default_rng(0)
    smooth = chance.integers(0, 256, (2, 1, 6, 8)).astype(np.float32)
    films = np.kron(smooth[:, 0], np.ones((8, 8), np.float32)).astype(np.uint8)
    assert films.shape == (2, 48, 64)
    assert similarities(films[[0, 0]], seed=0) == pytest.approx(1)
    # Four times, so that 48 pixels become at least 161.
    large = films.repeat(4, 1).repeat(4, 2)
    first, second = (from_numpy(film[None, None]).float() for film in large)
    near = max(
        ms_ssim(first, way, data_range=255, win_size=11).clamp(0, 1).item()
        for way in (second, second.flip(-1))
    )
    assert similarities(films, seed=0)[0] == pytest.approx(near, abs=0.1)


def test_waves_are_named_by_the_side_that_they_are_counted_along() -> None:
    assert waves_of(Size(64, 64)) == "cycles a film"
    assert waves_of(Size(48, 64)) == waves_of(Size(64, 48)) != "cycles a film"
