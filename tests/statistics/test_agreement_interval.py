"""The interval of kappa, against statsmodels, and where none can be given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from cxr_release.statistics.agreement import agreement_of, measured_agreement

WORDS = ("keep", "exclude")


def ratings(films: int, people: int, seed: int, *, agree: float = 0.8) -> dict[str, dict[int, str]]:
    """Each person sees the truth with some probability, and a coin otherwise."""
    chance = np.random.default_rng(seed)
    truth = chance.random(films) < 0.3
    named = {}
    for person in range(people):
        seen = np.where(chance.random(films) < agree, truth, chance.random(films) < 0.3)
        named[f"r.{person}"] = {film: WORDS[int(out)] for film, out in enumerate(seen)}
    return named


def measured(people: dict[str, dict[Any, str]], **more: Any) -> dict[str, Any]:
    return measured_agreement(people, WORDS, unit="films", seed=1, **more)


def test_of_two_people_it_is_close_to_the_large_sample_interval() -> None:
    people = ratings(400, 2, 3)
    table = np.zeros((2, 2))
    for film in range(400):
        table[tuple(WORDS.index(each[film]) for each in people.values())] += 1
    other = cohens_kappa(table)
    stated = measured(people)
    assert stated["kappa"] == pytest.approx(other.kappa)
    assert (stated["low"], stated["high"]) == pytest.approx(
        (other.kappa_low, other.kappa_upp), abs=0.02
    )


@pytest.mark.parametrize("people", [2, 4])
def test_it_adds_an_interval_to_what_the_card_states_and_changes_nothing(people: int) -> None:
    named = ratings(60, people, 5)
    plain, stated = agreement_of(named, WORDS, unit="films"), measured(named)
    assert plain is not None
    assert plain.items() <= stated.items()
    assert stated["low"] < stated["kappa"] < stated["high"]
    assert measured(named) == stated


@pytest.mark.parametrize("people", [2, 3])
def test_nineteen_of_twenty_intervals_hold_the_kappa_of_many_films(people: int) -> None:
    true = agreement_of(ratings(40_000, people, 1), WORDS, unit="films")
    assert true is not None
    stated = [measured(ratings(120, people, 100 + seed)) for seed in range(60)]
    held = sum(one["low"] <= true["kappa"] <= one["high"] for one in stated)
    assert held >= 51  # three standard errors below 57


def test_ratings_that_come_in_clusters_make_it_wider() -> None:
    one = ratings(30, 3, 2)
    many = {name: {(film, copy): word for film, word in said.items() for copy in range(8)}
            for name, said in one.items()}  # fmt: skip
    alone, together = measured(many), measured(many, cluster_of=lambda film: film[0])
    assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ({}, "no two people have decided on the same films"),
        ({"a": {1: "keep"}, "b": {2: "keep"}}, "no two people have decided on the same films"),
        ({"a": dict.fromkeys(range(20), "keep"), "b": dict.fromkeys(range(20), "keep")},
         "all decisions are the same"),
        ({"a": {0: "keep", 1: "exclude"}, "b": {0: "keep", 1: "keep"}}, "and there are 2"),
    ],
)  # fmt: skip
def test_where_too_little_is_known_it_says_why(people: dict[str, dict[int, str]], why: str) -> None:
    stated = measured(people)
    assert why in stated["not_measurable"]
    assert "low" not in stated
