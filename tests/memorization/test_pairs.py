"""The list of pairs, and how a pair looks aligned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization.pairs import Pair, aligned_films, listed, pair_of, pairs_of
from cxr_release.memorization.poses import Pose, pose_of
from cxr_release.memorization.scores import Matches
from cxr_release.schemas import PARTS, VIEWS

Film = np.ndarray


def pair(view: str = "plain", *, turn: float = 0, scale: float = 1, right: float = 0,
         down: float = 0) -> Pair:  # fmt: skip
    return Pair("real", "drawn", 5.0, 0.9, view, "whole", Pose(turn, scale, right, down))


def blob(height: int, width: int, row: float, column: float) -> Film:
    """A film, black but for a smooth spot."""
    rows, columns = np.mgrid[:height, :width]
    spot = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 18)
    return np.round(255 * spot).astype(np.uint8)


def middle(film: Film) -> tuple[float, float]:
    rows, columns = np.mgrid[: film.shape[0], : film.shape[1]]
    weight = film.astype(float) / film.sum()
    return float((rows * weight).sum()), float((columns * weight).sum())


SHAPES = st.tuples(st.integers(120, 200), st.integers(120, 200))


@settings(deadline=None, max_examples=60)
@given(
    turn=st.floats(-8, 8),
    scale=st.floats(0.85, 1.15),
    right=st.floats(-0.06, 0.06),
    down=st.floats(-0.06, 0.06),
    u=st.floats(-0.4, 0.4),
    v=st.floats(-0.4, 0.4),
    real_shape=SHAPES,
    synthetic_shape=SHAPES,
)
def test_a_spot_of_the_real_film_is_laid_where_the_pose_says(
    *,
    turn: float,
    scale: float,
    right: float,
    down: float,
    u: float,
    v: float,
    real_shape: tuple[int, int],
    synthetic_shape: tuple[int, int],
) -> None:
    """On films of any proportions, to a third of a pixel."""
    a, b, x, y = pose_of(turn, scale, right, down).tolist()
    on_real = a * u - b * v + x, b * u + a * v + y
    height, width = real_shape
    row, column = (on_real[1] + 1) / 2 * height - 0.5, (on_real[0] + 1) / 2 * width - 0.5
    synthetic = np.zeros(synthetic_shape, np.uint8)
    laid, shown = aligned_films(
        pair(turn=turn, scale=scale, right=right, down=down),
        blob(height, width, row, column),
        synthetic,
    )
    assert laid.shape == shown.shape == synthetic_shape
    expected = (v + 1) / 2 * synthetic_shape[0] - 0.5, (u + 1) / 2 * synthetic_shape[1] - 0.5
    assert middle(laid) == pytest.approx(expected, abs=0.34)


@pytest.mark.parametrize("view", VIEWS)
def test_a_film_in_the_plain_pose_is_laid_as_it_is(view: str) -> None:
    chance = np.random.default_rng(1)
    real, synthetic = chance.integers(0, 256, (2, 30, 41)).astype(np.uint8)
    laid, shown = aligned_films(pair(view), real, synthetic)
    assert np.array_equal(laid, real)
    expected = synthetic[:, ::-1] if "mirrored" in view else synthetic
    assert np.array_equal(shown, 255 - expected if "inverted" in view else expected)


def test_where_the_real_film_has_nothing_it_is_black() -> None:
    real = np.full((50, 60), 200, np.uint8)
    laid, _ = aligned_films(pair(right=0.25), real, np.zeros((50, 60), np.uint8))
    assert (laid[:, :44] == 200).all()
    assert (laid[:, 46:] == 0).all()


def matches() -> Matches:
    """Three films; the second has but one likely original."""
    return Matches(
        np.array([[2, 0], [1, -1], [0, 2]], np.int32),
        np.array([[0, 1], [2, 0], [3, 0]], np.int8),
        np.array([[0, 4], [1, 0], [0, 0]], np.int8),
        np.stack([np.stack([pose_of(turn=row + nth) for nth in (0, 1)]) for row in range(3)]),
        np.array([[0.9, 0.8], [0.7, np.nan], [0.8, 0.1]]),
        np.array([[9.0, 7], [7, -np.inf], [7, 1]]),
    )


REAL, DRAWN = ["a", "b", "c"], ["x", "y", "z"]


def test_a_pair_says_what_was_found() -> None:
    found = pair_of(matches(), 0, 1, REAL, "x")
    assert (found.real_id, found.synthetic_id) == ("a", "x")
    assert (found.score, found.cosine, found.view, found.part) == (7, 0.8, VIEWS[1], PARTS[4])
    assert found.pose.turn == pytest.approx(1)


def test_each_film_has_its_pairs_the_likeliest_first() -> None:
    pairs = list(pairs_of(matches(), REAL, DRAWN))
    assert [[each.real_id for each in of_film] for of_film in pairs] == [
        ["c", "a"],
        ["b"],
        ["a", "c"],
    ]
    assert [{each.synthetic_id for each in of_film} for of_film in pairs] == [{"x"}, {"y"}, {"z"}]


@pytest.mark.parametrize("top", [1, 2, 3, 4, 5, 99])
def test_the_list_is_the_pairs_of_highest_score(top: int) -> None:
    """Those that tie in the order of the ids, wherever the list ends."""
    names = [(each.real_id, each.synthetic_id) for each in listed(matches(), REAL, DRAWN, top)]
    order = [("c", "x"), ("a", "x"), ("a", "z"), ("b", "y"), ("c", "z")]
    assert names == order[:top]


@settings(deadline=None)
@given(seed=st.integers(0, 2**32), films=st.integers(1, 12), top=st.integers(1, 30))
def test_the_list_is_that_of_all_pairs_sorted(seed: int, films: int, top: int) -> None:
    chance = np.random.default_rng(seed)
    real = np.stack([chance.permutation(4)[:2] for _ in range(films)]).astype(np.int32)
    score = -np.sort(-chance.integers(0, 4, (films, 2)).astype(float), axis=1)
    missing = chance.random(films) < 0.3
    real[missing, 1], score[missing, 1] = -1, -np.inf
    zeros = np.zeros((films, 2), np.int8)
    poses = np.tile(pose_of(), (films, 2, 1))
    found = Matches(real, zeros, zeros, poses, np.where(real < 0, np.nan, 0.5), score)
    ids = [f"r{place}" for place in range(4)], [f"s{row:02d}" for row in range(films)]
    pairs = sorted(
        (-score[row, nth], ids[0][real[row, nth]], ids[1][row])
        for row in range(films)
        for nth in range(2)
        if real[row, nth] >= 0
    )
    assert [
        (-each.score, each.real_id, each.synthetic_id) for each in listed(found, *ids, top)
    ] == pairs[:top]
