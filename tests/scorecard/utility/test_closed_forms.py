"""The closed forms against other implementations of the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score, roc_auc_score

from cxr_release.scorecard.utility.classification import class_scores, mean_area
from cxr_release.scorecard.utility.inpainting import HIDDEN, SIDE, block, explained, inpainting
from cxr_release.scorecard.utility.pools import pools_of
from cxr_release.scorecard.utility.students import mean_error
from cxr_release.scorecard.utility.super_resolution import (
    REACH,
    STRENGTH,
    decibels,
    super_resolution,
)
from cxr_release.scorecard.utility.task import halved
from cxr_release.statistics.ridge import STRENGTHS, predicted, strength_of
from tests.support.useful_films import good_and_poor

POOLS = pools_of(good_and_poor(control=24))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 20), st.integers(1, 30))
def test_the_dual_form_is_scikit_learns_ridge(seed: int, films: int, pixels: int) -> None:
    chance = np.random.default_rng(seed)
    inputs, tested = chance.normal(3, 1, (films, pixels)), chance.normal(3, 1, (7, pixels))
    targets = inputs[:, :1] @ chance.normal(size=(1, 4)) + chance.normal(5, 1, (films, 4))
    theirs = Ridge(alpha=0.7).fit(inputs, targets).predict(tested)
    ours = predicted(inputs, targets, tested, 0.7)
    assert ours == pytest.approx(theirs.reshape(ours.shape), abs=1e-8)


@pytest.mark.parametrize("noise", [0.05, 1.0, 20.0])
def test_the_strength_is_the_best_of_leaving_each_film_out(noise: float) -> None:
    chance = np.random.default_rng(3)
    inputs = chance.normal(2, 1, (25, 8))
    targets = inputs @ chance.normal(size=(8, 3)) + noise * chance.normal(size=(25, 3))
    unit = float(((inputs - inputs.mean(axis=0)) ** 2).sum()) / 25
    errors = []
    for strength in STRENGTHS:
        error = 0.0
        for out in range(25):
            kept = np.arange(25) != out
            model = Ridge(alpha=strength * unit).fit(inputs[kept], targets[kept])
            error += float(((model.predict(inputs[out : out + 1]) - targets[out]) ** 2).sum())
        errors.append(error)
    assert strength_of(inputs, targets) == pytest.approx(STRENGTHS[np.argmin(errors)] * unit)


def test_inpainting_takes_what_is_around_to_what_is_hidden() -> None:
    task = inpainting(POOLS)
    learnt, tested = POOLS.others[:30], POOLS.control
    small = halved(POOLS.pictures)
    mask = block(SIDE, HIDDEN)
    assert mask.sum() == 100
    assert mask[11:21, 11:21].all()
    films = small.reshape(len(small), -1)
    around, hidden = films[:, ~mask.ravel()], films[:, mask.ravel()]
    model = Ridge(alpha=task.strength).fit(around[learnt], hidden[learnt])
    theirs = r2_score(
        hidden[tested], model.predict(around[tested]), multioutput="variance_weighted"
    )
    assert task.score(learnt, tested, 0) == pytest.approx(theirs, abs=1e-8)


def test_films_that_are_all_alike_leave_nothing_to_be_told() -> None:
    assert explained(np.ones((3, 4)), np.zeros((3, 4))) == 0


def test_sums_of_films_are_the_regression_of_their_pixels() -> None:
    task = super_resolution(POOLS)
    learnt, tested = [*POOLS.others[:6], POOLS.others[0]], list(POOLS.control[:5])

    def pixels(place: int) -> tuple[np.ndarray, np.ndarray]:
        fine = POOLS.pictures[place] / 255
        coarse = fine.reshape(32, 2, 32, 2).mean(axis=(1, 3))
        padded = np.pad(coarse, REACH // 2, mode="edge")
        inputs, targets = [], []
        for row in range(32):
            for column in range(32):
                window = padded[row : row + REACH, column : column + REACH]
                inputs.append(window.ravel() - coarse[row, column])
                block = fine[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
                targets.append(block.ravel() - coarse[row, column])
        return np.array(inputs), np.array(targets)

    inputs, targets = map(np.concatenate, zip(*map(pixels, learnt), strict=True))
    model = Ridge(alpha=STRENGTH * len(inputs), fit_intercept=False).fit(inputs, targets)
    errors = [((model.predict(of) - truth) ** 2).mean() for of, truth in map(pixels, tested)]
    theirs = float(np.mean(-10 * np.log10(errors)))
    assert task.score(np.array(learnt), np.array(tested), 0) == pytest.approx(theirs, abs=1e-6)


def test_a_film_without_error_has_a_finite_ratio() -> None:
    assert decibels(np.array([0.0, -1e-18])) == 99
    assert decibels(np.array([0.01])) == pytest.approx(20)


def test_distances_of_landmarks_are_in_the_plane_and_those_of_a_number_on_its_line() -> None:
    values, truth = np.array([[3.0, 4.0, 1.0, 1.0]]), np.array([[0.0, 0.0, 1.0, 1.0]])
    assert mean_error("landmarks", values, truth) == pytest.approx(2.5)
    assert mean_error("number", values[:, :1], truth[:, :1]) == pytest.approx(3)


def test_areas_are_means_over_classes_that_can_be_told_from_others() -> None:
    chance = np.random.default_rng(1)
    classes = np.array([0, 1, 1, 0, 2, 1, 0, 2])
    scores = chance.random((8, 4))
    theirs = np.mean([roc_auc_score(classes == k, scores[:, k]) for k in range(3)])
    assert mean_area(scores, classes) == pytest.approx(theirs)
    assert mean_area(scores, np.zeros(8, np.int64)) == 0.5


def test_classes_that_no_film_to_learn_from_has_are_scored_0() -> None:
    chance = np.random.default_rng(2)
    inputs, classes = chance.normal(size=(30, 5)), np.repeat([0, 2], 15)
    scores = class_scores(inputs, classes, inputs, 3)
    assert (scores[:, 1] == 0).all()
    assert scores.sum(axis=1) == pytest.approx(1)
    spread = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    model = LogisticRegression(C=0.1, class_weight="balanced").fit(spread, classes)
    assert scores[:, 2] == pytest.approx(model.predict_proba(spread)[:, 1], abs=2e-3)
    assert (class_scores(inputs, np.ones(30, np.int64), inputs, 3)[:, 1] == 1).all()
