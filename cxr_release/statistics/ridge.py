"""Ridge regression in closed form, of few films with many pixels.

With fewer films than pixels the n × n matrix of their products is what has to be solved (the dual
form; Saunders, Gammerman and Vovk, ICML 1998): W = Xᵀ (X Xᵀ + λ)⁻¹ Y, of centred X and Y.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

STRENGTHS = tuple(10.0 ** (power / 2) for power in range(-8, 3))
"""Tried, in units of the films' mean squared length."""


def strength_of(inputs: Numbers, targets: Numbers) -> float:
    """The λ of `STRENGTHS` that predicts each film best from all others.

    Leaving a film out needs no new fit: its residual is that of the full fit over 1 − H_ii, with H
    the matrix that takes targets to fitted values, their mean included.

    Args:
        inputs: (n, p), n ≥ 3.
        targets: (n, q).

    Returns:
        λ, above 0.
    """
    centred, wanted = inputs - inputs.mean(axis=0), targets - targets.mean(axis=0)
    products = centred @ centred.T
    unit: float = max(float(np.trace(products)) / len(inputs), 1e-9)
    values, vectors = np.linalg.eigh(products)
    turned = vectors.T @ wanted
    best, least = STRENGTHS[-1] * unit, math.inf
    for strength in STRENGTHS[::-1]:
        shrunk = np.maximum(values, 0) / (np.maximum(values, 0) + strength * unit)
        fitted = vectors @ (shrunk[:, None] * turned)
        leverage = (vectors**2) @ shrunk + 1 / len(inputs)
        left_out = (wanted - fitted) / np.maximum(1 - leverage, 1e-9)[:, None]
        error = float((left_out**2).sum())
        if error < least:
            best, least = strength * unit, error
    return float(best)


@dataclass(frozen=True)
class Fitted:
    """A ridge regression that was fitted."""

    mean: Numbers
    """(p,) of the inputs."""
    level: Numbers
    """(q,) mean of the targets."""
    weights: Numbers
    """(p, q)."""

    def of(self, tested: Numbers) -> Numbers:
        """Predictions (m, q) of inputs (m, p)."""
        values: Numbers = self.level + (tested - self.mean) @ self.weights
        return values


def fitted(inputs: Numbers, targets: Numbers, strength: float) -> Fitted:
    """A ridge regression of films.

    Args:
        inputs: (n, p) of films to learn from.
        targets: (n, q).
        strength: λ, above 0; see `strength_of`.
    """
    from scipy.linalg import solve

    mean, level = inputs.mean(axis=0), targets.mean(axis=0)
    centred = inputs - mean
    products = centred @ centred.T
    products[np.diag_indices_from(products)] += strength
    weights = solve(products, targets - level, assume_a="pos", overwrite_a=True)
    return Fitted(mean, level, centred.T @ weights)


def predicted(inputs: Numbers, targets: Numbers, tested: Numbers, strength: float) -> Numbers:
    """What films (m, p) are predicted to have, by a ridge regression of others; see `fitted`."""
    return fitted(inputs, targets, strength).of(tested)
