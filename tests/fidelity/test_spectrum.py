"""Power in bands of the spectrum: against other transforms, and against what blur does to it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, signal

from cxr_release.errors import CxrReleaseError
from cxr_release.fidelity.distance_types import BandPower
from cxr_release.fidelity.spectrum import band_powers, bands, relative_powers

SIZES = [8, 11, 16, 17, 33, 64]


def noise(count: int, size: int, seed: int, spread: float = 20) -> np.ndarray:
    """White noise, as real numbers: what a band holds is then known."""
    return np.random.default_rng(seed).normal(128, spread, (count, size, size))


def films(count: int, size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


def relative(drawn: np.ndarray, source: np.ndarray, *, draws: int = 50) -> list[BandPower]:
    powers = band_powers(drawn), band_powers(source)
    return relative_powers(*powers, size=source.shape[1], draws=draws, seed=1)


def values(found: list[BandPower]) -> np.ndarray:
    return np.array([band["power"] for band in found])


def hann(size: int) -> np.ndarray:
    """scipy's window of twice as many points, less those between pixels."""
    return signal.windows.hann(2 * size + 1)[1::2]


@pytest.mark.parametrize(
    ("size", "expected"),
    {
        8: [(1, 4)],
        11: [(1, 5.5)],
        12: [(1, 4), (4, 6)],
        16: [(1, 4), (4, 8)],
        41: [(1, 4), (4, 8), (8, 20.5)],
        64: [(1, 4), (4, 8), (8, 16), (16, 32)],
        96: [(1, 4), (4, 8), (8, 16), (16, 32), (32, 48)],
        256: [(1, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 128)],
    }.items(),
)
def test_bands_follow_from_the_size(size: int, expected: list[tuple[int, float]]) -> None:
    assert [(band.low, band.high) for band in bands(size)] == expected


@given(size=st.integers(8, 2048))
def test_bands_are_octaves_without_a_gap(size: int) -> None:
    found = bands(size)
    assert (found[0].low, found[-1].high) == (1, size / 2)
    assert [band.high for band in found[:-1]] == [band.low for band in found[1:]]
    assert all(band.high == 2 * band.low for band in found[1:-1])
    assert 2**0.5 <= found[-1].high / found[-1].low < 2 * 2**0.5 or len(found) == 1


@pytest.mark.parametrize("size", SIZES)
def test_the_powers_are_those_of_a_transform_written_out(size: int) -> None:
    pictures = films(3, size, seed=size)
    places = np.arange(size)
    waves = np.exp(-2j * np.pi * np.outer(places, places) / size)
    cycles = np.where(places <= size // 2, places, places - size)
    radius = np.sqrt(cycles[:, None] ** 2.0 + cycles**2.0)
    window = np.outer(hann(size), hann(size))
    ends = [*(band.low for band in bands(size)), np.inf]
    expected = []
    for picture in pictures.astype(float):
        plain = picture - np.average(picture, weights=window)
        power = np.abs(waves @ (plain * window) @ waves.T) ** 2
        expected.append(
            [power[(radius >= low) & (radius < high)].sum() for low, high in pairwise(ends)]
        )
    scale = size**2 * (window**2).sum()
    assert band_powers(pictures) == pytest.approx(np.array(expected) / scale, rel=1e-9)


@pytest.mark.parametrize("size", [16, 33])
def test_one_row_repeated_has_the_power_that_scipy_finds_in_it(size: int) -> None:
    """Waves across alone; the window along the columns spreads each by one wave down at most."""
    row = np.random.default_rng(1).normal(0, 20, size)
    taper = hann(size)
    row -= np.average(row, weights=taper)
    across, power = signal.periodogram(
        row, fs=size, window=taper, detrend=False, scaling="spectrum"
    )
    # `spectrum` divides by the squared sum of the window, a variance by the sum of its squares.
    total = power.sum() * taper.sum() ** 2 / (size * (taper**2).sum())
    found = band_powers(np.tile(row, (1, size, 1)))
    assert across[-1] <= size / 2
    assert found.sum() == pytest.approx(total, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(8, 40), seed=st.integers(0, 999))
def test_every_wave_is_in_one_band(size: int, seed: int) -> None:
    """Parseval: together the bands hold the whole variance under the window."""
    pictures = films(2, size, seed)
    window = np.outer(hann(size), hann(size))
    for picture, power in zip(pictures, band_powers(pictures), strict=True):
        mean = np.average(picture, weights=window)
        variance = np.average((picture - mean) ** 2, weights=window**2)
        assert power.sum() == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_a_wave_lies_in_its_band(size: int) -> None:
    middles = [max(2, (band.low + band.high) / 2) for band in bands(size)]
    for place, middle in enumerate(middles):
        cycles = min(round(middle), size // 2 - 1)
        wave = 128 + 100 * np.cos(2 * np.pi * cycles * np.arange(size) / size + 0.3)
        power = band_powers(np.stack([np.tile(wave, (size, 1)), np.tile(wave, (size, 1)).T]))
        assert power[0] == pytest.approx(power[1])
        share = power[0] / power[0].sum()
        assert share[place] > 0.8


def test_chequers_of_single_pixels_are_of_the_finest_band() -> None:
    chequers = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    power = band_powers(chequers[None])[0]
    assert power[-1] / power.sum() > 0.999


def test_a_film_and_its_mirror_image_have_the_same_power() -> None:
    pictures = films(4, 33, seed=5)
    for way in (pictures[:, :, ::-1], pictures[:, ::-1], pictures.transpose(0, 2, 1)):
        assert band_powers(way) == pytest.approx(band_powers(pictures), rel=1e-9)


def test_a_slope_of_grey_hides_no_fog() -> None:
    """Without a window the jump from a film's right edge to its left one would fill fine bands."""
    size = 64
    slope = np.linspace(0, 200, size) * np.ones((size, 1))
    plain = np.abs(np.fft.fft2(slope - slope.mean())) ** 2
    cycles = np.abs(np.fft.fftfreq(size, 1 / size))
    fine = np.hypot(cycles[:, None], cycles) >= 16
    unwindowed = plain[fine].sum() / plain.sum()
    power = band_powers(slope[None])[0]
    assert unwindowed > 0.01
    assert power[-1] / power.sum() < unwindowed / 1000


@pytest.mark.parametrize("size", [16, 41, 64])
def test_white_noise_is_as_white_noise(size: int) -> None:
    against_noise = relative(noise(200, size, 1), noise(200, size, 2), draws=200)
    assert values(against_noise) == pytest.approx(1, abs=0.1)
    for band in against_noise:
        low, high = band["interval"]
        assert low < band["power"] < high
    powers = band_powers(noise(400, size, 3)).mean(axis=0)
    down, across = (np.fft.fftfreq(size, 1 / size)[:, None], np.fft.fftfreq(size, 1 / size))
    radius = np.hypot(down, across)
    lows = [*(band.low for band in bands(size)), np.inf]
    counts = [((radius >= low) & (radius < high)).sum() for low, high in pairwise(lows)]
    # As much in each wave: a band has its share of their number.
    found, expected = powers / powers.sum(), np.array(counts) / size**2
    assert found[1:] == pytest.approx(expected[1:], rel=0.05)
    assert found[0] == pytest.approx(expected[0], rel=0.12)


@pytest.mark.parametrize("size", [16, 41, 64])
@pytest.mark.parametrize("sigma", [0.5, 0.8, 1.2])
def test_a_gaussian_blur_lowers_each_band_as_its_transfer_function_says(
    size: int, sigma: float
) -> None:
    """By exp(−4π²σ²f²), f in cycles a pixel and σ in pixels, summed over the waves of the band."""
    source = noise(600, size, 1)
    frequency = np.fft.fftfreq(size)
    squares = frequency[:, None] ** 2 + frequency**2
    transfer = np.exp(-4 * np.pi**2 * sigma**2 * squares)
    blurred = np.fft.ifft2(np.fft.fft2(source) * np.sqrt(transfer)).real
    # The window lends each wave a sixth of the power of its neighbours on either side.
    seen = transfer
    for axis in (0, 1):
        beside = np.roll(seen, 1, axis) + np.roll(seen, -1, axis)
        seen = 2 / 3 * seen + beside / 6
    radius = size * np.sqrt(squares)
    lows = [*(band.low for band in bands(size)), np.inf]
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(lows)]
    found = values(relative(blurred, source))
    expected = [seen[ring].mean() for ring in rings]
    assert found[1:] == pytest.approx(expected[1:], rel=0.03)
    # In the first band, the mean that was taken off has taken a share of its neighbours along.
    assert found[0] == pytest.approx(expected[0], rel=0.12)
    assert (np.diff(found) < 0).all()


def test_blurred_films_are_in_fog() -> None:
    """With a filter of pixels and no regard to edges, where scipy's comes near to the formula."""
    size, sigma = 64, 1.0
    source = noise(200, size, 1)
    blurred = ndimage.gaussian_filter(source, (0, sigma, sigma), mode="nearest", truncate=8)
    found = values(relative(blurred, source))
    middles = np.array([2.5, 6, 12]) / size
    assert found[:3] == pytest.approx(np.exp(-4 * np.pi**2 * sigma**2 * middles**2), rel=0.1)
    assert found[3] < 0.02


@pytest.mark.parametrize("size", SIZES)
def test_the_same_films_have_exactly_the_same_power(size: int) -> None:
    pictures = films(6, size, seed=3)
    assert set(values(relative(pictures, pictures.copy()))) == {1.0}


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100), shift=st.floats(-100, 100), size=st.sampled_from(SIZES))
def test_units_of_grey_values_do_not_count(factor: float, shift: float, size: int) -> None:
    drawn, source = noise(5, size, 1), noise(6, size, 2)
    plain = relative(drawn, source)
    scaled = relative(factor * drawn + shift, factor * source + shift)
    assert values(scaled) == pytest.approx(values(plain), rel=1e-6)
    for one, other in zip(scaled, plain, strict=True):
        assert one["interval"] == pytest.approx(other["interval"], rel=1e-6)


def test_half_the_contrast_is_a_quarter_of_the_power() -> None:
    source = noise(20, 33, 1)
    assert values(relative(128 + (source - 128) / 2, source)) == pytest.approx(0.25)


def test_what_comes_first_does_not_change_it() -> None:
    """Films are transformed in blocks."""
    pictures = films(150, 16, seed=1)
    whole = band_powers(pictures)
    assert (band_powers(pictures[::-1])[::-1] == whole).all()
    single = np.concatenate([band_powers(pictures[[place]]) for place in range(150)])
    assert single == pytest.approx(whole, rel=1e-12)


def test_blank_drawn_films_have_no_power() -> None:
    found = relative(np.full((4, 16, 16), 200, np.uint8), films(5, 16, 1))
    assert values(found) == pytest.approx(0, abs=1e-20)
    assert [band["interval"] for band in found] == [pytest.approx([0, 0], abs=1e-20)] * 2


def test_blank_source_films_are_refused() -> None:
    with pytest.raises(CxrReleaseError, match="no structure of 1 to 4 cycles a film"):
        relative(films(4, 16, 1), np.full((5, 16, 16), 200, np.uint8))


def test_the_interval_holds_the_true_ratio_about_as_often_as_it_says() -> None:
    hits = 0
    for trial in range(60):
        drawn, source = noise(20, 16, 2 * trial, 30), noise(40, 16, 2 * trial + 1, 20)
        low, high = relative(drawn, source, draws=200)[-1]["interval"]
        hits += low <= 2.25 <= high
    assert hits >= 50
