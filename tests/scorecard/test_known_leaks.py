"""The table of known leaks: 480 trained and 480 control films."""

from __future__ import annotations

from functools import cache

import pytest

from cxr_release.films.png import Film
from cxr_release.scorecard.attacks.attack import Attack
from cxr_release.scorecard.privacy import Privacy, measure_privacy
from cxr_release.scorecard.sets import score_sets
from tests.support.film_arrays import film_set
from tests.support.phantom_sets import phantoms_of_patients
from tests.support.random_films import as_set

pytestmark = pytest.mark.long

TRAINED, CONTROL = slice(0, 480), slice(480, 960)
OTHERS = slice(960, 1440)
NEAREST, DENSITY, LINKAGE = "distance to the closest record", "density ratio", "re-identification"


@cache
def attacked(released: str) -> Privacy:
    drawn = phantoms_of_patients(1440)
    trained = as_set("trained", drawn[TRAINED])
    films: list[Film] = [film for film, _ in drawn[{"ideal": OTHERS, "copies": TRAINED}[released]]]
    named = {f"drawn-{number}": film for number, film in enumerate(films)}
    sets = score_sets(trained, as_set("control", drawn[CONTROL]), film_set("released", named))
    return measure_privacy(sets, trained)


def of(privacy: Privacy, name: str) -> Attack:
    attack = privacy.attack(name)
    assert isinstance(attack, Attack)
    return attack


def test_other_patients_films_leak_nobody() -> None:
    privacy = attacked("ideal")
    assert privacy.leaks == {}
    for attack in privacy.attacks:
        assert isinstance(attack, Attack)
        assert attack.separation.auc.low <= 0.5 <= attack.separation.auc.high
        assert attack.evidence, attack.name
    for rate in of(privacy, LINKAGE).details["linkage"]:
        assert rate["interval"][0] <= 0 <= rate["interval"][1]
    measurable = [rate.measurable for rate in of(privacy, NEAREST).separation.tpr]
    assert measurable == [True, False]


def test_24_altered_copies_of_480_are_missed_by_the_area_and_found_by_the_tail() -> None:
    attack = of(attacked("ideal"), NEAREST)
    few = attack.power[0]
    assert few.planted == 24
    assert few.interval[0] <= 0.5 <= few.interval[1]
    assert few.found_by == ("beyond_any_control",)
    assert few.detail["beyond_any_control"] >= 20
    assert attack.separation.beyond.range[1] < 20


def test_a_release_of_trained_films_is_found_by_every_attack() -> None:
    privacy = attacked("copies")
    nearest = of(privacy, NEAREST).separation
    assert nearest.auc.auc >= 0.85
    assert nearest.tpr[0].measurable
    assert nearest.tpr[0].value >= 0.7
    assert nearest.beyond.count >= 400
    assert of(privacy, DENSITY).separation.auc.auc >= 0.8
    assert set(privacy.leaks) == {NEAREST, DENSITY, LINKAGE}
    others = of(privacy, LINKAGE)
    planted = {rate["candidates"]: rate for rate in others.power[0].detail["linkage"]}
    assert planted[5]["residual_risk"] > 0.1
    assert planted[5]["interval"][0] > 0
    assert others.details["reidentifier"]["verification_auc"] >= 0.75
