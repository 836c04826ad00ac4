"""How often a detector of facings is wrong, and how often it does not say, measured on films."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cxr_release.radiographs.facing import ERROR, Detector, Facing, held_out
from cxr_release.radiographs.mixed import mixed
from cxr_release.radiographs.thumbnail import Thumbnail

CHECKED = 1000
"""Films mixed for each check."""
SEED = 1_000_000
"""Of those films: they are not the ones that the detector was made from."""
POOR = 0.75
"""Share of a poor film that faces left."""


def check_detector(detector: Detector | None, small: Thumbnail | None) -> dict[str, Any]:
    """Measure a detector on the films that it was made from, and on films mixed from them.

    Args:
        detector: see `facing.detector_of`.
        small: the films (n, SIDE, SIDE) that it was made from; all of them face left.

    Returns:
        `references` (how many these are), `error` (share of films facing neither way that may be
        given a facing) and, where there is a detector: `source` (these films, each
        judged by a detector made from others of them),
        `poor` (films that face left in three quarters of their area), each with the numbers of
        `films`, `wrong` and `unknown` ones; and `neither` (films that face both ways alike), with
        `films` and `unknown`.
    """
    found: dict[str, Any] = {"references": 0 if small is None else len(small), "error": ERROR}
    if detector is None or small is None:
        return found | {"source": None, "poor": None, "neither": None}
    poor = detector.facings(mixed(small, CHECKED, share=POOR, seed=SEED))
    neither = detector.facings(mixed(small, CHECKED, share=0.5, seed=SEED + 1))
    return found | {
        "source": _counts(held_out(small)),
        "poor": _counts(poor),
        "neither": {"films": len(neither), "unknown": neither.count(None)},
    }


def _counts(found: Sequence[Facing | None]) -> dict[str, int]:
    """Of films that all face left."""
    return {
        "films": len(found),
        "wrong": found.count("right"),
        "unknown": found.count(None),
    }
