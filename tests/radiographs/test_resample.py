import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.films.png import Film
from cxr_release.radiographs.resample import Fit, invert, mirror, place, resample

SIDES = st.integers(1, 3000)


@given(SIDES, SIDES, st.integers(16, 256), st.sampled_from(["stretch", "pad"]))
def test_a_film_lies_centred_within_the_square(w: int, h: int, size: int, fit: Fit) -> None:
    left, top, right, bottom = place(w, h, size, fit)
    assert 0 <= left < right <= size
    assert 0 <= top < bottom <= size
    assert abs(left - (size - right)) <= 1
    assert abs(top - (size - bottom)) <= 1
    if fit == "stretch":
        assert (right - left, bottom - top) == (size, size)
    else:
        assert max(right - left, bottom - top) == size
        assert abs((right - left) * h - (bottom - top) * w) <= max(w, h)


def test_padding_is_black_and_keeps_proportions() -> None:
    film = np.full((50, 100), 90, np.uint8)
    square = resample(film, 64, "pad")
    assert (square[16:48] == 90).all()
    assert (square[:16] == 0).all()
    assert (square[48:] == 0).all()
    assert (resample(film, 64, "stretch") == 90).all()


def test_fine_stripes_become_even_grey_and_no_moire() -> None:
    stripes = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (500, 500))
    small = resample(stripes, 64, "stretch")
    assert np.abs(small.astype(int) - 127).max() <= 2


def test_an_edge_neither_wraps_nor_bleeds() -> None:
    film = np.zeros((600, 600), np.uint8)
    film[:, 300:] = 255
    small = resample(film, 64, "stretch")
    assert (small[:, :30] <= 2).all()
    assert (small[:, 34:] >= 253).all()


@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_a_negative_comes_out_as_its_positive(positives: list[Film], fit: Fit) -> None:
    for film in positives[:6]:
        height, width = film.shape
        direct = resample(film, 64, fit).astype(int)
        back = invert(resample(255 - film, 64, fit), place(width, height, 64, fit))
        assert np.abs(direct - back).max() <= 1


def test_mirroring_commutes_with_resampling(positives: list[Film]) -> None:
    film = positives[0]
    first = resample(mirror(film), 64, "stretch").astype(int)
    assert np.abs(first - mirror(resample(film, 64, "stretch"))).max() <= 2
