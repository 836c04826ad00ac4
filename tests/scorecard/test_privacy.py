"""Attacks on releases whose leak is known: none, a few copies, copies alone, control films."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from cxr_release.films.png import Film
from cxr_release.scorecard.attacks.attack import FAULT, Attack, NotMeasurable
from cxr_release.scorecard.attacks.galleries import ONE_FILM
from cxr_release.scorecard.privacy import Privacy, measure_privacy
from cxr_release.scorecard.sets import score_sets
from tests.support.film_arrays import film_set
from tests.support.phantom_sets import phantoms_of_patients
from tests.support.random_films import as_set, clouds

NEAREST, DENSITY, LINKAGE = "distance to the closest record", "density ratio", "re-identification"
Films = Sequence[tuple[Film, str]]


def attacked(trained: Films, control: Films, released: Sequence[Film], copied: int = 6) -> Privacy:
    films = as_set("trained", trained)
    named = {f"drawn-{number:03d}": film for number, film in enumerate(released)}
    sets = score_sets(films, as_set("control", control), film_set("released", named))
    return measure_privacy(sets, films, patients=copied)


def of(privacy: Privacy, name: str) -> Attack:
    attack = privacy.attack(name)
    assert isinstance(attack, Attack)
    return attack


def only(films: Films) -> list[Film]:
    return [film for film, _ in films]


@cache
def phantoms() -> tuple[Films, Films, Films]:
    """Trained, control, and others, of patients of their own."""
    drawn = phantoms_of_patients(240)
    return drawn[:88], drawn[88:160], drawn[160:]


@cache
def honest() -> Privacy:
    trained, control, others = phantoms()
    return attacked(trained, control, only(others))


def test_other_patients_films_leak_nobody_and_every_attack_would_have_found_copies() -> None:
    privacy = honest()
    assert privacy.leaks == {}
    for name in (NEAREST, DENSITY):
        attack = of(privacy, name)
        assert attack.separation.auc.low <= 0.5 <= attack.separation.auc.high
        assert attack.evidence
        assert "auc" in attack.powered
    few, all_of_them = of(privacy, NEAREST).power
    assert few.planted == 6
    assert few.found_by == ("beyond_any_control",)
    assert few.detail["beyond_any_control"] >= 5
    assert all_of_them.auc >= 0.85
    assert all_of_them.detail["tpr_at_most_1_percent_fpr"] >= 0.7


def test_copies_score_far_below_other_patients_films() -> None:
    numbers = honest().scores()
    assert numbers["copies"] is not None
    assert numbers["copies"] <= 25
    for name in ("release", "ideal"):
        assert numbers[name] is not None
        assert numbers[name] >= 50  # type: ignore[operator]
    few = attacked(clouds(40, seed=1), clouds(19, seed=2, films=2), only(clouds(30, seed=3)))
    assert few.ideal is None  # of 19 patients one half has fewer than 10


def test_a_release_of_trained_films_is_found() -> None:
    trained, control, _ = phantoms()
    privacy = attacked(trained, control, only(trained[:70]))
    nearest = of(privacy, NEAREST)
    assert nearest.separation.auc.auc >= 0.85
    rate = nearest.separation.tpr[0]
    assert (rate.at_most_fpr, rate.false_positives, rate.measurable) == (0.01, 0, False)
    assert rate.value >= 0.7
    assert privacy.leaks[NEAREST] == ["auc", "beyond_any_control"]
    assert of(privacy, DENSITY).separation.auc.above_half
    assert of(privacy, NEAREST).evidence


def test_control_and_trained_films_that_were_swapped_are_a_fault_not_privacy() -> None:
    trained, control, _ = phantoms()
    films = only(trained[:70])
    right, swapped = attacked(trained, control, films), attacked(control, trained, films)
    for name in (NEAREST, DENSITY):
        area = of(swapped, name).separation.auc
        assert area.auc == pytest.approx(1 - of(right, name).separation.auc.auc, abs=0.08)
        assert area.below_half
        assert of(swapped, name).fault == FAULT
        assert not of(swapped, name).report()["measurable"]
    exact = of(right, NEAREST).separation.auc.auc
    assert of(swapped, NEAREST).separation.auc.auc == pytest.approx(1 - exact)
    assert swapped.leaks == {}


def test_the_report_is_json_and_names_nobody() -> None:
    privacy = honest()
    found = {"sets": privacy.sets.report(), "privacy": privacy.report()}
    text = json.dumps(found, allow_nan=False)
    assert "trained-0" not in text
    assert "drawn-0" not in text
    for name in ("patient-0", "patient p", "film t"):
        assert name not in text
    report = json.loads(text)
    assert report["sets"]["trained"]["films"] == 88
    assert [each["attack"] for each in report["privacy"]] == [NEAREST, DENSITY, LINKAGE]
    for each in report["privacy"][:2]:
        assert each["smallest_auc_detectable"] > 0.5
        assert [rate["measurable"] for rate in each["tpr"]] == [False, False]


def test_one_film_a_patient_is_not_linked() -> None:
    privacy = attacked(clouds(40, seed=1), clouds(40, seed=2), only(clouds(30, seed=3)))
    linkage = privacy.attack(LINKAGE)
    assert isinstance(linkage, NotMeasurable)
    assert linkage.why == ONE_FILM
    assert linkage.report()["why_not"] == "one film a patient"
    few = attacked(
        clouds(40, seed=1, films=2),
        [*clouds(36, seed=2), *clouds(4, seed=5, films=2)],
        only(clouds(30, seed=3)),
    ).attack(LINKAGE)
    assert isinstance(few, NotMeasurable)
    assert "twice 10 trained and twice 10 control patients" in few.why


def mixed(films: Films, count: int, seed: int) -> list[Film]:
    """Halves of two films each: near to many of them, equal to none."""
    chance = np.random.default_rng(seed)
    pairs = chance.integers(len(films), size=(count, 2))
    return [
        ((films[one][0].astype(int) + films[other][0]) // 2).astype(np.uint8)
        for one, other in pairs
    ]


def test_what_overfits_without_copying_is_found_by_density() -> None:
    members, control = clouds(40, seed=1), clouds(160, seed=2)
    privacy = attacked(members, control, mixed(members, 160, seed=3))
    density = of(privacy, DENSITY).separation.auc
    assert density.above_half
    assert density.auc > 0.65


def test_another_film_of_the_patient_leads_to_who_was_copied() -> None:
    trained, control = (clouds(120, seed=seed, films=2) for seed in (1, 2))
    copied = of(attacked(trained, control, only(trained)), LINKAGE)
    assert copied.members == copied.controls == 120
    top_1 = copied.details["linkage"][0]
    assert top_1["residual_risk"] > 0.1
    assert top_1["interval"][0] > 0
    assert copied.details["reidentifier"]["verification_auc"] > 0.8
    clean = of(attacked(trained, control, only(clouds(120, seed=3))), LINKAGE)
    for rate in clean.details["linkage"]:
        assert rate["interval"][0] <= 0 <= rate["interval"][1]
    assert clean.evidence
    assert clean.separation.auc.low <= 0.5 <= clean.separation.auc.high


def test_the_best_path_finds_whom_the_nearest_film_hides() -> None:
    """Over the nearest released film alone the residual risk of five candidates is 0.3 here."""
    trained, control = (clouds(120, seed=seed, films=2) for seed in (1, 2))
    attack = of(attacked(trained, control, only(clouds(120, seed=3))), LINKAGE)
    top_5 = attack.power[0].detail["linkage"][1]
    assert top_5["candidates"] == 5
    assert top_5["residual_risk"] > 0.45
    assert attack.powered[-1] == "top_5"


def test_larger_groups_fill_several_galleries_of_equal_size() -> None:
    trained, control = clouds(130, seed=1, films=2), clouds(44, seed=2, films=2)
    attack = of(attacked(trained, control, only(clouds(120, seed=3))), LINKAGE)
    assert (attack.members, attack.controls) == (88, 44)
    assert attack.details["reidentifier"]["gallery"] == 22
