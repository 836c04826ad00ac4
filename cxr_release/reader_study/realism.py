"""How real films of each source look to readers, and whether real ones look more so.

Each rater's sum of ratings of the real films is held against the sum of each checkpoint's films:
paired, two-sided Wilcoxon signed-rank tests, adjusted by Holm's method: as the paper's R made them,
and exact.
"""

from __future__ import annotations

from typing import Any

from cxr_release.reader_study.equivalence import mean_equivalence
from cxr_release.reader_study.ratings import Ints, Ratings
from cxr_release.reader_study.signed_rank import exact_signed_rank, signed_rank

LIKERT = (1, 2, 3, 4)


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
        each). Of a checkpoint too: `difference` (mean of real − its mean); `V`, `p`, `p_holm` and
        `method`, by the rule of R 4.4 (see `signed_rank`); `V_exact`, `p_exact` and
        `p_exact_holm`, exact (see `exact_signed_rank`), on which rests what is called significant;
        `raters_differing`; `smallest_p` and `smallest_p_holm`, the least `p_exact` and
        `p_exact_holm` that these raters can give, whichever way they differ; and `equivalence`
        (see `mean_equivalence`).
    """
    sums = ratings.sums
    quartets, raters = len(ratings.quartets), len(ratings.raters)
    differences = [sums[:, 0] - mine for mine in sums.T[1:]]
    found: dict[str, dict[str, Any]] = {
        source: _described(ratings.rating[:, :, place])
        for place, source in enumerate(ratings.sources)
    }
    tested = [
        {"difference": int(one.sum()) / (raters * quartets), **_tested(one)} for one in differences
    ]
    for name in ("p", "p_exact", "smallest_p"):
        # No adjusted p rises where another p falls: all least ones give the least adjusted ones.
        for one, adjusted in zip(tested, holm([one[name] for one in tested]), strict=True):
            one[f"{name}_holm"] = adjusted
    for place, one in enumerate(tested, start=1):
        same = mean_equivalence(sums[:, 0], sums[:, place], quartets=quartets, margin=margin)
        found[ratings.sources[place]] |= {**one, "equivalence": same}
    return found


def _tested(differences: Ints) -> dict[str, Any]:
    """Both tests of the raters' differences, not adjusted."""
    test, exact = signed_rank(differences), exact_signed_rank(differences)
    return {
        "V": test.v,
        "p": test.p,
        "method": test.method,
        "V_exact": exact.v,
        "p_exact": exact.p,
        "raters_differing": exact.differing,
        "smallest_p": exact.smallest_p,
    }


def _described(rating: Ints) -> dict[str, Any]:
    return {
        "mean": int(rating.sum()) / rating.size,
        "sd": float(rating.std(ddof=1)) if rating.size > 1 else None,
        "ratings": {str(value): int((rating == value).sum()) for value in LIKERT},
    }
