"""A student that a teacher labels synthetic films for: where landmarks lie, or what a number is.

Synthetic films come without labels. Who holds the trained films can label them: a *teacher*, a
ridge regression of all labelled trained films, says where each synthetic film's landmarks lie, and
a *student* learns that from synthetic films alone, or from them beside real films with labels of
their own. It is tested on labels of control films. The teacher labels every film that stands in for
real ones, those of the ceiling and the floors, too: arms differ in their films alone. Synthetic
films that came with labels keep these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.labelled import Labelled
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.task import About, halved
from cxr_release.statistics.ridge import Numbers, predicted, strength_of

MOST_CHOOSING = 200
"""Films by which the strength of the ridge is chosen."""
LANDMARKS, NUMBER = "landmarks", "number"


@dataclass(frozen=True)
class Student:
    """The task in closed form; see `task.Task`."""

    about: About
    usable: Places
    inputs: Numbers
    """(films, pixels)."""
    taught: Numbers
    """(films, q) what a student is told: films' own labels, or the teacher's."""
    strength: float

    def score(self, learnt: Places, tested: Places, seed: int) -> float:
        """Mean distance of landmarks, or mean absolute error of the number."""
        values = predicted(
            self.inputs[learnt], self.taught[learnt], self.inputs[tested], self.strength
        )
        return mean_error(self.about.task, values, self.taught[tested])


def student(pools: Pools, labelled: Labelled, task: str) -> Student:
    """The task on some films.

    Args:
        pools: the films.
        labelled: their labels; some of `teaching`.
        task: `LANDMARKS` or `NUMBER`.
    """
    inputs = halved(pools.pictures).reshape(len(pools.pictures), -1)
    about = about_student(labelled, task)
    own = labelled.teaching
    chosen = own[:MOST_CHOOSING]
    strength = strength_of(inputs[chosen], labelled.values[chosen])
    teacher = predicted(inputs[own], labelled.values[own], inputs, strength)
    return Student(about, labelled.control, inputs, taught(pools, labelled, teacher), strength)


def about_student(labelled: Labelled, task: str) -> About:
    """What a student's numbers mean."""
    return About(task, labelled.labels, labelled.unit, "lower")


def taught(pools: Pools, labelled: Labelled, teacher: Numbers) -> Numbers:
    """What a student is told of each film: (films, q).

    Args:
        pools: the films.
        labelled: their own labels, which control, external and synthetic films keep.
        teacher: (films, q) what the teacher says of each.
    """
    kept: NDArray[np.bool_] = np.array(np.isfinite(labelled.values).all(axis=1))
    kept[pools.trained] = False
    return np.where(kept[:, None], labelled.values, teacher)


def mean_error(task: str, values: Numbers, truth: Numbers) -> float:
    """Mean over films, and over landmarks, of how far off predictions are.

    Args:
        task: `LANDMARKS`, of which each is two numbers, or `NUMBER`.
        values: (n, q) predicted.
        truth: likewise.
    """
    errors = values - truth
    if task == LANDMARKS:
        return float(np.linalg.norm(errors.reshape(len(errors), -1, 2), axis=2).mean())
    return float(np.abs(errors).mean())
