"""The parts side by side: the weakest, and no mean."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxr_release.scorecard.names import PARTS
from cxr_release.scorecard.summary import summary_lines, summary_of, weakest_sentence

NUMBERS = st.none() | st.floats(0, 100)


def parts(release: dict[str, float | None]) -> dict[str, dict[str, float | None]]:
    return {
        name: {"release": number, "ideal": 97.0, "copies": 95.0, "3": 15.0}
        for name, number in release.items()
    }


@given(st.dictionaries(st.sampled_from(PARTS), NUMBERS))
def test_the_weakest_is_the_lowest_that_was_measured(release: dict[str, float | None]) -> None:
    summary = summary_of(parts(release), [])
    measured = {name: number for name, number in release.items() if number is not None}
    assert {name: summary[name] for name in PARTS} == {name: release.get(name) for name in PARTS}
    if not measured:
        assert summary["weakest"] is None
        assert weakest_sentence(summary) == "not measured: fidelity, utility, privacy, coverage"
    else:
        assert measured[summary["weakest"]] == min(measured.values())
        assert f"weakest: {summary['weakest']}, " in weakest_sentence(summary)
        assert ("not measured" in weakest_sentence(summary)) == (len(measured) < len(PARTS))


def test_anchors_and_checkpoints_stand_beside() -> None:
    summary = summary_of(
        {
            "fidelity": {"release": 43.0, "ideal": 100.0, "copies": 94.0, "3": 15.0, "15": 70.0},
            "privacy": {"release": 87.0, "ideal": 89.0, "copies": 16.0},
        },
        ["re-identification: one film a patient"],
    )
    assert summary["weakest"] == "fidelity"
    assert summary["anchors"]["copies"] == {
        "fidelity": 94.0,
        "utility": None,
        "privacy": 16.0,
        "coverage": None,
    }
    assert list(summary["checkpoints"]) == ["3", "15"]
    text = "\n".join(summary_lines(summary))
    assert "fidelity         43.0    100.0     94.0" in text
    assert "utility             –        –        –" in text
    assert "checkpoint 15: fidelity 70.0" in text
    assert "weakest: fidelity, 43.0 of 100; not measured: utility, coverage" in text
