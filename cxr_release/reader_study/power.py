"""What a study of this size can show: the least effect that it would find, four times in five."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cxr_release.reader_study.equivalence import LEVEL
from cxr_release.reader_study.ratings import Ratings

POWER = 0.8
WIDEST = 3.0
"""Likert points between unrealistic and fully realistic."""


def power_of(ratings: Ratings, *, design_effect: float | None) -> dict[str, Any]:
    """The accuracies and differences of realism that this design would find.

    Args:
        ratings: of the study. Only their number and the spread between raters count.
        design_effect: of the accuracy; below 1 it counts as 1. None: not known.

    Returns:
        `alpha` and `power`; `detectable_accuracy`: below and above chance, by the exact binomial
        test of independent trials, None where no accuracy is far enough; `effective_trials`
        (trials ÷ design effect) and `detectable_accuracy_clustered`, the same of so many trials,
        both None where the design effect is not known; `detectable_difference`: checkpoint →
        Likert points by which its mean must differ from the real films', by a paired t test of
        the raters' means (the Wilcoxon test of the study needs slightly more), None where the
        raters' differences have no spread, or so much that the scale has no such difference.
    """
    trials, chance = ratings.picked.size, 1 / len(ratings.sources)
    effective = None if design_effect is None else int(trials / max(1.0, design_effect))
    return {
        "alpha": LEVEL,
        "power": POWER,
        "detectable_accuracy": detectable_accuracy(trials, chance),
        "effective_trials": effective,
        "detectable_accuracy_clustered": (
            None if effective is None else detectable_accuracy(effective, chance)
        ),
        "detectable_difference": {
            source: detectable_difference(ratings, place)
            for place, source in enumerate(ratings.sources)
            if place
        },
    }


def detectable_accuracy(trials: int, chance: float) -> list[float | None]:
    """Accuracies below and above chance that the exact two-sided binomial test finds.

    Args:
        trials: independent ones, 0 or more.
        chance: accuracy of guessing, 0 … 1.
    """
    from scipy.optimize import brentq
    from scipy.stats import binom, binomtest

    def rejected(correct: int) -> bool:
        return bool(binomtest(correct, trials, chance).pvalue <= LEVEL)

    if not trials:
        return [None, None]
    # The p value rises up to the likeliest outcome and falls from there: each tail has one end.
    likeliest = int((trials + 1) * chance)
    lower = _first(0, likeliest, lambda correct: not rejected(correct)) - 1
    upper = _first(likeliest, trials + 1, rejected)

    def missing(accuracy: float) -> float:
        found = binom.cdf(lower, trials, accuracy) + binom.sf(upper - 1, trials, accuracy)
        return float(found) - POWER

    return [
        float(brentq(missing, end, chance)) if missing(end) >= 0 else None for end in (0.0, 1.0)
    ]


def _first(start: int, stop: int, holds: Callable[[int], bool]) -> int:
    """The least whole number from which on something holds; `stop` if it never does before."""
    while start < stop:
        middle = (start + stop) // 2
        start, stop = (start, middle) if holds(middle) else (middle + 1, stop)
    return start


def detectable_difference(ratings: Ratings, place: int) -> float | None:
    """Likert points between real films and those of one source that a paired t test finds.

    Args:
        ratings: of the study.
        place: of the source in `ratings.sources`.
    """
    from statsmodels.stats.power import TTestPower

    sums = ratings.sums
    differences = (sums[:, 0] - sums[:, place]) / len(ratings.quartets)
    raters = len(differences)
    if raters < 2 or np.ptp(sums[:, 0] - sums[:, place]) == 0:
        return None
    spreads = TTestPower().solve_power(nobs=raters, alpha=LEVEL, power=POWER)
    points = float(spreads) * float(differences.std(ddof=1))
    return points if points <= WIDEST else None
