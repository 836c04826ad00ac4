"""Several tests at a time: p values that hold for all of them together."""

from __future__ import annotations

from collections.abc import Sequence


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """p values adjusted by Holm's method (1979); None stays, and does not count."""
    from statsmodels.stats.multitest import multipletests

    known = [p for p in ps if p is not None]
    adjusted = iter(multipletests(known, method="holm")[1] if known else ())
    return [None if p is None else float(next(adjusted)) for p in ps]
