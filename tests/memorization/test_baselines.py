"""The baselines of the audit, against a brute-force reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.memorization.duplicates import nearest_cosines

VIEWS = ("plain", "mirrored")


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    def unit(rows: np.ndarray) -> np.ndarray:
        lengths = np.linalg.norm(rows.astype(float), axis=1, keepdims=True)
        return rows / np.where(lengths > 0, lengths, 1)

    return np.round(unit(one) @ unit(other).T, 12)


def best(views: dict[str, np.ndarray], crops: list[np.ndarray]) -> np.ndarray:
    return np.max([cosines(view, look) for view in views.values() for look in crops], axis=0)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 4), st.integers(1, 3))
def test_the_nearest_film_of_another_patient(
    seed: int, films: int, patients: int, crops: int
) -> None:
    chance = np.random.default_rng(seed)
    # Few values, so that films of several patients are equal, and some are all zeros.
    views = {view: chance.integers(-1, 2, (films, 4)).astype(np.float32) for view in VIEWS}
    seen = [chance.integers(-1, 2, (films, 4)).astype(np.float32) for _ in range(crops)]
    groups = [str(integer) for integer in chance.integers(0, patients, films)]
    table = best(views, seen)
    other = np.array([[group != two for two in groups] for group in groups])
    expected = np.where(other, table, -np.inf).max(axis=1)
    found = nearest_cosines(views, seen, groups=groups)
    assert np.array_equal(np.isnan(found), np.isinf(expected))
    assert found[~np.isnan(found)] == pytest.approx(expected[~np.isinf(expected)], abs=1e-9)


def test_held_out_films_against_tuning_films() -> None:
    chance = np.random.default_rng(3)
    views = {view: chance.normal(size=(9, 5)).astype(np.float32) for view in VIEWS}
    crops = [chance.normal(size=(9, 5)).astype(np.float32) for _ in range(2)]
    rows, columns = [1, 4, 8], [0, 2, 3, 5, 6, 7]
    expected = best(views, crops)[np.ix_(rows, columns)].max(axis=1)
    found = nearest_cosines(views, crops, queries=rows, references=columns)
    assert found == pytest.approx(expected, abs=1e-9)
    assert nearest_cosines(views, crops, queries=rows, references=[]).tolist() == pytest.approx(
        [np.nan] * 3, nan_ok=True
    )
