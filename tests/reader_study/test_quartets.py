from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import ReaderStudyError
from cxr_release.reader_study.kit import (
    KeyRow,
    Kit,
    KitFilm,
    draw_quartets,
    left_facing_only,
    redraw_quartets,
    secret_of,
)
from cxr_release.reader_study.ratings import REAL


def films(sizes: dict[str, int]) -> dict[str, dict[str, str]]:
    return {
        source: {
            f"{source}-{index}": hashlib.sha256(f"{source}{index}".encode()).hexdigest()
            for index in range(size)
        }
        for source, size in sizes.items()
    }


SECRET = secret_of(1, ["a", "b"])
SOURCES = films({REAL: 30, "checkpoint-1": 25, "checkpoint-3": 22, "checkpoint-8": 40})


def test_a_quartet_holds_one_film_of_each_source_and_no_film_comes_twice() -> None:
    shown = draw_quartets(SOURCES, quartets=20, secret=SECRET)
    for quartet in range(1, 21):
        members = [one for one in shown if one.quartet == quartet]
        assert {member.source for member in members} == set(SOURCES)
        assert [member.position for member in members] == [1, 2, 3, 4]
    assert len({one.id for one in shown}) == len(shown) == 80
    assert len({one.name for one in shown}) == 80


def test_no_place_gives_the_real_film_away() -> None:
    many = films({REAL: 600, "checkpoint-1": 600, "checkpoint-3": 600, "checkpoint-8": 600})
    places = Counter(
        film.position
        for film in draw_quartets(many, quartets=600, secret=SECRET)
        if film.source == REAL
    )
    # Uniform over four places: 150 ± 4 standard deviations of 10.6.
    assert all(108 <= places[place] <= 192 for place in (1, 2, 3, 4))


def test_a_name_says_nothing_and_who_has_the_seed_alone_cannot_make_it() -> None:
    shown = draw_quartets(SOURCES, quartets=20, secret=SECRET)
    without_the_films = secret_of(1, [])
    others = draw_quartets(SOURCES, quartets=20, secret=without_the_films)
    assert not {one.name for one in shown} & {other.name for other in others}
    assert not [one for one in shown if one.source in one.name]


def test_how_early_a_film_was_drawn_says_nothing_to_who_has_the_seed_alone() -> None:
    """A film that ranks first of 600 is an early one; of 20, any: ranks must not be guessed."""
    many = films({REAL: 600, "checkpoint-1": 20})
    first = {film.id for film in draw_quartets(many, quartets=20, secret=SECRET)}
    guessed = {film.id for film in draw_quartets(many, quartets=20, secret=secret_of(1, []))}
    assert len([film for film in first & guessed if film.startswith(REAL)]) <= 5


@given(st.integers(0, 2**63 - 1), st.lists(st.text("abc", min_size=1), max_size=5, unique=True))
def test_the_draw_follows_the_secret_and_not_the_order(seed: int, pixels: list[str]) -> None:
    backwards = {source: dict(reversed(ids.items())) for source, ids in reversed(SOURCES.items())}
    secret = secret_of(seed, pixels)
    assert secret == secret_of(seed, reversed(pixels))
    assert draw_quartets(SOURCES, quartets=10, secret=secret) == draw_quartets(
        backwards, quartets=10, secret=secret
    )


def test_an_exclusion_changes_only_what_it_must() -> None:
    before = draw_quartets(SOURCES, quartets=20, secret=SECRET)
    (lost,) = [one for one in before if one.quartet == 7 and one.source == "checkpoint-1"]
    fewer = {**SOURCES, "checkpoint-1": dict(SOURCES["checkpoint-1"])}
    del fewer["checkpoint-1"][lost.id]
    after = draw_quartets(fewer, quartets=20, secret=SECRET)
    kept = {one.id for one in before if one.source != "checkpoint-1"}
    assert {one.id for one in after if one.source != "checkpoint-1"} == kept
    unchanged = [one for one in before if one.quartet < 7]
    assert [one for one in after if one.quartet < 7] == unchanged


def test_too_few_films_give_fewer_quartets() -> None:
    short = films({REAL: 30, "checkpoint-1": 3})
    assert {film.quartet for film in draw_quartets(short, quartets=20, secret=SECRET)} == {
        1,
        2,
        3,
    }
    assert draw_quartets(films({REAL: 3, "checkpoint-1": 0}), quartets=20, secret=SECRET) == []


def kit_of(shown: list[KeyRow]) -> Kit:
    return Kit(tuple(KitFilm(one.quartet, one.position, one.name, "0" * 64) for one in shown))


def test_what_readers_were_given_is_drawn_again_whatever_is_excluded_since() -> None:
    """All films are searched, so an exclusion has no say; more quartets wanted deal none anew."""
    shown = draw_quartets(SOURCES, quartets=10, secret=SECRET)
    assert redraw_quartets(SOURCES, kit_of(shown), quartets=20, secret=SECRET) == shown


def test_a_film_that_is_not_there_any_more_stops_the_study() -> None:
    shown = draw_quartets(SOURCES, quartets=10, secret=SECRET)
    fewer = {**SOURCES, "checkpoint-1": dict(SOURCES["checkpoint-1"])}
    for one in shown[:8]:
        fewer[one.source] = {
            film: pixels for film, pixels in fewer[one.source].items() if film != one.id
        }
    with pytest.raises(ReaderStudyError, match="8 of the 40 films that readers were given"):
        redraw_quartets(fewer, kit_of(shown), quartets=10, secret=SECRET)
    changed = {**SOURCES, REAL: dict.fromkeys(SOURCES[REAL], "0" * 64)}
    with pytest.raises(ReaderStudyError, match="10 of the 40 films"):
        redraw_quartets(changed, kit_of(shown), quartets=10, secret=SECRET)


def test_a_film_that_readers_saw_the_other_way_round_is_found() -> None:
    shown = draw_quartets(SOURCES, quartets=10, secret=SECRET)
    turned = set(list(SOURCES["checkpoint-1"])[:12])
    now = {
        source: {film: one[::-1] if film in turned else one for film, one in ids.items()}
        for source, ids in SOURCES.items()
    }
    other = {"checkpoint-1": {film: SOURCES["checkpoint-1"][film] for film in turned}}
    kit = kit_of(shown)
    assert redraw_quartets(now, kit, quartets=10, secret=SECRET, mirrored=other) == shown
    with pytest.raises(ReaderStudyError, match="films that readers were given are not there"):
        redraw_quartets(now, kit, quartets=10, secret=SECRET)


def test_only_films_that_face_left_are_drawn_where_each_source_has_some() -> None:
    left = {source: set(list(ids)[::2]) for source, ids in SOURCES.items()}
    alike = left_facing_only(SOURCES, left)
    assert alike is not None
    assert {source: set(ids) for source, ids in alike.items()} == left
    assert left_facing_only(SOURCES, left | {REAL: set()}) is None
    assert left_facing_only(SOURCES, left | {"checkpoint-1": {"another"}}) is None
    everything = {source: set(ids) for source, ids in SOURCES.items()}
    assert left_facing_only(SOURCES, everything) == SOURCES


def test_another_study_is_refused_once_readers_have_begun() -> None:
    kit = kit_of(draw_quartets(SOURCES, quartets=10, secret=SECRET))
    with pytest.raises(ReaderStudyError, match="10 quartets; asked for are 9"):
        redraw_quartets(SOURCES, kit, quartets=9, secret=SECRET)
    more = SOURCES | films({"checkpoint-9": 20})
    with pytest.raises(ReaderStudyError, match=r"set sample\.checkpoints back"):
        redraw_quartets(more, kit, quartets=10, secret=SECRET)
