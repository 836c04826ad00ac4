"""The real films that synthetic films are nearest to: every pair, in every view, look and part.

Vectors are integers (see `descriptor`), so that their products are exact, and what is found does
not depend on blocks, threads or the order of the films. Ties go to the real film whose id comes
first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from cxr_release.memorization.descriptor import LENGTH, Features

TILE = 2**20
"""Products of one look that are held at a time, by each thread: 4 MB."""
PER_SLOT = 2
"""Real films that are kept of each part and view."""

Places = NDArray[np.int32]
Cosines = NDArray[np.float32]


@dataclass(frozen=True)
class Slots:
    """The nearest references of some films, of each part and view: all arrays (n, slots)."""

    cosine: Cosines
    """−1 … 1; below −1 where there is no reference."""
    reference: Places
    part: NDArray[np.int8]
    view: NDArray[np.int8]
    """Place of one of `schemas.VIEWS`."""

    def of_part(self, part: int) -> Cosines:
        """(n,) the highest cosine of each film in a part; −∞ where there is no reference."""
        cosines = np.where(self.part == part, self.cosine, -np.inf).max(axis=1)
        return np.where(cosines < -1, -np.inf, cosines).astype(np.float32)


Query = Callable[[slice], Sequence[tuple[int, int, bool, Features]]]
"""Some films → part, view, whether the inverted view counts too, and their vectors (k, d)."""


def search(
    query: Query,
    films: int,
    references: Sequence[Sequence[Features]],
    *,
    groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    task: str = "search",
) -> Slots:
    """Compare films with references.

    Args:
        query: of a slice of the films; asked from several threads.
        films: how many there are.
        references: part → looks → (m, d) vectors of the references: their best look counts.
        groups: a number of each film and of each reference: those of one number are not compared.
        task: what the bar on standard error says.

    Returns:
        The two nearest references of each film in each part and view, or as many as there are.
    """
    columns = [[np.ascontiguousarray(look.T, np.float32) for look in looks] for looks in references]
    count = len(references[0][0])
    step = max(1, min(256, TILE // max(count, 1)))
    blocks = [slice(start, min(start + step, films)) for start in range(0, films, step)]

    def of_block(block: slice) -> list[tuple[Cosines, Places, int, int]]:
        barred = None
        if groups is not None:
            barred = groups[0][block, None] == groups[1][None, :]
        slots = []
        for part, view, signed, vectors in query(block):
            highest, lowest = _extremes(vectors.astype(np.float32), columns[part], signed=signed)
            slots += [(*kept, part, view) for kept in _best(highest, barred)]
            if lowest is not None:
                slots += [(*kept, part, view + 2) for kept in _best(np.negative(lowest), barred)]
        return slots

    with (
        threadpool_limits(limits=1),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        progress(task, films) as bar,
    ):
        results = []
        for block, slots in zip(blocks, pool.map(of_block, blocks), strict=True):
            results.append(slots)
            bar.update(block.stop - block.start)
    return _joined(results)


def _extremes(
    rows: NDArray[np.float32], looks: Sequence[NDArray[np.float32]], *, signed: bool
) -> tuple[Cosines, Cosines | None]:
    """(k, m) highest product over the looks, and the lowest where the inverted view counts.

    Of a film inverted every number of its vector changes its sign.
    """
    highest = rows @ looks[0]
    lowest = highest.copy() if signed else None
    product = np.empty_like(highest) if len(looks) > 1 else highest
    for look in looks[1:]:
        np.matmul(rows, look, out=product)
        np.maximum(highest, product, out=highest)
        if lowest is not None:
            np.minimum(lowest, product, out=lowest)
    return highest, lowest


def _best(products: Cosines, barred: NDArray[np.bool_] | None) -> Iterator[tuple[Cosines, Places]]:
    """The highest of each row, (k,), and where it stands; then the next one. Spoils `products`."""
    every = np.arange(len(products))
    nothing = np.float32(-2 * LENGTH**2)
    if barred is not None:
        products[barred] = nothing
    for _ in range(min(PER_SLOT, products.shape[1])):
        place = products.argmax(axis=1)
        best = products[every, place]
        products[every, place] = nothing
        yield best / np.float32(LENGTH**2), place.astype(np.int32)


def _joined(blocks: Sequence[Sequence[tuple[Cosines, Places, int, int]]]) -> Slots:
    def column(place: int) -> list[NDArray[np.generic]]:
        return [np.stack([slot[place] for slot in slots], axis=1) for slots in blocks]

    cosine, reference = np.concatenate(column(0)), np.concatenate(column(1))
    parts, views = (np.array([slot[place] for slot in blocks[0]], np.int8) for place in (2, 3))
    shape = cosine.shape
    return Slots(
        cosine.astype(np.float32),
        reference.astype(np.int32),
        np.broadcast_to(parts, shape),
        np.broadcast_to(views, shape),
    )


def merged(*slots: Slots) -> Slots:
    """Slots of the same films, side by side."""
    return Slots(
        *(
            np.hstack([getattr(each, name) for each in slots])
            for name in ("cosine", "reference", "part", "view")
        )
    )


def progress(task: str, films: int) -> tqdm[NoReturn]:
    """A bar on standard error with the time to go, where that is a terminal."""
    return tqdm(total=films, desc=task, unit="film", disable=None, file=sys.stderr)
