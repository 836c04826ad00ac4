"""Classification accuracy score: trained on synthetic films with classes, tested on real films.

After Ravuri and Vinyals (Classification Accuracy Score for Conditional Generative Models, NeurIPS
2019), with a teacher where synthetic films come without classes (see `students`). What is measured
is the area under the ROC curve, which does not hang on how common a class is: of each class against
all others, and the mean of these.

A teacher that labels noise hands on much of what it knows, as who asks a model about anything can
copy it: where noise teaches as much as real films do, the protocol is not sensitive, and says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.schemas import SMALL
from cxr_release.scorecard.sets import Places
from cxr_release.scorecard.utility.labelled import Labelled, classes_of
from cxr_release.scorecard.utility.labels import Labels
from cxr_release.scorecard.utility.pools import Pools
from cxr_release.scorecard.utility.students import taught
from cxr_release.scorecard.utility.task import About
from cxr_release.statistics.ridge import Numbers

CLASSIFICATION = "classification"
LEAST_OF_CLASS = 12
"""Control films, and trained ones, of a class that is told apart."""
MOST_CLASSES = 20
"""The most common ones."""
SIDE = 16
"""Pixels of a film's side that the classifier sees."""
INVERSE_STRENGTH = 0.1
"""Of the regression's penalty (scikit-learn's C), of pixels of variance 1."""


@dataclass(frozen=True)
class Classification:
    """The task with a logistic regression; see `task.Task`."""

    about: About
    usable: Places
    inputs: Numbers
    """(films, SIDE²)."""
    classes: NDArray[np.int64]
    """(films,) what a student is told: films' own classes, or the teacher's."""
    count: int
    """Of classes."""

    def score(self, learnt: Places, tested: Places, seed: int) -> float:
        """Mean area under the ROC curves."""
        scores = class_scores(
            self.inputs[learnt], self.classes[learnt], self.inputs[tested], self.count
        )
        return mean_area(scores, self.classes[tested])


def told_apart(pools: Pools, labels: Labels) -> dict[str, int]:
    """Classes with enough control and trained films → their numbers; the most common ones."""
    control, trained = (
        Counter(labels.classes.get(pools.ids[int(place)]) for place in places)
        for places in (pools.control, pools.trained)
    )
    names = [
        name
        for name in sorted({*labels.classes.values()}, key=lambda name: (-control[name], name))
        if min(control[name], trained[name]) >= LEAST_OF_CLASS
    ]
    return {name: number for number, name in enumerate(names[:MOST_CLASSES])}


def labelled_classes(pools: Pools, labels: Labels) -> Labelled | None:
    """The classes of films; None where fewer than two can be told apart."""
    places = told_apart(pools, labels)
    return classes_of(pools, labels, places) if len(places) > 1 else None


def classification(pools: Pools, labelled: Labelled) -> Classification:
    """The task on some films."""
    reduced = pools.pictures.reshape(-1, SIDE, SMALL // SIDE, SIDE, SMALL // SIDE)
    inputs = reduced.mean(axis=(2, 4)).reshape(len(pools.pictures), -1) / 255
    own = labelled.teaching
    count = int(np.nanmax(labelled.values)) + 1
    scores = class_scores(inputs[own], labelled.values[own, 0].astype(np.int64), inputs, count)
    classes = told_classes(pools, labelled, scores)
    return Classification(about_classes(labelled), labelled.control, inputs, classes, count)


def about_classes(labelled: Labelled) -> About:
    """What the task's numbers mean."""
    return About(CLASSIFICATION, labelled.labels, "AUC", "higher")


def told_classes(pools: Pools, labelled: Labelled, scores: Numbers) -> NDArray[np.int64]:
    """(films,) classes that a student is told, by a teacher's scores (films, classes)."""
    teacher = scores.argmax(axis=1).astype(np.float64)[:, None]
    return taught(pools, labelled, teacher)[:, 0].astype(np.int64)


def class_scores(
    inputs: Numbers, classes: NDArray[np.int64], tested: Numbers, count: int
) -> Numbers:
    """(m, count) probabilities of each class; 0 of those that no film to learn from has."""
    return class_scorer(inputs, classes, count)(tested)


def class_scorer(
    inputs: Numbers,
    classes: NDArray[np.int64],
    count: int,
    *,
    strength: float = INVERSE_STRENGTH,
) -> Callable[[Numbers], Numbers]:
    """A logistic regression of films with classes: of (m, q) inputs it says (m, count) scores.

    The scores are probabilities as if all classes were equally common; 0 of those that no film to
    learn from has.

    Args:
        inputs: (n, q) of films to learn from.
        classes: (n,) their classes.
        count: of classes.
        strength: see `INVERSE_STRENGTH`.
    """
    from sklearn.linear_model import LogisticRegression

    present = np.unique(classes)
    if len(present) == 1:
        return lambda tested: np.eye(count)[np.repeat(present, len(tested))]
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    spread[spread == 0] = 1
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=1000, tol=1e-3).fit(
        (inputs - mean) / spread, classes
    )

    def scores_of(tested: Numbers) -> Numbers:
        scores = np.zeros((len(tested), count))
        if len(tested):
            scores[:, present] = model.predict_proba((tested - mean) / spread)
        return scores

    return scores_of


def mean_area(scores: Numbers, classes: NDArray[np.int64]) -> float:
    """Mean area under the ROC curve of each class against all others; 0.5 where there is none.

    Args:
        scores: (n, classes).
        classes: (n,) true ones. A class that none of the films has, or all, has no curve.
    """
    from sklearn.metrics import roc_auc_score

    areas = [
        float(roc_auc_score(classes == number, scores[:, number]))
        for number in range(scores.shape[1])
        if 0 < np.count_nonzero(classes == number) < len(classes)
    ]
    return float(np.mean(areas)) if areas else 0.5
