"""Which way films face, found by laying them on a mean film and on its mirror image.

A film lies better on the mean film than on its mirror image when the mirror-antisymmetric parts
of the two agree. As with polarity, these parts share one direction up to their sign. Nothing in
the pictures says which sign is left: a few films that somebody marked do.

All films here are of one polarity (see `polarity`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxr_release.radiographs.thumbnail import Direction, Thumbnail, antisymmetric, principal

Facing = Literal["left", "right"]


def find_facings(small: Thumbnail, left_facing: Sequence[int]) -> list[Facing]:
    """Find the facing of every film of a cohort from a few films that face left.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity.
        left_facing: indices of films known to face left, at least one. Their majority decides;
            they themselves face left by definition.

    Returns:
        n facings, in the order of the films.
    """
    if not left_facing:
        raise ValueError("facing needs at least one film that is known to face left")
    parts = antisymmetric(small)
    along = parts @ principal(parts)
    anchors = along[list(left_facing)]
    majority = np.sign(anchors).sum() or anchors.sum()
    facings = _facings(along if majority >= 0 else -along)
    for index in left_facing:
        facings[index] = "left"
    return facings


def reference_of(small: Thumbnail) -> Direction:
    """What films that all face left have in common, (d,): the reference of `leanings`.

    Args:
        small: thumbnails (n, SIDE, SIDE) of films of one polarity that face left, n ≥ 1.
    """
    mean = antisymmetric(small).mean(axis=0)
    reference: Direction = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return reference


def leanings(small: Thumbnail, reference: Direction) -> NDArray[np.float32]:
    """How surely films face left: correlation with the reference, (n,).

    1 is the reference itself, -1 its mirror image, near 0 neither (no film of this kind, or none
    that can be told from its mirror image).
    """
    along: NDArray[np.float32] = antisymmetric(small) @ reference
    return along


def facing_of(small: Thumbnail, reference: Direction) -> list[Facing]:
    """Facings of films that the reference was not made from, such as synthetic ones."""
    return _facings(leanings(small, reference))


def _facings(along: NDArray[np.float32]) -> list[Facing]:
    return ["left" if one >= 0 else "right" for one in along]
