from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from cxr_release.memorization.calibration import (
    NO_BASELINE,
    Calibration,
    Split,
    distance,
    distance_ratio,
    quantiles,
    split_share,
)

SOURCE = np.array([0.5, 0.6, 0.6, 0.7, 0.99])
"""The last is a film that the source holds twice."""
COSINES = st.lists(st.floats(-1, 1), min_size=1, max_size=20).map(np.array)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def test_percentile_is_the_share_that_is_less_similar() -> None:
    known = Calibration(SOURCE, None, duplicate_threshold=0.95)
    assert [known.percentile(one) for one in (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.71)] == [
        0, 0, 25, 25, 75, 75, 100,
    ]  # fmt: skip


def test_duplicates_do_not_raise_the_baseline() -> None:
    strict, lax = (Calibration(SOURCE, None, duplicate_threshold=alike) for alike in (0.95, 2.0))
    assert (strict.threshold, lax.threshold) == (0.7, 0.99)
    assert strict.flagged(0.98)
    assert not lax.flagged(0.98)
    assert strict.source.report()["left_out_alike"] == 1
    assert strict.source.report()["counted"] == 4
    assert Calibration(SOURCE, None, duplicate_threshold=0.7).threshold == 0.6  # from 0.7 on


@given(source=COSINES, held_out=st.none() | COSINES, alike=st.floats(-1, 1))
def test_whatever_is_alike_is_flagged(
    source: np.ndarray, held_out: np.ndarray | None, alike: float
) -> None:
    known = Calibration(source, held_out, duplicate_threshold=alike)
    assert known.flagged(alike) in {True, None}
    assert (known.flagged(alike) is None) == (known.threshold is None)


def test_held_out_films_flag_where_there_are_any() -> None:
    known = Calibration(SOURCE, floats(0.3, 0.65, 0.97), duplicate_threshold=0.95)
    assert known.threshold == 0.65
    assert [known.flagged(one) for one in (0.64, 0.65, 0.66)] == [False, False, True]
    assert known.percentile(0.66) == 75  # of source films all the same
    report = known.report(floats(0.66, 0.65, 0.2), floats(0.6, 0.6, 0.1), None)
    assert (report["baseline"], report["flagged"], report["note"]) == ("held_out", 1, None)
    assert report["held_out"]["left_out_alike"] == 1


def test_held_out_films_that_are_all_alike_leave_the_source_films() -> None:
    known = Calibration(SOURCE, floats(0.97), duplicate_threshold=0.95)
    assert known.baseline is known.source


@pytest.mark.parametrize("source", [floats(math.nan), floats(0.99, 0.99), floats()])
def test_without_a_baseline_nothing_is_called_unflagged(source: np.ndarray) -> None:
    known = Calibration(source, None, duplicate_threshold=0.95)
    assert known.flagged(0.1) is None
    assert known.percentile(0.1) is None
    report = known.report(floats(0.9), floats(0.9), None)
    assert (report["others"], report["note"]) == ("films", NO_BASELINE["films"])
    known = Calibration(source, None, duplicate_threshold=0.95, others="patients")
    assert known.report(floats(0.9), floats(0.9), None)["note"] == NO_BASELINE["patients"]
    undefined = ("baseline", "threshold", "flagged", "nearer_than_5_percent", "nearer_probability")
    assert [report[name] for name in undefined] == [None] * 5
    assert report["source"]["cosine"] is None
    json.dumps(report, allow_nan=False)


def test_films_without_another_are_counted() -> None:
    known = Calibration(floats(0.5, math.nan), None, duplicate_threshold=0.95)
    assert known.source.report()["without_another"] == 1
    assert known.threshold == 0.5


def test_distance_of_unit_vectors() -> None:
    expected = [0, math.sqrt(2), 2, 0, 2]
    assert distance(floats(1, 0, -1, 1 + 1e-12, -1.0001)) == pytest.approx(expected)
    one, other = floats(0.6, 0.8), floats(1, 0)
    assert distance(np.array([one @ other]))[0] == pytest.approx(np.linalg.norm(one - other))


def test_distance_ratio_is_low_for_a_film_near_one_alone() -> None:
    # Distances 0, 0, 1, √2 and 1 of 0, √2, √2, √2 and 2.
    found = distance_ratio(floats(1, 1, 0.5, 0, 0.5), floats(1, 0, 0, 0, -1))
    assert found == pytest.approx([1, 0, math.sqrt(0.5), 1, 0.5])


def test_share_in_tuning_by_hand() -> None:
    # Clopper–Pearson of 0 of 10: 1 − 0.025^(1/10).
    found = split_share(Split(nearest_in_tuning=0, tuning=90, held_out=10), 10)
    assert found == {
        "films": 0, "share": 0, "low": 0, "high": pytest.approx(1 - 0.025**0.1), "expected": 0.9,
    }  # fmt: skip
    assert split_share(Split(0, 0, 10), 10) is None
    assert split_share(Split(0, 10, 0), 10) is None
    assert split_share(Split(0, 9, 1), 0) is None


def test_share_nearer_than_five_per_cent_of_the_baseline() -> None:
    held_out = 1 - np.linspace(0, 1, 101)[1:] ** 2 / 2  # distances 0.01, 0.02 … 1
    known = Calibration(floats(0.1), held_out, duplicate_threshold=1.0)
    films = 1 - floats(0.01, 0.059, 0.06, 0.5) ** 2 / 2
    report = known.report(films, films, None)
    near = report["nearer_than_5_percent"]
    assert near["distance"] == pytest.approx(0.0595)
    assert (near["films"], near["share"], near["expected"]) == (2, 0.5, 0.05)
    assert near["low"] < 0.5 < near["high"]


@given(synthetic=COSINES, held_out=COSINES)
def test_probability_to_be_nearer_is_that_of_mann_and_whitney(
    synthetic: np.ndarray, held_out: np.ndarray
) -> None:
    found = Calibration(floats(), held_out, duplicate_threshold=2.0).report(
        synthetic, synthetic, None
    )
    above = (synthetic[:, None] > held_out).mean() + (synthetic[:, None] == held_out).mean() / 2
    assert found["nearer_probability"] == pytest.approx(above)
    if len(np.unique(np.concatenate([synthetic, held_out]))) > 1:
        u = mannwhitneyu(synthetic, held_out, method="asymptotic").statistic
        pairs = len(synthetic) * len(held_out)
        assert found["nearer_probability"] == pytest.approx(u / pairs)


def test_quantiles_by_hand() -> None:
    assert quantiles(np.arange(101.0)) == {
        "min": 0, "1 %": 1, "5 %": 5, "25 %": 25, "50 %": 50, "75 %": 75, "95 %": 95, "99 %": 99,
        "max": 100,
    }  # fmt: skip
    assert quantiles(floats()) is None


@given(source=COSINES, held_out=st.none() | COSINES, synthetic=COSINES, alike=st.floats(0, 1))
def test_the_report_is_json_without_nan(
    source: np.ndarray, held_out: np.ndarray | None, synthetic: np.ndarray, alike: float
) -> None:
    split = None if held_out is None else Split(0, len(source), len(held_out))
    known = Calibration(source, held_out, duplicate_threshold=alike)
    report = known.report(synthetic, synthetic - 0.5, split)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["synthetic"]["films"] == len(synthetic)
