"""Can a classifier tell two sets of films apart: a two-sample test by classification.

Logistic regression of standardised features is fitted on four fifths of the films and asked for the
rest (Lopez-Paz and Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017); folds share no
patient. The area under its ROC curve is 0.5 where it cannot tell the sets apart and 1 where it
always can. It sees what a Fréchet distance does not: blurred films have nearly the mean and
covariance of real ones, and a classifier tells nearly all of them.

A film's score counts by its rank within its fold: scores of two classifiers have no common scale,
and pooled as they are they make the area of equal sets too small. The interval is that of clustered
values (`clustered_auc`): it takes the classifiers as given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import one_thread_each
from cxr_release.statistics.bootstrap import cluster_numbers
from cxr_release.statistics.clustered_auc import ClusteredAuc, clustered_auc

FOLDS = 5
PENALTY = 1.0
"""Scikit-learn's `C`."""

Features = NDArray[np.float64]


def two_sample_test(
    drawn: Features,
    real: Features,
    *,
    drawn_patients: Sequence[str],
    real_patients: Sequence[str],
) -> ClusteredAuc | None:
    """How well drawn films are told from real ones that the classifier has not seen.

    Args:
        drawn: (n, d).
        real: (m, d).
        drawn_patients: (n,) whose each film is; of a synthetic film, a name of its own.
        real_patients: (m,).

    Returns:
        The area, 0 … 1, and its interval; None where either set has films of fewer than `FOLDS`
        patients.
    """
    from scipy.stats import rankdata

    owners = [cluster_numbers(drawn_patients), cluster_numbers(real_patients)]
    if min(int(each.max(initial=-1)) + 1 for each in owners) < FOLDS:
        return None
    features = np.concatenate([drawn, real])
    is_drawn = np.repeat([True, False], [len(drawn), len(real)])
    folds = np.concatenate(owners) % FOLDS
    ranks = np.empty(len(features))
    with one_thread_each():
        for fold in range(FOLDS):
            asked = folds == fold
            scores = _scores(features[~asked], is_drawn[~asked], features[asked])
            ranks[asked] = (rankdata(scores) - 0.5) / len(scores)
    return clustered_auc(
        ranks[is_drawn],
        ranks[~is_drawn],
        positive_clusters=drawn_patients,
        negative_clusters=real_patients,
    )


def _scores(known: Features, labels: NDArray[np.bool_], asked: Features) -> NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression

    mean, spread = known.mean(axis=0), known.std(axis=0)
    # A feature that hardly varies tells nothing; divided by its spread it would be noise alone.
    spread = np.where(spread > 1e-12 * (1 + np.abs(mean)), spread, np.inf)
    model = LogisticRegression(C=PENALTY, max_iter=1000)
    model.fit((known - mean) / spread, labels)
    scores: NDArray[np.float64] = model.decision_function((asked - mean) / spread)
    return scores
