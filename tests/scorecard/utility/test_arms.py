"""Who learns from whom."""

from __future__ import annotations

import numpy as np
import pytest

from cxr_release.scorecard.utility.arms import ARMS, LEAST_REAL, design_of
from cxr_release.scorecard.utility.pools import MOST_CONTROL, MOST_FILMS, pools_of
from cxr_release.scorecard.utility.rows import HYBRID
from tests.support.useful_films import drawn, good_and_poor, part, sets, shapes

POOLS = pools_of(good_and_poor())


def patients_of(places: np.ndarray) -> set[str]:
    return {POOLS.patients[int(place)] for place in places}


def test_nobody_is_tested_by_a_model_that_saw_a_film_of_theirs() -> None:
    design = design_of(POOLS, POOLS.control)
    assert design is not None
    assert len(design.repetitions) == 15
    for repetition in design.repetitions:
        assert not patients_of(repetition.real) & patients_of(repetition.test)
        assert len(set(repetition.real)) == design.real == 24
        assert set(repetition.real) <= set(POOLS.control)
    for seed in range(5):
        tested = [r.test for r in design.repetitions if r.seed == seed]
        assert sorted(np.concatenate(tested)) == list(POOLS.control)
        assert max(map(len, tested)) - min(map(len, tested)) <= 2


def test_every_pool_gives_as_many_films_and_none_twice_but_the_repeated_one() -> None:
    design = design_of(POOLS, POOLS.control)
    assert design is not None
    for repetition in design.repetitions[:4]:
        for arm in ARMS:
            for name in (None, *POOLS.synthetic):
                films = design.films(repetition, arm, POOLS, name)
                real = design.real if arm.protocol == HYBRID else 0
                assert len(films) == real + arm.ratio * design.real
                assert list(films[:real]) == list(repetition.real[:real])
                others = set(films[real:])
                source = POOLS.others if name is None else POOLS.synthetic[name]
                assert others <= set(source)
                assert len(others) == (1 if name == "one film" else arm.ratio * design.real)


def test_the_ceilings_patients_are_not_those_of_the_copies() -> None:
    scored = good_and_poor()
    patient = dict(zip(scored.trained.ids, scored.trained.patients, strict=True))
    ceiling, copies = (
        {patient[POOLS.ids[int(place)]] for place in places}
        for places in (POOLS.others, POOLS.synthetic["copies"])
    )
    assert not ceiling & copies
    assert len(ceiling) == len(copies) == 30
    assert set(POOLS.trained) == set(POOLS.others) | set(POOLS.synthetic["copies"])


def test_the_order_of_the_films_in_a_pool_is_another_in_another_repetition() -> None:
    design = design_of(POOLS, POOLS.control)
    assert design is not None
    first, second = design.repetitions[:2]
    films = [list(design.films(each, ARMS[1], POOLS, "release")[24:]) for each in (first, second)]
    assert films[0] != films[1]
    assert films[0] == list(design.films(first, ARMS[1], POOLS, "release")[24:])


@pytest.mark.parametrize("count", [3, 12])
def test_too_few_films_give_no_design(count: int) -> None:
    assert design_of(POOLS, POOLS.control[:count]) is None
    assert LEAST_REAL > 0.75 * 2 / 3 * 12


def test_films_of_two_patients_cannot_be_dealt_into_three_folds() -> None:
    two = part("control", drawn(shapes(40, seed=2), seed=2), films=20)
    few = pools_of(sets(good_and_poor().trained, two, {"a": drawn(shapes(60, seed=3))}))
    assert design_of(few, few.control) is None


def test_pools_hold_a_fixed_number_of_films_at_most() -> None:
    flat = np.arange(1000, dtype=np.uint16).view(np.uint8).reshape(1000, 2)
    films = np.broadcast_to(np.tile(flat, 2048).reshape(1000, 64, 64), (1000, 64, 64))
    pools = pools_of(sets(part("trained", films), part("control", films, films=4), {"a": films}))
    assert len(pools.synthetic["release"]) == MOST_FILMS
    assert len(pools.control) == MOST_CONTROL
    assert len(pools.others) + len(pools.synthetic["copies"]) == 1000
    for patient in set(pools.patients):
        assert pools.patients.count(patient) == 4
