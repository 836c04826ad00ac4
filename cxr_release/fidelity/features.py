"""Features of films without weights: a random convolution network.

**What it is.** Two layers of convolution with fixed random filters and rectifiers over three
scales of the film, pooled on a coarse grid, projected at random to a few numbers. Filters of the
first layer have zero mean: they see edges and texture, not brightness, which enters by itself.
Networks with random weights keep much of what makes images alike (Saxe et al., On Random Weights
and Unsupervised Feature Learning, ICML 2011), so that a distance over these features falls as
films come to look like radiographs.

**What it is not.** It has learnt nothing. A Fréchet distance over it is not an FID: it cannot be
compared with a published FID, nor across film sizes. It ranks checkpoints of one run, where
no weights are at hand.

Films and their mirror images have the same features: which way a film faces is settled after
sampling and must not count here.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

DIMENSIONS = 32
"""Few, so that some 50 films suffice for a covariance."""

FILTERS = (16, 32)
SCALES = 3
GRID = 4
BATCH = 64
_SEED = 20_260_101
"""Fixed for ever: other filters would give other distances."""


def random_conv_features(films: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Features of films.

    Args:
        films: (n, height, width) uint8, at least 32 pixels high and wide.

    Returns:
        (n, 32) float64, the same for a film and its mirror image.
    """
    first, second, projection = _weights()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(films), BATCH):
            batch = torch.from_numpy(films[start : start + BATCH]).unsqueeze(1).float()
            unit = batch.div_(127.5).sub_(1)
            pooled = _pooled(unit, first, second) + _pooled(unit.flip(-1), first, second)
            rows.append(pooled / 2 @ projection)
    return torch.cat(rows).double().numpy()


def _pooled(films: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """(b, 1, h, w) → (b, features) before projection."""
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
    return torch.from_numpy(values).float()
