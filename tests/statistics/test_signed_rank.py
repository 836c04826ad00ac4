from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.statistics.signed_rank import (
    exact_signed_rank,
    paired_equivalence,
    signed_rank,
)


@settings(max_examples=30)
@given(st.sets(st.integers(1, 40), min_size=1, max_size=9), st.randoms())
def test_exact_p_is_that_of_every_choice_of_signs(sizes: set[int], chance: object) -> None:
    differences = np.array([chance.choice((-1, 1)) * size for size in sizes])  # type: ignore[attr-defined]
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    v = ranks[differences > 0].sum()
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product((0, 1), repeat=len(ranks))
    ]
    below, above = np.mean(np.array(sums) <= v), np.mean(np.array(sums) >= v)
    found = signed_rank(differences)
    assert (found.v, found.method) == (v, "exact")
    assert found.p == pytest.approx(min(1.0, 2 * min(below, above)))


def test_ties_zeros_and_many_differences_are_no_exact_test() -> None:
    far = np.arange(1, 50)
    assert signed_rank(far).method == "exact"
    for differences in ([3, -3], [0, 1], [*far, 50], [0, 0]):
        assert signed_rank(np.array(differences)).method == "normal approximation"


def test_no_difference_at_all() -> None:
    none = np.zeros(8, np.int64)
    assert (signed_rank(none).v, signed_rank(none).p) == (0, None)
    assert (exact_signed_rank(none).p, exact_signed_rank(none).smallest_p) == (1, 1)


def test_five_equal_differences_have_the_p_of_both_rules() -> None:
    differences = np.array([3] * 5)
    assert signed_rank(differences).p == pytest.approx(0.0369, abs=5e-5)
    found = exact_signed_rank(differences)
    assert found.p == found.smallest_p == 0.0625


@pytest.mark.parametrize(
    "differences, v, p",
    [
        ([3] * 6, 21, 0.03125),
        ([1] * 5, 15, 0.0625),
        ([2.5], 1, 1),
        ([0] * 5, 0, 1),
        ([-1, 0, 1, 0, 2], 8.5, 0.75),
        ([0, 1, 2, 1, 3], 14, 0.125),
        ([1, -1, 0, -1, -1, -2, 2, -1, 2], 20, 1),
        ([2, 0, 1, 0, 0, -1, 3, 0, 3], 29.5, 0.1875),
        ([0.5, -1.5, -0.5, -1.5, -1.5, -2.5, 1.5, -1.5, 1.5], 12.5, 0.30078125),
        ([2, 2, 1, -2, 0, -2, 1, -2, -2, -1, -2, 1, -1, 1, -2], 41, 0.31298828125),
        ([3, 3, 2, -1, 1, -1, 2, -1, -1, 0, -1, 2, 0, 2, -1], 81, 0.219970703125),
        ([0.75, 0, 0.5, 1, 1.25, 0, 1, 1.25, 1.75], 42, 0.015625),
    ],
)
def test_exact_p_is_that_of_r_from_4_6_on(differences: list[float], v: float, p: float) -> None:
    """V and p that R 4.6.1 gives, ties and zeros among the differences."""
    found = exact_signed_rank(np.array(4 * np.array(differences), np.int64))
    assert (found.v, found.p) == (v, pytest.approx(p, rel=1e-12))


@settings(max_examples=60)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=11))
def test_exact_p_holds_with_ties_and_zeros(differences: list[int]) -> None:
    """Against every choice of signs, each counted one by one."""
    sizes = [abs(difference) for difference in differences]
    ranks = [
        sum(other < size for other in sizes) + (sum(other == size for other in sizes) + 1) / 2
        for size in sizes
    ]
    signed = [rank for rank, size in zip(ranks, sizes, strict=True) if size]
    v = sum(rank for rank, one in zip(ranks, differences, strict=True) if one > 0)
    sums = [
        sum(rank for rank, sign in zip(signed, signs, strict=True) if sign)
        for signs in itertools.product((0, 1), repeat=len(signed))
    ]
    below, above = sum(one <= v for one in sums), sum(one >= v for one in sums)
    found = exact_signed_rank(np.array(differences))
    assert found.v == v
    assert found.p == pytest.approx(min(1.0, 2 * min(below, above) / len(sums)), rel=1e-12)
    assert found.smallest_p <= found.p <= 1
    assert found.smallest_p == min(1.0, 2 / len(sums))


@settings(max_examples=30)
@given(st.lists(st.integers(-60, 60), min_size=1, max_size=49, unique_by=abs))
def test_without_ties_and_zeros_both_rules_are_one(differences: list[int]) -> None:
    array = np.array([difference for difference in differences if difference] or [1])
    old, new = signed_rank(array), exact_signed_rank(array)
    assert old.method == "exact"
    assert (old.v, old.p) == (new.v, pytest.approx(new.p, rel=1e-9))


def test_many_differences_have_an_exact_test_too() -> None:
    differences = np.arange(1, 1001) * np.resize([1, -1, 1], 1000)
    assert exact_signed_rank(differences).p == pytest.approx(
        signed_rank(differences).p, rel=1e-6, abs=1e-9
    )
    assert exact_signed_rank(np.arange(1, 1001)).p == 2.0**-999
    with pytest.raises(ValueError, match="1001 differences"):
        exact_signed_rank(np.arange(1, 1002))


def test_equivalence_is_two_one_sided_t_tests() -> None:
    from scipy.stats import ttest_rel

    real, synthetic = np.array([165, 150, 171, 160]), np.array([160, 153, 170, 155])
    found = paired_equivalence(real, synthetic, count=50, margin=0.25)
    means = real / 50, synthetic / 50
    low = ttest_rel(means[0] + 0.25, means[1], alternative="greater").pvalue
    high = ttest_rel(means[0] - 0.25, means[1], alternative="less").pvalue
    assert found["p"] == pytest.approx(max(low, high))
    ends = ttest_rel(*means).confidence_interval(0.9)
    assert found["ci90"] == pytest.approx([ends.low, ends.high])
    assert found["equivalent"] is True
    assert paired_equivalence(real, synthetic, count=50, margin=0.05)["equivalent"] is False


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(50, 200), st.integers(50, 200)), min_size=2, max_size=9))
def test_equivalence_is_shown_where_the_whole_interval_lies_within(
    sums: list[tuple[int, int]],
) -> None:
    real, synthetic = np.array(sums).T
    found = paired_equivalence(real, synthetic, count=50, margin=0.3)
    ends = found["ci90"]
    assert found["equivalent"] == (ends is not None and ends[0] > -0.3 and ends[1] < 0.3)


def test_without_spread_nothing_is_shown() -> None:
    real = np.array([160, 150])
    for other in (real, real - 1):
        found = paired_equivalence(real, other, count=50, margin=0.25)
        assert (found["p"], found["ci90"], found["equivalent"]) == (None, None, False)
    one = paired_equivalence(real[:1], real[:1], count=50, margin=0.25)
    assert (one["p"], one["equivalent"]) == (None, False)
