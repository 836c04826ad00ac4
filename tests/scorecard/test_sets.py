"""What may be compared, and that names change nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest

from cxr_release.errors import SourceError
from cxr_release.films.film_set import FilmSet
from cxr_release.schemas import SMALL
from cxr_release.scorecard.privacy import measure_privacy
from cxr_release.scorecard.sets import FEWEST, score_sets
from tests.support.film_arrays import film_set
from tests.support.random_films import as_set, clouds

TRAINED = clouds(24, seed=1, films=2)
CONTROL = clouds(24, seed=2, films=2)
RELEASED = clouds(30, seed=3)


def faults_of(trained: FilmSet, control: FilmSet) -> str:
    with pytest.raises(SourceError) as caught:
        score_sets(trained, control, as_set("released", RELEASED))
    return str(caught.value)


def test_three_sets_are_read_each_in_an_order_of_its_pixels() -> None:
    sets = score_sets(
        as_set("trained", TRAINED), as_set("control", CONTROL), as_set("released", RELEASED)
    )
    assert (len(sets.trained), len(sets.control), len(sets.released)) == (48, 48, 30)
    assert list(sets.control.digests) == sorted(sets.control.digests)
    assert np.linalg.norm(sets.trained.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert sets.without_patient == {"trained": 0, "control": 0}
    for part in (sets.trained, sets.control):
        first, second = part.halves()
        assert sorted([*first, *second]) == list(range(len(part)))
        patients = [{part.patients[place] for place in half} for half in (first, second)]
        assert not patients[0] & patients[1]
        assert len(patients[0]) == len(patients[1]) == 12


def test_films_of_several_checkpoints_are_told_apart_by_a_table_or_by_where_they_lie() -> None:
    released = as_set("released", RELEASED)
    drawn = {film: str(3 + 9 * (place % 2)) for place, film in enumerate(sorted(released.homes))}
    trained, control = as_set("trained", TRAINED), as_set("control", CONTROL)
    sets = score_sets(trained, control, released, checkpoint_of=drawn)
    assert list(sets.checkpoints) == ["3", "12"]
    for name, places in sets.checkpoints.items():
        assert {drawn[sets.released.ids[place]] for place in places} == {name}
    assert sorted(np.concatenate(list(sets.checkpoints.values()))) == list(range(30))
    assert score_sets(trained, control, released).checkpoints == {}
    assert sets.released.take([3]).pictures.shape == (1, SMALL, SMALL)


def test_a_patient_in_both_is_refused_by_name_in_whatever_spelling() -> None:
    both = [(CONTROL[0][0], "P1X03"), *CONTROL[1:]]
    message = faults_of(as_set("trained", TRAINED), as_set("control", both))
    assert "share 1 patient(s) or picture(s)" in message
    assert "patient p1x3: has 2 trained film(s), such as trained-00" in message
    assert "and 1 control film(s), such as control-000" in message
    assert "leave the patient's films in one of the two" in message


def test_equal_pixels_in_both_are_refused_and_both_films_named() -> None:
    control = [*CONTROL[:10], (TRAINED[7][0].copy(), "q1"), *CONTROL[11:]]
    message = faults_of(as_set("trained", TRAINED), as_set("control", control))
    assert "control-010: is a control film with the pixels of the trained film trained-007" in (
        message
    )
    assert "take it out of one of the two" in message


def test_films_that_only_look_alike_when_small_are_not_refused() -> None:
    """What tells the two lies between the pixels of the small picture."""
    film = np.kron(TRAINED[0][0], np.ones((16, 16), np.uint8))
    other = film.copy()
    other[0, 0] = 255 - other[0, 0]
    trained, control = [(film, "a1"), *TRAINED[2:]], [(other, "b1"), *CONTROL[2:]]
    sets = score_sets(
        as_set("trained", trained), as_set("control", control), as_set("released", RELEASED)
    )
    assert len(set(sets.trained.digests) & set(sets.control.digests)) == 1
    assert len(sets.control) == len(control)


def test_every_fault_is_named_at_once() -> None:
    control = [*CONTROL[:10], (TRAINED[7][0], "q1"), *CONTROL[11:], (CONTROL[0][0], "p1x5")]
    message = faults_of(as_set("trained", TRAINED), as_set("control", control))
    assert "share 2 patient(s) or picture(s)" in message
    assert "p1x5" in message
    assert "trained-007" in message


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((FEWEST - 1, 30, 30), "there are 19 trained films, and 20 are needed"),
        ((30, FEWEST - 1, 30), "there are 19 control films, and 20 are needed"),
        ((30, 30, FEWEST - 1), "there are 19 released films, and 20 are needed"),
        ((30, 0, 30), "there are no films of patients whom no run saw"),
    ],
)
def test_of_sets_that_are_too_small_privacy_is_not_measurable(
    sizes: tuple[int, ...], words: str
) -> None:
    trained, control, released = (
        as_set(name, clouds(count, seed=seed)) if count else None
        for seed, (name, count) in enumerate(
            zip(("trained", "control", "released"), sizes, strict=True)
        )
    )
    assert trained is not None
    assert released is not None
    sets = score_sets(trained, control, released)
    assert sets.too_few == words
    privacy = measure_privacy(sets, trained)
    assert privacy.scores() == {"release": None, "ideal": None, "copies": None}
    assert privacy.why_not == tuple(
        f"{each}: {words}"
        for each in ("distance to the closest record", "density ratio", "re-identification")
    )
    assert sets.report()["control"]["films"] == sizes[1]


def test_many_films_of_few_patients_are_too_few() -> None:
    few = as_set("control", clouds(5, seed=9, films=8))
    sets = score_sets(as_set("trained", TRAINED), few, as_set("released", RELEASED))
    assert sets.too_few == "control films are of 5 patients, and 10 are needed"


def test_films_that_are_not_in_the_release_are_left_out() -> None:
    released = as_set("released", RELEASED)
    names = sorted(released.homes)[:24]
    sets = score_sets(
        as_set("trained", TRAINED),
        as_set("control", CONTROL),
        released,
        checkpoint_of=dict.fromkeys(names, "3"),
    )
    assert sorted(sets.released.ids) == names
    assert sets.checkpoints == {}


def test_films_without_a_patient_are_patients_of_their_own_and_counted() -> None:
    films = {f"c{number}": film for number, (film, _) in enumerate(CONTROL)}
    stated = {"c0": "a", "c1": "a"}
    sets = score_sets(
        as_set("trained", TRAINED),
        film_set("control", films, stated),
        as_set("released", RELEASED),
    )
    assert sets.without_patient == {"trained": 0, "control": 46}
    assert len(set(sets.control.patients)) == 47


def test_what_cannot_be_read_is_left_out_and_named() -> None:
    films = {f"r{number}": film for number, (film, _) in enumerate(RELEASED)}
    sets = score_sets(
        as_set("trained", TRAINED),
        as_set("control", CONTROL),
        film_set("released", films | {"torn": None}),
    )
    assert len(sets.released) == 30
    assert sets.unreadable["released"] == (("torn", "is not a film"),)


def renamed(films: list, seed: int) -> list:
    """In another order, with other keys."""
    chance = random.Random(seed)
    keys = {patient: f"{chance.random():.12f}"[2:] for patient in {key for _, key in films}}
    shuffled = [(film, f"k{keys[patient]}") for film, patient in films]
    chance.shuffle(shuffled)
    return shuffled


def test_other_names_keys_and_orders_give_the_same_numbers() -> None:
    reports = []
    for change in (lambda films, _: films, renamed):
        trained = as_set("trained", change(TRAINED, 1))
        sets = score_sets(
            trained,
            as_set("control", change(CONTROL, 2)),
            as_set("released", change(RELEASED, 3)),
        )
        reports.append(measure_privacy(sets, trained, patients=6).report())
    assert reports[0] == reports[1]
