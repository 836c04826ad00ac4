"""Every arm of a task in every repetition: numbers only, and what they are compared with later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import in_parallel
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.arms import ARMS, CURVE, Arm, Design, Repetition
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.rows import HYBRID
from cxr_release.scorecard.utility.task import CLOSED, About, Task

Series = NDArray[np.float64]
"""(repetitions,)."""


@dataclass(frozen=True)
class Trials:
    """What a task gave in all repetitions."""

    about: About
    design: Design
    real_only: Series
    smaller: Mapping[int, Series]
    """Real films, fewer than those of the real-only arm → real-only models of so many."""
    ceilings: Mapping[Arm, Series]
    values: Mapping[tuple[Arm, str], Series]
    """Arm and whose films → its values."""

    @property
    def curve(self) -> dict[int, Series]:
        """Number of real films → values of models that learnt from so many, and nothing else."""
        beyond = {
            (1 + arm.ratio) * self.design.real: values
            for arm, values in self.ceilings.items()
            if arm.protocol == HYBRID
        }
        return dict(sorted({**self.smaller, self.design.real: self.real_only, **beyond}.items()))


def run_trials(task: Task, design: Design, pools: Pools) -> Trials:
    """Learn and test every arm in every repetition; closed learners on all cores.

    The numbers do not depend on the number of cores.
    """
    of: list[str | None] = [None, *pools.synthetic]
    arms = [(arm, name) for arm in ARMS for name in of]
    fewer = sorted({round(share * design.real) for share in CURVE} - {0, design.real})

    def learn(repetition: Repetition) -> Series:
        def scored(films: Places) -> float:
            seed = FOLD_SEEDS * repetition.seed + repetition.fold
            return task.score(films, repetition.test, seed)

        real = [scored(repetition.real[:count]) for count in (*fewer, design.real)]
        rest = [scored(design.films(repetition, arm, pools, name)) for arm, name in arms]
        return np.array([*real, *rest])

    rows = list(_mapped(learn, design, f"utility: {task.about.task}", task.about.learner))
    columns = dict(zip([*fewer, None, *arms], np.array(rows).T, strict=True))
    return Trials(
        task.about,
        design,
        columns[None],
        {count: columns[count] for count in fewer},
        {arm: columns[arm, None] for arm in ARMS},
        {(arm, name): columns[arm, name] for arm, name in arms if name is not None},
    )


FOLD_SEEDS = 1000
"""Seeds of learners are this many times a repetition's seed, and its fold."""


def _mapped(
    learn: Callable[[Repetition], Series], design: Design, name: str, learner: str
) -> list[Series]:
    repetitions = design.repetitions
    if learner != CLOSED:  # has threads, or a device, of its own
        return [learn(repetition) for repetition in repetitions]
    return list(
        in_parallel(
            lambda block: learn(repetitions[block.start]),
            len(repetitions),
            name,
            step=1,
            unit="fold",
        )
    )
