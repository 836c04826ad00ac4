"""How near real films are to other real films: the baselines of the audit.

Other films are those of other patients where it is stated whose each film is; else any other film.

In every view and look in which a synthetic film is held against a real one, or they would not
compare. Plain float64 products: there are few real films beside the synthetic ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release.memorization.cosines import DIGITS, Features, Floats, unit_rows

BLOCK = 256
"""Films whose products are in memory at a time."""


def nearest_apart(
    views: Mapping[str, Features], looks: Sequence[Features], groups: Sequence[str]
) -> Floats:
    """Cosine of each film with its nearest film of another group, over all views and looks.

    Args:
        views: view → (n, d) features of the films as a synthetic one would be seen.
        looks: (n, d) features of the same films as real ones are seen, one or more.
        groups: n patients; or, where they are not stated, a group for each film.

    Returns:
        (n,) float64; NaN where there is no film of another group.
    """
    _, numbers = np.unique(np.array(groups), return_inverse=True)
    every = np.arange(len(groups))
    return _nearest(views, looks, every, every, numbers)


def nearest_of_others(
    views: Mapping[str, Features],
    looks: Sequence[Features],
    some: Sequence[int],
    others: Sequence[int],
) -> Floats:
    """Cosine of each of some films with the nearest of the others, over all views and looks.

    Args:
        views: see `nearest_apart`.
        looks: see there.
        some: places of k films.
        others: places of the films that they are held against.

    Returns:
        (k,) float64; NaN where there are no others.
    """
    return _nearest(views, looks, np.array(some, np.int64), np.array(others, np.int64), None)


def _nearest(
    views: Mapping[str, Features],
    looks: Sequence[Features],
    some: NDArray[np.int64],
    others: NDArray[np.int64],
    groups: NDArray[np.int64] | None,
) -> Floats:
    best = np.full(len(some), -np.inf)
    with tqdm(total=len(views) * len(looks), desc="baseline", disable=None) as bar:
        for look in looks:
            columns = unit_rows(look[others])
            for view in views.values():
                for start in range(0, len(some), BLOCK):
                    block = some[start : start + BLOCK]
                    products = np.round(unit_rows(view[block]) @ columns.T, DIGITS)
                    if groups is not None:
                        products[groups[block][:, None] == groups[others]] = -np.inf
                    highest = products.max(axis=1, initial=-np.inf)
                    best[start : start + BLOCK] = np.maximum(best[start : start + BLOCK], highest)
                bar.update()
    nearest: Floats = np.where(np.isinf(best), np.nan, best)
    return nearest
