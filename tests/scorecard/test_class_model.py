"""The classifier that says which class a film is of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cxr_release.scorecard.class_model import (
    UNKNOWN,
    FilmClasses,
    classes_of_films,
    edges,
    evenly,
    judge,
    judged_scores,
    moved,
)
from cxr_release.scorecard.sets import ScoreSets
from tests.support.useful_films import Pictures, part, sets

NAMES = ("level", "upright")


def stripes(classes: np.ndarray, *, seed: int) -> Pictures:
    """Films with a grating that lies down in class 0 and stands up in class 1, in grain."""
    chance = np.random.default_rng(seed)
    films = []
    for number in classes:
        line = np.sin(np.arange(64) / 2 + chance.uniform(0, 6))
        film = np.tile(line[:, None] if number == 0 else line[None], (64, 1) if number else (1, 64))
        grain = gaussian_filter(chance.normal(size=(64, 64)), 1)
        films.append(128 + 30 * film.reshape(64, 64) + 60 * grain)
    return np.clip(np.rint(films), 0, 255).astype(np.uint8)


def scored(released: np.ndarray, *, trained: int = 30, control: int = 20) -> ScoreSets:
    return sets(
        part("trained", stripes(np.arange(trained) % 2, seed=1)),
        part("control", stripes(np.arange(control) % 2, seed=2)),
        {"1": stripes(released, seed=3)},
    )


def classes(films: ScoreSets, released: np.ndarray) -> FilmClasses:
    real = [*films.trained.ids, *films.control.ids]
    return classes_of_films(
        films,
        NAMES,
        {film: NAMES[int(film.split("-")[1]) % 2] for film in real},
        {film: NAMES[released[int(film.split("-")[1])]] for film in films.released.ids},
    )


def test_it_tells_films_by_what_they_show_and_not_by_what_they_are_called() -> None:
    truth = np.arange(24) % 2
    films = scored(truth)
    wrong = truth.copy()
    wrong[:6] = 1 - wrong[:6]
    judged = judge(films, classes(films, wrong))
    assert judged is not None
    assert judged.confusion.tolist() == [[10, 0], [0, 10]]
    assert judged.learnt == (15, 15)
    shown = np.array([truth[int(film.split("-")[1])] for film in films.released.ids])
    assert np.array_equal(judged.taken_for, shown)
    assert np.count_nonzero(judged.taken_for != judged.classes.released) == 6
    assert judged.released.sum(axis=1) == pytest.approx(1)


def test_it_needs_films_to_learn_from_and_control_films_to_be_judged_by() -> None:
    drawn = np.arange(4) % 2
    few = scored(drawn, trained=23)
    assert judge(few, classes(few, drawn)) is None
    films = scored(drawn, control=4)
    known = classes(films, drawn)
    without = FilmClasses(known.names, known.trained, np.full(4, UNKNOWN), known.released)
    assert judge(films, without) is None


def test_films_without_a_class_are_not_counted() -> None:
    films = scored(np.arange(4) % 2)
    found = classes_of_films(films, NAMES, {films.control.ids[0]: None}, {})
    assert set(found.trained) == set(found.released) == set(found.control) == {UNKNOWN}


def test_edges_are_those_of_a_film_and_its_negative_at_any_contrast() -> None:
    film = stripes(np.array([0, 1]), seed=4)
    assert edges(255 - film) == pytest.approx(edges(film), abs=1e-9)
    assert edges((film // 2).astype(np.uint8)) == pytest.approx(edges(film), abs=0.06)
    assert edges(np.full((1, 64, 64), 90, np.uint8)).max() == 0
    lying, standing = edges(film).reshape(2, 64, 8).sum(axis=1)
    # A lying grating has its gradients along the columns: direction 4 of 8, at 90 degrees.
    assert (lying.argmax(), standing.argmax() % 8) == (4, 0)


@given(down=st.integers(-5, 5), across=st.integers(-5, 5))
def test_a_moved_film_keeps_what_stays_in_it(down: int, across: int) -> None:
    film = np.random.default_rng(0).integers(0, 256, (1, 64, 64), np.uint8)
    there = moved(film, down, across)
    back = moved(there, -down, -across)
    assert np.array_equal(there[0, 5 + down : 59 + down, 5 + across : 59 + across],
                          film[0, 5:59, 5:59])  # fmt: skip
    assert np.array_equal(back[0, 5:59, 5:59], film[0, 5:59, 5:59])


@given(
    numbers=st.lists(st.integers(-1, 3), max_size=40).map(np.array),
    most=st.integers(0, 40),
)
def test_rare_classes_are_taken_whole_before_common_ones(numbers: np.ndarray, most: int) -> None:
    numbers = numbers.astype(np.int64)
    places = evenly(numbers, 4, most)
    known = np.count_nonzero(numbers != UNKNOWN)
    assert len(places) == min(most, known)
    assert list(places) == sorted({*places})
    taken = np.bincount(numbers[places], minlength=4)
    every = np.bincount(numbers[numbers != UNKNOWN], minlength=4)
    short = taken[taken < every]
    assert not len(short) or taken.max() <= short.min() + 1


def test_a_class_that_nothing_is_known_of_is_never_named() -> None:
    truth = np.arange(24) % 2
    scores = judged_scores(stripes(truth, seed=1), 2 * truth, stripes(truth[:4], seed=5), 3)
    assert scores[:, 1].max() == 0
    assert list(scores.argmax(axis=1)) == [0, 2, 0, 2]
