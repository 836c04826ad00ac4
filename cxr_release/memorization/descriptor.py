"""What the search compares: a film's small picture, in numbers that tell films apart.

All films of one view of one body part are alike in the large. A plain correlation mostly says that
two films are of the same kind; a film that was turned by 3° is then farther from its own copy than
from a stranger's film. So vectors are projected onto the directions in which films differ from each
other far more than a film differs from itself; see `discriminant`.

A film's numbers are integers: a vector of length `LENGTH`, rounded. Every partial sum of a product
of two such vectors is an integer below 2²⁴, by Cauchy and Schwarz, so that a matrix product in
float32 is exact: whatever the order of its additions, the blocks, the threads or the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.poses import Poses
from cxr_release.memorization.sampler import Floats, Pictures, Sampler, Vectors

Features = NDArray[np.int16]
"""(n, d) integers, each row of length `LENGTH` or 0."""

LENGTH = 4000
"""Of a film's vector, before it is rounded, which makes it longer by less than half the root of its
dimensions: the products of two add up to less than 2²⁴ for up to 36,000 of them."""
NOTHING = 1e-5
"""Length of a projection, of a vector of length 1, below which it is rounding error."""


@dataclass(frozen=True)
class Descriptor:
    """Turns small pictures of films, in a pose, into vectors of integers."""

    sampler: Sampler
    projections: Sequence[Vectors]
    """Of each of `PARTS`, (SIDE², d)."""

    def __call__(self, films: Pictures, poses: Poses, part: int) -> Features:
        """Vectors of films in their poses, (n, d).

        Args:
            films: (n, SMALL, SMALL); see `sampler.smooth`.
            poses: (n, 4), or (4,) for all.
            part: place of one of `PARTS`.
        """
        values, inside = self.sampler.sampled(films, poses)
        return self.described(values, inside, part)

    def described(self, values: Floats, inside: Floats, part: int) -> Features:
        """Vectors (n, d) of what a film shows in its pose; see `Sampler.vectors`."""
        return self.projected(self.sampler.vectors(values, inside, part), part)

    def projected(self, vectors: Vectors, part: int) -> Features:
        """Vectors (n, d) of those that the sampler gives."""
        return _integers(vectors @ self.projections[part], NOTHING)


def quantised(rows: NDArray[np.floating]) -> Features:
    """Vectors of any length as integer ones of length `LENGTH`: what an encoder gave, (n, d)."""
    return _integers(rows.astype(np.float64), 0)


def _integers(rows: Vectors, nothing: float) -> Features:
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > nothing)
    features: Features = np.rint(unit * LENGTH).astype(np.int16)
    return features
