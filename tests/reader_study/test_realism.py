from __future__ import annotations

import numpy as np
import pytest

from cxr_release.params.people import StudyParams
from cxr_release.reader_study.analysis import analyze, realism_of
from cxr_release.reader_study.report import sentence_of, text_of
from tests.support.studies import study


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
