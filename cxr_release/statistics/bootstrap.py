"""Bootstrap intervals of 95 %: how far chance could have moved a number.

Films are drawn again from the films at hand, with replacement (Efron, Bootstrap Methods: Another
Look at the Jackknife, 1979). The intervals hold the chance of which films were drawn and which
were collected; another training run of the same network is a chance that they do not see.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95

FloatArray = NDArray[np.float64]
BLOCK = 2**21
"""Weights or films drawn at once: some 16 MiB of whole numbers."""


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
    interval = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=draws,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    ).confidence_interval
    return [float(interval.low), float(interval.high)]


def ratio_interval(first: FloatArray, second: FloatArray, *, draws: int, seed: int) -> list[float]:
    """Percentile interval of mean(first) / mean(second); both sets are drawn again, each by itself.

    Args:
        first: (n,) n ≥ 2, one a film, 0 or more.
        second: (m,) m ≥ 2, one a film, above 0.
        draws: bootstrap draws.
        seed: of the draws. Calls with equal n, m, draws and seed draw the same films.

    Returns:
        Lower and upper end, 0 or more.
    """
    from scipy import stats

    def ratio(above: FloatArray, below: FloatArray, axis: int) -> FloatArray:
        quotient: FloatArray = above.mean(axis=axis) / below.mean(axis=axis)
        return quotient

    interval = stats.bootstrap(
        (first, second),
        ratio,
        n_resamples=draws,
        batch=max(1, BLOCK // (len(first) + len(second))),
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    ).confidence_interval
    return [float(interval.low), float(interval.high)]


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

    def of_places(first_places: NDArray[np.int64], second_places: NDArray[np.int64]) -> float:
        return distance(first[first_places], second[second_places])

    result = stats.bootstrap(
        (np.arange(len(first)), np.arange(len(second))),
        of_places,
        n_resamples=draws,
        vectorized=False,
        method="percentile",
        rng=np.random.Generator(np.random.PCG64(seed)),
    )
    return centred(value, result.bootstrap_distribution, least=0.0)


def clustered_mean_interval(
    values: FloatArray, clusters: Sequence[Hashable], *, draws: int, seed: int
) -> list[float]:
    """Percentile interval of the mean of values that come in clusters, as films of patients do.

    Clusters are drawn again, each with all its values.

    Args:
        values: (n,) n ≥ 1.
        clusters: (n,) of each value. Where there is one alone, the interval is the mean.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        Lower and upper end.
    """
    owners = cluster_numbers(clusters)
    count = int(owners.max()) + 1
    sums = np.bincount(owners, weights=values, minlength=count)
    sizes = np.bincount(owners, minlength=count)
    chance = np.random.Generator(np.random.PCG64(seed))
    block = max(1, BLOCK // count)
    means = []
    for start in range(0, draws, block):
        times = chance.multinomial(count, np.full(count, 1 / count), min(block, draws - start))
        means.append((times @ sums) / (times @ sizes))
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return [float(low), float(high)]


def clustered_distance_interval(
    distance: Callable[[FloatArray, FloatArray], float],
    first: FloatArray,
    second: FloatArray,
    *,
    clusters: tuple[Sequence[Hashable], Sequence[Hashable]],
    value: float,
    draws: int,
    seed: int,
) -> list[float]:
    """As `distance_interval`, of films that come in clusters: these are drawn again, each whole.

    Args:
        distance: of two sets of features, 0 or more.
        first: (n, d) features, n ≥ 2.
        second: (m, d) features, m ≥ 2.
        clusters: (n,) and (m,) of each film.
        value: the distance of the sets as they are.
        draws: bootstrap draws.
        seed: of the draws.

    Returns:
        Lower and upper end, 0 or more; see `centred`.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    members = [_members(cluster_numbers(each)) for each in clusters]
    scores = np.empty(draws)
    for draw in range(draws):
        taken = [_drawn_again(each, chance) for each in members]
        scores[draw] = distance(first[taken[0]], second[taken[1]])
    return centred(value, scores, least=0.0)


def cluster_numbers(clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    """Of each value the number of its cluster, in the order in which clusters first come."""
    known: dict[Hashable, int] = {}
    numbers = [known.setdefault(cluster, len(known)) for cluster in clusters]
    return np.array(numbers, np.int64)


def _members(owners: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    order = np.argsort(owners, kind="stable")
    return np.split(order, np.cumsum(np.bincount(owners))[:-1])


def _drawn_again(
    members: Sequence[NDArray[np.int64]], chance: np.random.Generator
) -> NDArray[np.int64]:
    """Places of the values of clusters drawn with replacement; of two values at least."""
    while True:
        drawn = chance.integers(len(members), size=len(members))
        places = np.concatenate([members[cluster] for cluster in drawn])
        if len(places) > 1:
            return places


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


def cluster_draws(hits: NDArray[np.bool_], *, draws: int, seed: int) -> FloatArray | None:
    """Accuracies of the pigeonhole bootstrap (Owen 2007, doi 10.1214/07-AOAS122).

    Readers and quartets are drawn again, each with replacement and apart from the other, and a
    trial counts as often as its reader times its quartet. The spread of these accuracies is
    (Σa² / R² + Σb² / Q² + Σe² / (RQ)²), a, b and e being the effects of readers, of quartets and
    what remains. It errs on the wide side: what remains counts threefold, so that where nothing
    clusters the interval is √3 times as wide as it need be. With few readers, whose differences
    are hard to see, that is what keeps its promise: simulated, 95 % intervals of 8 readers and 50
    quartets held the truth in 92 % (strong clustering) to 99 % (none) of studies, while intervals
    without that excess fell to 91 %.

    Args:
        hits: (R readers, Q quartets).
        draws: how many.
        seed: of the draws.

    Returns:
        (draws,) accuracies; or None with one reader or one quartet, of whose kind nothing is then
        known, and where all trials came out alike, so that all draws would too.
    """
    readers, quartets = hits.shape
    if min(readers, quartets) < 2 or hits.all() or not hits.any():
        return None
    trials = hits.astype(np.float64)
    chance = np.random.Generator(np.random.PCG64(seed))
    block = max(1, BLOCK // (readers + quartets))
    accuracies = []
    for start in range(0, draws, block):
        size = min(block, draws - start)
        reader = chance.multinomial(readers, np.full(readers, 1 / readers), size).astype(np.float64)
        quartet = chance.multinomial(quartets, np.full(quartets, 1 / quartets), size)
        accuracies.append(np.einsum("ij,ij->i", reader @ trials, quartet) / hits.size)
    return np.concatenate(accuracies)


def percentiles(draws: FloatArray | None, outside: float) -> list[float] | None:
    """The interval between percentiles of bootstrap draws, (draws,); None without any.

    Args:
        draws: see `cluster_draws`.
        outside: share of the draws that lies outside, half on each side.
    """
    if draws is None:
        return None
    return [float(end) for end in np.quantile(draws, [outside / 2, 1 - outside / 2])]


def design_effect(hits: NDArray[np.bool_]) -> float | None:
    """How many times as large the accuracy's variance is as that of independent trials.

    The variance is that of least squares on a constant, clustered both ways: by reader, plus by
    quartet, minus by trial (Cameron, Gelbach and Miller 2011, doi 10.1198/jbes.2010.07136). Not
    the bootstrap's, which is up to three times too large (see `cluster_draws`). Of few readers it
    is a rough number, and may come out below 1 by chance.

    Args:
        hits: (readers, quartets).

    Returns:
        Above 0; None with one reader or one quartet, or where all trials came out alike.
    """
    from statsmodels.regression.linear_model import OLS

    if min(hits.shape) < 2 or hits.all() or not hits.any():
        return None
    clusters = np.indices(hits.shape).reshape(2, -1).T
    model = OLS(hits.ravel().astype(np.float64), np.ones(hits.size)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}
    )
    accuracy = float(hits.mean())
    independent = accuracy * (1 - accuracy) / hits.size
    return max(0.0, float(model.cov_params()[0, 0])) / independent
