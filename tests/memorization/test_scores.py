"""Scores: cosines in deviations of innocent pairs, and which pairs go on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization.scores import (
    FEWEST,
    KEPT,
    USUAL,
    Compared,
    Scale,
    in_scores,
    likeliest,
    scale_of,
    search_scale,
)
from cxr_release.memorization.search import Slots

SEED = st.integers(0, 2**32)


def test_a_score_is_fishers_z_in_deviations() -> None:
    scale = Scale((0.5, 1.0), (0.1, 0.2))
    cosines, parts = np.array([0.9, 0.9, 0.2, np.nan, -np.inf]), np.array([0, 3, 1, 0, 2])
    found = scale.scores(cosines, parts)
    assert found[:3] == pytest.approx(
        [(np.arctanh(0.9) - 0.5) / 0.1, (np.arctanh(0.9) - 1) / 0.2, (np.arctanh(0.2) - 1) / 0.2]
    )
    assert np.isneginf(found[3:]).all()


def test_equal_films_have_a_high_score_and_opposite_ones_a_low_one() -> None:
    found = Scale().scores(np.array([1.0, 1.001, -1.0]), np.zeros(3, int))
    assert np.isfinite(found).all()
    assert found[0] == found[1] > 40
    assert found[2] < -40


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.booleans())
def test_a_higher_cosine_never_scores_lower(cosines: list[float], half: bool) -> None:
    scores = Scale((0.2, 0.9), (0.3, 0.1)).scores(
        np.sort(cosines), np.full(len(cosines), int(half))
    )
    assert (np.diff(scores) >= 0).all()


def test_the_scale_is_that_of_the_innocent_pairs() -> None:
    chance = np.random.default_rng(1)
    whole, halves = chance.normal(0.6, 0.1, 4000), chance.normal(0.9, 0.2, 4000)
    cosines = np.tanh(np.concatenate([whole, halves]))
    parts = np.repeat([0, 2], 4000)
    scale = scale_of(cosines, parts)
    assert scale.mean == pytest.approx((0.6, 0.9), abs=0.02)
    assert scale.deviation == pytest.approx((0.1, 0.2), abs=0.01)
    scores = scale.scores(cosines, parts)
    for kind in (0, 2):
        assert abs(np.median(scores[parts == kind])) < 1e-9
        low, high = np.percentile(scores[parts == kind], [25, 75])
        assert high - low == pytest.approx(1.349, abs=1e-9)
    # One film in ten that the set holds twice hardly moves it; films without another do not.
    cosines[:400], cosines[400:900] = 1, np.nan
    doubled = scale_of(cosines, parts)
    assert doubled.mean[0] == pytest.approx(0.6, abs=0.03)
    assert doubled.deviation[0] == pytest.approx(0.1, abs=0.03)


def test_of_few_films_the_usual_scale_is_taken() -> None:
    few = scale_of(np.full(FEWEST - 1, 0.9), np.zeros(FEWEST - 1, int))
    assert few == Scale((USUAL[0], USUAL[0]), (USUAL[1], USUAL[1])) == Scale()
    same = scale_of(np.full(FEWEST, 0.9), np.zeros(FEWEST, int))
    assert same.mean == (pytest.approx(np.arctanh(0.9)), USUAL[0])
    assert same.deviation == (USUAL[1] / 4, USUAL[1])


def draw_slots(seed: int, films: int, references: int, slots: int) -> Slots:
    chance = np.random.default_rng(seed)
    shape = films, slots
    # Few values, so that most tie; some slots are empty.
    value = chance.integers(0, 4, shape).astype(np.float32)
    value[chance.random(shape) < 0.2] = -np.inf
    return Slots(
        value,
        chance.integers(0, references, shape).astype(np.int32),
        chance.integers(0, 5, shape).astype(np.int8),
        chance.integers(0, 4, shape).astype(np.int8),
    )


@settings(deadline=None)
@given(SEED, st.integers(1, 8), st.integers(1, 5), st.integers(2, 9))
def test_the_likeliest_are_those_of_the_highest_value(
    seed: int, films: int, references: int, slots: int
) -> None:
    """Each real film once, in its best slot; ties go to the first real film, then slot."""
    drawn = draw_slots(seed, films, references, slots)
    found = likeliest(drawn)
    assert found.value.shape == (films, KEPT)
    for row in range(films):
        best: dict[int, tuple[float, int]] = {}
        for slot in range(slots):
            value, real = float(drawn.value[row, slot]), int(drawn.reference[row, slot])
            if value > best.get(real, (-np.inf, 0))[0]:
                best[real] = value, slot
        order = sorted(best, key=lambda real: (-best[real][0], real))[:KEPT]
        assert found.reference[row].tolist() == (order + [-1] * KEPT)[:KEPT]
        for nth, real in enumerate(order):
            value, slot = best[real]
            assert found.value[row, nth] == value
            assert found.part[row, nth] == drawn.part[row, slot]
            assert found.view[row, nth] == drawn.view[row, slot]


def compared(cosines: np.ndarray, *, real: np.ndarray, parts: np.ndarray) -> Compared:
    """(2, n, KEPT) cosines; poses that tell which is which."""
    pairs = Compared(real, np.zeros(real.shape, np.int8), np.stack([np.zeros_like(parts), parts]))
    pairs.cosine[:] = cosines
    pairs.pose[..., 2] = np.arange(cosines.size).reshape(cosines.shape)
    return pairs


def test_a_pair_counts_by_its_whole_films_or_a_half() -> None:
    """Whichever lies farther above what is usual for it, and the higher pair comes first."""
    real = np.array([[4, 2], [7, -1]], np.int32)
    parts = np.array([[3, 0], [1, 0]], np.int8)
    cosines = np.array([[[0.5, 0.8], [0.7, np.nan]], [[0.9, np.nan], [0.7, np.nan]]])
    scale = Scale((0.5, 0.6), (0.1, 0.2))
    found = compared(cosines, real=real, parts=parts).scored(scale)

    assert found.real.tolist() == [[2, 4], [7, -1]]
    assert found.part[:, 0].tolist() == [0, 0]
    assert found.part[0, 1] == 3
    expected = [(np.arctanh(0.8) - 0.5) / 0.1, (np.arctanh(0.9) - 0.6) / 0.2]
    assert found.score[0] == pytest.approx(expected)
    assert found.score[1] == pytest.approx([(np.arctanh(0.7) - 0.5) / 0.1, -np.inf])
    assert found.cosine[0].tolist() == [0.8, 0.9]
    assert len(found) == 2


@settings(deadline=None)
@given(SEED, st.integers(1, 8))
def test_pairs_are_ranked_as_by_hand(seed: int, films: int) -> None:
    chance = np.random.default_rng(seed)
    shape = films, KEPT
    cosines = chance.integers(-2, 3, (2, *shape)) / 3
    real = np.stack([chance.permutation(5)[:KEPT] for _ in range(films)]).astype(np.int32)
    parts = chance.integers(0, 5, shape).astype(np.int8)
    cosines[1][parts == 0] = np.nan
    missing = chance.random(films) < 0.3
    real[missing, 1], cosines[:, missing, 1] = -1, np.nan
    scale = Scale((0.1, 0.3), (0.2, 0.3))
    pairs = compared(cosines, real=real, parts=parts)
    found = pairs.scored(scale)
    both = scale.scores(cosines, pairs.part)
    for row in range(films):
        expected = []
        for nth in range(KEPT):
            kind = 0 if both[0, row, nth] >= both[1, row, nth] else 1
            expected.append(
                (-both[kind, row, nth], int(real[row, nth]), kind, int(parts[row, nth]) * kind, nth)
            )
        expected.sort(key=lambda pair: pair[:2])
        for nth, (score, place, kind, part, at) in enumerate(expected):
            assert found.score[row, nth] == -score
            assert found.real[row, nth] == place
            if place >= 0:
                assert found.part[row, nth] == part
                assert found.cosine[row, nth] == cosines[kind, row, at]
                assert found.pose[row, nth].tolist() == pairs.pose[kind, row, at].tolist()
            else:
                assert np.isneginf(found.score[row, nth])
                assert np.isnan(found.cosine[row, nth])


def test_some_rows_are_replaced_and_the_others_stay() -> None:
    chance = np.random.default_rng(2)
    parts = np.ones((4, KEPT), np.int8)
    first = compared(chance.random((2, 4, KEPT)), real=np.zeros((4, KEPT), np.int32), parts=parts)
    other = compared(
        chance.random((2, 2, KEPT)), real=np.ones((2, KEPT), np.int32), parts=2 * parts[:2]
    )
    before = first.cosine.copy()
    result = first.replaced(np.array([1, 3]), other)
    assert result.real[:, 0].tolist() == [0, 1, 0, 1]
    assert result.part[1, :, 0].tolist() == [1, 2, 1, 2]
    assert np.array_equal(result.cosine[:, [1, 3]], other.cosine)
    assert np.array_equal(result.pose[:, [1, 3]], other.pose)
    assert np.array_equal(result.cosine[:, [0, 2]], before[:, [0, 2]])
    assert np.array_equal(first.cosine, before)
    assert first.real.max() == 0


def test_the_highest_cosines_whole_and_in_a_half() -> None:
    cosines = np.array([[[0.5, 0.8], [np.nan, 0.1]], [[0.9, np.nan], [np.nan, np.nan]]])
    pairs = compared(cosines, real=np.zeros((2, 2), np.int32), parts=np.ones((2, 2), np.int8))
    highest, kinds = pairs.highest()
    assert highest.tolist() == [[0.8, 0.1], [0.9, -np.inf]]
    assert kinds.tolist() == [[0, 0], [1, 1]]


def test_slots_are_scored_by_the_nearest_of_each_part() -> None:
    chance = np.random.default_rng(3)
    films = 200
    whole, half = chance.normal(0.6, 0.1, (films, 2)), chance.normal(0.9, 0.2, (films, 2))
    slots = Slots(
        np.tanh(np.hstack([whole, half])).astype(np.float32),
        np.zeros((films, 4), np.int32),
        np.broadcast_to(np.array([0, 0, 3, 3], np.int8), (films, 4)),
        np.zeros((films, 4), np.int8),
    )
    scale = search_scale([slots])
    for kind, drawn in enumerate((whole, half)):
        assert scale.mean[kind] == pytest.approx(np.median(drawn.max(axis=1)), abs=1e-6)
    scored = in_scores(slots, scale)
    assert scored.value == pytest.approx(scale.scores(slots.value, slots.part).astype(np.float32))
    assert scored.reference is slots.reference
