from __future__ import annotations

import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cxr_release.reader_study.quartets import REAL, draw_quartets


def films(sizes: dict[str, int]) -> dict[str, dict[str, str]]:
    return {
        source: {
            f"{source}-{index}": hashlib.sha256(f"{source}{index}".encode()).hexdigest()
            for index in range(size)
        }
        for source, size in sizes.items()
    }


SOURCES = films({REAL: 30, "checkpoint-1": 25, "checkpoint-3": 22, "checkpoint-8": 40})


def test_a_quartet_holds_one_film_of_each_source_and_no_film_comes_twice() -> None:
    shown = draw_quartets(SOURCES, quartets=20, seed=1)
    for quartet in range(1, 21):
        members = [one for one in shown if one.quartet == quartet]
        assert {one.source for one in members} == set(SOURCES)
        assert [one.position for one in members] == [1, 2, 3, 4]
    assert len({one.id for one in shown}) == len(shown) == 80
    assert len({one.name for one in shown}) == 80


def test_no_place_gives_the_real_film_away() -> None:
    many = films({REAL: 600, "checkpoint-1": 600, "checkpoint-3": 600, "checkpoint-8": 600})
    places = Counter(
        one.position for one in draw_quartets(many, quartets=600, seed=3) if one.source == REAL
    )
    # Uniform over four places: 150 ± 4 standard deviations of 10.6.
    assert all(108 <= places[place] <= 192 for place in (1, 2, 3, 4))


def test_names_say_nothing_and_cannot_be_counted_through() -> None:
    for one in draw_quartets(SOURCES, quartets=20, seed=1):
        by_id = hashlib.sha256(f"1\0name\0{one.id}".encode()).hexdigest()[:16]
        assert one.name != by_id
        assert one.source not in one.name


@given(st.integers(0, 2**63 - 1))
def test_the_draw_follows_the_seed_and_not_the_order(seed: int) -> None:
    backwards = {source: dict(reversed(ids.items())) for source, ids in reversed(SOURCES.items())}
    assert draw_quartets(SOURCES, quartets=10, seed=seed) == draw_quartets(
        backwards, quartets=10, seed=seed
    )


def test_an_exclusion_changes_only_what_it_must() -> None:
    before = draw_quartets(SOURCES, quartets=20, seed=1)
    (lost,) = [one for one in before if one.quartet == 7 and one.source == "checkpoint-1"]
    fewer = {**SOURCES, "checkpoint-1": dict(SOURCES["checkpoint-1"])}
    del fewer["checkpoint-1"][lost.id]
    after = draw_quartets(fewer, quartets=20, seed=1)
    kept = {one.id for one in before if one.source != "checkpoint-1"}
    assert {one.id for one in after if one.source != "checkpoint-1"} == kept
    unchanged = [one for one in before if one.quartet < 7]
    assert [one for one in after if one.quartet < 7] == unchanged


def test_too_few_films_give_fewer_quartets() -> None:
    short = films({REAL: 30, "checkpoint-1": 3})
    assert {one.quartet for one in draw_quartets(short, quartets=20, seed=1)} == {1, 2, 3}
    assert draw_quartets(films({REAL: 3, "checkpoint-1": 0}), quartets=20, seed=1) == []
