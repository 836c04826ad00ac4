from __future__ import annotations

import numpy as np
import pytest

from cxr_release.radiographs.phantoms.solids import (
    Solid,
    Tissue,
    View,
    attenuation_map,
    refine,
)

BONE = Tissue(fill=0.5, bevel=0.4, cortex=0.3, rim=0.1)
ORIGIN = np.zeros(2)


def view(scale: float, *, mirrored: bool = False, degrees: float = 0.0) -> View:
    shape = (int(10 * scale), int(12 * scale))
    return View.centred(ORIGIN, shape, scale=scale, mirrored=mirrored, degrees=degrees)


def shape_of(scale: float) -> tuple[int, int]:
    return int(10 * scale), int(12 * scale)


def disc(radius: float, corners: int = 60) -> Solid:
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return Solid(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), BONE)


def test_air_attenuates_nothing_and_the_rim_most() -> None:
    profile = BONE.attenuation(np.array([1.0, -0.05, -0.2, -0.4, -2.0], np.float32))
    assert profile[0] == pytest.approx(0, abs=1e-6)
    assert profile[1] == max(profile)
    assert profile[3] == pytest.approx(0.5)
    assert profile[4] == pytest.approx(0.5)


@pytest.mark.parametrize("radius", [0.4, 1.5, 4.0])
def test_large_outlines_are_interpolated_without_visible_error(radius: float) -> None:
    scale = 20.0
    height, width = shape_of(scale)
    drawn = attenuation_map([disc(radius)], view(scale), (height, width))
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / scale - radius
    exact = BONE.attenuation(distance.astype(np.float32))
    assert float(np.abs(drawn - exact).max()) < 0.12
    assert float(np.abs(drawn - exact).mean()) < 0.003


def test_solids_add_up() -> None:
    one, other = disc(1.0), disc(2.0)
    shape = shape_of(10)
    both = attenuation_map([one, other], view(10), shape)
    alone = [attenuation_map([solid], view(10), shape) for solid in (one, other)]
    np.testing.assert_allclose(both, alone[0] + alone[1], atol=1e-6)


def test_a_mirrored_view_mirrors_the_film() -> None:
    points = np.array([[-3.0, -2.0], [1.0, -1.0], [2.0, 3.0]])
    for solid in (Solid(points, BONE), Solid(points, BONE, radii=np.array([0.3, 0.5, 0.2]))):
        plain = attenuation_map([solid], view(8), shape_of(8))
        mirrored = attenuation_map([solid], view(8, mirrored=True), shape_of(8))
        np.testing.assert_allclose(mirrored, plain[:, ::-1], atol=0.03)
        assert plain.max() > 0.4


def test_a_solid_beside_the_film_leaves_no_trace() -> None:
    far = Solid(disc(1.0).points + np.array([50.0, 0.0]), BONE)
    near = Solid(disc(1.0).points - np.array([50.0, 50.0]), BONE)
    assert not attenuation_map([far, near], view(10), shape_of(10)).any()


def test_a_view_projects_where_the_map_draws() -> None:
    spot = np.array([[1.5, -2.0]])
    turned = view(20, mirrored=True, degrees=10)
    ball = Solid(np.vstack([spot, spot + 0.01]), Tissue(1.0, 0.3), radii=np.array([0.3, 0.3]))
    film = attenuation_map([ball], turned, shape_of(20))
    y, x = np.unravel_index(int(film.argmax()), film.shape)
    np.testing.assert_allclose(turned.project(spot)[0], (x, y), atol=1.0)


def test_refining_keeps_planes_exactly() -> None:
    rows, columns = np.mgrid[:5, :7].astype(np.float32)
    plane = 2 * rows - 3 * columns
    fine_rows, fine_columns = np.mgrid[:16, :24] / 4
    fine = refine(plane, 4)
    assert fine.shape == (16, 24)
    np.testing.assert_allclose(fine, 2 * fine_rows - 3 * fine_columns, atol=1e-5)
