"""Recognises a patient in another film: principal components, then whitening within patients.

Two films of a patient differ by posture, exposure and framing; films of two patients differ by
anatomy as well. Vectors are projected on principal components and divided by the covariance of
films within patients (within-class covariance normalisation, Hatch et al., Interspeech 2006), which
leaves what tells patients apart; films are as alike as the cosine of what is left. Closed form, no
weights from elsewhere. It is learnt on patients who are not looked for by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.parallel import one_thread_each
from cxr_release.scorecard.vectors import Vectors, unit

COMPONENTS = 100
"""Principal components, at most."""
RIDGE = 0.01
"""Of the mean variance within patients, added to each direction: few pairs of films leave some
directions without any."""
FEWEST = 8
"""Further films of patients, beyond the first of each, that a re-identifier is learnt from at
least."""


@dataclass(frozen=True)
class Reidentifier:
    """A projection after which films of one patient are alike."""

    mean: NDArray[np.float64]
    """(d,)."""
    projection: NDArray[np.float64]
    """(d, components)."""

    def __call__(self, vectors: Vectors) -> Vectors:
        """(films, components), rows of length 1, of (films, d) vectors."""
        with one_thread_each():
            return unit((vectors - self.mean) @ self.projection)


def learn(vectors: Vectors, patients: Sequence[str]) -> Reidentifier | None:
    """A re-identifier of films of patients, of whom some have several.

    Args:
        vectors: (n, d) of the films that it is learnt from.
        patients: (n,) whose they are.

    Returns:
        None where too few patients have several films.
    """
    from sklearn.decomposition import PCA

    owners = np.unique(list(patients), return_inverse=True)[1]
    counts = np.bincount(owners)
    further = int((counts - 1).sum())
    if further < FEWEST:
        return None
    with one_thread_each():
        components = min(COMPONENTS, len(vectors) - 1, vectors.shape[1])
        pca = PCA(components, svd_solver="full").fit(vectors.astype(np.float64))
        projected = (vectors - pca.mean_) @ pca.components_.T
        sums = np.zeros((len(counts), components))
        np.add.at(sums, owners, projected)
        rest = projected - (sums / counts[:, None])[owners]
        within = rest.T @ rest / further
        within += np.eye(components) * RIDGE * np.trace(within) / components
        # (L Lᵀ)⁻¹ is the inverse of the covariance: after L⁻ᵀ films of a patient scatter by 1.
        whitening = np.linalg.inv(np.linalg.cholesky(within)).T
        return Reidentifier(pca.mean_, pca.components_.T @ whitening)
