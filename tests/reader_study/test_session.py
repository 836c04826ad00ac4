from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.logbook.log import Log, read
from cxr_release.reader_study.answer import ANSWER, NewAnswer
from cxr_release.reader_study.kit import Kit, KitFilm
from cxr_release.reader_study.session import (
    LONGEST,
    FinalAnswerError,
    GivenAnswer,
    Page,
    Session,
    UnfitAnswerError,
    UnknownPageError,
)

SEEDS = st.binary(min_size=16, max_size=16)
SEED = bytes(16)
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def kit_of(quartets: int, films: int = 4, mark: str = "a") -> Kit:
    return Kit(
        tuple(
            KitFilm(quartet, place, f"{100 * quartet + place:016x}", f"{mark}{place:063x}")
            for quartet in range(1, quartets + 1)
            for place in range(1, films + 1)
        )
    )


def opened(folder: Path, kit: Kit, seed: bytes = SEED, **more: Any) -> Session:
    return Session(kit, Log(ANSWER, folder, "a.b"), seed, **more)


def unnamed(reading: Session, kit: Kit) -> list[tuple[int, list[str]]]:
    """Quartet and films of every page, by the kit's names, in the order shown."""
    quartets = {film.name: film.quartet for film in kit.films}
    found = []
    for page in reading.pages():
        films = [reading.film(film) or "" for film in page.films]
        (quartet,) = {quartets[film] for film in films}
        found.append((quartet, films))
    return found


@FEW
@given(seed=SEEDS, quartets=st.integers(1, 12), films=st.integers(2, 6))
def test_a_reader_sees_every_quartet_and_film_once_and_the_same_at_each_visit(
    tmp_path: Path, seed: bytes, quartets: int, films: int
) -> None:
    kit = kit_of(quartets, films)
    reading = opened(tmp_path, kit, seed)
    shown = unnamed(reading, kit)
    assert sorted(quartet for quartet, _ in shown) == list(kit.quartets)
    for quartet, names in shown:
        assert sorted(names) == [film.name for film in kit.quartets[quartet]]
    backwards = Kit(kit.films[::-1])
    assert opened(tmp_path, backwards, seed).pages() == reading.pages()


@FEW
@given(seeds=st.lists(SEEDS, min_size=2, max_size=2, unique=True))
def test_no_two_readers_see_the_same_order_or_names(tmp_path: Path, seeds: list[bytes]) -> None:
    kit = kit_of(30)
    mine, theirs = (opened(tmp_path, kit, seed) for seed in seeds)
    orders = [[quartet for quartet, _ in unnamed(one, kit)] for one in (mine, theirs)]
    assert orders[0] != orders[1]

    def names(reading: Session) -> set[str]:
        return {name for page in reading.pages() for name in (page.name, *page.films)}

    assert len(names(mine)) == 30 * 5
    assert not names(mine) & names(theirs)
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names(mine))
    for page in theirs.pages():
        assert [mine.film(film) for film in page.films] == [None] * 4
        with pytest.raises(UnknownPageError):
            mine.submit(page.name, dict.fromkeys(page.films, 1), page.films[0], 1)


def test_neither_the_kit_s_places_nor_its_numbers_shine_through(tmp_path: Path) -> None:
    kit = kit_of(2)
    first = Counter()
    places: Counter[tuple[int, int]] = Counter()
    for number in range(600):
        shown = unnamed(opened(tmp_path, kit, number.to_bytes(16)), kit)
        first[shown[0][0]] += 1
        quartet, films = shown[0]
        kept = [film.name for film in kit.quartets[quartet]]
        places.update((place, kept.index(film)) for place, film in enumerate(films))
    # Binomial: 300 ± 4.5 × 12.2, and 150 ± 4.5 × 10.6.
    assert all(245 <= first[quartet] <= 355 for quartet in (1, 2))
    assert all(102 <= places[shown, kept] <= 198 for shown in range(4) for kept in range(4))


def test_other_bytes_of_a_film_make_other_names(tmp_path: Path) -> None:
    mine, other = (opened(tmp_path, kit_of(2, mark=mark)).pages() for mark in "ab")
    assert not {one.name for one in mine} & {one.name for one in other}
    assert not {film for one in mine for film in one.films} & {
        f for one in other for f in one.films
    }


def answer(reading: Session, page: Page, given: GivenAnswer, seconds: float = 1) -> bool:
    ratings = dict(zip(page.films, given.ratings, strict=True))
    stands, logged = reading.submit(page.name, ratings, page.films[given.picked], seconds)
    assert stands in reading.pages()
    return logged


GIVEN = st.builds(GivenAnswer, st.tuples(*[st.integers(1, 4)] * 3), st.integers(0, 2))


@FEW
@given(said=st.lists(st.tuples(st.integers(0, 2), GIVEN), max_size=14), going_back=st.booleans())
def test_the_log_is_what_was_submitted_whatever_is_said_twice(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, GivenAnswer]], going_back: bool
) -> None:
    folder, kit = tmp_path_factory.mktemp("logs"), kit_of(3, films=3)
    reading = opened(folder, kit, going_back=going_back)
    other = opened(folder, kit, going_back=going_back)  # a second server
    wanted: list[tuple[int, GivenAnswer]] = []
    stands: dict[int, GivenAnswer] = {}
    for turn, (place, one) in enumerate(said):
        server = (reading, other)[turn % 2]
        page = server.pages()[place]
        if place in stands and stands[place] != one and not going_back:
            with pytest.raises(FinalAnswerError, match="final"):
                answer(server, page, one)
        else:
            assert answer(server, page, one, turn) == (stands.get(place) != one)
            assert not answer(server, page, one, turn + 1)  # a lost answer, asked for again
            if stands.get(place) != one:
                wanted.append((place, one))
            stands[place] = one
    reading.refresh()
    assert {place: page.given for place, page in enumerate(reading.pages()) if page.given} == stands
    shown = unnamed(reading, kit)
    path = folder / "a.b.jsonl"
    lines = read(ANSWER, path) if path.exists() else []
    assert [
        (int(line.page) - 1, line.films.split(), line.ratings, line.picked, line.about)
        for line in lines
    ] == [
        (
            place,
            shown[place][1],
            " ".join(map(str, given.ratings)),
            shown[place][1][given.picked],
            shown[place][0],
        )
        for place, given in wanted
    ]
    assert all(line.fingerprint == kit.fingerprints[line.about] for line in lines)


@pytest.mark.parametrize(
    ("seconds", "logged"), [(0, "0.000"), (-0.0, "0.000"), (34.5124, "34.512"), (LONGEST, None)]
)
def test_the_time_is_logged_to_the_millisecond(
    tmp_path: Path, seconds: float, logged: str | None
) -> None:
    reading = opened(tmp_path, kit_of(1))
    answer(reading, reading.pages()[0], GivenAnswer((1, 2, 3, 4), 0), seconds)
    (line,) = read(ANSWER, tmp_path / "a.b.jsonl")
    assert line.seconds == (logged or f"{LONGEST}.000")


NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("ratings", "picked", "seconds", "what"),
    [
        ([1, 2, 3], 0, 1, "each film"),
        ([1, 2, 3, 4, 4], 0, 1, "each film"),
        ([1, 2, 3, 5], 0, 1, "1 to 4"),
        ([0, 2, 3, 4], 0, 1, "1 to 4"),
        ([1, 2, 3, 4], 4, 1, "real one"),
        ([1, 2, 3, 4], 0, -0.001, "no time"),
        ([1, 2, 3, 4], 0, LONGEST + 1, "no time"),
        ([1, 2, 3, 4], 0, NAN, "no time"),
        ([1, 2, 3, 4], 0, INFINITE, "no time"),
        ([1, 2, 3, 4], 0, 10**400, "no time"),
    ],
)
def test_an_answer_that_is_not_whole_is_not_logged(
    tmp_path: Path, ratings: list[int], picked: int, seconds: float, what: str
) -> None:
    reading = opened(tmp_path, kit_of(1))
    page = reading.pages()[0]
    films = [*page.films, "f" * 32]
    with pytest.raises(UnfitAnswerError, match=what):
        reading.submit(page.name, dict(zip(films, ratings, strict=False)), films[picked], seconds)
    assert not (tmp_path / "a.b.jsonl").exists()


def test_a_log_about_other_films_is_refused_at_the_start(tmp_path: Path) -> None:
    kit = kit_of(2)
    reading = opened(tmp_path, kit)
    answer(reading, reading.pages()[0], GivenAnswer((1, 2, 3, 4), 0))
    with pytest.raises(DecisionError, match="1 answer") as caught:
        opened(tmp_path, kit_of(2, mark="b"))
    assert caught.value.where == str(tmp_path / "a.b.jsonl")
    assert "line 1" in caught.value.faults[0].where
    quartet = kit.films[0].quartet
    foreign = NewAnswer(
        str(quartet), kit.fingerprints[quartet], "0" * 16, "1", "0" * 16, "1", "1.000"
    )
    Log(ANSWER, tmp_path, "a.b").append([foreign])
    with pytest.raises(DecisionError, match="1 answer"):
        reading.refresh()
