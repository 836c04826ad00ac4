"""Paired differences of few: signed-rank tests, and equivalence.

Wilcoxon's signed-rank test twice: by the rule of R 4.4, and exact whatever the data are. The rules
part where differences tie, are zero or are many. `wilcox.test` of R 4.4, the paper's, then takes a
normal approximation, which among few gives p values that no choice of signs has. From R 4.6 on it
takes the conditional distribution instead: all choices of signs of the ranks that were observed.

"Not significant" does not prove equality: a small study finds nothing significant. Equivalence is
shown only where the whole 90 % interval lies within the margin (Schuirmann 1987, doi
10.1007/BF01068419); the margin is a parameter, to be fixed before the data are seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.proportions import ALPHA

Ints = NDArray[np.int64]
MOST_DIFFERENCES = 1000
"""The exact test of more would take minutes."""


EXACT, NORMAL = "exact", "normal approximation"
EXACT_BELOW = 50
"""Differences; from there on R takes the normal distribution."""
RULES = {
    "p": "the rule of R 4.4's wilcox.test: a normal approximation with continuity correction where"
    f" differences tie, are zero or are {EXACT_BELOW} or more, else exact",
    "p_exact": "exact conditional: all choices of signs of the ranks observed, as wilcox.test makes"
    f" it from R 4.6 on of fewer than {EXACT_BELOW} differences, here of up to"
    f" {MOST_DIFFERENCES:,}",
}
"""What each p of a test is, in words. The second decides what is called significant."""


@dataclass(frozen=True)
class SignedRank:
    """A test by the rule of R 4.4."""

    v: float
    """Sum of the ranks of the positive differences; zeros are dropped before they are ranked."""
    p: float | None
    """Two-sided; None where all differences are zero (R says NaN)."""
    method: str


@dataclass(frozen=True)
class ExactSignedRank:
    """An exact conditional test."""

    v: float
    """Sum of the ranks of the positive differences; zeros are ranked, and their ranks dropped."""
    p: float
    """Two-sided, above 0, at most 1; 1 where all differences are zero."""
    differing: int
    """Differences that are not zero."""

    @property
    def smallest_p(self) -> float:
        """The least p that any choice of signs of so many differences has."""
        return min(1.0, 2.0 ** (1 - self.differing))


def signed_rank(differences: Ints) -> SignedRank:
    """`wilcox.test(paired = TRUE)` of R 4.4 of whole-number differences, first minus second.

    Zeros are dropped. The test is exact if fewer than 50 differences are left and neither zeros
    nor ties were among them, else by the normal distribution with continuity correction. Sums
    and not means: the last bit of a floating mean breaks ties.

    Args:
        differences: (n,) n ≥ 1.
    """
    from scipy.stats import rankdata, wilcoxon

    nonzero = differences[differences != 0]
    ties = len(np.unique(np.abs(nonzero))) < len(nonzero)
    exact = len(nonzero) == len(differences) < EXACT_BELOW and not ties
    method = EXACT if exact else NORMAL
    if not len(nonzero):
        return SignedRank(0.0, None, method)
    test = wilcoxon(  # type: ignore[call-overload] # the stubs lack "asymptotic"
        nonzero, zero_method="wilcox", correction=True, method="exact" if exact else "asymptotic"
    )
    v = float(rankdata(np.abs(nonzero))[nonzero > 0].sum())
    return SignedRank(v, min(1.0, float(test.pvalue)), method)


def exact_signed_rank(differences: Ints) -> ExactSignedRank:
    """The exact conditional test of whole-number differences: `wilcox.test` from R 4.6 on.

    Given the midranks of the sizes of all differences, each sign is as likely as the other. A zero
    has a rank and no sign: it moves the ranks of the others and adds nothing. The distribution is
    that of the sum of the positive ones over all choices of signs (Streitberg and Röhmel 1986),
    counted up on doubled ranks, which are whole. R stops at 50 differences; here it goes on, to
    `MOST_DIFFERENCES`, which take a second.

    Args:
        differences: (n,) 1 ≤ n ≤ `MOST_DIFFERENCES`.
    """
    from scipy.stats import rankdata

    if len(differences) > MOST_DIFFERENCES:
        raise ValueError(f"{len(differences)} differences, expected at most {MOST_DIFFERENCES}")
    doubled = np.rint(2 * rankdata(np.abs(differences))).astype(np.int64)
    ranks = doubled[differences != 0]
    positive = int(doubled[differences > 0].sum())
    # The distribution is the same from both ends: the tail that holds the lesser sum is enough.
    lesser = min(positive, int(ranks.sum()) - positive)
    likely = np.zeros(lesser + 1)
    likely[0] = 1.0
    for rank in np.sort(ranks).tolist():
        likely[rank:] += likely[: max(0, lesser + 1 - rank)].copy()
        likely /= 2
    return ExactSignedRank(positive / 2, min(1.0, 2 * float(likely.sum())), len(ranks))


def paired_equivalence(first: Ints, second: Ints, *, count: int, margin: float) -> dict[str, Any]:
    """Whether paired means differ by less than a margin: two one-sided t tests.

    Args:
        first: (n,) sums of whole numbers.
        second: (n,) the same of their partners.
        count: numbers behind each sum.
        margin: of the means.

    Returns:
        `margin`; `p`, the larger of two one-sided paired t tests of the means, and `ci90` of
        first − second, both None where n is 1 or all differences are alike, which leaves no spread
        to judge by; `equivalent`.
    """
    differences = first - second
    p, interval = None, None
    if len(differences) > 1 and np.ptp(differences) > 0:
        from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

        p = float(ttost_paired(first / count, second / count, -margin, margin)[0])
        ends = DescrStatsW(differences / count).tconfint_mean(alpha=2 * ALPHA)
        interval = [float(end) for end in ends]
    return {
        "margin": margin,
        "p": p,
        "ci90": interval,
        "equivalent": p is not None and p <= ALPHA,
    }
