"""Do synthetic films of rare classes make a classifier fairer: its gap with and without them.

After Ktena et al. (Generative models improve fairness of medical classifiers under distribution
shifts, Nature Medicine 30, 2024), who added synthetic films of rare groups to real ones: the
*fairness gap*, how much more of the best class's control films a classifier gets right than of the
worst one's, of a classifier of trained films alone and of one that learns from synthetic films
beside them. Two ways of adding: *rare* fills every class up to the films of the most common one;
*uniform* adds as many of every class as that one has. Both classifiers let all classes count alike
however many films they have, which by itself is a remedy for rare classes: what is shown is what
films add to it.

It *helps* where the whole 95 % interval of the difference of the gaps lies below 0, unless that of
the accuracy does, too: a gap can be closed by getting the best class wrong, which helps nobody. It
*widens the gap* where the interval lies above 0, and else nothing is shown. The intervals hold the
chance of patients and of seeds (`learning.difference`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxr_release.scorecard.classes.accuracy_score import (
    MOST_OF_CLASS,
    Inputs,
    Told,
    arm,
    drawn,
)
from cxr_release.scorecard.classes.learning import (
    SEEDS,
    SHARE,
    balanced_accuracy,
    difference,
    gap,
    recalls,
    tried,
)
from cxr_release.scorecard.classes.rows import verdict_of

Report = dict[str, Any]
RARE, UNIFORM = "rare", "uniform"


def oversampling(told: Told, inputs: Inputs) -> Report:
    """The fairness gap with and without synthetic films, ready for JSON.

    Args:
        told: the films.
        inputs: what the classifier sees of them.

    Returns:
        `real`, the classifier of trained films alone, with its `gap`; and `arms`, for each way of
        adding: `added`, films of each class, `gap`, `difference`, `interval` and `verdict`.
    """
    have = np.minimum(told.counts(told.trained_classes), MOST_OF_CLASS)
    films = np.maximum(1, (SHARE * have).astype(np.int64))
    most = int(films.max())
    there = told.counts(told.released_classes)
    added = {RARE: np.minimum(most - films, there), UNIFORM: np.minimum(most, there)}
    features = np.concatenate([inputs.trained, inputs.released])
    classes = np.concatenate([told.trained_classes, told.released_classes])
    start = len(told.trained_classes)
    test = inputs.test
    real = [
        drawn(told.trained_classes, films, np.random.default_rng([seed, 1]))
        for seed in range(SEEDS)
    ]
    alone = tried(features, classes, real, test)
    arms: list[Report] = []
    for how, more in added.items():
        if not more.any():
            arms.append({"how": how, "why_not": "no class is rarer than another"})
            continue
        parts = [
            np.append(places, start + drawn(told.released_classes, more, _chance(seed)))
            for seed, places in enumerate(real)
        ]
        both = tried(features, classes, parts, test)
        value, interval = difference(gap, both, alone, test)
        better, of_better = difference(balanced_accuracy, both, alone, test)
        arms.append(
            {
                "how": how,
                "added": dict(zip(told.names, map(int, more), strict=True)),
                "gap": float(gap(recalls(both, test))),
                "difference": value,
                "interval": interval,
                "verdict": verdict_of(interval, of_better),
                "accuracy_difference": better,
                "accuracy_interval": of_better,
                "classifier": arm(both, test, told.names),
                "why_not": None,
            }
        )
    return {
        "films": dict(zip(told.names, map(int, films), strict=True)),
        "seeds": SEEDS,
        "real": {
            "gap": float(gap(recalls(alone, test))),
            "classifier": arm(alone, test, told.names),
        },
        "arms": arms,
    }


def _chance(seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, 2])
