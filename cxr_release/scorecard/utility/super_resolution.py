"""× 2 super-resolution: four pixels, told by the larger ones around them.

Needs no labels, and sees texture: blurred films teach a blurred result. A ridge regression takes
`REACH`² pixels of the film at half its resolution to the four that one of them was averaged from.
How a film enters a sum of squares is summed up once; a model of any films is then a sum of these,
and its error on a film follows from that film's sums alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.schemas import SMALL
from cxr_release.scorecard.names import BLURRED
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.pools import Pictures, Pools
from cxr_release.scorecard.utility.task import PLAIN_FLOORS, About, halved
from cxr_release.statistics.ridge import Numbers

REACH = 5
STRENGTH = 1e-4
"""Of the ridge, for each pixel learnt from, in units of squared grey values of 0 … 1."""
MOST_DECIBELS = 99.0
"""Of a film that is told without error."""
_BLOCK = 200
"""Films summed up at a time."""

ABOUT = About(
    "super-resolution",
    None,
    "dB",
    "higher",
    floors=(*PLAIN_FLOORS, BLURRED),
    synthetic_baseline=BLURRED,
)


@dataclass(frozen=True)
class SuperResolution:
    """The task in closed form; see `task.Task`."""

    usable: Places
    inputs: Numbers
    """(films, REACH², REACH²) products of inputs, of differences from the pixel in the middle."""
    both: Numbers
    """(films, REACH², 4) products of inputs and targets."""
    targets: Numbers
    """(films,) sums of squared targets."""
    about: About = ABOUT

    def score(self, learnt: Places, tested: Places, seed: int) -> float:
        """Mean peak signal-to-noise ratio of the films tested, in dB; of white as the peak."""
        from scipy.linalg import solve

        count = self.inputs.shape[1]
        products = self.inputs[learnt].sum(axis=0)
        products[np.diag_indices(count)] += STRENGTH * len(learnt) * (SMALL // 2) ** 2
        weights = solve(products, self.both[learnt].sum(axis=0), assume_a="pos")
        errors = (
            self.targets[tested]
            - 2 * np.einsum("nij,ij->n", self.both[tested], weights)
            + np.einsum("nij,ik,jk->n", self.inputs[tested], weights, weights, optimize=True)
        )
        return decibels(errors / SMALL**2)


def super_resolution(pools: Pools) -> SuperResolution:
    """The task on some films."""
    parts = [
        _sums(pools.pictures[start : start + _BLOCK])
        for start in range(0, len(pools.pictures), _BLOCK)
    ]
    inputs, both, targets = (np.concatenate(part) for part in zip(*parts, strict=True))
    return SuperResolution(pools.control, inputs, both, targets)


def decibels(errors: NDArray[np.floating]) -> float:
    """Mean over films of −10 log₁₀ of their mean squared errors, of greys 0 … 1."""
    least = 10 ** (-MOST_DECIBELS / 10)
    return float(np.mean(-10 * np.log10(np.maximum(errors, least))))


def _sums(pictures: Pictures) -> tuple[Numbers, Numbers, Numbers]:
    """`inputs`, `both` and `targets` of some films."""
    small = halved(pictures)
    half = SMALL // 2
    edge = REACH // 2
    padded = np.pad(small, ((0, 0), (edge, edge), (edge, edge)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (REACH, REACH), axis=(1, 2))
    middle = small.reshape(-1, half * half, 1)
    rows = windows.reshape(len(small), half * half, REACH * REACH) - middle
    fine = pictures.reshape(-1, half, 2, half, 2).transpose(0, 1, 3, 2, 4) / 255
    wanted = fine.reshape(-1, half * half, 4) - middle
    across = rows.transpose(0, 2, 1)
    return across @ rows, across @ wanted, (wanted**2).sum(axis=(1, 2))
