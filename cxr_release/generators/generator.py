"""What every generator offers.

A generator is a package with `train`, which fills a folder with checkpoints and goes on where it
was killed; an `Opener` of such a checkpoint, for a `Generator` that draws; and `fixed_losses`,
which says how badly a checkpoint knows films. What samples, measures and draws films again knows
them by this alone; `opening` knows which generator a source's films come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict

from cxr_release.generators.conditions import Conditions
from cxr_release.generators.runtime.compute import Compute
from cxr_release.params.sampling import SampleParams

Labels = Sequence[str | None] | None
"""Class of each film; None for a network without classes."""


class Guide(TypedDict):
    """The checkpoint that guided a job's films."""

    checkpoint: int
    checkpoint_step: int
    weight: float


class Generator(Protocol):
    """A trained generator, ready to draw."""

    @property
    def source(self) -> str:
        """What its films are called by; see `film_id`."""

    @property
    def step(self) -> int:
        """Training steps that it had seen."""

    @property
    def batch(self) -> int:
        """Films to ask for at once, which changes none of them."""

    @property
    def conditions(self) -> Conditions:
        """What it can be told of the films that it draws."""

    @property
    def guide(self) -> Guide | None:
        """The checkpoint that guides it, where one does."""

    def films(self, seeds: Sequence[int], labels: Labels = None) -> NDArray[np.uint8]:
        """Films (len(seeds), height, width) uint8, in every process.

        A film is a pure function of the generator, its own seed and its class.

        Args:
            seeds: one a film.
            labels: class of each film, where the generator knows classes.

        Raises:
            CheckpointError: the network's answers are not finite numbers, or it knows classes and
                those of the films are not given, or are others.
        """


Opener = Callable[[Path, SampleParams, Compute], Generator]
"""Loads a checkpoint of a generator from its folder, to draw by the settings on what computes.

Raises:
    CheckpointError: it cannot be loaded.
"""
