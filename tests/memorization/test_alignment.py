"""Registration: a film that was moved by a known pose is laid back on itself."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import map_coordinates

from cxr_release.films.grey import window
from cxr_release.films.png import Film
from cxr_release.memorization import sampler
from cxr_release.memorization.alignment import aligned, band_passed
from cxr_release.memorization.poses import PLAIN, Poses, looks, pose_of, read_pose
from cxr_release.memorization.sampler import smooth
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom
from tests.support.matched import small_pictures

SIDE = 256


@cache
def phantom(index: int) -> Film:
    """SIDE × SIDE."""
    film = Image.fromarray(window(draw_phantom(index, seed=5).pixels))
    return np.asarray(film.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def shown_in(film: Film, pose: Poses) -> Film:
    """What a film shows that lies on another in a pose: by scipy, on the large film."""
    line = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    v, u = np.meshgrid(line, line, indexing="ij")
    a, b, x, y = (float(number) for number in pose)
    places = [((w + 1) * SIDE - 1) / 2 for w in (b * u + a * v + y, a * u - b * v + x)]
    return map_coordinates(film, places, order=1, mode="nearest").astype(np.uint8)


def small(*films: Film) -> np.ndarray:
    return band_passed(smooth(small_pictures(films)))


def tapered(count: int) -> np.ndarray:
    sine = np.sin(np.pi * (np.arange(sampler.SIDE) + 0.5) / sampler.SIDE)
    return np.tile(np.outer(sine, sine).ravel().astype(np.float32), (count, 1))


def nearest_look(pose: Poses) -> Poses:
    """As the search hands over to the alignment."""
    corners = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1], [0, 0]]) * 0.7

    def laid(each: Poses) -> np.ndarray:
        a, b, x, y = (float(number) for number in each)
        return corners @ np.array([[a, b], [-b, a]]) + (x, y)

    return min(looks(), key=lambda look: float(np.square(laid(look) - laid(pose)).sum()))


def assert_found(pose: Poses, result: Poses) -> None:
    """Within 0.15°, 0.3 % of a side and 0.4 % of scale.

    A film that was scaled by 10 % was blurred by as much, which is taken for up to 0.5 % of scale.
    One that was shifted by more than 3 % of a side has lost its edges, and what is
    left lies best with up to 0.48 % of scale: the optimum itself, not where the steps end.
    """
    expected, found = read_pose(pose), read_pose(result)
    assert found.turn == pytest.approx(expected.turn, abs=0.15)
    blurred = 0.05 * abs(1 - expected.scale)
    lost = 0.04 * max(0.0, math.hypot(expected.right, expected.down) - 0.03)
    assert found.scale == pytest.approx(expected.scale, abs=0.004 + blurred + lost)
    assert (found.right, found.down) == pytest.approx((expected.right, expected.down), abs=0.003)


KINDS = st.one_of(
    st.builds(lambda turn: (turn, 1.0, 0.0, 0.0), st.floats(-5, 5)),
    st.builds(lambda scale: (0.0, scale, 0.0, 0.0), st.floats(0.9, 1.1)),
    st.builds(lambda right, down: (0.0, 1.0, right, down), *[st.floats(-0.035, 0.035)] * 2),
    st.builds(
        lambda scale, right, down: (0.0, scale, (1 - scale) / 2 * right, (1 - scale) / 2 * down),
        st.floats(0.85, 1), *[st.floats(-1, 1)] * 2,
    ),
    st.tuples(st.floats(-1, 1), st.floats(0.975, 1.025), *[st.floats(-0.015, 0.015)] * 2),
)  # fmt: skip
"""Turned; scaled; shifted; cropped anywhere; and a little of all."""


@settings(deadline=None, max_examples=60)
@given(index=st.integers(0, 5), moved=KINDS)
def test_a_moved_film_is_found_in_its_pose(
    index: int, moved: tuple[float, float, float, float]
) -> None:
    pose = pose_of(*moved)
    film = phantom(index)
    result = aligned(small(shown_in(film, pose)), small(film), nearest_look(pose)[None], tapered(1))
    assert_found(pose, result[0])


def test_brightness_and_contrast_do_not_count() -> None:
    pose = pose_of(1, 0.98, 0.01, -0.01)
    film = phantom(2)
    moved = (60 + shown_in(film, pose) * 0.5).astype(np.uint8)
    (result,) = aligned(small(moved), small(film), PLAIN[None], tapered(1))
    assert_found(pose, result)


def test_pairs_do_not_change_each_other() -> None:
    films = [phantom(index) for index in range(4)]
    poses = [pose_of(index - 1.5, 1, 0.01 * index, 0) for index in range(4)]
    moved = small(*(shown_in(film, pose) for film, pose in zip(films, poses, strict=True)))
    start = np.tile(PLAIN, (4, 1))
    together = aligned(moved, small(*films), start, tapered(4))
    for row in range(4):
        alone = aligned(moved[[row]], small(films[row]), start[[row]], tapered(1))
        assert alone[0] == pytest.approx(together[row], abs=1e-5)


@pytest.mark.parametrize("kind", ["flat", "noise", "one pixel", "edge"])
def test_films_without_anything_in_common_give_poses_that_are_numbers(kind: str) -> None:
    chance = np.random.default_rng(1)
    film = {
        "flat": np.full((SIDE, SIDE), 128),
        "noise": chance.integers(0, 256, (SIDE, SIDE)),
        "one pixel": np.eye(1, SIDE * SIDE, 9000).reshape(SIDE, SIDE) * 255,
        "edge": np.repeat([[0] * 128 + [255] * 128], SIDE, axis=0),
    }[kind].astype(np.uint8)
    pairs = [(film, phantom(0)), (phantom(0), film), (film, film), (film, 255 - film)]
    first, second = (small(*films) for films in zip(*pairs, strict=True))
    for start in looks()[[0, 1, 20]]:
        poses = aligned(first, second, np.tile(start, (4, 1)), tapered(4))
        assert np.isfinite(poses).all()
        assert all(0.1 < read_pose(pose).scale < 10 for pose in poses)
    assert aligned(first[2:3], second[2:3], PLAIN[None], tapered(1))[0] == pytest.approx(
        PLAIN, abs=1e-3
    )


def test_a_film_that_lies_as_it_is_stays_there() -> None:
    film = small(phantom(1))
    assert aligned(film, film, PLAIN[None], tapered(1))[0] == pytest.approx(PLAIN, abs=1e-4)
