"""Share of true positives where no more than a given share of the negatives is called positive.

The threshold lies just above the first value that is not allowed any more: of n negatives at most
⌊x n⌋ lie above it, never more. Taking the threshold whose false-positive rate is *nearest* to x, as
code of published attacks does, allows 1 of 90 at 1 %. Values equal to the threshold are below it,
whichever group they belong to: who cannot be told from a negative is not found.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.proportions import clustered_interval

Floats = NDArray[np.float64]

_ROUNDING = 1e-9
"""0.29 × 100 is 28.999…96 to a computer, and 29 negatives are meant."""


@dataclass(frozen=True, kw_only=True)
class TruePositiveRate:
    """A true-positive rate at a limited false-positive rate."""

    at_most_fpr: float
    """Share of negatives that may be called positive, 0 … 1."""
    false_positives: int
    """Negatives that are called positive: at most that share of them."""
    true_positives: int
    value: float
    """Share of positives that are called so, 0 … 1."""
    interval: tuple[float, float]
    """95 %: Clopper and Pearson's, or its like for clusters (`proportions.clustered_interval`). It
    is of the rate at this threshold; how the threshold scatters is not in it."""
    measurable: bool
    """Whether there are 1 / `at_most_fpr` negatives or more. With fewer, the rate is that at no
    false positive at all, and lower rates of these cannot be told from each other."""


POINTS = 32
"""Of a curve at most; at low false-positive rates each one."""


def true_positive_rate(
    positive: Floats,
    negative: Floats,
    *,
    at_most_fpr: float,
    clusters: Sequence[Hashable] | None = None,
) -> TruePositiveRate:
    """The highest true-positive rate with a false-positive rate of at most `at_most_fpr`.

    Args:
        positive: (m,) m ≥ 1.
        negative: (n,) n ≥ 1.
        at_most_fpr: above 0, at most 1.
        clusters: (m,) which positives belong together; None where none do.
    """
    allowed = math.floor(at_most_fpr * len(negative) + _ROUNDING)
    threshold = _threshold(np.sort(negative), allowed)
    hits = positive > threshold
    return TruePositiveRate(
        at_most_fpr=at_most_fpr,
        false_positives=int((negative > threshold).sum()),
        true_positives=int(hits.sum()),
        value=float(hits.mean()),
        interval=clustered_interval(hits, clusters),
        measurable=len(negative) * at_most_fpr >= 1 - _ROUNDING,
    )


def roc_curve(positive: Floats, negative: Floats) -> list[tuple[float, float]]:
    """Points (false-positive rate, true-positive rate), from no false positive on to all.

    Up to `POINTS`, evenly spread over the logarithm of the false positives: enough to draw with a
    logarithmic axis, and too few to tell which score is whose.

    Args:
        positive: (m,) m ≥ 1.
        negative: (n,) n ≥ 1.
    """
    ordered, count = np.sort(negative), len(negative)
    allowed = np.unique(np.append(0, np.geomspace(1, count, POINTS - 1).round().astype(int)))
    thresholds = [_threshold(ordered, each) for each in allowed]
    return [
        (float((negative > threshold).mean()), float((positive > threshold).mean()))
        for threshold in thresholds
    ]


def _threshold(ordered: Floats, allowed: int) -> float:
    """Value above which no more than `allowed` of the negatives, rising, lie."""
    if allowed >= len(ordered):
        return -math.inf
    return float(ordered[len(ordered) - 1 - allowed])
