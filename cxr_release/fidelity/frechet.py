"""The Fréchet distance of two sets of features, and how much of it is chance.

Over Inception's features this is the FID (Heusel et al., 2017); over `random_conv_features` it is
not, and is called `frechet_random_conv`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FEATURES = "random convolution features"
"""What people read the features of `random_conv_features` called."""

FLOOR_DRAWS = 8
"""Random divisions of the real films over which the floor is averaged."""


def frechet_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Squared Fréchet (2-Wasserstein) distance of the Gaussians fitted to two sets of features.

    |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½), after Dowson and Landau, The Fréchet distance
    between multivariate normal distributions, J. Multivariate Anal. 12 (1982). The roots are
    taken through eigenvalues, which holds for singular covariances too. Where films are fewer than
    features, the trace of the last root is the sum of singular values of AᵀB, with Σ₁ = A Aᵀ and
    Σ₂ = B Bᵀ: the same number from a matrix of films instead of features.

    Args:
        first: (n, d) features, n ≥ 2.
        second: (m, d) features, m ≥ 2.

    Returns:
        0 or more, in squared units of the features. Biased upwards for small sets: compare only
        distances of equal n, and hold them against `real_floor`.
    """
    shift = first.mean(axis=0) - second.mean(axis=0)
    spread = [(one - one.mean(axis=0)) / np.sqrt(len(one) - 1) for one in (first, second)]
    if min(len(first), len(second)) < first.shape[1]:
        overlap = np.linalg.svd(spread[0] @ spread[1].T, compute_uv=False).sum()
    else:
        root = _root(spread[0].T @ spread[0])
        shared = np.linalg.eigvalsh(root @ (spread[1].T @ spread[1]) @ root)
        overlap = np.sqrt(shared.clip(min=0)).sum()
    scatter = sum(float((one**2).sum()) for one in spread)
    return float(max(0.0, shift @ shift + scatter - 2 * overlap))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def real_floor(real: NDArray[np.float64], images: int, *, seed: int) -> float:
    """The distance that real films would score, were they taken for drawn ones.

    Mean over random divisions of the real films into `images` of them (at most half) and the
    rest. A set of `images` drawn films near this value cannot be told from real ones.

    Args:
        real: (n, d) features of the real films, n ≥ 4.
        images: films that are drawn at each checkpoint.
        seed: of the divisions.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    taken = min(images, len(real) // 2)
    orders = [chance.permutation(len(real)) for _ in range(FLOOR_DRAWS)]
    scores = [frechet_distance(real[order[:taken]], real[order[taken:]]) for order in orders]
    return float(np.mean(scores))
