"""How far points lie apart: over all films, and point by point, with intervals."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from cxr_release.landmarks.points import NAMES, Points
from cxr_release.statistics.bootstrap import clustered_mean_interval

DRAWS = 2_000
"""Behind each interval."""
DIGITS = 4


def summary_of(apart: Points, films: Sequence[Hashable]) -> dict[str, Any] | None:
    """Numbers of distances.

    Args:
        apart: (n, 23) in pixels; NaN: not both are known.
        films: what is drawn again for an interval, of each row: a film, or whose film it is.

    Returns:
        `films` (rows), `mean` over films of their mean over points with `low` and `high` (95 %,
        bootstrap), `median` and `p95` of single points, and `points`: name → `films` and `mean`, of
        those that are known anywhere. None without any.
    """
    known = np.isfinite(apart)
    rows = np.asarray(known.any(axis=1))
    if not rows.any():
        return None
    apart, known = apart[rows], known[rows]
    whose = [name for name, kept in zip(films, rows, strict=True) if kept]
    each = np.array([row[sure].mean() for row, sure in zip(apart, known, strict=True)])
    single = apart[known]
    return {
        **interval_of(each, whose),
        "median": _short(np.median(single)),
        "p95": _short(np.quantile(single, 0.95)),
        "points": {
            name: {
                "films": int(known[:, place].sum()),
                "mean": _short(apart[known[:, place], place].mean()),
            }
            for place, name in enumerate(NAMES)
            if known[:, place].any()
        },
    }


def interval_of(values: Points, whose: Sequence[Hashable]) -> dict[str, Any]:
    """`films`, and their `mean` with `low` and `high` (95 %, bootstrap).

    Args:
        values: (n,) n ≥ 1, one a film.
        whose: what is drawn again, of each.
    """
    low, high = clustered_mean_interval(values, whose, draws=DRAWS, seed=0)
    return {
        "films": len(values),
        "mean": _short(values.mean()),
        "low": _short(low),
        "high": _short(high),
    }


def _short(number: Any) -> float:
    return round(float(number), DIGITS)
