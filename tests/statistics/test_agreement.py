from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.statistics import agreement

WORDS = ("keep", "exclude", "unsure")
SAID = st.sampled_from(WORDS)
pytestmark = pytest.mark.filterwarnings("ignore:A single label was found")


def agreement_of(people: dict[str, dict[str, str]]) -> dict[str, Any] | None:
    return agreement.agreement_of(people, WORDS, unit="films")


def by_film(said: list[str]) -> dict[str, str]:
    return {f"film-{place}": one for place, one in enumerate(said)}


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=40))
def test_two_reviewers_have_the_cohen_s_kappa_of_another_library(
    pairs: list[tuple[str, str]],
) -> None:
    from sklearn.metrics import cohen_kappa_score

    mine, yours = [list(said) for said in zip(*pairs, strict=True)]
    found = agreement_of({"a": by_film(mine), "b": {**by_film(yours), "only-b": "keep"}})
    assert found is not None
    assert found["statistic"] == "Cohen's kappa"
    assert found["films"] == len(pairs)
    assert found["agree"] == pytest.approx(np.mean([one == other for one, other in pairs]))
    if len({*mine, *yours}) == 1:
        assert found["kappa"] is None
    else:
        assert found["kappa"] == pytest.approx(cohen_kappa_score(mine, yours), abs=1e-12)


def fleiss(ratings: list[list[str]]) -> float:
    """Fleiss (1971), equations 1 to 7, written out."""
    counts = np.array([[row.count(word) for word in WORDS] for row in ratings], float)
    films, people = len(ratings), len(ratings[0])
    shares = counts.sum(axis=0) / (films * people)
    each = (counts * (counts - 1)).sum(axis=1) / (people * (people - 1))
    chance = (shares**2).sum()
    return float((each.mean() - chance) / (1 - chance))


@given(
    st.integers(3, 6).flatmap(
        lambda people: st.lists(
            st.lists(SAID, min_size=people, max_size=people), min_size=2, max_size=20
        )
    )
)
def test_more_reviewers_have_fleiss_kappa(ratings: list[list[str]]) -> None:
    people = {
        str(place): by_film(list(said)) for place, said in enumerate(zip(*ratings, strict=True))
    }
    found = agreement_of(people)
    assert found is not None
    assert found["statistic"] == "Fleiss' kappa"
    assert (found["films"], found["reviewers"]) == (len(ratings), len(people))
    if len({one for row in ratings for one in row}) == 1:
        assert found["kappa"] is None
    else:
        assert found["kappa"] == pytest.approx(fleiss(ratings), abs=1e-12)


def test_films_with_two_of_three_reviewers_each_are_taken_together() -> None:
    people = {
        "a": {"1": "keep", "2": "exclude", "4": "keep"},
        "b": {"1": "keep", "3": "exclude", "4": "keep"},
        "c": {"2": "keep", "3": "exclude", "4": "keep"},
    }
    found = agreement_of(people)
    assert found is not None
    assert (found["films"], found["ratings"], found["reviewers"]) == (3, 2, 3)
    assert found["agree"] == pytest.approx(2 / 3)
    assert found["kappa"] == pytest.approx(
        fleiss([["keep", "keep"], ["exclude", "keep"], ["exclude", "exclude"]])
    )


def test_without_a_film_of_two_reviewers_nothing_is_said() -> None:
    assert agreement_of({}) is None
    assert agreement_of({"a": {"1": "keep"}, "b": {"2": "keep"}, "c": {}}) is None


def test_pairs_and_any_words_can_be_agreed_on() -> None:
    pairs = [("real-1", "synthetic-1"), ("real-1", "synthetic-2"), ("real-2", "synthetic-1")]
    people = {
        "a": dict(zip(pairs, ["copy", "unsure", "no"], strict=True)),
        "b": dict(zip(pairs, ["copy", "unsure", "copy"], strict=True)),
    }
    found = agreement.agreement_of(people, ("copy", "no", "unsure"), unit="pairs")
    assert found is not None
    assert found["pairs"] == 3
    assert found["kappa"] == pytest.approx(0.5)
