"""Classification accuracy score: what a classifier learns from synthetic films and their classes.

After Ravuri and Vinyals (Classification Accuracy Score for Conditional Generative Models, NeurIPS
2019): a classifier that saw no real film is tested on control films, which no run saw, beside the
same classifier of as many trained films of each class. No teacher stands between, as it does where
synthetic films come without classes (`utility.classification`). Classes count alike: the score is
the mean of their recalls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.scorecard.class_model import UNKNOWN, ClassNumbers, FilmClasses, Numbers, edges
from cxr_release.scorecard.classes.learning import (
    SEEDS,
    SHARE,
    Places,
    Test,
    Trial,
    accuracy,
    balanced_accuracy,
    difference,
    recalls,
    tried,
)
from cxr_release.scorecard.classes.members import Members, owners
from cxr_release.scorecard.sets import Part, ScoreSets
from cxr_release.scorecard.utility.classification import LEAST_OF_CLASS

MOST_OF_CLASS = 300
"""Films of a class that a classifier learns from."""
Report = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """The classes that have enough films of every kind to be told apart, and films to test on."""

    numbers: tuple[int, ...]
    """Of the classes, rising."""
    names: tuple[str, ...]
    trained: Places
    """Places of trained films of these classes, in the part; likewise the others."""
    released: Places
    control: Places
    trained_classes: ClassNumbers
    """(films,) places among `names`; likewise the others."""
    released_classes: ClassNumbers
    control_classes: ClassNumbers
    patients: tuple[str, ...]
    """Of each control film."""

    def counts(self, kind: ClassNumbers) -> NDArray[np.int64]:
        """Films of each class."""
        return np.bincount(kind, minlength=len(self.names))


@dataclass(frozen=True)
class Inputs:
    """What the classifier sees of the films of `Told`, in its order."""

    trained: Numbers
    released: Numbers
    test: Test
    """Control films."""


def told_apart(sets: ScoreSets, classes: FilmClasses, members: Sequence[Members]) -> Told | None:
    """The classes that can be told apart; None where they are fewer than two.

    Args:
        sets: see `score_sets`.
        classes: of their films.
        members: films of each class.
    """
    numbers = [
        number
        for number, each in enumerate(members)
        if min(len(each.trained), len(each.released)) >= LEAST_OF_CLASS and not each.few_control
    ]
    if len(numbers) < 2:
        return None
    renumbered = np.full(len(members) + 1, UNKNOWN)
    renumbered[numbers] = np.arange(len(numbers))  # the last one stands for `UNKNOWN`

    def of(kind: ClassNumbers) -> tuple[Places, ClassNumbers]:
        told = renumbered[kind]
        places = np.flatnonzero(told != UNKNOWN)
        return places, told[places]

    (trained, trained_classes), (released, released_classes), (control, control_classes) = map(
        of, (classes.trained, classes.released, classes.control)
    )
    return Told(
        tuple(numbers), tuple(classes.names[number] for number in numbers),
        trained, released, control,
        trained_classes, released_classes, control_classes,
        tuple(owners(sets.control, control)),
    )  # fmt: skip


def inputs_of(sets: ScoreSets, told: Told) -> Inputs:
    """What the classifier sees.

    Args:
        sets: see `score_sets`.
        told: films of them.
    """

    def of(part: Part, places: Places) -> Numbers:
        return edges(part.pictures[places])

    return Inputs(
        of(sets.trained, told.trained),
        of(sets.released, told.released),
        Test(
            of(sets.control, told.control),
            told.control_classes,
            told.patients,
            len(told.names),
        ),
    )


def accuracy_score(told: Told, inputs: Inputs) -> Report:
    """The score of synthetic and of trained films, and their difference; ready for JSON.

    Args:
        told: the films.
        inputs: what the classifier sees of them.
    """
    fewest = np.minimum(told.counts(told.trained_classes), told.counts(told.released_classes))
    films = np.maximum(1, (SHARE * np.minimum(fewest, MOST_OF_CLASS)).astype(np.int64))
    trials = []
    kinds = (
        (inputs.released, told.released_classes),
        (inputs.trained, told.trained_classes),
    )
    for kind, (features, classes) in enumerate(kinds):
        parts = [
            drawn(classes, films, np.random.default_rng([seed, kind])) for seed in range(SEEDS)
        ]
        trials.append(tried(features, classes, parts, inputs.test))
    synthetic, real = trials
    value, interval = difference(balanced_accuracy, synthetic, real, inputs.test)
    return {
        "films": dict(zip(told.names, map(int, films), strict=True)),
        "seeds": SEEDS,
        "tested": {"films": len(told.control), "patients": len({*told.patients})},
        "chance": 1 / len(told.names),
        "synthetic": arm(synthetic, inputs.test, told.names),
        "real": arm(real, inputs.test, told.names),
        "difference": value,
        "interval": interval,
    }


def arm(trial: Trial, test: Test, names: Sequence[str]) -> Report:
    """What one classifier came to."""
    value, interval = accuracy(trial, test)
    return {
        "accuracy": value,
        "interval": interval,
        "auc": trial.area,
        "recalls": dict(zip(names, map(float, recalls(trial, test)), strict=True)),
    }


def drawn(classes: ClassNumbers, films: NDArray[np.int64], chance: np.random.Generator) -> Places:
    """Places of so many films of each class, at random.

    Args:
        classes: (n,).
        films: (classes,) no more than there are.
        chance: which.
    """
    return np.concatenate(
        [
            chance.permutation(np.flatnonzero(classes == number))[:count]
            for number, count in enumerate(films)
        ]
    )
