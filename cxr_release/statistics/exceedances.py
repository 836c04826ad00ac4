"""How many of some values exceed all of others, where neither group tends to be the higher.

Of n + m values every order is then equally likely. The number K of the n that exceed all m is the
number of exceedances of Gumbel and von Schelling, The Distribution of the Number of Exceedances,
Annals of Mathematical Statistics 21, 1950: beta-binomial with n trials and a share from Beta(1, m).
Its mean is n / (m + 1), and

    P(K ≥ k) = C(n, k) / C(n + m, k) = Π (n − i) / (n + m − i), i = 0 … k − 1.

The area under a ROC curve does not see a few values that lie beyond all others; this number does.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.proportions import ALPHA

Floats = NDArray[np.float64]

LEVEL = ALPHA
"""p at and below which a number of exceedances is called unlikely."""


@dataclass(frozen=True, kw_only=True)
class Exceedances:
    """Values of one group that exceed all of another, beside what chance gives."""

    count: int
    """Values of the first group above all of the second."""
    counted: int
    """Of them, those that are tested: the first value of each cluster."""
    trials: int
    """Clusters of the first group."""
    against: int
    """Clusters of the second group."""
    expected: float
    """`counted` where neither group tends to be the higher, on average: trials / (against + 1).
    Where clusters of the second group have several values it is an upper bound, as are `range` and
    `p`."""
    range: tuple[int, int]
    """Central 95 % of `counted` where neither group tends to be the higher; exact."""
    p: float
    """Probability that so many or more are above, where neither tends to be the higher; 0 … 1."""


def exceedances(
    values: Floats,
    others: Floats,
    *,
    clusters: Sequence[Hashable] | None = None,
    other_clusters: Sequence[Hashable] | None = None,
) -> Exceedances:
    """Count the values above all others, and say what chance alone would give.

    Values of one cluster, such as the films of a patient, are alike and no trials of their own:
    the first of each is tested, and they are held against all values of the other group. The
    highest of those is no lower than that of one value a cluster, so that the test errs on the
    side of too high a p.

    Args:
        values: (n,) n ≥ 1.
        others: (m,) m ≥ 1. Values equal to the highest of them do not exceed it.
        clusters: (n,) of each value; None where each is one of its own.
        other_clusters: (m,) likewise; no cluster may have values in both groups.
    """
    beyond = values > others.max()
    first = _first_of_each(clusters, len(values))
    trials = len(first)
    against = len(others) if other_clusters is None else len(set(other_clusters))
    counted = int(beyond[first].sum())
    return Exceedances(
        count=int(beyond.sum()),
        counted=counted,
        trials=trials,
        against=against,
        expected=trials / (against + 1),
        range=usual_range(trials, against),
        p=exceedance(counted, trials, against),
    )


def exceedance(above: int, trials: int, against: int) -> float:
    """P(K ≥ above), where K of `trials` values exceed all of `against`; 0 … 1.

    Args:
        above: 0 … trials.
        trials: values.
        against: values that they are exchangeable with, 1 or more.
    """
    return float(_tails(trials, against)[above])


def least_unlikely(trials: int, against: int) -> int | None:
    """The lowest number with P(K ≥ number) ≤ `LEVEL`; None where there is none."""
    unlikely = np.flatnonzero(_tails(trials, against) <= LEVEL)
    return int(unlikely[0]) if len(unlikely) else None


def usual_range(trials: int, against: int) -> tuple[int, int]:
    """The narrowest numbers low and high with P(K < low) and P(K > high) of 2.5 % at most."""
    tails = np.append(_tails(trials, against), 0.0)
    low = int(np.flatnonzero(1 - tails <= ALPHA / 2)[-1])
    high = int(np.flatnonzero(tails[1:] <= ALPHA / 2)[0])
    return low, high


def _tails(trials: int, against: int) -> Floats:
    """(trials + 1,) P(K ≥ k) of every k."""
    remaining = trials - np.arange(trials, dtype=np.float64)
    return np.concatenate([[1.0], np.cumprod(remaining / (remaining + against))])


def _first_of_each(clusters: Sequence[Hashable] | None, count: int) -> NDArray[np.int64]:
    """Places of the first value of each cluster, rising."""
    if clusters is None:
        return np.arange(count)
    firsts: dict[Hashable, int] = {}
    for place, cluster in enumerate(clusters):
        firsts.setdefault(cluster, place)
    return np.array(sorted(firsts.values()), np.int64)
