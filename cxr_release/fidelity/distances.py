"""How far drawn films are from real ones, and how they lie among them.

The Fréchet distance of two sets of features, and how much of it is chance: over Inception's
features it is the FID (Heusel et al., 2017); over `random_conv_features` it is not, and is called
`frechet_random_conv`.

Precision, recall, density and coverage: each film of a set has a ball around its features that
reaches to its fifth nearest neighbour in the set; the balls together represent all films of that
kind.

- Precision (Kynkäänniemi et al., Improved Precision and Recall Metric, NeurIPS 2019): share of
  drawn films in the ball of at least one real film. Low: films that look like no real one.
- Recall (the same): share of real films in the ball of at least one drawn film. Low: kinds of
  film that are never drawn.
- Density (Naeem et al., Reliable Fidelity and Diversity Metrics, ICML 2020): number of real
  balls that a drawn film lies in, over the number of neighbours. Unlike precision it is not
  swayed by one stray real film; it can exceed 1.
- Coverage (the same): share of real films whose ball holds at least one drawn film.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxr_release.film_size import Size, at_once

if TYPE_CHECKING:
    from torch import Tensor

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
        distances of equal n, and compare them with `real_floor`.
    """
    shift = first.mean(axis=0) - second.mean(axis=0)
    spread = [(part - part.mean(axis=0)) / np.sqrt(len(part) - 1) for part in (first, second)]
    if min(len(first), len(second)) < first.shape[1]:
        overlap = np.linalg.svd(spread[0] @ spread[1].T, compute_uv=False).sum()
    else:
        root = _root(spread[0].T @ spread[0])
        shared = np.linalg.eigvalsh(root @ (spread[1].T @ spread[1]) @ root)
        overlap = np.sqrt(shared.clip(min=0)).sum()
    scatter = sum(float((part**2).sum()) for part in spread)
    return float(max(0.0, shift @ shift + scatter - 2 * overlap))


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Symmetric square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    root: NDArray[np.float64] = (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
    return root


def real_floor(real: NDArray[np.float64], images: int, *, seed: int) -> float:
    """The distance that real films would score in place of drawn ones.

    Mean over random divisions of the real films into `images` of them (at most half) and the
    rest. A set of `images` drawn films near this value cannot be told from real ones.

    Args:
        real: (n, d) features of the real films, n ≥ 4.
        images: films that are drawn at each checkpoint.
        seed: of the divisions.
    """
    chance = np.random.Generator(np.random.PCG64(seed))
    count = min(images, len(real) // 2)
    orders = [chance.permutation(len(real)) for _ in range(FLOOR_DRAWS)]
    scores = [frechet_distance(real[order[:count]], real[order[count:]]) for order in orders]
    return float(np.mean(scores))


NEIGHBOURS = 5
"""The neighbour that a ball reaches to, as Naeem et al. recommend."""

BLOCK = 512
"""Rows of the distances that are held at once: 30 MB against 7,250 films."""

Features = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """The four measures film by film; each is the mean of its array.

    An interval of such a mean takes the other set of films, and its balls, as given.
    """

    precision: NDArray[np.float64]
    """(drawn,) 1 where a drawn film lies in a real film's ball, else 0."""
    recall: NDArray[np.float64]
    """(real,) 1 where a real film lies in a drawn film's ball, else 0."""
    density: NDArray[np.float64]
    """(drawn,) real balls that hold the film, over the number of neighbours; 0 or more."""
    coverage: NDArray[np.float64]
    """(real,) 1 where a real film's ball holds a drawn film, else 0."""


def reach(features: Features) -> NDArray[np.float64]:
    """Distance of each film to its fifth nearest neighbour, itself left out.

    In a set of fewer than six films, to the farthest one. Exact: distances are summed from
    differences, so that equal films are 0 apart and the order of a pair does not matter.

    Args:
        features: (n, d).

    Returns:
        (n,) 0 or more; 0 for a film alone.
    """
    nearest = _neighbours(features)
    if nearest == 0:
        return np.zeros(len(features))
    distances = np.empty(len(features))
    for rows in _blocks(len(features)):
        to_others = _distances(features[rows], features)
        to_others[np.arange(len(to_others)), np.arange(rows.start, rows.stop)] = np.inf
        distances[rows] = np.partition(to_others, nearest - 1, axis=1)[:, nearest - 1]
    return distances


def overlap(drawn: Features, real: Features, *, real_reach: NDArray[np.float64]) -> Overlap:
    """Precision, recall, density and coverage of drawn films, film by film.

    Memory is bounded by a block of rows; time grows with (drawn + real) × drawn × features: a
    minute for 7,250 and 4,963 films of 2,048 features on one core.

    Args:
        drawn: (n, d) features of the drawn films, n ≥ 1.
        real: (m, d) features of the real films, m ≥ 1.
        real_reach: (m,) `reach(real)`, which is the same for every checkpoint.
    """
    drawn_reach = reach(drawn)
    holding = np.empty(len(drawn))
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows in _blocks(len(drawn)):
        distances = _distances(drawn[rows], real)
        inside = distances <= real_reach
        holding[rows] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        recalled |= (distances <= drawn_reach[rows, None]).any(axis=0)
    return Overlap(
        precision=(holding > 0).astype(np.float64),
        recall=recalled.astype(np.float64),
        density=holding / max(1, _neighbours(real)),
        coverage=covered.astype(np.float64),
    )


def _neighbours(features: Features) -> int:
    return min(NEIGHBOURS, len(features) - 1)


def _blocks(rows: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK)]


def _distances(rows: Features, columns: Features) -> NDArray[np.float64]:
    from scipy.spatial.distance import cdist

    # Not through products of the features: what those lose to rounding, two equal films lose too,
    # and a ball of radius 0 would no longer hold its own film.
    distances: NDArray[np.float64] = cdist(rows, columns)
    return distances


DIMENSIONS = 32
"""Few, so that some 50 films suffice for a covariance."""

FILTERS = (16, 32)
SCALES = 3
GRID = 4
BATCH = 64
_SEED = 20_260_101
"""Fixed for ever: other filters would give other distances."""


def random_conv_features(films: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Features of films without weights: a random convolution network.

    Two layers of convolution with fixed random filters and rectifiers over three scales of the
    film, pooled on a coarse grid, projected at random to a few numbers. Filters of the first layer
    have zero mean: they see edges and texture, not brightness, which enters by itself. Networks
    with random weights keep much of what makes images alike (Saxe et al., On Random Weights and
    Unsupervised Feature Learning, ICML 2011), so that a distance over these features falls as films
    come to look like radiographs.

    The network has learnt nothing. A Fréchet distance over it is not an FID: it cannot be compared
    with a published FID, nor across film sizes. It ranks checkpoints of one run, where no weights
    are at hand.

    Films and their mirror images have the same features: which way a film faces is settled after
    sampling and must not count here.

    Args:
        films: (n, height, width) uint8, at least 32 pixels high and wide.

    Returns:
        (n, 32) float64, the same for a film and its mirror image.
    """
    import torch

    first, second, projection = _weights()
    rows = []
    with torch.inference_mode():
        step = at_once(BATCH, Size.of_shape(films.shape))
        for start in range(0, len(films), step):
            batch = films[start : start + step].astype(np.float32)
            unit = torch.from_numpy(batch).unsqueeze(1).div_(127.5).sub_(1)
            pooled = _pooled(unit, first, second) + _pooled(unit.flip(-1), first, second)
            rows.append(pooled / 2 @ projection)
    return torch.cat(rows).double().numpy()


def _pooled(films: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """(b, 1, h, w) → (b, features) before projection."""
    import torch
    from torch.nn import functional

    parts = []
    for scale in range(SCALES):
        level = functional.avg_pool2d(films, 2**scale)
        edges = functional.relu(functional.conv2d(level, first, stride=2, padding=3))
        texture = functional.relu(functional.conv2d(edges, second, padding=1))
        for layer in (level, edges, texture):
            parts.append(functional.adaptive_avg_pool2d(layer, GRID).flatten(1))
    return torch.cat(parts, dim=1)


def _weights() -> tuple[Tensor, Tensor, Tensor]:
    """Filters of both layers, each of unit gain, and the projection."""
    chance = np.random.Generator(np.random.PCG64(_SEED))
    first = chance.standard_normal((FILTERS[0], 1, 7, 7))
    first -= first.mean(axis=(2, 3), keepdims=True)
    first /= np.linalg.norm(first, axis=(2, 3), keepdims=True)
    second = chance.standard_normal((FILTERS[1], FILTERS[0], 3, 3)) * np.sqrt(2 / (FILTERS[0] * 9))
    inputs = SCALES * GRID**2 * (1 + sum(FILTERS))
    projection = chance.standard_normal((inputs, DIMENSIONS)) / np.sqrt(DIMENSIONS)
    return _tensor(first), _tensor(second), _tensor(projection)


def _tensor(values: NDArray[np.float64]) -> Tensor:
    import torch

    return torch.from_numpy(values).float()
