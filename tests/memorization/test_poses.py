"""Poses as numbers and as people read them, and how close the looks lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.memorization.poses import PLAIN, looks, pose_of, read_pose

TURNS, SCALES, SHIFTS = st.floats(-179, 179), st.floats(0.5, 2), st.floats(-0.5, 0.5)


@given(turn=TURNS, scale=SCALES, right=SHIFTS, down=SHIFTS)
def test_a_pose_is_read_as_it_was_made(
    turn: float, scale: float, right: float, down: float
) -> None:
    pose = read_pose(pose_of(turn, scale, right, down))
    assert pose.turn == pytest.approx(turn, abs=1e-3)
    assert pose.scale == pytest.approx(scale, rel=1e-6)
    assert (pose.right, pose.down) == pytest.approx((right, down), abs=1e-6)


def test_a_film_that_lies_on_the_real_one_has_the_plain_pose() -> None:
    assert pose_of().tolist() == PLAIN.tolist()
    pose = read_pose(PLAIN)
    assert (pose.turn, pose.scale, pose.right, pose.down) == (0, 1, 0, 0)


def test_a_point_lies_where_the_pose_says() -> None:
    """Turned by 90°, half as large, its middle 10 % of a side to the right and 20 % down."""
    a, b, x, y = pose_of(90, 0.5, 0.1, 0.2).tolist()
    u, v = 1, 0
    assert (a * u - b * v + x, b * u + a * v + y) == pytest.approx((0.2, 0.4 + 0.5))


def test_looks_begin_with_the_plain_one_and_none_is_there_twice() -> None:
    poses = looks()
    assert poses[0].tolist() == PLAIN.tolist()
    assert len(np.unique(poses, axis=0)) == len(poses)


def nearest(turn: float, scale: float, right: float, down: float) -> bool:
    """Whether a look lies within what the search was measured to bridge."""
    read = [read_pose(pose) for pose in looks()]
    return any(
        abs(look.turn - turn) <= 1.01
        and abs(look.scale - scale) <= 0.026
        and np.hypot(look.right - right, look.down - down) <= 0.0255
        for look in read
    )


@given(st.floats(-5, 5), st.floats(0.9, 1.1), st.floats(0, 0.05), st.floats(0, 2 * np.pi))
def test_a_film_that_was_turned_scaled_or_shifted_is_near_a_look(
    turn: float, scale: float, radius: float, angle: float
) -> None:
    """One of them, as far as the search is said to reach."""
    assert nearest(turn, 1, 0, 0)
    assert nearest(0, scale, 0, 0)
    assert nearest(0, 1, radius * np.cos(angle), radius * np.sin(angle))


@given(st.floats(0.9, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_a_film_that_was_cropped_is_near_a_look(scale: float, right: float, down: float) -> None:
    """Anywhere: its middle lies off the film's by up to half of what was cut off."""
    most = (1 - scale) / 2
    assert nearest(0, scale, most * right, most * down)
