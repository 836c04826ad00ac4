"""Limits for a part of a score: what is below, what is not a limit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ParamsError
from cxr_release.scorecard.names import PARTS
from cxr_release.scorecard.summary import summary_of
from cxr_release.scorecard.thresholds import below, limits_of


@given(st.sampled_from(PARTS), st.none() | st.floats(0, 100), st.integers(0, 100))
def test_a_part_is_below_where_it_is_lower_or_was_not_measured(
    part: str, number: float | None, least: int
) -> None:
    summary = summary_of({part: {"release": number}}, [])
    sentences = below(summary, limits_of([f"{part}={least}"]))
    assert bool(sentences) == (number is None or number < least)
    assert all(sentence.startswith(f"{part} ") for sentence in sentences)


@pytest.mark.parametrize(
    "texts",
    [["privacy"], ["privacy=101"], ["privacy=-1"], ["beauty=3"], ["privacy=1e1"],
     ["privacy=5", "privacy=6"], ["privacy=5\n"], [""]],
)  # fmt: skip
def test_what_is_not_a_limit_is_refused(texts: list[str]) -> None:
    with pytest.raises(ParamsError, match="such as privacy=50; parts: fidelity, utility"):
        limits_of(texts)


def test_limits_may_have_decimals() -> None:
    assert limits_of(["privacy=50", "fidelity=12.5"]) == {"privacy": 50.0, "fidelity": 12.5}
