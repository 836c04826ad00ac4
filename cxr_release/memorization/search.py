"""Exact nearest pairs across two sets of features, in memory bounded by the block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARGIN = 1e-4
"""More than float32 products of unit vectors err: what lies this close to the last place of the
top is kept until it is scored again in float64."""


@dataclass(frozen=True, order=True)
class Pair:
    """A real and a synthetic film and the cosine of their features."""

    real_id: str
    synthetic_id: str
    cosine: float


def nearest_pairs(
    real: NDArray[np.float32],
    synthetic: NDArray[np.float32],
    *,
    real_ids: Sequence[str],
    synthetic_ids: Sequence[str],
    top: int,
    block: int = 1024,
) -> list[Pair]:
    """The `top` pairs of highest cosine, highest first; ties in the order of the ids.

    Candidates come from blocked float32 products, with a margin; their cosines are computed again
    in float64. So the answer depends neither on the block nor on the order of the films.

    Args:
        real: (n, d) features, any length; zero vectors have cosine 0 with everything.
        synthetic: (m, d) features.
        real_ids: n ids.
        synthetic_ids: m ids.
        top: pairs wanted; all n × m if there are no more.
        block: real films a matrix product.
    """
    a, b = _unit(real), _unit(synthetic)
    rows: NDArray[np.int64] = np.empty(0, np.int64)
    columns: NDArray[np.int64] = np.empty(0, np.int64)
    scores: NDArray[np.float32] = np.empty(0, np.float32)
    for start in range(0, len(a), block):
        product = a[start : start + block] @ b.T
        floor = np.float32(-np.inf)
        if len(scores) >= top:
            floor = np.partition(scores, -top)[-top] - np.float32(MARGIN)
        near = product >= max(floor, _floor(product, top))
        found = np.nonzero(near)
        rows = np.concatenate([rows, found[0] + start])
        columns = np.concatenate([columns, found[1]])
        scores = np.concatenate([scores, product[near]])
        kept = scores >= _floor(scores, top)
        rows, columns, scores = rows[kept], columns[kept], scores[kept]
    exact = _cosines(real[rows].astype(np.float64), synthetic[columns].astype(np.float64))
    pairs = [
        Pair(real_ids[row], synthetic_ids[column], float(cosine))
        for row, column, cosine in zip(rows, columns, exact, strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair.cosine, pair.real_id, pair.synthetic_id))[:top]


def _cosines(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine row by row, 0 where a row is all zeros; rounded, so that equal rows tie exactly."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = np.einsum("ij,ij->i", a, b)
    cosines: NDArray[np.float64] = np.divide(
        products, lengths, out=np.zeros_like(products), where=lengths > 0
    )
    return np.round(cosines, 12)


def _floor(scores: NDArray[np.float32], top: int) -> np.float32:
    """What a score must reach to be among the `top`, less the margin."""
    if scores.size <= top:
        return np.float32(-np.inf)
    return np.float32(np.partition(scores, -top, axis=None)[-top] - MARGIN)


def _unit(features: NDArray[np.float32]) -> NDArray[np.float32]:
    wide = features.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (wide / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return unit
