"""Proportions of independent trials: exact intervals, tests, and what a design would find.

An exact interval holds those true shares of which the count found is not too rare (Clopper and
Pearson 1934, doi 10.1093/biomet/26.4.404): its ends are quantiles of beta distributions. Trials
that are alike within clusters need the wider intervals of `bootstrap`.
"""

from __future__ import annotations

from collections.abc import Callable

ALPHA = 0.05
"""Two-sided level of every test; intervals hold 1 − `ALPHA`."""


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


def share_of(successes: int, trials: int) -> tuple[float, float, float]:
    """A share, 0 … 1, with the lower and the upper end of its exact 95 % interval.

    The ends are those of `clopper_pearson`, searched for as scipy does: they agree with it to some
    12 digits, and reproduce to the last bit those that audits were published with.

    Args:
        successes: 0 … `trials`.
        trials: 1 or more.
    """
    from scipy.stats import binomtest

    ends = binomtest(successes, trials).proportion_ci(1 - ALPHA, method="exact")
    return successes / trials, float(ends.low), float(ends.high)


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
