"""Area under the ROC curve: the chance that one of these values exceeds one of those."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LEVEL_95 = 1.959963984540054
_TINY = 1e-9


def auc(positive: Floats, negative: Floats) -> float:
    """Share of pairs in which the first value is the larger; ties count half.

    This is the statistic of Mann and Whitney (1947) divided by the number of pairs.

    Args:
        positive: (m,) m ≥ 1.
        negative: (n,) n ≥ 1.
    """
    from scipy.stats import rankdata

    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))[:m]
    return float((ranks.sum() - m * (m + 1) / 2) / (m * n))


def auc_with_interval(positive: Floats, negative: Floats) -> dict[str, float]:
    """The area, `auc`, and its 95 % interval, `low` … `high`, all 0 … 1.

    The interval is Newcombe's (`newcombe_interval`). It takes the values for independent of each
    other; for films that are clustered by patient see `clustered_auc`.

    Args:
        positive: (m,) m ≥ 1.
        negative: (n,) n ≥ 1.
    """
    observed = auc(positive, negative)
    low, high = newcombe_interval(observed, len(positive), len(negative))
    return {"auc": observed, "low": low, "high": high}


def newcombe_interval(observed: float, m: int, n: int) -> tuple[float, float]:
    """95 % interval of an area, from the area and the sizes of the groups alone.

    The fifth method of Newcombe (Confidence intervals for an effect size measure based on the
    Mann-Whitney statistic, part 2, Statistics in Medicine 2006): those true areas from which the
    one observed is no further than 1.96 standard errors. It has a width even where all pairs are
    right.

    Args:
        observed: the area, 0 … 1.
        m: independent values of the first group, 1 or more.
        n: likewise of the second.

    Returns:
        Lower and upper end, 0 … 1.
    """
    from scipy.optimize import brentq

    def too_far(true: float) -> float:
        further = (m + n) / 2 - 1
        spread = 1 + further * ((1 - true) / (2 - true) + true / (1 + true))
        return (true - observed) ** 2 - _LEVEL_95**2 * true * (1 - true) * spread / (m * n)

    low = brentq(too_far, 0, min(observed, 1 - _TINY)) if observed > _TINY else 0.0
    high = brentq(too_far, max(observed, _TINY), 1) if observed < 1 - _TINY else 1.0
    return float(low), float(high)
