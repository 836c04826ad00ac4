"""Inpainting: what lies in a block of a film, told by what lies around it.

Needs no labels, and needs anatomy: a film of a spine that could not be one teaches nothing. The
block is `HIDDEN`² of `SIDE`² pixels in the middle. It does not see texture: blurred films teach it
nearly as much as sharp ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cxr_release.schemas import SMALL
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.task import About, halved
from cxr_release.statistics.ridge import Numbers, predicted, strength_of

SIDE, HIDDEN = SMALL // 2, 10
MOST_CHOOSING = 200
"""Films by which the strength of the ridge is chosen."""

ABOUT = About("inpainting", None, "R²", "higher")


@dataclass(frozen=True)
class Inpainting:
    """The task in closed form; see `task.Task`."""

    usable: Places
    around: Numbers
    """(films, SIDE² − HIDDEN²)."""
    hidden: Numbers
    """(films, HIDDEN²)."""
    strength: float
    about: About = ABOUT

    def score(self, learnt: Places, tested: Places, seed: int) -> float:
        """R² of the block's pixels; see `explained`."""
        values = predicted(
            self.around[learnt], self.hidden[learnt], self.around[tested], self.strength
        )
        return explained(values, self.hidden[tested])


def inpainting(pools: Pools) -> Inpainting:
    """The task on some films. Its strength is chosen on real films that are in no test."""
    small = halved(pools.pictures)
    mask = block(SIDE, HIDDEN)
    around, hidden = small[:, ~mask], small[:, mask]
    chosen = pools.others[:MOST_CHOOSING]
    return Inpainting(pools.control, around, hidden, strength_of(around[chosen], hidden[chosen]))


def block(side: int, hidden: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(side, side), true in a block of hidden² in the middle."""
    mask = np.zeros((side, side), bool)
    start = (side - hidden) // 2
    mask[start : start + hidden, start : start + hidden] = True
    return mask


def explained(values: Numbers, truth: Numbers) -> float:
    """R²: 1 − Σ(error²) / Σ(difference from each pixel's mean over the films tested)².

    Args:
        values: (n, pixels) predicted.
        truth: likewise.

    Returns:
        1 at most; 0 where the tested films are all alike, which leaves nothing to be told.
    """
    scatter = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1 - float(((values - truth) ** 2).sum()) / scatter if scatter > 0 else 0.0
