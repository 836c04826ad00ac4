"""Whether a difference is too small to matter: two one-sided tests against a margin.

"Not significant" is no proof of equality: a small study finds nothing significant. Equivalence
is shown only where the whole 90 % interval lies within the margin (Schuirmann 1987, doi
10.1007/BF01068419); the margin is a parameter, to be fixed before the ratings are seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr_release.reader_study.ratings import Ints

LEVEL = 0.05


def within(interval: Sequence[float] | None, low: float, high: float) -> bool:
    """Whether an interval is known and lies between two limits."""
    return interval is not None and low < interval[0] and interval[1] < high


def mean_equivalence(
    real: Ints, synthetic: Ints, *, quartets: int, margin: float
) -> dict[str, Any]:
    """Whether mean ratings differ by less than a margin, the raters being the sample.

    Args:
        real: (raters,) each rater's sum of ratings of the real films.
        synthetic: (raters,) the same of the films of one checkpoint.
        quartets: films behind each sum.
        margin: Likert points.

    Returns:
        `margin`; `p`, the larger of two one-sided paired t tests of the raters' means, and `ci90`
        of real − synthetic, both None with one rater or where all raters differ alike, which
        leaves no spread to judge by; `equivalent`.
    """
    differences = real - synthetic
    p, interval = None, None
    if len(differences) > 1 and np.ptp(differences) > 0:
        from statsmodels.stats.weightstats import DescrStatsW, ttost_paired

        p = float(ttost_paired(real / quartets, synthetic / quartets, -margin, margin)[0])
        ends = DescrStatsW(differences / quartets).tconfint_mean(alpha=2 * LEVEL)
        interval = [float(end) for end in ends]
    return {
        "margin": margin,
        "p": p,
        "ci90": interval,
        "equivalent": p is not None and p <= LEVEL,
    }
