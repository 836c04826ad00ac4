"""The real films that synthetic films are nearest to: every pair, in every view, look and part.

Vectors are integers (see `descriptor`), so that their products are exact, and what is found does
not depend on blocks, threads or the order of the films. Ties go to the real film whose id comes
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.memorization.descriptor import LENGTH, Features
from cxr_release.memorization.parallel import BLOCK, in_parallel

TILE = 2**20
"""Products of one look that are held at a time, by each thread: 4 MB."""
PER_SLOT = 2
"""Real films that are kept of each part and view."""

Places = NDArray[np.int32]
Cosines = NDArray[np.float32]


@dataclass(frozen=True)
class Slots:
    """The nearest references of some films, of each part and view: all arrays (n, slots)."""

    value: Cosines
    """Cosines, −1 … 1, or scores; −∞ where there is no reference."""
    reference: Places
    part: NDArray[np.int8]
    view: NDArray[np.int8]
    """Place of one of `schemas.VIEWS`."""

    def of_part(self, part: int) -> Cosines:
        """(n,) the highest value of each film in a part; −∞ where there is no reference."""
        highest: Cosines = np.where(self.part == part, self.value, -np.inf).max(axis=1)
        return highest


References = Sequence[Sequence[NDArray[np.float32]]]
"""Part → looks → vectors (d, m) of the references, whole numbers; see `columns`."""
_Slot = tuple[Cosines, Places, int, int]
"""Value and reference of each film, part, view."""
Query = Callable[[slice], Iterable[tuple[int, int, bool, Features]]]
"""Some films → part, view, whether the inverted view counts too, and their vectors (k, d)."""


def columns(vectors: Features) -> NDArray[np.float32]:
    """Vectors (m, d) as references: (d, m), in memory column by column."""
    return np.ascontiguousarray(vectors.T, np.float32)


def search(
    query: Query,
    films: int,
    references: References,
    *,
    groups: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None,
    subset: NDArray[np.integer] | None = None,
    task: str = "search",
) -> tuple[Slots, Slots]:
    """Compare films with references.

    Args:
        query: of a slice of the films; asked from several threads.
        films: how many there are.
        references: see there; a reference's best look counts.
        groups: a number of each film and of each reference: those of one number are not compared.
        subset: places of references that are searched by themselves, too; rising, one or more.
        task: what the bar on standard error says.

    Returns:
        The two nearest references of each film in each part and view, or as many as there are;
        and the two nearest of the subset: the same where there is none.
    """
    step = max(1, min(BLOCK, TILE // max(references[0][0].shape[1], 1)))

    def of_block(block: slice) -> tuple[list[_Slot], list[_Slot]]:
        barred = None
        if groups is not None:
            barred = groups[0][block, None] == groups[1][None, :]
        every: list[_Slot] = []
        chosen: list[_Slot] = []
        for part, view, signed, vectors in query(block):
            for turn, products in _extremes(vectors.astype(np.float32), references[part], signed):
                if subset is not None:
                    within = None if barred is None else barred[:, subset]
                    chosen += [
                        (best, subset[place].astype(np.int32), part, view + turn)
                        for best, place in _best(products[:, subset], within)
                    ]
                every += [(*kept, part, view + turn) for kept in _best(products, barred)]
        return every, chosen

    results = list(in_parallel(of_block, films, task, step=step))
    every = _joined([slots for slots, _ in results])
    return every, every if subset is None else _joined([slots for _, slots in results])


def _extremes(
    rows: NDArray[np.float32], looks: Sequence[NDArray[np.float32]], signed: bool
) -> Iterator[tuple[int, Cosines]]:
    """0 and (k, m) the highest products over the looks; 2 and those of the inverted view.

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
    yield 0, highest
    if lowest is not None:
        yield 2, np.negative(lowest, out=lowest)


def _best(products: Cosines, barred: NDArray[np.bool_] | None) -> Iterator[tuple[Cosines, Places]]:
    """The highest of each row, (k,), and where it stands; then the next one. Spoils `products`."""
    every = np.arange(len(products))
    if barred is not None:
        products[barred] = -np.inf
    for _ in range(min(PER_SLOT, products.shape[1])):
        place = products.argmax(axis=1)
        best = products[every, place]
        products[every, place] = -np.inf
        yield best / np.float32(LENGTH**2), place.astype(np.int32)


def _joined(blocks: Sequence[Sequence[_Slot]]) -> Slots:
    def column(place: int) -> list[NDArray[Any]]:
        return [np.stack([slot[place] for slot in slots], axis=1) for slots in blocks]

    values, references = np.concatenate(column(0)), np.concatenate(column(1))
    parts, views = (np.array([slot[place] for slot in blocks[0]], np.int8) for place in (2, 3))
    return Slots(
        values,
        references,
        np.broadcast_to(parts, values.shape),
        np.broadcast_to(views, values.shape),
    )


def merged(*slots: Slots) -> Slots:
    """Slots of the same films, side by side."""
    return Slots(
        *(
            np.hstack([getattr(each, name) for each in slots])
            for name in ("value", "reference", "part", "view")
        )
    )
