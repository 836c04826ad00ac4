"""What attacks state of their scores, and how they are corrected together."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cxr_release.scorecard.attacks.attack import (
    AUC,
    BEYOND,
    FAULT,
    NO_POWER,
    Attack,
    NotMeasurable,
    Separation,
    corrected,
    power_of,
    separation,
)


def separated(shift: float, seed: int = 1, members: int = 120, controls: int = 100) -> Separation:
    chance = np.random.default_rng(seed)
    return separation(
        chance.normal(size=members) + shift,
        chance.normal(size=controls),
        member_patients=[f"m{number}" for number in range(members)],
        control_patients=[f"c{number}" for number in range(controls)],
    )


def attack(
    result: Separation, planted: Separation, *, name: str = "an attack", tests: int = 2
) -> Attack:
    ps = {AUC: result.auc.p, BEYOND: result.beyond.p}
    return Attack(
        name=name,
        access="released films",
        unit="film",
        members=120,
        controls=100,
        member_patients=120,
        control_patients=100,
        separation=result,
        power=(power_of("all of them", 120, planted, found_by=planted.found_by),),
        ps=dict(list(ps.items())[:tests]),
    )


def test_swapped_groups_mirror_the_area() -> None:
    chance = np.random.default_rng(2)
    first, second = chance.normal(1, 1, 80), chance.normal(size=60)
    patients = [f"m{number // 2}" for number in range(80)], [f"c{number}" for number in range(60)]
    found = separation(first, second, member_patients=patients[0], control_patients=patients[1]).auc
    turned = separation(
        second, first, member_patients=patients[1], control_patients=patients[0]
    ).auc
    assert turned.auc == pytest.approx(1 - found.auc)
    assert (found.above_half, turned.below_half) == (True, True)


def test_an_area_below_a_half_is_a_fault_and_no_evidence() -> None:
    faulty = attack(separated(-1), separated(1))
    assert faulty.fault == FAULT
    assert not faulty.evidence
    report = faulty.report()
    assert (report["measurable"], report["why_not"]) == (False, FAULT)


def test_an_area_below_a_half_is_no_fault_where_chance_puts_one_of_several_there() -> None:
    below = replace(attack(separated(-1), separated(1)), ps={AUC: 0.03, BEYOND: 1.0})
    assert below.fault == FAULT
    corrected_below, _ = corrected([below, attack(separated(0), separated(2), name="other")])
    assert isinstance(corrected_below, Attack)
    assert corrected_below.fault is None
    assert corrected_below.leaks == []


def test_an_attack_that_does_not_find_what_was_planted_is_no_evidence() -> None:
    weak = attack(separated(0), separated(0))
    assert weak.powered == []
    report = weak.report()
    assert (report["measurable"], report["why_not"]) == (False, NO_POWER)
    strong = attack(separated(0), separated(2))
    assert strong.powered == [AUC, BEYOND]
    assert strong.report()["measurable"]
    assert strong.report()["why_not"] is None


def test_a_leak_that_is_found_counts_whatever_was_not_found_of_what_was_planted() -> None:
    (found,) = corrected([attack(separated(2), separated(0))])
    assert isinstance(found, Attack)
    assert (found.powered, found.leaks) == ([], [AUC, BEYOND])
    assert found.evidence
    assert found.report()["why_not"] is None


def test_p_values_are_corrected_over_all_tests_of_all_attacks() -> None:
    attacks = [
        attack(separated(0.6, seed=3), separated(2), name="first"),
        NotMeasurable("second", "another film", "patient", "one film a patient"),
        attack(separated(0, seed=4), separated(2), name="third", tests=1),
    ]
    first, second, third = corrected(attacks)
    assert isinstance(first, Attack)
    assert isinstance(third, Attack)
    assert second is attacks[1]
    raw = [*first.ps.values(), *third.ps.values()]
    assert len(raw) == 3
    least = min(raw)
    assert min(first.adjusted.values()) == pytest.approx(3 * least)  # type: ignore[union-attr]
    assert AUC in first.leaks
    assert third.leaks == []
    json.dumps([each.report() for each in (first, second, third)], allow_nan=False)


def test_an_area_that_is_significantly_low_is_no_leak() -> None:
    (low,) = corrected([attack(separated(-1), separated(1), tests=1)])
    assert isinstance(low, Attack)
    assert low.adjusted is not None
    assert low.adjusted[AUC] < 0.001
    assert low.leaks == []


def test_under_no_leak_leaks_are_found_in_one_of_20() -> None:
    wrong = []
    for seed in range(200):
        result = separated(0, seed=seed, members=60, controls=50)
        (known,) = corrected([attack(result, result)])
        assert isinstance(known, Attack)
        wrong.append(bool(known.leaks))
    assert np.mean(wrong) <= 0.08
