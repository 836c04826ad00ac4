from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.statistics.resampled import resampled_t

DIFFERENCES = np.array(
    [
        *(0.021, 0.034, -0.004, 0.015, 0.028, 0.010, 0.019, 0.007),
        *(0.030, -0.002, 0.012, 0.025, 0.017, 0.009, 0.022),
    ]
)
"""Five seeds of three folds."""
R = {
    "difference": 0.0162,
    "t": 1.94020755181405269,
    "p": 0.07276877152038297,
    "low": -0.00170815849148823,
    "high": 0.03410815849148823,
    "d": 1.46053518558525619,
}
"""R 4.2.2: `s <- sqrt((1/J + 40/80)*var(d)); t <- mean(d)/s; 2*pt(-abs(t), J-1);
mean(d) + c(-1, 1)*qt(.975, J-1)*s; mean(d)/sd(d)`, which is the arithmetic of correctR 0.2's
`resampled_ttest`."""
NAIVE_P = 5.92187366605121e-05
"""R: `t.test(d)$p.value`."""


def test_it_is_the_arithmetic_of_r() -> None:
    found = resampled_t(DIFFERENCES, test_films=40, train_films=80)
    assert found.interval is not None
    values = {
        "difference": found.difference,
        "t": found.t,
        "p": found.p,
        "low": found.interval[0],
        "high": found.interval[1],
        "d": found.d,
    }
    assert values == pytest.approx(R, abs=1e-12)
    assert found.df == 14
    assert found.p is not None
    assert found.p > 1000 * NAIVE_P


def test_three_differences_by_hand() -> None:
    """1, 2, 3: mean 2, variance 1; 1/3 + 1/2 = 5/6, so t = 2 / √(5/6)."""
    found = resampled_t(np.array([1.0, 2.0, 3.0]), test_films=1, train_films=2)
    assert found.t == pytest.approx(2 / math.sqrt(5 / 6))
    assert (found.difference, found.d, found.df) == (2, 2, 2)
    # Student's t of 2 degrees of freedom has p = 1 − t / √(2 + t²).
    t = 2 / math.sqrt(5 / 6)
    assert found.p == pytest.approx(1 - t / math.sqrt(2 + t * t))


@given(
    st.lists(st.integers(-50, 50), min_size=2, max_size=20),
    st.integers(1, 100),
    st.integers(1, 100),
)
def test_p_is_never_below_that_of_the_plain_test(
    differences: list[int], test_films: int, train_films: int
) -> None:
    from scipy.stats import ttest_1samp

    found = resampled_t(
        np.array(differences, float), test_films=test_films, train_films=train_films
    )
    if found.p is None:
        assert len(set(differences)) == 1
        assert (found.t, found.interval, found.d) == (None, None, None)
        return
    assert found.p >= ttest_1samp(differences, 0).pvalue - 1e-12
    assert found.interval is not None
    inside = found.interval[0] <= 0 <= found.interval[1]
    assert inside == (found.p >= 0.05) or abs(found.p - 0.05) < 1e-9


def test_one_difference_is_not_enough() -> None:
    with pytest.raises(ValueError, match="expected 2 or more"):
        resampled_t(np.array([1.0]), test_films=1, train_films=1)
