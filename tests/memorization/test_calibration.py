"""Calibration: each figure from scores that were made by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from cxr_release.memorization.calibration import (
    NO_BASELINE,
    Baseline,
    Calibration,
    Split,
    is_alike,
    quantiles,
    split_share,
)
from cxr_release.memorization.chance import no_chance, source_chance, unseen_chance
from cxr_release.memorization.scores import Matches
from cxr_release.memorization.tail import FEWEST, LEVEL, tail_of
from tests.support.matched import matches_of

SCORES = st.lists(st.floats(-50, 50), min_size=1, max_size=40).map(np.array)
NONE = -math.inf
ALIKE = 0.95
LADDER = np.arange(40) / 10
"""Scores 0, 0.1 … 3.9 of 40 source films."""


def calibration(
    source: Matches,
    held_out: Matches | None = None,
    *,
    films: int = 10,
    name: str = "held_out",
    held_out_patients: Sequence[str] | None = None,
    **options: object,
) -> Calibration:
    return Calibration(
        source,
        None if held_out is None else Baseline(name, held_out, ALIKE, held_out_patients),
        films=films,
        duplicate_threshold=ALIKE,
        **options,  # type: ignore[arg-type]
    )


def test_percentile_is_the_share_that_is_less_similar() -> None:
    known = calibration(matches_of([0.5, 0.6, 0.6, 0.7, 9], [0.5, 0.5, 0.5, 0.5, 0.99]))
    assert [known.percentile(score) for score in (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.71)] == [
        0, 0, 25, 25, 75, 75, 100,
    ]  # fmt: skip


def test_duplicates_do_not_raise_the_baseline() -> None:
    scores, cosines = np.append(LADDER, [50.0, 60]), [0.5] * 40 + [0.96, 0.95]
    known = calibration(matches_of(scores, cosines))
    assert known.source.scores == LADDER.tolist()
    report = known.source.report()
    assert report == {
        "films": 42,
        "counted": 40,
        "patients": None,
        "left_out_alike": 2,
        "without_another": 0,
        "score": quantiles(LADDER),
    }
    assert known.tail == tail_of(LADDER)
    assert known.flagged(50.0)
    # A duplicate may have its highest score in a half.
    halves = calibration(matches_of(scores, cosines, parts=[0] * 40 + [1, 4]))
    assert halves.source.report() == report
    below = calibration(matches_of(scores, [0.5] * 40 + [0.9499, 0.9]))
    assert len(below.source.scores) == 42


def test_a_duplicate_counts_though_it_is_the_second_likeliest() -> None:
    matches = matches_of([5.0, 4.0, NONE], [0.5, 0.5, 0.5])
    matches.cosine[1, 1] = 0.97
    assert is_alike(matches, ALIKE).tolist() == [False, True, False]


def test_films_without_another_are_counted() -> None:
    matches = matches_of([1.0, NONE, 2.0, NONE])
    report = Baseline("source", matches, ALIKE, ["a", "b", "a", "c"]).report()
    assert (report["films"], report["counted"], report["without_another"]) == (4, 2, 2)
    assert report["patients"] == 1
    assert report["score"]["max"] == 2


def test_p_and_flags_are_those_of_the_tail_of_the_source_films() -> None:
    """Whether or not films were held out."""
    tail = tail_of(LADDER)
    assert tail is not None
    for held_out in (None, matches_of([70.0, 80.0])):
        known = calibration(matches_of(LADDER), held_out, films=500)
        assert known.threshold == tail.threshold(500) > 3.9
        for score in (0.0, 3.9, known.threshold, 99.0):
            assert known.p(score) == tail.p(score)
            assert known.flagged(score) == (score >= known.threshold)
            assert known.note is None
    # More films, a higher threshold.
    assert tail.threshold(500) < tail.threshold(5000)


@pytest.mark.parametrize("counted", [0, 1, FEWEST - 1])
def test_with_too_few_source_films_nothing_is_called_unflagged(counted: int) -> None:
    source = matches_of([*LADDER[:counted], NONE])
    for others in ("films", "patients"):
        known = calibration(source, others=others)
        assert known.flagged(99.0) is None
        assert known.p(99.0) is None
        assert known.threshold is None
        report = known.report(matches_of([1.0]), None, None)
        assert report["note"] == f"{NO_BASELINE[others]}: nothing can be flagged"
        assert (report["flagged"], report["tail"], report["threshold"]) == (None, None, None)
        assert (known.percentile(99.0) is None) == (counted == 0)
        json.dumps(report, allow_nan=False)


def test_without_a_baseline_chance_says_so() -> None:
    known = calibration(matches_of([NONE, NONE]))
    assert known.baseline is None
    report = known.report(matches_of([1.0, 2.0]), None, None)
    assert report["chance"] == no_chance(2, NO_BASELINE["films"]).report()
    undefined = ("baseline", "nearer_than_5_percent", "nearer_probability", "nearest_in_tuning")
    assert [report[name] for name in undefined] == [None] * 4
    assert report["source"]["score"] is None


def test_chance_counts_the_films_nearer_than_every_held_out_one() -> None:
    held_out = matches_of(np.arange(25.0))
    patients = [f"p{n}" for n in range(25)]
    known = calibration(matches_of(LADDER), held_out, held_out_patients=patients)
    assert known.baseline is known.held_out
    films = np.array([30.0, 24.5, 24.0, 3])
    tuning = np.array([24.0, 24.1, 23.9, 3])
    expected = unseen_chance("held_out", nearer=1, films=4, compared=25, patients=25)
    assert known.chance(films, tuning) == expected


def test_held_out_films_that_are_all_alike_leave_the_source_films() -> None:
    known = calibration(matches_of(LADDER), matches_of([5.0], [0.99]))
    assert known.baseline is known.source
    report = known.report(matches_of([4.0, 3.0]), np.array([4.0, 3.0]), None)
    assert report["baseline"] == "source"
    assert report["held_out"]["left_out_alike"] == 1
    expected = source_chance(nearer=1, films=2, compared=40, patients=None)
    assert report["chance"] == expected.report()


def test_control_films_are_compared_with_all_source_films_as_synthetic_ones_are() -> None:
    patients = [f"p{n}" for n in range(25)]
    beside = matches_of(np.arange(25.0))
    known = calibration(matches_of(LADDER), beside, name="control", held_out_patients=patients)
    assert known.baseline is known.control
    assert known.held_out is None
    films = np.array([30.0, 24.5, 24.0, 3])
    expected = unseen_chance("control", nearer=2, films=4, compared=25, patients=25)
    # What lies in the tuning part has no say.
    assert known.chance(films, films - 10) == known.chance(films) == expected
    report = known.report(matches_of(films), None, None)
    assert (report["baseline"], report["held_out"]) == ("control", None)
    assert report["control"]["score"]["max"] == 24
    assert report["nearer_than_5_percent"]["score"] == pytest.approx(22.8)
    # p values of single films stay those of the source films with each other.
    alone = calibration(matches_of(LADDER))
    assert (known.tail, known.threshold) == (alone.tail, alone.threshold)
    assert known.percentile(2.05) == alone.percentile(2.05)


def test_control_films_that_are_all_alike_leave_the_source_films() -> None:
    known = calibration(matches_of(LADDER), matches_of([5.0], [0.99]), name="control")
    assert known.baseline is known.source
    report = known.report(matches_of([4.0, 3.0]), None, None)
    assert report["control"]["left_out_alike"] == 1
    assert "held out" not in report["chance"]["sentence"]


def test_each_figure_of_a_report_by_hand() -> None:
    patients = [f"p{n // 2}" for n in range(40)]
    known = calibration(matches_of(LADDER), films=6, others="patients", patients=patients)
    synthetic = matches_of(
        [9.0, 3.9, 3.85, 2.0, -1.0, 60.0],
        [0.9, 0.95, 0.2, 0.2, 0.2, 0.94],
        parts=[0, 0, 0, 0, 0, 1],
    )
    report = known.report(synthetic, None, Split(nearest_in_tuning=4, tuning=30, held_out=10))
    tail = tail_of(LADDER)
    assert tail is not None
    threshold = tail.threshold(6)
    flagged = sum(score >= threshold for score in (9.0, 3.9, 3.85, 2.0, -1.0, 60.0))
    assert 1 <= flagged < 6
    above = float(np.quantile(LADDER, 0.95))
    near = report.pop("nearer_than_5_percent")
    # 3.705 is the 95th percentile: 9, 3.9, 3.85 and 60 lie above.
    assert above == pytest.approx(3.705)
    assert (near["films"], near["share"], near["expected"]) == (4, 4 / 6, 0.05)
    assert near["score"] == above
    pairs = [(a > b) + (a == b) / 2 for a in synthetic.score[:, 0] for b in LADDER]
    assert report.pop("nearer_probability") == pytest.approx(np.mean(pairs))
    share = report.pop("nearest_in_tuning")
    assert (share["films"], share["share"], share["expected"]) == (4, 4 / 6, 0.75)
    assert report == {
        "baseline": "source",
        "others": "patients",
        "threshold": threshold,
        "level": LEVEL,
        "tail": tail.report(),
        "note": None,
        "flagged": flagged,
        "chance": source_chance(nearer=2, films=6, compared=40, patients=20).report(),
        "source": {
            "films": 40,
            "counted": 40,
            "patients": 20,
            "left_out_alike": 0,
            "without_another": 0,
            "score": quantiles(LADDER),
        },
        "held_out": None,
        "control": None,
        "synthetic": {"films": 6, "alike": 1, "score": quantiles(synthetic.score[:, 0])},
    }


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
    held_out = matches_of(np.arange(101.0))
    known = calibration(matches_of(LADDER), held_out)
    report = known.report(matches_of([94.9, 95.0, 95.1, 200]), np.zeros(4), None)
    near = report["nearer_than_5_percent"]
    assert near["score"] == 95
    assert (near["films"], near["share"], near["expected"]) == (2, 0.5, 0.05)
    assert near["low"] < 0.5 < near["high"]


@given(synthetic=SCORES, held_out=SCORES)
def test_probability_to_be_nearer_is_that_of_mann_and_whitney(
    synthetic: np.ndarray, held_out: np.ndarray
) -> None:
    report = calibration(matches_of([NONE]), matches_of(held_out)).report(
        matches_of(synthetic), synthetic, None
    )
    above = (synthetic[:, None] > held_out).mean() + (synthetic[:, None] == held_out).mean() / 2
    assert report["nearer_probability"] == pytest.approx(above)
    if len(np.unique(np.concatenate([synthetic, held_out]))) > 1:
        u = mannwhitneyu(synthetic, held_out, method="asymptotic").statistic
        pairs = len(synthetic) * len(held_out)
        assert report["nearer_probability"] == pytest.approx(u / pairs)


def test_quantiles_by_hand() -> None:
    assert quantiles(np.arange(101.0)) == {
        "min": 0, "1 %": 1, "5 %": 5, "25 %": 25, "50 %": 50, "75 %": 75, "95 %": 95, "99 %": 99,
        "max": 100,
    }  # fmt: skip
    assert quantiles(np.array([])) is None


@given(
    source=SCORES,
    held_out=st.none() | SCORES,
    synthetic=SCORES,
    cosine=st.floats(-1, 1),
    without=st.integers(0, 3),
)
def test_the_report_is_json_without_nan(
    source: np.ndarray,
    held_out: np.ndarray | None,
    synthetic: np.ndarray,
    cosine: float,
    without: int,
) -> None:
    split = None if held_out is None else Split(0, len(source), len(held_out))
    scores = np.concatenate([source, [NONE] * without])
    known = calibration(
        matches_of(scores, [cosine] * len(scores)),
        None if held_out is None else matches_of(held_out),
        films=len(synthetic),
    )
    tuning = None if held_out is None else synthetic - 0.5
    report = known.report(matches_of(synthetic), tuning, split)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["synthetic"]["films"] == len(synthetic)
    assert (report["note"] is None) == (report["threshold"] is not None)
    if report["threshold"] is not None:
        assert report["flagged"] == sum(known.flagged(score) is True for score in synthetic)
        for score in synthetic.tolist():
            p = known.p(score)
            assert p is not None
            assert (p * len(synthetic) <= LEVEL * (1 + 1e-9)) >= bool(known.flagged(score))
