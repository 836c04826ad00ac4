from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from cxr_release.statistics.proportions import residual_risk


@pytest.mark.parametrize(
    ("hits", "trials", "control_hits", "control_trials"),
    [(42, 360, 17, 450), (95, 360, 53, 450), (13, 450, 23, 450), (3, 40, 9, 25)],
)
def test_the_interval_is_that_of_statsmodels_for_the_ratio_of_the_misses(
    hits: int, trials: int, control_hits: int, control_trials: int
) -> None:
    risk = residual_risk(hits, trials, control_hits, control_trials)
    assert risk is not None
    a, c = hits / trials, control_hits / control_trials
    assert risk.value == pytest.approx((a - c) / (1 - c))
    low, high = confint_proportions_2indep(
        trials - hits,
        trials,
        control_trials - control_hits,
        control_trials,
        method="score",
        compare="ratio",
        correction=False,
    )
    assert (risk.low, risk.high) == pytest.approx((1 - high, 1 - low), abs=1e-6)


@given(st.data(), st.integers(1, 60), st.integers(1, 60))
def test_whatever_is_hit_the_interval_holds_the_value(
    data: st.DataObject, trials: int, control_trials: int
) -> None:
    hits = data.draw(st.integers(0, trials))
    control_hits = data.draw(st.integers(0, control_trials))
    risk = residual_risk(hits, trials, control_hits, control_trials)
    if control_hits == control_trials:
        assert risk is None
        return
    assert risk is not None
    assert risk.low <= risk.value <= risk.high <= 1
    assert risk.low < risk.high
    assert np.isfinite(risk.low)


def test_no_hit_at_all_leaves_what_so_many_patients_leave() -> None:
    """A ratio of shares that are all misses is as far from 1 as 1.96 allows."""
    risk = residual_risk(0, 100, 0, 100)
    assert risk is not None
    z2 = 1.959963984540054**2
    assert risk.value == 0
    assert risk.high == pytest.approx(z2 / (100 + z2), abs=1e-6)
    assert risk.low == pytest.approx(-z2 / 100, abs=1e-6)


@pytest.mark.parametrize(("a", "c"), [(0.05, 0.05), (0.2, 0.1), (0.0, 0.02), (0.6, 0.3)])
def test_the_interval_covers_the_truth(a: float, c: float) -> None:
    chance = np.random.default_rng(3)
    held = []
    for _ in range(300):
        risk = residual_risk(int(chance.binomial(70, a)), 70, int(chance.binomial(90, c)), 90)
        assert risk is not None
        held.append(risk.low <= (a - c) / (1 - c) <= risk.high)
    assert np.mean(held) >= 0.92
