"""Bootstrap intervals of 95 %: how far chance could have moved a number.

Films are drawn again from the films at hand, with replacement (Efron, Bootstrap Methods: Another
Look at the Jackknife, 1979). The intervals hold the chance of which films were drawn and which
were collected; another training run of the same network is a chance that they do not see.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95

FloatArray = NDArray[np.float64]


def mean_interval(values: FloatArray, *, draws: int, seed: int) -> list[float]:
    """Percentile interval of the mean of values that are one a film, or one a pair of films.

    Args:
        values: (n,) n ≥ 1. Of a single value the interval is that value: nothing is known of it.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        Lower and upper end.
    """
    from scipy import stats

    if len(values) < 2:
        return [float(values[0])] * 2
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=draws,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    ).confidence_interval
    return [float(found.low), float(found.high)]


def distance_interval(
    distance: Callable[[FloatArray, FloatArray], float],
    first: FloatArray,
    second: FloatArray,
    *,
    value: float,
    draws: int,
    seed: int,
) -> list[float]:
    """Interval of a distance of two sets of films; both sets are drawn again, each by itself.

    Args:
        distance: of two sets of features, 0 or more.
        first: (n, d) features, n ≥ 2.
        second: (m, d) features, m ≥ 2.
        value: the distance of the sets as they are.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        Lower and upper end, 0 or more; see `centred`.
    """
    from scipy import stats

    def of_places(some: NDArray[np.int64], others: NDArray[np.int64]) -> float:
        return distance(first[some], second[others])

    found = stats.bootstrap(
        (np.arange(len(first)), np.arange(len(second))),
        of_places,
        n_resamples=draws,
        vectorized=False,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    )
    return centred(value, found.bootstrap_distribution, least=0.0)


def centred(value: float, draws: FloatArray, *, least: float = -np.inf) -> list[float]:
    """Interval of a distance from its bootstrap draws: value + quantiles(draws − mean(draws)).

    A Fréchet distance of sets drawn again is larger than that of the sets themselves, because films
    that come twice make them look narrower; the plain percentiles may not even hold the value. So
    the draws say how wide the interval is and not where it lies.

    Args:
        value: the distance of the sets as they are.
        draws: (draws,) the distance of sets drawn again.
        least: the smallest value that the distance can take; ends below are raised to it.
    """
    tail = (1 - LEVEL) / 2
    low, high = value + np.quantile(draws - draws.mean(), [tail, 1 - tail])
    return [float(max(least, low)), float(max(least, high))]
