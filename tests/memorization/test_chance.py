"""Expected by chance: the formula, against other people's code and against draws; its words."""

from __future__ import annotations

import json
from fractions import Fraction
from functools import partial
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binomtest, nhypergeom

from cxr_release.memorization.chance import (
    FEWEST,
    LEVEL,
    NO_SPLIT,
    SEVERAL,
    Chance,
    exceedance,
    least_unlikely,
    no_chance,
    source_chance,
    unseen_chance,
)

DRAWS = 20_000
SURE = 0.99999
"""Level of the intervals that the draws are held to: no run in a lifetime fails by chance."""


def told_of(nearer: int, films: int, compared: int, patients: int | None = None) -> Chance:
    return unseen_chance(
        "held_out", nearer=nearer, films=films, compared=compared, patients=patients or compared
    )


@given(films=st.integers(1, 60), compared=st.integers(1, 60), data=st.data())
def test_the_probability_is_that_of_the_binomials(
    films: int, compared: int, data: st.DataObject
) -> None:
    nearer = data.draw(st.integers(0, films))
    exact = Fraction(comb(films, nearer), comb(films + compared, nearer))
    assert exceedance(nearer, films, compared) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize(("films", "compared"), [(1, 19), (34, 30), (480, 90), (27_000, 744)])
def test_the_probability_is_that_of_scipy(films: int, compared: int) -> None:
    for nearer in {0, 1, min(5, films), films // 20, films}:
        found = exceedance(nearer, films, compared)
        # scipy takes 1 − the rest: beyond 1e-9 it has no digits left.
        assert found == pytest.approx(betabinom(films, 1, compared).sf(nearer - 1), abs=1e-9)
        if films < 1000:
            other = nhypergeom(films + compared, films, 1).sf(nearer - 1)
            assert found == pytest.approx(other, abs=1e-9)


def test_27_000_films_that_copy_nobody_against_744() -> None:
    chance = told_of(52, 27_000, 744)
    assert chance.expected == pytest.approx(27_000 / 745)
    assert chance.p == pytest.approx(0.24297, abs=1e-5)
    assert chance.sentence == (
        "Of 27,000 new films like the 744 held-out ones, chance alone would put 36.2 nearer to the"
        " tuning part than any of those; 52 are (exact test, p = 0.24). That number is not a sign"
        " of copies and does not rule them out: below 110 it cannot be told from chance."
    )


def test_20_copies_among_27_000_are_neither_found_nor_denied() -> None:
    said = told_of(52 + 20, 27_000, 744).sentence
    assert "72 are (exact test, p = 0.14)" in said
    assert "does not rule them out: below 110" in said


def test_no_film_that_near_is_no_sign_of_no_copy() -> None:
    said = told_of(0, 480, 90, 65).sentence
    assert "at most 7.3 nearer" in said
    assert "0 are (exact test, p = 1)" in said
    assert "does not rule them out: below 24" in said


def test_many_copies_are_more_than_chance_gives() -> None:
    chance = told_of(30, 1_000, 744)
    assert chance.p is not None
    assert chance.p < 1e-6
    assert "30 are (exact test, p < 0.001). That is more than chance gives" in chance.sentence
    assert "not a sign of copies" not in chance.sentence


def exceedances(films: int, compared: int, *, ties: int = 0, seed: int = 1) -> np.ndarray:
    """How many of some new films are nearer than all of others of the same kind: draws of it."""
    chance = np.random.default_rng(seed)
    values = chance.standard_normal((DRAWS, films + compared))
    values = np.round(values * ties) if ties else values
    return (values[:, :films] > values[:, films:].max(axis=1, keepdims=True)).sum(axis=1)


@pytest.mark.parametrize(("films", "compared"), [(40, 19), (100, 60)])
def test_draws_come_out_as_the_formula_says(films: int, compared: int) -> None:
    found = exceedances(films, compared)
    scatter = found.std() / np.sqrt(DRAWS)
    expected = told_of(0, films, compared).expected
    assert expected == pytest.approx(found.mean(), abs=5 * scatter)
    for nearer in (1, 2, 5, 10):
        share = binomtest(int((found >= nearer).sum()), DRAWS).proportion_ci(SURE)
        assert share.low <= exceedance(nearer, films, compared) <= share.high


@pytest.mark.parametrize("ties", [0, 2])
def test_where_nothing_is_copied_p_is_low_no_more_often_than_it_says(ties: int) -> None:
    """The negative control, with cosines that are all different and with such that tie."""
    films, compared = 100, 30
    tails = np.array([exceedance(nearer, films, compared) for nearer in range(films + 1)])
    p = tails[exceedances(films, compared, ties=ties)]
    for level in (0.01, 0.05, 0.2, 0.5):
        share = binomtest(int((p <= level).sum()), DRAWS).proportion_ci(SURE)
        assert share.low <= level


def test_planted_copies_give_a_p_that_says_so() -> None:
    """The positive control: 20 films of 100 lie nearer than any other."""
    chance = np.random.default_rng(2)
    for _ in range(20):
        values = chance.standard_normal(130)
        values[:20] += 10
        nearer = int((values[:100] > values[100:].max()).sum())
        assert nearer >= 20
        assert exceedance(nearer, 100, 30) < 0.005


def test_several_films_of_a_patient_do_not_count_as_several() -> None:
    """20 held-out patients of 5 films that are nearly the same: 100 would promise too much."""
    films, patients, each = 60, 20, 5
    chance = np.random.default_rng(3)
    new = chance.standard_normal((DRAWS, films))
    held = np.repeat(chance.standard_normal((DRAWS, patients)), each, axis=1)
    held += 0.01 * chance.standard_normal(held.shape)
    nearer = (new > held.max(axis=1, keepdims=True)).sum(axis=1)
    told = told_of(0, films, patients * each, patients)
    assert told.at_most
    assert told.expected is not None
    assert films / (patients * each + 1) < 0.5 * nearer.mean()
    assert nearer.mean() <= told.expected * 1.05
    assert "at most 2.9 nearer" in told.sentence
    for counted, holds in ((patients, True), (patients * each, False)):
        tails = np.array([exceedance(number, films, counted) for number in range(films + 1)])
        low = int((tails[nearer] <= 0.05).sum())
        assert (binomtest(low, DRAWS).proportion_ci(SURE).low <= 0.05) == holds


@pytest.mark.parametrize("dimensions", [1, 2, 8])
def test_source_films_held_against_each_other_give_a_bound_that_holds(dimensions: int) -> None:
    """Wherever films lie: as points on a line, in a plane, in a space of eight dimensions."""
    films, compared, draws = 30, 25, 1_000
    chance = np.random.default_rng(dimensions)
    flagged = 0
    for _ in range(draws):
        real = chance.standard_normal((compared, dimensions))
        new = chance.standard_normal((films, dimensions))
        apart = np.linalg.norm(real[:, None] - real, axis=-1) + np.diag(np.full(compared, np.inf))
        near = np.linalg.norm(new[:, None] - real, axis=-1).min(axis=1)
        flagged += int((near < apart.min()).sum())
    told = source_chance(nearer=1, films=films, compared=compared, patients=compared)
    assert told.expected == pytest.approx(2 * films / (compared + 1))
    assert told.at_most
    assert (told.p, told.note) == (None, NO_SPLIT)
    assert flagged / draws == pytest.approx(told.expected, rel=0.25)


@given(films=st.integers(1, 500), compared=st.integers(FEWEST, 200))
def test_the_least_number_that_chance_does_not_give_is_the_first(films: int, compared: int) -> None:
    least = least_unlikely(films, compared)
    assert least is not None
    assert exceedance(least, films, compared) <= LEVEL
    assert exceedance(least - 1, films, compared) > LEVEL
    assert told_of(least - 1, films, compared).p > LEVEL  # type: ignore[operator]


@given(
    films=st.integers(1, 10_000),
    compared=st.integers(1, 400),
    share=st.floats(0, 1),
    patients=st.none() | st.integers(1, 400),
)
def test_whatever_is_asked_the_answer_holds_together(
    films: int, compared: int, share: float, patients: int | None
) -> None:
    nearer = round(share * films)
    known = None if patients is None else min(patients, compared)
    for of in (
        partial(unseen_chance, "held_out"),
        partial(unseen_chance, "control"),
        source_chance,
    ):
        chance = of(nearer=nearer, films=films, compared=compared, patients=known)
        report = chance.report()
        assert json.loads(json.dumps(report, allow_nan=False)) == report
        assert (chance.p is None) == (chance.note is not None)
        assert (chance.p is None) == (chance.least is None)
        if chance.expected is None:
            assert "not measurable" in chance.sentence
            assert "p =" not in chance.sentence
        else:
            assert f"; {nearer:,} {'is' if nearer == 1 else 'are'} (" in chance.sentence
        if chance.p is not None:
            assert 0 <= chance.p <= 1
            assert (chance.p <= LEVEL) == ("more than chance" in chance.sentence)


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (told_of(0, 27_000, FEWEST - 1), "18 held-out films are too few"),
        (told_of(3, 1_000, 50, 3), "3 held-out patients are too few"),
        (source_chance(nearer=3, films=9, compared=50, patients=None), "are not stated"),
        (source_chance(nearer=3, films=9, compared=50, patients=20), SEVERAL),
        (source_chance(nearer=3, films=9, compared=5, patients=5), "5 source films are too few"),
        (no_chance(9, "there is nothing to compare with"), "is nothing to compare with"),
    ],
)
def test_what_cannot_be_told_is_said_to_be_so(chance: Chance, words: str) -> None:
    assert chance.sentence.startswith("What chance alone gives is not measurable: ")
    assert words in chance.sentence
    assert (chance.expected, chance.p, chance.least) == (None, None, None)


def test_against_control_films_the_same_numbers_are_told_in_their_own_words() -> None:
    counts = {"nearer": 2, "films": 160, "compared": 120, "patients": 120}
    control, held_out = (unseen_chance(name, **counts) for name in ("control", "held_out"))
    assert control.report() | {"sentence": ""} == held_out.report() | {"sentence": ""}
    assert control.sentence == (
        "Of 160 new films like the 120 control ones, chance alone would put 1.3 nearer to a source"
        " film than any of those; 2 are (exact test, p = 0.33). That number is not a sign of copies"
        " and does not rule them out: below 6 it cannot be told from chance."
    )
    few = unseen_chance("control", **counts | {"compared": 18, "patients": 9})
    assert few.sentence.startswith(
        "What chance alone gives is not measurable: 9 control patients are too few"
    )
    unknown = unseen_chance("control", **counts | {"patients": None})
    assert unknown.sentence.startswith("Patients are not stated, so this is film by film. Of 160")
