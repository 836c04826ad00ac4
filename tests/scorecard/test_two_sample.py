"""Can two sets of features be told apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cxr_release.scorecard.two_sample import FOLDS, two_sample_test
from cxr_release.statistics.clustered_auc import ClusteredAuc


def told(
    drawn: np.ndarray,
    real: np.ndarray,
    patients: list[str] | None = None,
    others: list[str] | None = None,
) -> ClusteredAuc:
    test = two_sample_test(
        drawn,
        real,
        drawn_patients=patients or [f"d{place}" for place in range(len(drawn))],
        real_patients=others or [f"r{place}" for place in range(len(real))],
    )
    assert test is not None
    return test


def test_films_of_one_kind_are_not_told_apart() -> None:
    chance = np.random.default_rng(1)
    tests = [told(chance.normal(size=(120, 16)), chance.normal(size=(90, 16))) for _ in range(12)]
    areas = [test.auc for test in tests]
    assert all(0.4 <= area <= 0.6 for area in areas)
    assert np.mean(areas) == pytest.approx(0.5, abs=0.03)
    assert sum(test.low <= 0.5 <= test.high for test in tests) >= 10


def test_films_of_two_kinds_are() -> None:
    chance = np.random.default_rng(2)
    drawn, real = chance.normal(3, 1, (60, 4)), chance.normal(0, 1, (60, 4))
    test = told(drawn, real)
    assert test.auc > 0.98
    assert test.high == pytest.approx(1, abs=0.02)
    assert told(real, drawn).auc > 0.98


def test_the_area_is_the_mean_of_the_folds_of_scikit_learn() -> None:
    chance = np.random.default_rng(3)
    drawn, real = chance.normal(0.4, 1.5, (200, 6)), chance.normal(0, 1, (150, 6))
    features, labels = np.concatenate([drawn, real]), np.repeat([1, 0], [200, 150])
    folds = np.concatenate([np.arange(200), np.arange(150)]) % FOLDS
    areas = []
    for fold in range(FOLDS):
        asked = folds == fold
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
            features[~asked], labels[~asked]
        )
        areas.append(roc_auc_score(labels[asked], model.predict_proba(features[asked])[:, 1]))
    assert told(drawn, real).auc == pytest.approx(np.mean(areas), abs=0.01)


def test_a_patient_is_in_one_fold() -> None:
    """Films of a patient are nearly equal here: with one of them known, the others are."""
    chance = np.random.default_rng(4)
    films = np.repeat(chance.normal(size=(40, 30)), 6, axis=0)
    films += chance.normal(0, 1e-3, films.shape)
    patients = [f"p{place // 6}" for place in range(240)]
    test = told(films[:120], films[120:], patients[:120], patients[120:])
    assert 0.2 < test.auc < 0.8
    assert told(films[:120], films[120:]).auc > 0.95


def test_features_that_never_vary_and_few_patients() -> None:
    chance = np.random.default_rng(5)
    drawn, real = (np.hstack([chance.normal(size=(30, 2)), np.full((30, 2), 7.0)]) for _ in "ab")
    assert 0.25 < told(drawn, real).auc < 0.75
    two = ["p1"] * 15 + ["p2"] * 15
    assert two_sample_test(drawn, real, drawn_patients=two, real_patients=two) is None
