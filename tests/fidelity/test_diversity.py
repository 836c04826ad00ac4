from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_msssim import ms_ssim

from cxr_release.fidelity.measure import LEAST, PAIRS, magnification, pairs, similarities


def bars(count: int, size: int, *, seed: int = 1, spread: float = 1.0) -> np.ndarray:
    """Films with a bright bar; `spread` says how far its place varies."""
    chance = np.random.default_rng(seed)
    middle = size * (0.5 + 0.3 * spread * chance.uniform(-1, 1, (count, 1, 1)))
    across = np.arange(size)
    shape = np.exp(-(((across - middle) / (size / 8)) ** 2)) * np.ones((1, size, 1))
    return (30 + 180 * shape + chance.normal(0, 3, shape.shape)).clip(0, 255).astype(np.uint8)


@given(st.integers(2, 400), st.integers(0, 2**63 - 1))
@settings(max_examples=50)
def test_pairs_are_different_ones_of_different_films(films: int, seed: int) -> None:
    found = pairs(films, seed=seed)
    assert found.shape == (min(PAIRS, films * (films - 1) // 2), 2)
    assert (found >= 0).all()
    assert (found[:, 0] < found[:, 1]).all()
    assert (found < films).all()
    assert len({tuple(pair) for pair in found.tolist()}) == len(found)
    assert (found == pairs(films, seed=seed)).all()


def test_pairs_of_many_films_reach_all_of_them() -> None:
    found = pairs(7250, seed=3)
    assert len(found) == PAIRS
    assert found.min() < 200
    assert found.max() > 7000
    assert (found != pairs(7250, seed=4)).any()


@pytest.mark.parametrize(("size", "times"), [(16, 11), (32, 6), (64, 3), (160, 2), (256, 1)])
def test_films_are_enlarged_to_have_room_for_five_scales(size: int, times: int) -> None:
    assert magnification(size) == times
    assert size * times >= LEAST


@pytest.mark.parametrize("size", [16, 32, 64])
def test_films_that_are_alike_score_higher(size: int) -> None:
    alike, various = (
        similarities(bars(10, size, spread=spread), seed=5).mean() for spread in (0.1, 1)
    )
    assert 0 <= various < alike < 1
    same = np.repeat(bars(1, size), 4, axis=0)
    assert similarities(same, seed=5) == pytest.approx(np.ones(6), abs=1e-5)


def test_large_films_are_taken_as_they_are() -> None:
    films = bars(3, 176)
    as_tensors = torch.from_numpy(films).float()[:, None]
    expected = [
        max(
            ms_ssim(as_tensors[[one]], way, data_range=255).item()
            for way in (as_tensors[[other]], as_tensors[[other]].flip(-1))
        )
        for one, other in pairs(3, seed=1)
    ]
    assert similarities(films, seed=1) == pytest.approx(expected, abs=1e-5)


def test_the_way_that_films_face_is_no_variety() -> None:
    films = bars(8, 32)
    mirrored = films.copy()
    mirrored[::2] = mirrored[::2, :, ::-1]
    assert similarities(mirrored, seed=5) == pytest.approx(similarities(films, seed=5), abs=1e-4)


def test_blank_films_and_pairs_in_several_batches() -> None:
    assert similarities(np.full((3, 16, 16), 9, np.uint8), seed=1) == pytest.approx(
        np.ones(3), abs=1e-5
    )
    assert similarities(bars(2, 16), seed=1).shape == (1,)
    assert similarities(bars(8, 16), seed=1).shape == (28,)
