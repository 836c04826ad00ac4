"""Several tests at a time: p values that hold for all of them together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p values adjusted by Holm's method; None stays, and does not count.

    The kth smallest of n is multiplied by n + 1 − k; none is below one that was smaller, nor above
    1 (Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
    Statistics 6, 1979). statsmodels' `multipletests` gives the same numbers and each time collects
    the garbage of the whole process.
    """
    known = np.array([p for p in ps if p is not None], np.float64)
    order = np.argsort(known)
    adjusted = np.empty_like(known)
    adjusted[order] = np.maximum.accumulate(known[order] * np.arange(len(known), 0, -1))
    values = iter(np.minimum(adjusted, 1).tolist())
    return [None if p is None else next(values) for p in ps]
