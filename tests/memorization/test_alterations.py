"""The planted copies are what their names say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from cxr_release.films.png import Film
from cxr_release.memorization.alterations import (
    ALTERATIONS,
    DETAIL,
    GREY,
    MOVED,
    PART,
    RECOMPRESSED,
    SAME,
    SEVERAL,
    WARP,
)

SIDE = 128
SHAPE = (160, 200)
"""Of films whose pixels say where they were: greys up to 199."""
SEEDS = range(12)


def noise(shape: tuple[int, int], low: int = 0, high: int = 256, seed: int = 1) -> Film:
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.uint8)


@pytest.fixture(scope="module")
def film() -> Film:
    """Smooth blobs on a gradient: no symmetry, no sharp edge."""
    chance = np.random.default_rng(1)
    grey = ndimage.gaussian_filter(chance.normal(size=(SIDE, SIDE)), 6)
    grey += np.linspace(-0.1, 0.1, SIDE)[:, None]
    scaled = 30 + 195 * (grey - grey.min()) / np.ptp(grey)
    return scaled.astype(np.uint8)


def altered(name: str, film: Film, seed: int = 0, host: Film | None = None) -> Film:
    chance = np.random.default_rng(seed)
    return ALTERATIONS[name].alter(film, film if host is None else host, chance)


def distance(one: Film, other: NDArray[np.generic]) -> float:
    """Mean grey levels between two films, their edges left out."""
    inside = slice(12, -12)
    return float(np.abs(one[inside, inside].astype(float) - other[inside, inside]).mean())


def where_from(name: str, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the pixels of a copy were, by two films whose greys are columns and rows.

    Returns:
        (2, 2) how many pixels right and down one goes on the film with one step right (first
        column) or down (second column) on the copy; and (2,) how far right and down of the film's
        middle the copy's middle lies, as shares of the film's sides.
    """
    height, width = SHAPE
    rows, columns = np.indices(SHAPE)
    inside = np.s_[32:-32, 40:-40]
    middle = (np.array([width, height]) - 1) / 2
    steps = np.stack([columns - middle[0], rows - middle[1], np.ones(SHAPE)], -1)[inside]

    def seen(axis: NDArray[np.integer]) -> NDArray[np.float64]:
        """Greys, the mean of the film's and its negative's: Pillow rounds down when it moves."""
        copy, negative = (altered(name, f.astype(np.uint8), seed) for f in (axis, 255 - axis))
        return (copy[inside] / 2 + (255 - negative[inside]) / 2).ravel()

    places = np.stack([seen(columns), seen(rows)], axis=-1)
    fit, *_ = np.linalg.lstsq(steps.reshape(-1, 3), places, rcond=None)
    return fit[:2].T, (fit[2] - middle) / (width, height)


def turn_of(move: NDArray[np.float64]) -> float:
    """Degrees, counterclockwise, of what a copy shows."""
    return float(np.rad2deg(np.arctan2(-move[1, 0], move[0, 0])) * -1)


def test_kinds_are_in_families_and_bear_their_names() -> None:
    families = [each.family for each in ALTERATIONS.values()]
    starts = [after for before, after in pairwise(["", *families]) if before != after]
    assert starts == [SAME, GREY, DETAIL, MOVED, SEVERAL, PART]
    assert list(ALTERATIONS) == [each.name for each in ALTERATIONS.values()]
    assert RECOMPRESSED in ALTERATIONS


def test_the_kinds_of_published_audits_keep_their_names() -> None:
    assert ALTERATIONS.keys() >= {
        "identical",
        "mirrored",
        "inverted",
        "turned +3°",
        "turned −3°",
        "cropped 5 %",
        "cropped 5 %, off centre",
        "gamma 0.8",
        "gamma 1.25",
        "JPEG of quality 50",
        "noise 5 %",
        "blurred patch",
    }


@pytest.mark.parametrize("name", ALTERATIONS)
@settings(max_examples=15, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    of_host=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    seed=st.integers(0, 99),
)
def test_of_films_of_any_size_a_copy_has_the_size_and_the_seed_repeats_it(
    name: str, shape: tuple[int, int], of_host: tuple[int, int], seed: int
) -> None:
    film, host = noise(shape, seed=seed), noise(of_host, seed=seed + 100)
    film.flags.writeable = host.flags.writeable = False
    copy = altered(name, film, seed, host)
    assert copy.shape == film.shape
    assert copy.dtype == np.uint8
    assert np.array_equal(copy, altered(name, film, seed, host))


@pytest.mark.parametrize("name", ALTERATIONS)
def test_only_the_identical_copy_is_the_film(name: str, film: Film) -> None:
    copy = altered(name, film, host=film[::-1])
    assert np.array_equal(copy, film) == (name == "identical")


@pytest.mark.parametrize("name", ALTERATIONS)
def test_only_a_part_depends_on_the_host(name: str, film: Film) -> None:
    copies = [altered(name, film, host=host) for host in (film[::-1], 255 - film)]
    assert np.array_equal(*copies) != ALTERATIONS[name].needs_host


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, each in ALTERATIONS.items()
        if each.family in (SAME, DETAIL, MOVED, SEVERAL)
        and name not in ("noise 5 %", RECOMPRESSED, "gamma 0.8 and shifted 5 %")
    ],
)
@pytest.mark.parametrize("shape", [(16, 16), (17, 61), (120, 90)])
def test_of_a_film_of_one_grey_every_move_is_that_film(name: str, shape: tuple[int, int]) -> None:
    for grey in (0, 77, 255):
        film = np.full(shape, grey, np.uint8)
        assert np.array_equal(altered(name, film), film)


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


def test_what_is_turned_back_is_the_film_again(film: Film) -> None:
    assert distance(altered("turned −3°", altered("turned +3°", film)), film) < 1


@pytest.mark.parametrize("degrees", [1, 2, 4, 5])
def test_turns_go_either_way_about_the_middle(degrees: int) -> None:
    turns = []
    for seed in SEEDS:
        move, shift = where_from(f"turned ±{degrees}°", seed)
        turns.append(turn_of(move))
        assert np.linalg.det(move) == pytest.approx(1, abs=0.005)
        assert np.allclose(shift, 0, atol=0.002)
    assert np.allclose(np.abs(turns), degrees, atol=0.2)
    assert min(turns) < 0 < max(turns)


@pytest.mark.parametrize(
    ("name", "share"),
    [
        ("cropped 5 %, off centre", 0.05),
        ("cropped 10 % anywhere", 0.1),
        ("cropped 15 % anywhere", 0.15),
    ],
)
def test_a_crop_enlarges_what_is_left_wherever_that_lies(name: str, share: float) -> None:
    shifts = []
    for seed in SEEDS:
        move, shift = where_from(name, seed)
        assert np.allclose(move, (1 - share) * np.eye(2), atol=0.005)
        shifts.append(shift)
    assert np.abs(shifts).max() <= share / 2 + 0.002
    assert np.ptp(shifts, axis=0).min() > share / 2


def test_a_crop_enlarges_what_is_left(film: Film) -> None:
    copy = altered("cropped 5 %", film)
    places = (np.arange(SIDE) + 0.5) * 0.95 + 0.025 * SIDE - 0.5
    expected = ndimage.map_coordinates(film.astype(float), np.meshgrid(places, places)[::-1])
    assert distance(copy, expected) < 1
    elsewhere = altered("cropped 5 %, off centre", film, seed=3)
    assert distance(elsewhere, expected) > 1


@pytest.mark.parametrize("percent", [3, 5])
def test_a_shift_is_of_its_share_of_the_sides_in_any_direction(percent: int) -> None:
    angles = []
    for seed in SEEDS:
        move, shift = where_from(f"shifted {percent} %", seed)
        assert np.allclose(move, np.eye(2), atol=0.005)
        assert np.hypot(*shift) == pytest.approx(percent / 100, abs=0.005)  # half a pixel
        angles.append(np.arctan2(*shift))
    quarters = np.unique(np.floor(np.array(angles) / (np.pi / 2)))
    assert len(quarters) == 4


@pytest.mark.parametrize("scale", [0.9, 0.95, 1.05, 1.1])
def test_a_scaled_film_keeps_its_middle(scale: float) -> None:
    move, shift = where_from(f"scaled to {scale:g}", 0)
    assert np.allclose(move, np.eye(2) / scale, atol=0.005)
    assert np.allclose(shift, 0, atol=0.002)


def test_what_comes_in_from_outside_is_of_the_grey_along_the_edge() -> None:
    film = np.full((100, 100), 40, np.uint8)
    film[10:-10, 10:-10] = noise((80, 80))
    copy = altered("scaled to 0.9", film)
    assert (copy[:4] == 40).all()
    assert (copy[:, -4:] == 40).all()


def test_a_warp_is_smooth_and_moves_no_point_farther_than_it_says() -> None:
    rows, columns = np.indices(SHAPE)
    inside = np.s_[8:-8, 8:-8]
    for axis, side in ((rows, SHAPE[0]), (columns, SHAPE[1])):
        for seed in SEEDS:
            copy = altered("elastic warp, up to 1.5 %", axis.astype(np.uint8), seed)
            moved = (copy.astype(float) - axis)[inside]
            assert WARP * side / 2 < np.abs(moved).max() <= WARP * side + 0.5
            # Of one pixel and the next the grey is rounded: by up to 1, and the warp itself.
            assert np.abs(np.diff(moved, axis=0)).max() <= 1
            assert np.abs(np.diff(moved, axis=1)).max() <= 1
            assert np.ptp(moved) > WARP * side / 2, "a shift"


def test_several_alterations_are_all_there(film: Film) -> None:
    for seed in SEEDS:
        move, _ = where_from("turned ±3° and cropped 5 %", seed)
        assert abs(turn_of(move)) == pytest.approx(3, abs=0.1)
        assert np.linalg.det(move) == pytest.approx(0.95**2, abs=0.005)
        move, _ = where_from("mirrored and cropped 10 %", seed)
        assert np.allclose(move, np.diag([-0.9, 0.9]), atol=0.005)
        both = altered("gamma 0.8 and shifted 5 %", film, seed)
        assert np.array_equal(both, altered("shifted 5 %", altered("gamma 0.8", film), seed))


def test_gamma_darkens_above_one_and_keeps_the_ends(film: Film) -> None:
    assert altered("gamma 1.25", film).mean() < film.mean() < altered("gamma 0.8", film).mean()
    ends = np.array([[0, 255]], np.uint8)
    for name in ("gamma 0.8", "gamma 1.25"):
        assert np.array_equal(altered(name, ends), ends)


def test_contrast_and_brightness_change_within_their_limits() -> None:
    greys = np.arange(256, dtype=np.uint8).reshape(16, 16)
    gains, offsets = [], []
    for seed in range(40):
        copy = altered("contrast and brightness", greys, seed).ravel()
        gain, offset = np.polyfit(np.arange(64, 192) - 127.5, copy[64:192], 1)
        gains.append(gain)
        offsets.append(offset - 127.5)
        assert (np.diff(copy.astype(int)) >= 0).all()
    assert 0.54 < min(gains) < 0.6
    assert 0.8 < max(gains) < 0.86
    assert -20.1 < min(offsets) < -12
    assert 12 < max(offsets) < 20.1


def test_a_narrower_window_clips_a_tenth_at_each_end(film: Film) -> None:
    copy = altered("narrower window", film)
    low, high = np.percentile(film, (10, 90))
    assert (copy[film <= low] == 0).all()
    assert (copy[film >= high] == 255).all()
    between = (film > low) & (film < high)
    expected = 255 * (film[between] - low) / (high - low)
    assert np.allclose(copy[between], expected, atol=0.51)


def test_noise_is_of_five_per_cent(film: Film) -> None:
    off = altered("noise 5 %", film).astype(float) - film
    assert off.std() == pytest.approx(0.05 * 255, rel=0.05)


def test_a_recompressed_film_is_nearly_the_film(film: Film) -> None:
    assert distance(altered(RECOMPRESSED, film), film) < 1.5


def test_the_blur_is_local(film: Film) -> None:
    share = (altered("blurred patch", film) != film).mean()
    assert 0.02 < share <= 1 / 9 + 0.01


def test_at_half_the_resolution_what_is_finer_is_lost(film: Film) -> None:
    fine = np.where(np.indices((64, 64)).sum(axis=0) % 2, 200, 100).astype(np.uint8)
    assert (altered("half the resolution", fine) == 150).all()
    assert distance(altered("half the resolution", film), film) < 1


@pytest.mark.parametrize("shape", [(16, 16), (17, 33), (64, 40), (1, 1), (2, 7)])
def test_half_of_a_film_is_in_its_place_and_the_host_elsewhere(shape: tuple[int, int]) -> None:
    film, host = noise(shape, 0, 100), noise(shape, 100, 200, seed=2)
    height, width = shape
    rows, columns = np.indices(shape)
    # Of an odd number of lines the one in the middle belongs to either half.
    halves = [
        2 * columns < width,
        2 * (width - 1 - columns) < width,
        2 * rows < height,
        2 * (height - 1 - rows) < height,
    ]
    drawn = set()
    for seed in range(30):
        copy = altered("half of a film", film, seed, host)
        ours = copy < 100
        which = [place for place, half in enumerate(halves) if np.array_equal(ours, half)]
        assert which
        drawn.update(which)
        assert np.array_equal(copy, np.where(ours, film, host))
    assert drawn == {0, 1, 2, 3}


@pytest.mark.parametrize("shape", [(16, 16), (17, 33), (64, 40), (256, 256)])
def test_a_third_of_each_side_is_in_its_place_away_from_the_edge(shape: tuple[int, int]) -> None:
    film, host = noise(shape, 0, 100), noise(shape, 100, 200, seed=2)
    firsts = []
    for seed in range(30):
        copy = altered("a third of each side", film, seed, host)
        ours = copy < 100
        assert np.array_equal(copy, np.where(ours, film, host))
        rows, columns = np.flatnonzero(ours.any(axis=1)), np.flatnonzero(ours.any(axis=0))
        assert ours[np.ix_(rows, columns)].all(), "a whole rectangle"
        for lines, side in ((rows, shape[0]), (columns, shape[1])):
            assert len(lines) == side // 3
            assert side // 8 <= lines[0]
            assert lines[-1] < side - side // 8
        firsts.append((rows[0], columns[0]))
    assert len(set(firsts)) > 10


def test_a_part_is_pasted_into_a_host_of_any_size() -> None:
    film = noise((64, 48), 0, 100)
    host = np.full((300, 20), 180, np.uint8)
    for name in ("half of a film", "a third of each side"):
        copy = altered(name, film, 4, host)
        ours = copy < 100
        assert 0 < ours.mean() <= 0.5
        assert np.array_equal(copy, np.where(ours, film, 180))
