"""Paired differences over repeated train–test splits: Nadeau and Bengio's corrected t test.

The splits of J repetitions share most of their training films, so that their differences are alike,
and a plain paired t test takes them for J independent ones: of 15 such differences it gave p = 1e-6
where this one gives 0.014. Nadeau and Bengio (Inference for the Generalization Error, Machine
Learning 52, 2003) put the correlation at n_test / (n_test + n_train), which gives

    t = mean / √((1 / J + n_test / n_train) s²),  J − 1 degrees of freedom,

with s² the variance of the differences.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.proportions import ALPHA

TEST = "corrected resampled t"
"""Its name, for records."""


@dataclass(frozen=True, kw_only=True)
class ResampledTest:
    """A corrected test of paired differences."""

    difference: float
    """Their mean."""
    interval: tuple[float, float] | None
    """95 %, of the mean; None where all differences are equal, which leaves no scatter."""
    t: float | None
    """None likewise."""
    df: int
    p: float | None
    """Two-sided; None likewise."""
    d: float | None
    """Cohen's d of paired differences: mean / standard deviation; None likewise. Repetitions that
    share films scatter less than independent studies would, so that it is too large by as much."""


def resampled_t(
    differences: NDArray[np.float64], *, test_films: int, train_films: int
) -> ResampledTest:
    """The corrected resampled t test; see above.

    Args:
        differences: (J,) of one measure between two arms, one each repetition; J ≥ 2.
        test_films: in each repetition, 1 or more.
        train_films: likewise.

    Raises:
        ValueError: fewer than two differences.
    """
    from scipy.stats import t as student

    count = len(differences)
    if count < 2:
        raise ValueError(f"{count} difference(s), expected 2 or more")
    mean, df = float(np.mean(differences)), count - 1
    deviation = float(np.std(differences, ddof=1)) if np.ptp(differences) > 0 else 0.0
    if deviation == 0:
        return ResampledTest(difference=mean, interval=None, t=None, df=df, p=None, d=None)
    error = deviation * math.sqrt(1 / count + test_films / train_films)
    reach = float(student.ppf(1 - ALPHA / 2, df)) * error
    return ResampledTest(
        difference=mean,
        interval=(mean - reach, mean + reach),
        t=mean / error,
        df=df,
        p=float(2 * student.sf(abs(mean / error), df)),
        d=mean / deviation,
    )
