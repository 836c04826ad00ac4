"""The rows of `utility` and the score that follows from them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Row = dict[str, Any]
HYBRID, SYNTHETIC_ONLY = "hybrid", "synthetic only"
"""Protocols: synthetic films beside real ones, and alone."""
REAL_ONLY = "real only"


def recoveries(rows: Sequence[Row]) -> dict[str, float | None]:
    """Mean recovery of the sensitive protocols, 0 … 100, of each kind of films.

    A recovery below 0 counts as 0 and one above 1 as 1. None where no protocol is sensitive.
    """
    names = dict.fromkeys(row["of"] for row in rows)
    shares = {
        name: [
            min(1.0, max(0.0, row["recovery"]))
            for row in rows
            if row["of"] == name and row["sensitive"]
        ]
        for name in names
    }
    return {
        name: round(100 * float(np.mean(each)), 1) if each else None
        for name, each in shares.items()
    }
