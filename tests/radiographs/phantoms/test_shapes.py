from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.radiographs.phantoms.solids import chain_distance, polygon_distance, spline

X = np.linspace(-3, 3, 31, dtype=np.float32)
Y = np.linspace(-2, 2, 21, dtype=np.float32)
SPANNED_X, SPANNED_Y = np.meshgrid(X, Y)
lengths = st.floats(0.2, 2.0)


@given(half_width=lengths, half_height=lengths, start=st.integers(0, 3), backwards=st.booleans())
def test_a_polygon_is_measured_exactly(
    half_width: float, half_height: float, start: int, backwards: bool
) -> None:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (half_width, half_height)
    corners = np.roll(corners[::-1] if backwards else corners, start, axis=0)
    out_x, out_y = abs(SPANNED_X) - half_width, abs(SPANNED_Y) - half_height
    outside = np.hypot(np.maximum(out_x, 0), np.maximum(out_y, 0))
    expected = outside + np.minimum(np.maximum(out_x, out_y), 0)
    np.testing.assert_allclose(polygon_distance(corners, X, Y), expected, atol=1e-5)


def test_a_hollow_of_a_polygon_is_outside() -> None:
    # An open bracket: its inner room is on the same rows as its arms.
    bracket = np.array(
        [[-2, -1.5], [2, -1.5], [2, -1], [-1.5, -1], [-1.5, 1], [2, 1], [2, 1.5], [-2, 1.5]]
    )
    distance = polygon_distance(bracket, np.array([-1.75, 0.5], np.float32), Y[10:11])
    np.testing.assert_allclose(distance, [[-0.25, 1.0]], atol=1e-5)


@given(radius=lengths, length=lengths)
def test_one_capsule_is_measured_exactly(radius: float, length: float) -> None:
    points = np.array([[0.0, 0.0], [length, 0.0]])
    expected = np.hypot(SPANNED_X - np.clip(SPANNED_X, 0, length), SPANNED_Y) - radius
    distance = chain_distance(points, np.full(2, radius), X, Y, blend=0.1)
    np.testing.assert_allclose(distance, expected, atol=1e-5)


@given(first=lengths, second=lengths)
def test_capsules_join_smoothly_and_never_far_from_their_union(first: float, second: float) -> None:
    points = np.array([[-1.5, 0.5], [0.0, -0.5], [1.5, 0.5]])
    radii = np.array([first, first, second])
    joined = chain_distance(points, radii, X, Y, blend=0.1)
    parts = [chain_distance(points[k : k + 2], radii[k : k + 2], X, Y, blend=0.1) for k in range(2)]
    union = np.minimum(*parts)
    assert np.all(joined <= union + 1e-6)
    assert np.all(joined >= union - 0.1 * np.log(2) - 1e-6)


def test_a_spline_passes_through_its_points() -> None:
    points = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0], [2.0, -1.0]])
    np.testing.assert_allclose(spline(points, samples=3, closed=True)[::3], points)
    opened = spline(points, samples=3, closed=False)
    np.testing.assert_allclose(opened[::3], points)
    assert len(opened) == 3 * 3 + 1
