from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from cxr_release.schemas import SMALL
from cxr_release.scorecard.vectors import SIDE, merged, nearest_cosines, picture_vectors, unit


def rows(count: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, 12)))


@given(st.integers(0, 40), st.integers(1, 30), st.integers(1, 8))
def test_the_nearest_are_those_of_another_library(films: int, others: int, k: int) -> None:
    first, second = rows(films, 1), rows(others, 2)
    near = nearest_cosines(first, second, k, task="test")
    assert near.shape == (films, k)
    kept = min(k, others)
    if films:
        exact = -np.sort(-cosine_similarity(first, second), axis=1)[:, :kept]
        assert near[:, :kept] == pytest.approx(exact, abs=1e-6)
    assert (near[:, kept:] == -1).all()


def test_the_nearest_of_two_sets_are_those_of_both_together() -> None:
    films, first, second = rows(30, 1), rows(20, 2), rows(3, 3)
    apart = merged([nearest_cosines(films, each, 5, task="test") for each in (first, second)])
    together = nearest_cosines(films, np.concatenate([first, second]), 5, task="test")
    assert apart == pytest.approx(together, abs=1e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    films, others = rows(700, 1), rows(90, 2)
    whole = nearest_cosines(films, others, 3, task="test")
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert (nearest_cosines(films, others, 3, task="test") == whole).all()


def test_brightness_and_contrast_make_no_difference_and_one_grey_is_like_nothing() -> None:
    chance = np.random.default_rng(4)
    coarse = chance.integers(40, 160, (1, 16, 16)).repeat(4, 1).repeat(4, 2)
    film = coarse.reshape(1, SMALL * SMALL).astype(np.uint8)
    vectors = picture_vectors(np.concatenate([film, film // 2 + 90, np.full_like(film, 7)]))
    assert vectors.shape == (3, SIDE * SIDE)
    assert vectors[0] @ vectors[1] > 0.999
    assert (vectors[2] == 0).all()
