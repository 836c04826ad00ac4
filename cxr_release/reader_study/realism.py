"""How real films of each source look to readers, and whether real ones look more so.

Each rater's sum of ratings of the real films is held against the sum of each checkpoint's films:
paired, two-sided Wilcoxon signed-rank tests, adjusted by Holm's method, by the rules of R.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cxr_release.reader_study.equivalence import mean_equivalence
from cxr_release.reader_study.ratings import Ints, Ratings

EXACT, NORMAL = "exact", "normal approximation"
EXACT_BELOW = 50
"""Differences; from there on R takes the normal distribution."""
LIKERT = (1, 2, 3, 4)


@dataclass(frozen=True)
class SignedRank:
    """A Wilcoxon signed-rank test."""

    v: float
    """Sum of the ranks of the positive differences."""
    p: float | None
    """Two-sided; None where all differences are zero (R says NaN)."""
    method: str


def signed_rank(differences: Ints) -> SignedRank:
    """R's `wilcox.test(paired = TRUE)` of whole-number differences, first minus second.

    Zeros are dropped. The test is exact if fewer than 50 differences are left and neither zeros
    nor ties were among them, else by the normal distribution with continuity correction. Sums
    and not means: the last bit of a floating mean breaks ties.

    Args:
        differences: (n,) n ≥ 1.
    """
    from scipy.stats import rankdata, wilcoxon

    left = differences[differences != 0]
    ties = len(np.unique(np.abs(left))) < len(left)
    exact = len(left) == len(differences) < EXACT_BELOW and not ties
    method = EXACT if exact else NORMAL
    if not len(left):
        return SignedRank(0.0, None, method)
    found = wilcoxon(  # type: ignore[call-overload] # the stubs lack "asymptotic"
        left, zero_method="wilcox", correction=True, method="exact" if exact else "asymptotic"
    )
    v = float(rankdata(np.abs(left))[left > 0].sum())
    return SignedRank(v, min(1.0, float(found.pvalue)), method)


def holm(ps: list[float | None]) -> list[float | None]:
    """p values adjusted by Holm's method (1979); None stays, and does not count."""
    from statsmodels.stats.multitest import multipletests

    known = [p for p in ps if p is not None]
    adjusted = iter(multipletests(known, method="holm")[1] if known else ())
    return [None if p is None else float(next(adjusted)) for p in ps]


def realism_of(ratings: Ratings, *, margin: float) -> dict[str, Any]:
    """Mean realism by source, and real against each checkpoint.

    Args:
        ratings: of the study.
        margin: Likert points: a smaller difference of means counts as none.

    Returns:
        Source → `mean`, `sd` (of single ratings; None of a single one), `ratings` (how many of
        each). Of a checkpoint too: `difference` (mean of real − its mean), `V`, `p`, `p_holm`,
        `method`, `smallest_p` (the least p that an exact test of so many raters can give), and
        `equivalence` (see `mean_equivalence`).
    """
    sums = ratings.sums
    quartets, raters = len(ratings.quartets), len(ratings.raters)
    tests = [signed_rank(sums[:, 0] - mine) for mine in sums.T[1:]]
    adjusted = holm([test.p for test in tests])
    found = {
        source: _described(ratings.rating[:, :, place])
        for place, source in enumerate(ratings.sources)
    }
    for place, (test, p_holm) in enumerate(zip(tests, adjusted, strict=True), start=1):
        difference = int(sums[:, 0].sum() - sums[:, place].sum())
        found[ratings.sources[place]] |= {
            "difference": difference / (raters * quartets),
            "V": test.v,
            "p": test.p,
            "p_holm": p_holm,
            "method": test.method,
            "smallest_p": 2.0 ** (1 - raters),
            "equivalence": mean_equivalence(
                sums[:, 0], sums[:, place], quartets=quartets, margin=margin
            ),
        }
    return found


def _described(rating: Ints) -> dict[str, Any]:
    return {
        "mean": int(rating.sum()) / rating.size,
        "sd": float(rating.std(ddof=1)) if rating.size > 1 else None,
        "ratings": {str(value): int((rating == value).sum()) for value in LIKERT},
    }
