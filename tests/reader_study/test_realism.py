from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import study

from cxr_release.reader_study.equivalence import mean_equivalence, within
from cxr_release.reader_study.realism import holm, realism_of, signed_rank


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


def test_ties_zeros_and_many_raters_are_no_exact_test() -> None:
    far = np.arange(1, 50)
    assert signed_rank(far).method == "exact"
    for differences in ([3, -3], [0, 1], [*far, 50], [0, 0]):
        assert signed_rank(np.array(differences)).method == "normal approximation"


def test_no_difference_at_all() -> None:
    found = signed_rank(np.zeros(8, np.int64))
    assert (found.v, found.p) == (0, None)


def test_holm_leaves_out_what_has_no_p() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm([None]) == [None]


def test_differences_are_real_minus_synthetic() -> None:
    ratings = study(5, 8)
    ratings.rating[:, :, 0] = 4
    ratings.rating[:, :, 1] = np.array([3, 3, 3, 3, 1, 2, 3, 3])
    found = realism_of(ratings, margin=0.25)["checkpoint-9"]
    assert found["difference"] == pytest.approx(11 / 8)
    assert found["V"] == 15
    assert found["smallest_p"] == 1 / 16
    assert found["ratings"] == {"1": 5, "2": 5, "3": 30, "4": 0}
    assert found["mean"] == pytest.approx(21 / 8)
    assert realism_of(ratings, margin=0.25)["real"]["sd"] == 0


def test_equivalence_is_two_one_sided_t_tests() -> None:
    from scipy.stats import ttest_rel

    real, synthetic = np.array([165, 150, 171, 160]), np.array([160, 153, 170, 155])
    found = mean_equivalence(real, synthetic, quartets=50, margin=0.25)
    means = real / 50, synthetic / 50
    low = ttest_rel(means[0] + 0.25, means[1], alternative="greater").pvalue
    high = ttest_rel(means[0] - 0.25, means[1], alternative="less").pvalue
    assert found["p"] == pytest.approx(max(low, high))
    ends = ttest_rel(*means).confidence_interval(0.9)
    assert found["ci90"] == pytest.approx([ends.low, ends.high])
    assert found["equivalent"] is True
    assert mean_equivalence(real, synthetic, quartets=50, margin=0.05)["equivalent"] is False


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(50, 200), st.integers(50, 200)), min_size=2, max_size=9))
def test_equivalence_is_shown_where_the_whole_interval_lies_within(
    sums: list[tuple[int, int]],
) -> None:
    real, synthetic = np.array(sums).T
    found = mean_equivalence(real, synthetic, quartets=50, margin=0.3)
    assert found["equivalent"] == within(found["ci90"], -0.3, 0.3)


def test_without_spread_nothing_is_shown() -> None:
    real = np.array([160, 150])
    for other in (real, real - 1):
        found = mean_equivalence(real, other, quartets=50, margin=0.25)
        assert (found["p"], found["ci90"], found["equivalent"]) == (None, None, False)
    one = mean_equivalence(real[:1], real[:1], quartets=50, margin=0.25)
    assert (one["p"], one["equivalent"]) == (None, False)
