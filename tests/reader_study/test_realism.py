from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.params import StudyParams
from cxr_release.reader_study.analysis import analyze, holm, realism_of
from cxr_release.reader_study.report import sentence_of, text_of
from cxr_release.reader_study.significance import (
    exact_signed_rank,
    mean_equivalence,
    signed_rank,
    within,
)
from tests.support.studies import study


@pytest.fixture(autouse=True)
def _no_collecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """statsmodels' multipletests collects garbage each time: in a test run, nearly all its time."""
    monkeypatch.setattr("gc.collect", lambda: 0)


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
    sizes = [abs(one) for one in differences]
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
    array = np.array([one for one in differences if one] or [1])
    old, new = signed_rank(array), exact_signed_rank(array)
    assert old.method == "exact"
    assert (old.v, old.p) == (new.v, pytest.approx(new.p, rel=1e-9))


def test_many_raters_have_an_exact_test_too() -> None:
    differences = np.arange(1, 1001) * np.resize([1, -1, 1], 1000)
    assert exact_signed_rank(differences).p == pytest.approx(
        signed_rank(differences).p, rel=1e-6, abs=1e-9
    )
    assert exact_signed_rank(np.arange(1, 1001)).p == 2.0**-999
    with pytest.raises(ValueError, match="1001 differences"):
        exact_signed_rank(np.arange(1, 1002))


def test_what_is_significant_rests_on_the_exact_test() -> None:
    """Five raters who all differ by three points: R 4.4 says p 0.037, and no test could."""
    ratings = study(5, 8, 1)
    ratings.rating[:, :, 0] = 4
    ratings.rating[:, :, 1] = np.array([3, 3, 3, 4, 4, 4, 4, 4])
    found = analyze(ratings, StudyParams(bootstrap=100), seed=0)
    one = found["realism"]["checkpoint-9"]
    assert one["p"] == one["p_holm"] == pytest.approx(0.0369, abs=5e-5)
    assert one["p_exact"] == one["p_exact_holm"] == one["smallest_p"] == 0.0625
    said, table = sentence_of(found), text_of(found)
    assert "Real films looked" not in said
    assert "Holm-adjusted p 0.063, exact; 0.037 by the rule of R 4.4" in said
    for text in (said, " ".join(table.split())):
        assert "With 5 readers no difference in realism, however large, can be" in text
    assert "p R 4.4" in table
    assert "p exact" in table
    assert set(found["wilcoxon"]) == {"p", "p_exact"}


def test_holm_s_method_can_make_every_difference_insignificant() -> None:
    """Six raters could find one checkpoint's difference, 0.031, but none of three, 0.094."""
    for checkpoints, least in ((1, 0.03125), (3, 0.09375)):
        ratings = study(6, 8, checkpoints)
        ratings.rating[:, :, 0] = 4
        ratings.rating[:, :, 1:] = 1
        found = analyze(ratings, StudyParams(bootstrap=100), seed=0)
        one = found["realism"]["checkpoint-9"]
        assert one["smallest_p_holm"] == one["p_exact_holm"] == least
        said = sentence_of(found)
        assert ("no difference in realism" in said) == (checkpoints == 3)
        assert ("Real films looked more realistic than" in said) == (checkpoints == 1)


def test_readers_who_rate_both_alike_leave_fewer_to_find_a_difference() -> None:
    ratings = study(8, 10, 1)
    ratings.rating[:, :, 0] = 4
    ratings.rating[:, :, 1] = 4
    ratings.rating[:3, :, 1] = 1
    found = analyze(ratings, StudyParams(bootstrap=100), seed=0)
    one = found["realism"]["checkpoint-9"]
    assert (one["raters_differing"], one["smallest_p"], one["p_exact"]) == (3, 0.25, 0.25)
    assert "Of 8 readers only 3 rated checkpoint-9 otherwise" in sentence_of(found)


def test_ranks_and_means_may_differ_in_direction() -> None:
    """One reader's large difference turns the mean; the test rests on ranks."""
    ratings = study(20, 20, 1)
    ratings.rating[:] = 4
    ratings.rating[:19, 0, 1] = 3
    ratings.rating[19, :, 0] = 1
    found = analyze(ratings, StudyParams(bootstrap=100), seed=0)
    one = found["realism"]["checkpoint-9"]
    assert one["difference"] < 0
    assert one["p_exact"] < 0.05
    wanted = "Real films looked more realistic by readers' ranks, though not on average, than"
    assert wanted in sentence_of(found)


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
    assert found["p_exact"] == found["smallest_p"] == 1 / 16
    assert found["smallest_p_holm"] == pytest.approx(3 / 16)
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
