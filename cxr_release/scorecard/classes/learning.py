"""A classifier of classes that learns from some films and is tested on control films, many times.

In each of `SEEDS` seeds another part of the films is drawn, so that which films there are to learn
from is seen as a chance; what every seed gets right of each control film is kept. Differences of
two such classifiers are of the same control films and the same seeds. Their interval is that of a
bootstrap in which patients, and seeds, are drawn again, each by itself (the pigeonhole bootstrap,
Owen 2007). In 300 simulations of 75 patients with films alike, of classifiers that agree in part,
it held the true difference of gaps in 96 of 100 and that of accuracies in 98.

The classifier is a logistic regression of oriented gradients (`class_model.edges`), in which all
classes count alike however many films they have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.class_model import STRENGTH, ClassNumbers, Numbers
from cxr_release.scorecard.utility.classification import class_scorer, mean_area
from cxr_release.statistics.bootstrap import BLOCK, centred, cluster_numbers

SEEDS = 5
SHARE = 0.75
"""Of the films that there are, learnt from in each seed."""
DRAWS = 2000
_SEED = 1812
_LEAST_SCATTER = 1e-12
"""Below it nothing but rounding is left."""
Places = NDArray[np.int64]
Rates = NDArray[np.float64]


@dataclass(frozen=True)
class Test:
    """Control films that classifiers are tested on."""

    inputs: Numbers
    """(films, q)."""
    truth: ClassNumbers
    """(films,) 0 … count − 1; of every class there is a film."""
    patients: tuple[str, ...]
    """(films,)."""
    count: int
    """Of classes."""


@dataclass(frozen=True)
class Trial:
    """What classifiers of several seeds get right of the films of a test."""

    right: Rates
    """(seeds, films) 1 where a film is taken for what it is, else 0."""
    area: float
    """Mean area under the ROC curves of the classes, over the seeds."""


def tried(inputs: Numbers, classes: ClassNumbers, parts: Sequence[Places], test: Test) -> Trial:
    """Learn from each part of some films, and test on others.

    Args:
        inputs: (n, q).
        classes: (n,) what they are said to be.
        parts: places of the films of each seed.
        test: what they are tested on.
    """
    import sklearn.linear_model  # noqa: F401 - its threads must be loaded to be held back

    right, areas = [], []
    with one_thread_each():
        for places in parts:
            scorer = class_scorer(inputs[places], classes[places], test.count, strength=STRENGTH)
            scores = scorer(test.inputs)
            right.append((scores.argmax(axis=1) == test.truth).astype(np.float64))
            areas.append(mean_area(scores, test.truth))
    return Trial(np.array(right), float(np.mean(areas)))


def recalls(trial: Trial, test: Test) -> Rates:
    """(classes,) share of each class's films that are right, over all seeds."""
    sums = np.bincount(test.truth, weights=trial.right.mean(axis=0), minlength=test.count)
    shares: Rates = sums / np.bincount(test.truth, minlength=test.count)
    return shares


def balanced_accuracy(shares: Rates) -> Rates:
    """Mean of the classes' recalls, which are the last axis."""
    means: Rates = shares.mean(axis=-1)
    return means


def gap(shares: Rates) -> Rates:
    """How much more of the best class is right than of the worst: the fairness gap."""
    gaps: Rates = shares.max(axis=-1) - shares.min(axis=-1)
    return gaps


def difference(
    measure: Callable[[Rates], Rates], first: Trial, second: Trial, test: Test
) -> tuple[float, list[float] | None]:
    """A measure of one classifier less that of another, with its 95 % interval.

    Args:
        measure: of the recalls of the classes, which are the last axis.
        first: what one gets right.
        second: the other; of the same films and seeds.
        test: the films.

    Returns:
        The difference, and its interval; None where it is the same in every draw, which leaves no
        scatter to say how far chance may have moved it.
    """
    numbers = cluster_numbers(test.patients)
    people, seeds = int(numbers.max()) + 1, len(first.right)
    of_class = np.eye(test.count)[test.truth]

    def values(films: Rates, of_seeds: Rates) -> Rates:
        """(draws,) by how often films, (draws, films), and seeds, (draws, seeds), count."""
        with np.errstate(invalid="ignore"):
            parts = [
                measure((films * (of_seeds @ trial.right)) @ of_class / (films @ of_class))
                for trial in (first, second)
            ]
        return parts[0] - parts[1]

    found = float(values(np.ones((1, len(test.truth))), np.full((1, seeds), 1 / seeds))[0])
    chance = np.random.default_rng(_SEED)
    block = max(1, BLOCK // len(test.truth))
    drawn = []
    for start in range(0, DRAWS, block):
        size = min(block, DRAWS - start)
        times = chance.multinomial(people, np.full(people, 1 / people), size)
        of_seeds = chance.multinomial(seeds, np.full(seeds, 1 / seeds), size) / seeds
        drawn.append(values(times[:, numbers].astype(np.float64), of_seeds))
    # A draw without a patient of some class has no value.
    scores = np.concatenate(drawn)
    scores = scores[np.isfinite(scores)]
    scatters = len(scores) > 1 and np.ptp(scores) > _LEAST_SCATTER
    return found, centred(found, scores) if scatters else None


def accuracy(trial: Trial, test: Test) -> tuple[float, list[float] | None]:
    """Balanced accuracy of one classifier, with its interval; see `difference`."""
    nothing = Trial(np.zeros_like(trial.right), 0.0)
    return difference(balanced_accuracy, trial, nothing, test)
