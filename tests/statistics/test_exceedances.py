from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from cxr_release.statistics.exceedances import exceedances, usual_range


def test_values_beyond_all_others_are_counted_ties_are_not() -> None:
    found = exceedances(np.array([5.0, 4.0, 3.0, 9.0]), np.array([4.0, 1.0, 2.0]))
    assert (found.count, found.counted, found.trials, found.against) == (2, 2, 4, 3)
    assert found.expected == 1
    # C(4, 2) / C(7, 2)
    assert found.p == pytest.approx(6 / 21)


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_usual_range_is_that_of_the_beta_binomial(trials: int, against: int) -> None:
    low, high = usual_range(trials, against)
    chance = betabinom(trials, 1, against)
    assert chance.cdf(low - 1) <= 0.025 + 1e-9
    assert chance.cdf(low) > 0.025 - 1e-9
    assert chance.sf(high) <= 0.025 + 1e-9
    assert high == 0 or chance.sf(high - 1) > 0.025 - 1e-9
    assert low <= trials / (against + 1) + 1
    assert 0 <= low <= high <= trials


def test_24_copied_patients_of_600_are_not_what_chance_gives() -> None:
    values = np.concatenate([np.full(23, 2.0), np.linspace(0, 0.9, 577)])
    found = exceedances(values, np.linspace(0, 1, 304))
    assert found.count == 23
    assert found.expected == pytest.approx(600 / 305)
    assert found.range[1] < 23
    assert found.p < 1e-4


def test_films_of_a_patient_are_no_trials_of_their_own() -> None:
    """20 patients of 5 equal films: by film, chance would look like a leak."""
    chance = np.random.default_rng(4)
    owners = np.repeat(np.arange(20), 5).tolist()
    by_patient, by_film = [], []
    for _ in range(2000):
        members, controls = (np.repeat(chance.normal(size=20), 5) for _ in range(2))
        known = exceedances(members, controls, clusters=owners, other_clusters=owners)
        assert known.count == 5 * known.counted
        by_patient.append(known.p <= 0.05)
        by_film.append(exceedances(members, controls).p <= 0.05)
    assert np.mean(by_patient) <= 0.065
    assert np.mean(by_film) > 0.1
