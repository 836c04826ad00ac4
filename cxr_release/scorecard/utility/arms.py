"""Who learns from what, and is tested on whom: repetitions by patient, and arms of equal size.

In each of `SEEDS` seeds control patients are dealt into `FOLDS` folds; each fold is tested once, by
models that learn from films of the other folds. Real-only models see `Design.real` of these,
hybrid ones see synthetic films beside them, and synthetic-only ones see no real film. Every arm of
a kind has as many films: what differs is which. Models see `MOST_REAL` real films and
(`RATIOS`' largest) times as many synthetic ones at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr_release.scorecard.names import ONE_FILM
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.rows import HYBRID, SYNTHETIC_ONLY

SEEDS, FOLDS = 5, 3
RATIOS = (1, 2)
"""Synthetic films a real one, of hybrid arms."""
MOST_REAL, LEAST_REAL = 200, 8
"""Real films of an arm."""
SHARE = 0.75
"""Of the other folds' films that an arm sees: so seeds differ in more than the folds."""
CURVE = (0.25, 0.5)
"""Of an arm's real films: points of the learning curve below its size."""


@dataclass(frozen=True)
class Arm:
    """How films are put together."""

    protocol: str
    ratio: int
    """Synthetic films for each real film of the real-only arm."""


ARMS = (*(Arm(HYBRID, ratio) for ratio in RATIOS), Arm(SYNTHETIC_ONLY, max(RATIOS)))


@dataclass(frozen=True)
class Repetition:
    """One fold of one seed."""

    seed: int
    fold: int
    real: Places
    """Real films to learn from, `Design.real` of them, in an order of chance."""
    test: Places


@dataclass(frozen=True)
class Design:
    """Repetitions, and the sizes that hold in all of them."""

    repetitions: tuple[Repetition, ...]
    real: int
    """Films of the real-only arm."""

    @property
    def most_tested(self) -> int:
        """Films of the largest test."""
        return max(len(repetition.test) for repetition in self.repetitions)

    def synthetic(self, arm: Arm) -> int:
        """Synthetic films of an arm."""
        return arm.ratio * self.real

    def films(self, repetition: Repetition, arm: Arm, pools: Pools, pool: str | None) -> Places:
        """Films that a model of an arm learns from, the real ones first.

        Args:
            repetition: one of `repetitions`.
            arm: how they are put together.
            pools: where they come from.
            pool: name of the synthetic films; None for real films of other patients, the ceiling.
        """
        count = self.synthetic(arm)
        if pool == ONE_FILM:
            drawn = np.repeat(pools.synthetic[ONE_FILM], count)
        else:
            source = pools.others if pool is None else pools.synthetic[pool]
            key = 0 if pool is None else pools.keys[pool]
            chance = np.random.default_rng([repetition.seed, repetition.fold, key])
            drawn = chance.permutation(source)[:count]
        real = repetition.real if arm.protocol == HYBRID else repetition.real[:0]
        return np.concatenate([real, drawn])


def design_of(
    pools: Pools, control: Places, *, external: Places | None = None, seeds: int = SEEDS
) -> Design | None:
    """Deal control patients into folds and choose the size of arms.

    Args:
        pools: the films.
        control: those of `pools.control` that a task can use, rising.
        external: films that are tested in every repetition, in place of a fold.
        seeds: repetitions of the folds.

    Returns:
        None where an arm would have fewer than `LEAST_REAL` real films.
    """
    start = int(pools.control[0])
    patients = [pools.patients[int(place) - start] for place in control]
    if len(set(patients)) < FOLDS:
        return None
    dealt = [(seed, _folds(control, patients, seed)) for seed in range(seeds)]
    learnt = min(len(control) - len(fold) for _, folds in dealt for fold in folds)
    smallest = min(
        [
            len(pools.others),
            *(len(places) for name, places in pools.synthetic.items() if name != ONE_FILM),
        ]
    )
    real = min(MOST_REAL, int(SHARE * learnt), smallest // max(RATIOS))
    if real < LEAST_REAL:
        return None
    repetitions = []
    for seed, folds in dealt:
        for number, fold in enumerate(folds):
            chance = np.random.default_rng([seed, number])
            rest = np.concatenate([other for other in folds if other is not fold])
            chosen = chance.permutation(np.sort(rest))[:real]
            test = fold if external is None else external
            repetitions.append(Repetition(seed, number, chosen, test))
    return Design(tuple(repetitions), real)


def _folds(control: Places, patients: Sequence[str], seed: int) -> list[Places]:
    """Films of each fold, rising; a patient's are all in one, and folds about equal in films."""
    films: dict[str, list[int]] = {}
    for place, patient in zip(control, patients, strict=True):
        films.setdefault(patient, []).append(int(place))
    groups = list(films.values())
    folds: list[list[int]] = [[] for _ in range(FOLDS)]
    for number in np.random.default_rng(seed).permutation(len(groups)):
        min(folds, key=len).extend(groups[number])
    return [np.array(sorted(fold), np.int64) for fold in folds]
