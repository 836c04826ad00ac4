import numpy as np

from cxr_release.radiographs.exposure import cut
from cxr_release.radiographs.phantoms.collimation import Collimation, collimate
from cxr_release.radiographs.phantoms.phantom_source import draw_phantom


def test_a_border_changes_nothing_within_the_field() -> None:
    """An upright border: the box around the field is the field."""
    plain = draw_phantom(3, seed=11, collimation=Collimation(margins=(0, 0, 0, 0), grey=1.0))
    border = Collimation(margins=(0.1, 0.2, 0, 0.05), grey=1.0, scatter=0.2, noise=0.01)
    phantom = draw_phantom(3, seed=11, collimation=border)
    assert phantom.field is not None
    height, width = phantom.pixels.shape
    left, top, right, bottom = phantom.field
    assert (left, top) == (round(0.1 * width), round(0.2 * height))
    assert (right, bottom) == (width, height - round(0.05 * height))
    np.testing.assert_array_equal(
        cut(phantom.pixels, phantom.field),
        cut(plain.pixels, phantom.field),  # type: ignore[arg-type]
    )
    assert phantom.facing == plain.facing
    assert phantom.keypoints == plain.keypoints


def test_a_border_is_lit_towards_its_edge_and_may_be_tilted_and_rounded() -> None:
    film = np.full((200, 200), 0.5, np.float32)
    upright = Collimation(margins=(0.2, 0.2, 0.2, 0.2), grey=1.0, scatter=0.3)
    lit, field = collimate(film, upright, np.random.default_rng(0))
    assert field == (40, 40, 160, 160)
    row = lit[100, :40]
    assert (np.diff(row) < 0).all()
    assert row[0] > 0.95
    assert 0.68 < row[-1] < 0.75
    tilted = Collimation(margins=(0.2, 0.2, 0.2, 0.2), grey=0.0, degrees=5, corner=0.1)
    covered, box = collimate(film, tilted, np.random.default_rng(0))
    assert box[0] < 40
    assert (covered[:3, :3] == 0).all()
    share = (covered == 0.5).mean()
    assert 0.34 < share < 0.36  # less than the square, by its round corners
