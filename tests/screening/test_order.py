from __future__ import annotations

import hashlib
import hmac
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.screening.films import Generated
from cxr_release.screening.queue import NAME, name_of, order_of

SEED = bytes(range(16))


def films(count: int = 200) -> list[Generated]:
    return [
        Generated(f"checkpoint-{number}-large-{index:05d}", number, "large", f"{index:064x}")
        for number in (34, 40)
        for index in range(count // 2)
    ]


def test_an_order_holds_every_film_once_and_mixes_checkpoints() -> None:
    order = order_of(films(), SEED)
    assert sorted(film.id for film in order) == sorted(film.id for film in films())
    assert 30 < sum(film.checkpoint == 34 for film in order[:100]) < 70
    assert order == order_of(films()[::-1], SEED)
    assert order != order_of(films(), bytes(16))


@given(st.sets(st.integers(0, 199)))
def test_films_that_stay_keep_their_order(chosen: set[int]) -> None:
    some = [film for index, film in enumerate(films()) if index in chosen]
    assert order_of(some, SEED) == [film for film in order_of(films(), SEED) if film in some]


@given(st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_doubtful_films_come_first_and_equals_stay_shuffled(doubts: list[int]) -> None:
    some = films(40)
    scores = {film.id: float(doubt) for film, doubt in zip(some, doubts, strict=True)}
    order = order_of(some, SEED, scores)
    assert [scores[film.id] for film in order] == sorted(map(float, doubts), reverse=True)
    for doubt in set(doubts):
        equals = [film for film in some if scores[film.id] == doubt]
        assert [film for film in order if film in equals] == order_of(equals, SEED)


@pytest.mark.parametrize("score", [math.nan, math.inf, None])
def test_a_film_without_a_score_is_no_least_doubtful_one(score: float | None) -> None:
    scores = {film.id: 1.0 for film in films()[1:]}
    if score is not None:
        scores[films()[0].id] = score
    with pytest.raises(DecisionError, match="1 film"):
        order_of(films(), SEED, scores)


def test_names_are_opaque_and_those_of_the_contract() -> None:
    names = [name_of(film, SEED) for film in films()]
    assert len(set(names)) == 200
    assert all(NAME.fullmatch(name) for name in names)
    first = films()[0]
    message = f"{first.id}\0{first.sha256}".encode()
    assert names[0] == hmac.new(SEED, message, hashlib.sha256).hexdigest()[:32]
    assert name_of(first, bytes(16)) != names[0]
    assert name_of(Generated(first.id, 34, "large", "f" * 64), SEED) != names[0]
