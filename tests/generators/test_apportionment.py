"""Shares of classes are met in every prefix of a batch; a film's class follows from its name."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ParamsError
from cxr_release.generators.apportionment import apportioned, labels_of, weights_of
from cxr_release.generators.diffusion.conditions import Conditions

SHARES = st.lists(st.integers(0, 5_000), min_size=1, max_size=9).filter(any)
THREE = Conditions((("kyphotic", 90), ("straight", 30), ("lordotic", 60)))
NAMED = {"seed": 2026, "checkpoint": 3, "batch": "large"}


@given(SHARES, st.integers(0, 150), st.integers(0, 2**32))
def test_every_prefix_has_each_share_to_within_less_than_a_film(
    weights: list[int], count: int, seed: int
) -> None:
    order = apportioned(weights, count, np.random.default_rng(seed))
    assert len(order) == count
    for number, weight in enumerate(weights):
        given_so_far = accumulate(int(each == number) for each in order)
        for place, given_ in enumerate(given_so_far, 1):
            assert abs(given_ - Fraction(weight * place, sum(weights))) < 1
    assert apportioned(weights, count + 7, np.random.default_rng(seed))[:count] == order


@given(st.integers(2, 40), st.integers(1, 120))
def test_uniform_shares_are_exact_to_one_film(classes: int, count: int) -> None:
    made = Counter(apportioned([1] * classes, count, np.random.default_rng(0)))
    assert max(made.values()) - (min(made.values()) if len(made) == classes else 0) <= 1


@given(st.lists(st.integers(0, 300), min_size=1, max_size=20))
def test_a_film_has_its_class_whatever_is_drawn_beside_it(indices: list[int]) -> None:
    whole = labels_of(THREE, "source", range(301), **NAMED)
    assert whole is not None
    assert labels_of(THREE, "source", indices, **NAMED) == [whole[index] for index in indices]


def test_balances() -> None:
    assert weights_of(THREE, "source") == (90, 30, 60)
    assert len({*weights_of(THREE, "uniform")}) == 1
    named = labels_of(THREE, {"straight": 0.75, "kyphotic": 0.25}, range(80), **NAMED)
    assert Counter(named) == {"straight": 60, "kyphotic": 20}
    with pytest.raises(ParamsError, match=r"condition\.balance") as caught:
        weights_of(THREE, {"straight": 0.5, "bent": 0.5})
    assert [fault.where for fault in caught.value.faults] == ["condition.balance.bent"]
    assert labels_of(Conditions(), "source", range(9), **NAMED) is None


def test_batches_and_checkpoints_begin_with_different_classes() -> None:
    firsts = {
        labels_of(THREE, "uniform", [0], seed=seed, checkpoint=number, batch="large")[0]  # type: ignore[index]
        for seed in range(5)
        for number in range(1, 5)
    }
    assert firsts == {*THREE.names}
