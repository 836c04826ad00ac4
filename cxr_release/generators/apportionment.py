"""Which class each film of a batch is drawn as: shares met in every prefix, whatever is drawn.

Films come in the order of their index, and a batch may stop early, so every prefix must have its
share of each class. Tijdeman's rule (The chairman assignment problem, Discrete Mathematics 32,
1980) keeps each class within less than one film of its share in each of them: of the classes that
are behind by at least 1/(2k − 2) film, the one whose deadline comes first is next. All is counted
in whole numbers. Where two deadlines are equal, chance decides, by the batch's own seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm

import numpy as np

from cxr_release.films.labels import Balance, require_classes
from cxr_release.generators.diffusion.conditions import Conditions
from cxr_release.generators.runtime.randomness import generator

FINEST = 1_000_000
"""Shares are read as fractions with a denominator up to this."""


def weights_of(conditions: Conditions, balance: Balance) -> tuple[int, ...]:
    """Whole numbers in proportion to the share of each class, in order.

    Args:
        conditions: of the network.
        balance: `source`: as many as the network learnt from; `uniform`; or share by class, 0 for
            those that are not named.

    Raises:
        ParamsError: it names a class that the network does not have.
    """
    if balance == "source":
        return tuple(films for _, films in conditions.classes)
    if isinstance(balance, str):
        return (1,) * len(conditions.classes)
    require_classes(conditions.names, balance)
    shares = [
        Fraction(balance.get(name, 0.0)).limit_denominator(FINEST) for name in conditions.names
    ]
    common = lcm(*(share.denominator for share in shares))
    return tuple(int(share * common) for share in shares)


def labels_of(
    conditions: Conditions,
    balance: Balance,
    indices: Sequence[int],
    *,
    seed: int,
    checkpoint: int,
    batch: str,
) -> list[str] | None:
    """The class that each film is drawn as: a pure function of its identity and the balance.

    Args:
        conditions: of the network.
        balance: see `weights_of`.
        indices: of the films in their batch.
        seed: root seed of the pipeline.
        checkpoint: number of the checkpoint.
        batch: of the films.

    Returns:
        None where the network has no classes.

    Raises:
        ParamsError: `balance` names a class that the network does not have.
    """
    if not conditions.classes:
        return None
    weights = weights_of(conditions, balance)
    count = max(indices, default=-1) + 1
    order = _order(weights, _rounded(count), seed, checkpoint, batch)
    return [conditions.names[order[index]] for index in indices]


def _rounded(count: int) -> int:
    """A power of two, so that asking film by film works out few orders."""
    return 1 << max(0, count - 1).bit_length()


@lru_cache(maxsize=64)
def _order(
    weights: tuple[int, ...], count: int, seed: int, checkpoint: int, batch: str
) -> tuple[int, ...]:
    return tuple(apportioned(weights, count, generator(seed, checkpoint, batch, "classes")))


def apportioned(weights: Sequence[int], count: int, chance: np.random.Generator) -> list[int]:
    """The class of each of `count` places, such that every prefix has its shares.

    Args:
        weights: whole numbers in proportion to the share of each class, not all of them 0.
        count: places.
        chance: decides between equal deadlines.

    Returns:
        Numbers of classes. Of each class, the first n places hold n times its share to within less
        than 1; the first ones are the same whatever `count` is.
    """
    entitled = [number for number, weight in enumerate(weights) if weight]
    if not entitled:
        raise ValueError("no class has a share")
    if len(entitled) == 1:
        return entitled * count
    shares = [weights[number] for number in entitled]
    total, margin = sum(shares), 2 * len(shares) - 2
    given = [0] * len(shares)
    order = []
    for place in range(1, count + 1):
        # In units of 1 / (total · margin) film.
        behind = [
            (share * place - has * total) * margin for share, has in zip(shares, given, strict=True)
        ]
        luck = chance.permutation(len(shares))
        due = min(
            (number for number, lag in enumerate(behind) if lag >= total),
            key=lambda number: (
                Fraction(total * (margin - 1) - behind[number], shares[number]),
                luck[number],
            ),
        )
        given[due] += 1
        order.append(entitled[due])
    return order
