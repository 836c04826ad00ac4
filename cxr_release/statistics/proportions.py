"""Proportions of independent trials: exact intervals, tests, and what a design would find.

An exact interval holds those true shares of which the count found is not too rare (Clopper and
Pearson 1934, doi 10.1093/biomet/26.4.404): its ends are quantiles of beta distributions. Trials
that are alike within clusters need the wider intervals of `clustered_interval`, or of `bootstrap`.
Of a sample that was drawn without replacement from a finite number of things, `most_in_lot` holds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
"""Two-sided level of every test; intervals hold 1 − `ALPHA`."""

_LEVEL_95 = 1.959963984540054
_TINY = 1e-9
"""The least ratio that is searched."""
_NEAR = 1e-7
"""Share of a ratio by which an end of its interval is off it at least."""


def clopper_pearson(successes: int, trials: int) -> list[float]:
    """Exact 95 % interval of a proportion, 0 … 1, from quantiles of the beta distribution.

    Args:
        successes: 0 … `trials`.
        trials: 1 or more.

    Returns:
        Lower and upper end.
    """
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, trials, alpha=ALPHA, method="beta")
    return [float(low), float(high)]


@lru_cache(maxsize=4096)
def most_in_lot(lot: int, sampled: int, hits: int, *, level: float = 1 - ALPHA) -> int:
    """Exact one-sided upper bound of the hits in a lot, of which a random sample was looked at.

    The largest number D of hits in the lot at which so few in the sample are not too rare:
    P(X ≤ hits) ≥ 1 − level, X being hypergeometric (Katz, Journal of the American Statistical
    Association 48, 1953; Buonaccorsi, The American Statistician 41, 1987). It is Clopper and
    Pearson's one-sided bound for a finite lot, which it approaches as the lot grows. Whatever the
    true number is, the bound holds it in `level` of samples or more.

    Args:
        lot: things in all, 0 or more.
        sampled: things that were drawn without replacement, 0 … `lot`.
        hits: of these, 0 … `sampled`.
        level: of confidence, above 0 and below 1.

    Returns:
        `hits` … `lot` − (`sampled` − `hits`), both of the whole lot with those of the sample.
    """
    from scipy.stats import hypergeom

    def too_many(number: int) -> bool:
        # A number at the very limit, but for rounding, stays in: the bound is never too small.
        return bool(hypergeom.cdf(hits, lot, number, sampled) <= (1 - level) * (1 - _TINY))

    return _first(hits, lot - (sampled - hits) + 1, too_many) - 1


def share_up(share: float) -> str:
    """A bound of a share in per cent, rounded up: no smaller number is promised."""
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f}%"


def clustered_interval(
    hits: NDArray[np.bool_], clusters: Sequence[Hashable] | None
) -> tuple[float, float]:
    """Exact 95 % interval of the share of hits among trials that are alike within clusters.

    Clopper and Pearson's interval for as many independent trials as these are worth: n divided by
    the design effect, the variance by clusters over the binomial one, at least 1; and adjusted for
    the degrees of freedom of the clusters (Korn and Graubard, Survey Methodology 24, 1998). Where
    all trials are hits, or none, they are worth the number of clusters. Where each trial is a
    cluster of its own it is `clopper_pearson`'s.

    Args:
        hits: (n,) n ≥ 1.
        clusters: (n,) of each trial; None where each is one of its own.

    Returns:
        Lower and upper end, 0 … 1.
    """
    trials, successes = len(hits), int(hits.sum())
    numbers = np.arange(trials) if clusters is None else _numbered(clusters)
    groups = len(np.unique(numbers))
    if groups == trials:
        low, high = clopper_pearson(successes, trials)
        return low, high
    share = successes / trials
    worth = float(groups)
    if 0 < successes < trials and groups > 1:
        sums = np.bincount(numbers, weights=hits - share)
        variance = float((sums**2).sum()) * groups / (groups - 1) / trials**2
        worth = trials / max(1.0, variance / (share * (1 - share) / (trials - 1)))
        worth *= (_half_width(trials - 1) / _half_width(groups - 1)) ** 2
    return _beta_interval(share * worth, worth)


def _numbered(clusters: Sequence[Hashable]) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(cluster, len(numbers)) for cluster in clusters], np.int64)


def _half_width(df: int) -> float:
    from scipy.stats import t

    return float(t.ppf(1 - ALPHA / 2, df))


def _beta_interval(successes: float, trials: float) -> tuple[float, float]:
    """Clopper and Pearson's interval, of numbers that need not be whole."""
    from scipy.stats import beta

    rest = trials - successes
    low = beta.ppf(ALPHA / 2, successes, rest + 1) if successes > 0 else 0.0
    high = beta.ppf(1 - ALPHA / 2, successes + 1, rest) if rest > 0 else 1.0
    return float(low), float(high)


def share_of(successes: int, trials: int) -> tuple[float, float, float]:
    """A share, 0 … 1, with the lower and the upper end of its exact 95 % interval.

    Args:
        successes: 0 … `trials`.
        trials: 1 or more.
    """
    return successes / trials, *_beta_interval(successes, trials)


@dataclass(frozen=True)
class ResidualRisk:
    """How much more often something happens than in controls, of what could happen more often."""

    value: float
    """(a − c) / (1 − c): 0 where it happens as often, 1 where always; below 0 where less often."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    """Upper end, 1 at most."""


def residual_risk(
    hits: int, trials: int, control_hits: int, control_trials: int
) -> ResidualRisk | None:
    """(a − c) / (1 − c) of a share a and a control share c of independent trials.

    It is 1 − (1 − a) / (1 − c), and its interval that of the ratio of the two shares of misses by
    scores (Koopman, Confidence Intervals for the Ratio of Two Binomial Proportions, Biometrics 40,
    1984): those true ratios from which the one observed is no further than 1.96 standard errors,
    with the shares that are likeliest at that ratio. statsmodels' own gives complex numbers where
    there are no hits.

    Args:
        hits: 0 … `trials`.
        trials: 1 or more.
        control_hits: 0 … `control_trials`.
        control_trials: 1 or more.

    Returns:
        None where each control trial is a hit: nothing could happen more often.
    """
    from scipy.optimize import brentq

    misses, control_misses = trials - hits, control_trials - control_hits
    if not control_misses:
        return None
    share, control_share = misses / trials, control_misses / control_trials

    def too_far(ratio: float) -> float:
        # The likeliest control share at this ratio of the shares solves a quadratic equation.
        square = (trials + control_trials) * ratio
        linear = trials * ratio + misses + control_trials + control_misses * ratio
        both = misses + control_misses
        root = max(linear**2 - 4 * square * both, 0.0) ** 0.5
        control = min(2 * both / (linear + root), 1.0, 1 / ratio)
        of = ratio * control
        variance = of * (1 - of) / trials + ratio**2 * control * (1 - control) / control_trials
        distance = (share - ratio * control_share) ** 2
        return float(distance - _LEVEL_95**2 * variance)

    observed = share / control_share
    low = 0.0
    if observed > 0 and too_far(_TINY) > 0:
        low = float(brentq(too_far, _TINY, observed * (1 - _NEAR)))
    # Twice as far each time: the ratio has no upper end of its own.
    start = max(observed, _TINY) * (1 + _NEAR)
    further = 2 * start
    while too_far(further) <= 0:
        further *= 2
    high = float(brentq(too_far, start, further))
    return ResidualRisk(1 - observed, 1 - high, 1 - low)


def equivalence_p(successes: int, trials: int, low: float, high: float) -> float:
    """Larger p of two exact one-sided tests that a proportion lies between two limits.

    As `statsmodels.stats.proportion.binom_tost`, for which a limit outside 0 … 1 (which no
    proportion can pass) is not a limit at all.

    Args:
        successes: 0 … `trials`.
        trials: 1 or more.
        low: lower limit.
        high: upper limit.
    """
    from scipy.stats import binomtest

    above = binomtest(successes, trials, low, "greater").pvalue if low > 0 else 0.0
    below = binomtest(successes, trials, high, "less").pvalue if high < 1 else 0.0
    return float(max(above, below))


def detectable_proportions(trials: int, chance: float, *, power: float) -> list[float | None]:
    """Proportions below and above chance that the exact two-sided binomial test would find.

    Args:
        trials: independent ones, 0 or more.
        chance: the proportion under the null hypothesis, 0 … 1.
        power: probability with which the test is to find them, 0 … 1.

    Returns:
        Both; None where no proportion on that side is far enough.
    """
    from scipy.optimize import brentq
    from scipy.stats import binom, binomtest

    def rejected(correct: int) -> bool:
        return bool(binomtest(correct, trials, chance).pvalue <= ALPHA)

    if not trials:
        return [None, None]
    # The p value rises up to the likeliest outcome and falls from there: each tail has one end.
    likeliest = int((trials + 1) * chance)
    lower = _first(0, likeliest, lambda correct: not rejected(correct)) - 1
    upper = _first(likeliest, trials + 1, rejected)

    def missing(true: float) -> float:
        reached = binom.cdf(lower, trials, true) + binom.sf(upper - 1, trials, true)
        return float(reached) - power

    return [
        float(brentq(missing, end, chance)) if missing(end) >= 0 else None for end in (0.0, 1.0)
    ]


def _first(start: int, stop: int, holds: Callable[[int], bool]) -> int:
    """The least whole number from which on something holds; `stop` if it never does before."""
    while start < stop:
        middle = (start + stop) // 2
        start, stop = (start, middle) if holds(middle) else (middle + 1, stop)
    return start
