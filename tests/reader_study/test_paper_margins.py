"""Ratings made to fit what the paper prints: see fixtures/make_paper_margins.py."""

from __future__ import annotations

from typing import Any

import pytest

from cxr_release.params.people import StudyParams
from cxr_release.reader_study.analysis import analyze_file
from cxr_release.reader_study.report import sentence_of, text_of
from tests.support.studies import FIXTURES


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return analyze_file(FIXTURES / "paper_margins.csv", StudyParams(), seed=1)


def test_identification(found: dict[str, Any]) -> None:
    assert (found["raters"], found["quartets"], found["images_per_quartet"]) == (8, 50, 4)
    assert found["sources"] == ["real", "checkpoint-34", "checkpoint-40", "checkpoint-80"]
    seen = found["identification"]
    assert (seen["correct"], seen["trials"], seen["accuracy"], seen["chance"]) == (
        116,
        400,
        0.29,
        0.25,
    )
    assert round(seen["p_two_sided"], 3) == 0.073
    assert [round(100 * end, 1) for end in seen["ci95"]] == [24.6, 33.7]
    assert round(found["fleiss_kappa"], 3) == 0.061


def test_realism(found: dict[str, Any]) -> None:
    realism = found["realism"]
    sums = [one["mean"] * 400 for one in realism.values()]
    assert sums == pytest.approx([1329, 1291, 1303, 1328])
    synthetic = list(realism.values())[1:]
    assert [round(one["p"], 5) for one in synthetic] == [0.12751, 0.23556, 1.0]
    assert [round(one["p_holm"], 3) for one in synthetic] == [0.383, 0.471, 1.0]


def test_what_is_said_of_it(found: dict[str, Any]) -> None:
    text, sentence = text_of(found), sentence_of(found)
    for said in ("116 of 400", "29.0 %", "24.6–33.7 %", "0.073"):
        assert said in text
        assert said in sentence
    for said in ("3.323", "3.228", "3.258", "3.320", "0.061", "clmm"):
        assert said in text
    assert max(map(len, text.splitlines())) <= 100
    assert "does not prove" in sentence
    assert "within 10 percentage points of chance is not shown" in sentence
    assert "0.25 points is shown for checkpoint-34, checkpoint-40 and checkpoint-80" in sentence
    assert "\n" not in sentence
