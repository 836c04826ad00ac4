"""One number of the attacks, and when there is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.scorecard.attacks.advantage import privacy_of
from cxr_release.scorecard.attacks.sentences import lines
from cxr_release.scorecard.summary import sets_lines


def attack(**changes: Any) -> dict[str, Any]:
    return {
        "attack": "an attack",
        "access": "released films",
        "unit": "film",
        "measurable": True,
        "why_not": None,
        "fault": False,
        "members": 200,
        "controls": 200,
        "member_patients": 150,
        "control_patients": 200,
        "auc": 0.5,
        "interval": [0.45, 0.55],
        "tpr": [
            {"at_most_fpr": 0.01, "value": 0.0, "interval": [0.0, 0.03], "measurable": True},
            {"at_most_fpr": 0.001, "value": 0.0, "interval": [0.0, 0.9], "measurable": False},
        ],
        "beyond_any_control": {"members": 2, "tested": 1, "expected": 1.0, "interval": [0, 5]},
        "power": [],
        "powered": ["auc"],
        "leaks": [],
        "p": {"auc": 1.0, "beyond_any_control": 0.5},
        "p_holm": {"auc": 1.0, "beyond_any_control": 1.0},
        "smallest_auc_detectable": 0.57,
    } | changes


UNMEASURED = {
    "attack": "another",
    "access": "another film of the patient",
    "unit": "patient",
    "measurable": False,
    "why_not": "one film a patient",
}


def rate(low: float, high: float) -> dict[str, Any]:
    return {
        "candidates": 1,
        "hits": 3,
        "members": 50,
        "control_hits": 3,
        "controls": 50,
        "residual_risk": 0.0,
        "interval": [low, high],
        "p": 0.5,
    }


@pytest.mark.parametrize(
    ("attacks", "number"),
    [
        ([attack()], 90),
        ([attack(interval=[0.4, 0.51])], 98),
        ([attack(interval=[0.3, 0.499], tpr=[])], 100),
        ([attack(auc=0.36, interval=[0.2, 0.52], tpr=[])], 68),
        ([attack(), attack(interval=[0.6, 0.8], leaks=["auc"])], 40),
        ([attack(linkage=[rate(-0.1, 0.25)], powered=["auc", "top_1"])], 75),
        ([attack(linkage=[rate(-0.1, 0.25)])], 90),
        ([attack(), UNMEASURED], 90),
    ],
)
def test_the_number_is_that_of_the_largest_advantage(
    attacks: list[dict[str, Any]], number: float
) -> None:
    assert privacy_of(attacks) == pytest.approx(number)


@pytest.mark.parametrize(
    "attacks",
    [
        [],
        [UNMEASURED],
        [attack(measurable=False, why_not="this attack did not find", powered=[])],
        [attack(), attack(measurable=False, fault=True, why_not="below 0.5")],
    ],
)
def test_there_is_no_number_without_evidence_or_with_a_fault(attacks: list[dict[str, Any]]) -> None:
    assert privacy_of(attacks) is None


@given(
    st.lists(st.floats(0.5, 1), min_size=1, max_size=4),
    st.floats(0, 1),
)
def test_a_wider_interval_never_looks_more_private(highs: list[float], tpr: float) -> None:
    rates = [{"at_most_fpr": 0.01, "value": 0.0, "interval": [0.0, tpr], "measurable": True}]
    attacks = [attack(interval=[0.4, high], tpr=rates) for high in highs]
    wider = [attack(interval=[0.3, min(1, high + 0.1)], tpr=rates) for high in highs]
    numbers = privacy_of(wider), privacy_of(attacks)
    assert numbers[0] is not None
    assert numbers[1] is not None
    assert 0 <= numbers[0] <= numbers[1] <= 100


def test_words_of_one_and_of_none() -> None:
    sets = {
        "trained": {"films": 60, "patients": 31, "patient_not_stated": 2, "unreadable": 3},
        "released": {"films": 40, "unreadable": 0},
    }
    faultless = attack(beyond_any_control={"members": 1, "tested": 1, "interval": [0, 4]})
    text = "\n".join([*sets_lines(sets), *lines([faultless, UNMEASURED])])
    assert "60 films; patients not stated for 2 of them" in text
    assert "; 3 not read" in text
    assert (
        "1 trained film(s) nearer than any control film, 1 of them counting one film a patient;"
        " chance alone puts 0 to 4 of the latter there" in text
    )
    assert "another, by who holds another film of the patient and the released films\n" in text
    assert "  not measurable: one film a patient\n" in text
