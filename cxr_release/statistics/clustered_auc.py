"""Area under the ROC curve of values that come in clusters, such as the films of patients.

The variance is that of DeLong, DeLong and Clarke-Pearson (Comparing the Areas under Two or More
Correlated Receiver Operating Characteristic Curves, Biometrics 44, 1988) with the sums taken over
clusters, as Obuchowski has it (Nonparametric Analysis of Clustered ROC Curve Data, Biometrics 53,
1997). Each value has a placement: the share of the other group that it exceeds (positive), or that
exceeds it (negative); ties count half. With w the sum, over the values of a cluster, of placement
minus area, of I clusters with M values together,

    S = I / (I − 1) Σ w² / M² of either group,     variance = S + S' + 2 S''.

S'' is I / (I − 1) Σ w w' / (M N), over the clusters that have values in both groups. Where each
value is a cluster of its own this is DeLong's variance to the last digit.

The interval takes a quantile of Student's t. Its degrees of freedom are those of Welch and
Satterthwaite, (S + S')² / (S² / (I − 1) + S'² / (I' − 1)); where clusters have values in both
groups the two terms are not independent, and it takes I − 1 of the group with fewer clusters.
Where the variance is 0, as where all pairs are right, nothing can be estimated from the scatter:
the interval is then Newcombe's (`auc.newcombe_interval`) for as many values as there are clusters.

In simulations of 45 and of 90 patients with films alike the interval held the true area in 93 to 96
of 100 draws where that was 0.5 to 0.76, in 90 at 0.9 and in 80 to 85 at 0.97: near 1 its lower end
is too high. Its upper end was too low in 4 of 100 at most.

`auc.auc_with_interval` is another interval of the same area: Newcombe's, for independent values,
from the area and the sizes alone. It is not DeLong's, even without clusters; the two areas are the
same.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.auc import newcombe_interval
from cxr_release.statistics.proportions import ALPHA

Floats = NDArray[np.float64]

POWER = 0.8
"""With which `smallest_auc` is to be found."""
_SMALLEST_VARIANCE = 1e-14
"""Below it nothing but rounding is left."""


@dataclass(frozen=True, kw_only=True)
class ClusteredAuc:
    """An area with what follows from its scatter."""

    auc: float
    """Chance that a positive value exceeds a negative one, 0 … 1; ties count half."""
    low: float
    """Lower end of the 95 % interval, 0 … 1."""
    high: float
    """Upper end, 0 … 1."""
    standard_error: float
    """0 where the values do not scatter; the interval has a width nevertheless."""
    df: float
    """Degrees of freedom; infinite where the values do not scatter."""
    p: float
    """Two-sided, of an area of 0.5."""
    smallest: float | None
    """The smallest area that a test of this size finds; see `smallest_auc`."""

    @property
    def above_half(self) -> bool:
        """Whether the whole interval lies above 0.5."""
        return self.low > 0.5

    @property
    def below_half(self) -> bool:
        """Whether the whole interval lies below 0.5."""
        return self.high < 0.5


def clustered_auc(
    positive: Floats,
    negative: Floats,
    *,
    positive_clusters: Sequence[Hashable] | None = None,
    negative_clusters: Sequence[Hashable] | None = None,
) -> ClusteredAuc:
    """The area with an interval that knows which values belong together; see above.

    Args:
        positive: (m,) finite, of 2 clusters or more.
        negative: (n,) likewise.
        positive_clusters: (m,) of each value; None where each is a cluster of its own, shared with
            no other value.
        negative_clusters: (n,) likewise. The same label in both groups is the same cluster.

    Raises:
        ValueError: values that are not finite, or all of one cluster.
    """
    first, second = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("values are not all finite")
    labels = _labels(positive_clusters, negative_clusters, len(first), len(second))
    placements = _placements(first, second)
    area = float(placements[0].mean())
    groups = [_Group(*group, area) for group in zip(placements, labels, strict=True)]
    if min(group.clusters for group in groups) < 2:
        raise ValueError("all values of a group are of one cluster")
    shared = np.intersect1d(labels[0], labels[1])
    variance = groups[0].variance + groups[1].variance
    variance += 2 * _covariance(groups[0], groups[1], shared)
    counts = groups[0].clusters, groups[1].clusters
    if variance <= _SMALLEST_VARIANCE:
        low, high = newcombe_interval(area, *counts)
        return ClusteredAuc(
            auc=area,
            low=low,
            high=high,
            standard_error=0.0,
            df=math.inf,
            p=_two_sided((area - 0.5) / null_error(*counts), math.inf),
            smallest=smallest_auc(*counts),
        )
    error = math.sqrt(variance)
    df = float(min(counts) - 1) if len(shared) else _satterthwaite(groups)
    reach = _quantile(1 - ALPHA / 2, df) * error
    independent = sum(_Group(each, None, area).variance for each in placements)
    return ClusteredAuc(
        auc=area,
        low=max(0.0, area - reach),
        high=min(1.0, area + reach),
        standard_error=error,
        df=df,
        p=_two_sided((area - 0.5) / error, df),
        smallest=smallest_auc(
            len(first), len(second), design_effect=max(1.0, variance / independent)
        ),
    )


def null_error(m: int, n: int) -> float:
    """Standard error of the area of independent values of which neither group tends to be higher.

    √((m + n + 1) / (12 m n)), of Mann and Whitney (1947).
    """
    return math.sqrt((m + n + 1) / (12 * m * n))


def smallest_auc(
    m: int, n: int, *, design_effect: float = 1.0, power: float = POWER
) -> float | None:
    """The smallest area that a one-sided test at 5 % finds with a given power.

    0.5 + (z of 0.95 + z of the power) × the standard error where there is nothing to find
    (`null_error`), which is a little less than the power needs where the area is far from 0.5.

    Args:
        m: values of the first group, 1 or more.
        n: of the second.
        design_effect: how much larger the variance is because values come in clusters; 1 or more.
        power: 0.5 … 1.

    Returns:
        None where no area is that large.
    """
    from scipy.stats import norm

    reach = float(norm.ppf(1 - ALPHA) + norm.ppf(power))
    area = 0.5 + reach * null_error(m, n) * math.sqrt(design_effect)
    return area if area <= 1 else None


class _Group:
    """The clusters of a group, and what their placements add to the variance."""

    def __init__(self, placements: Floats, labels: NDArray[np.int64] | None, area: float) -> None:
        rest = placements - area
        owners = np.arange(len(rest)) if labels is None else labels
        self.labels, numbers = np.unique(owners, return_inverse=True)
        self.sums: Floats = np.bincount(numbers, weights=rest).astype(np.float64)
        self.values = len(rest)
        self.clusters = len(self.labels)
        self.variance = self._variance()

    def _variance(self) -> float:
        if self.clusters < 2:
            return math.nan
        spread = float((self.sums**2).sum()) * self.clusters / (self.clusters - 1)
        return spread / self.values**2


def _covariance(first: _Group, second: _Group, shared: NDArray[np.int64]) -> float:
    """What clusters with values in both groups add; 0 where there are none."""
    if not len(shared):
        return 0.0
    clusters = len(np.union1d(first.labels, second.labels))
    products = (
        first.sums[np.searchsorted(first.labels, shared)]
        * second.sums[np.searchsorted(second.labels, shared)]
    )
    total = float(products.sum()) * clusters / (clusters - 1)
    return total / (first.values * second.values)


def _placements(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """(m,) and (n,) shares of the other group, from ranks (Sun and Xu 2014); both average to the
    area."""
    from scipy.stats import rankdata

    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    return (
        (ranks[:m] - rankdata(positive)) / n,
        1 - (ranks[m:] - rankdata(negative)) / m,
    )


def _labels(
    positive: Sequence[Hashable] | None, negative: Sequence[Hashable] | None, m: int, n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the clusters; those of values without a cluster belong to no other."""
    numbers: dict[Hashable, int] = {}
    own = m + n
    labels = []
    for clusters, count, start in ((positive, m, 0), (negative, n, m)):
        if clusters is None:
            labels.append(np.arange(own + start, own + start + count))
        elif len(clusters) != count:
            raise ValueError(f"{len(clusters)} clusters of {count} values")
        else:
            known = [numbers.setdefault(cluster, len(numbers)) for cluster in clusters]
            labels.append(np.array(known, np.int64))
    return labels[0], labels[1]


def _satterthwaite(groups: Sequence[_Group]) -> float:
    total = sum(group.variance for group in groups)
    return total**2 / sum(group.variance**2 / (group.clusters - 1) for group in groups)


def _quantile(level: float, df: float) -> float:
    from scipy.stats import t

    return float(t.ppf(level, df))


def _two_sided(statistic: float, df: float) -> float:
    from scipy.stats import t

    return float(2 * t.sf(abs(statistic), df))
