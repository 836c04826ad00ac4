"""Every random number, as a pure function of what it is for.

Nothing is drawn from a stream that a restart would have to find again: the numbers of training
step s follow from (seed, s), those of a film from its own seed. So no state needs saving, and
neither batch size nor process nor restart changes a film.

NumPy's generators, not torch's: torch seeds its CPU generator with 32 of the 64 bits it is given,
so that among 27,000 films two would share their noise with a chance of 8 %.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def seed_of(*key: int | str) -> int:
    """A seed in [0, 2^63) that is a pure function of `key` (through SHA-256)."""
    digest = hashlib.sha256("/".join(str(part) for part in key).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(*key: int | str) -> np.random.Generator:
    """Random numbers for `key`, the same ones whenever asked."""
    return np.random.Generator(np.random.PCG64(seed_of(*key)))


@dataclass(frozen=True)
class Draws:
    """All that chance decides in one training step, for a batch of b films."""

    films: NDArray[np.int64]
    """(b,) which films of the cohort."""
    mirrored: NDArray[np.bool_]
    """(b,) which of them to mirror, if mirroring is on."""
    times: NDArray[np.int64]
    """(b,) diffusion times in [0, levels), one in each of b equal strata."""
    noise: NDArray[np.float32]
    """(b, …) standard normal, of the shape of what is learnt of a film."""
    dropped: NDArray[np.bool_]
    """(b,) of which of them the class is left out, if there are classes."""


def step_draws(
    seed: int,
    step: int,
    *,
    films: int,
    batch: int,
    levels: int,
    shape: tuple[int, ...],
    drop: float = 0.0,
) -> Draws:
    """The draws of training step `step` (from 0).

    The films come in epochs: each epoch is a new permutation of the cohort, and batches run on
    from one to the next, so that every film is seen equally often. Stratified times take most of
    the variance that the noise level brings to the loss. A class is left out with probability
    `drop`; that chance is drawn apart, so that all else is the same with classes and without.
    """
    places = np.arange(step * batch, (step + 1) * batch)
    order = {int(epoch): _epoch_order(seed, int(epoch), films) for epoch in set(places // films)}
    chosen = [order[int(place // films)][place % films] for place in places]
    chance = generator(seed, "step", step)
    mirrored = chance.random(batch) < 0.5
    strata = (np.arange(batch) + chance.random(batch)) / batch
    times = np.minimum((strata * levels).astype(np.int64), levels - 1)
    noise = chance.standard_normal((batch, *shape), dtype=np.float32)
    dropped = generator(seed, "drop", step).random(batch) < drop
    return Draws(np.array(chosen, dtype=np.int64), mirrored, times, noise, dropped)


@lru_cache(maxsize=4)
def _epoch_order(seed: int, epoch: int, films: int) -> NDArray[np.int64]:
    return generator(seed, "epoch", epoch).permutation(films)
