"""What a task is: something to be learnt from some films and to be tested on others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cxr_release.schemas import SMALL
from cxr_release.scorecard.names import NOISE, ONE_FILM
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.pools import Pictures

Better = Literal["higher", "lower"]
CLOSED = "closed"
"""The learner that needs no training loop."""
PLAIN_FLOORS = (NOISE, ONE_FILM)
"""Films that cannot help in any task."""


@dataclass(frozen=True)
class About:
    """What a task's numbers mean."""

    task: str
    labels: str | None
    """What its films are labelled with; None where it needs no labels."""
    unit: str
    better: Better
    floors: Sequence[str] = PLAIN_FLOORS
    """Films that the ceiling must beat."""
    learner: str = CLOSED
    synthetic_baseline: str | None = None
    """Floor from which synthetic-only arms are measured; None where that is the real-only arm."""


class Task(Protocol):
    """A task on films of a `Pools`."""

    @property
    def about(self) -> About:
        """What its numbers mean."""

    @property
    def usable(self) -> Places:
        """Control films that it can learn from and be tested on, rising."""

    def score(self, learnt: Places, tested: Places, seed: int) -> float:
        """How well a model that learnt from some films does on others.

        Args:
            learnt: films, any of them more than once.
            tested: films.
            seed: of chance, where the learner needs any.
        """


def halved(pictures: Pictures) -> NDArray[np.float64]:
    """(n, SMALL/2, SMALL/2) means of 2 × 2 pixels, 0 … 1."""
    half = SMALL // 2
    means: NDArray[np.float64] = pictures.reshape(-1, half, 2, half, 2).mean(axis=(2, 4)) / 255
    return means
