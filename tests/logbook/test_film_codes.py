"""Codes of films tell which film is meant, and nothing else of it."""

from __future__ import annotations

import hashlib
import random

from hypothesis import given
from hypothesis import strategies as st

from cxr_release.logbook.film_codes import (
    ALPHABET,
    SHORTEST,
    codes_of,
    matching,
    read,
    resembling,
    written,
)

CONTENTS = st.dictionaries(st.text(max_size=12), st.text("abcdef012", max_size=3), max_size=60)


def of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@given(CONTENTS)
def test_each_has_its_own_of_one_length_whatever_the_films_are(contents: dict[str, str]) -> None:
    codes = codes_of(contents)
    assert [*codes] == [*contents]
    assert len({*codes.values()}) == len(contents)
    assert len({len(code) for code in codes.values()}) <= 1
    assert {*"".join(codes.values())} <= {*ALPHABET}


@given(CONTENTS, st.randoms())
def test_the_order_in_which_films_come_makes_no_difference(
    contents: dict[str, str], chance: random.Random
) -> None:
    names = [*contents]
    chance.shuffle(names)
    assert codes_of({name: contents[name] for name in names}) == codes_of(contents)


def test_it_follows_from_the_bytes_and_not_from_the_id() -> None:
    films = {
        f"checkpoint-{number % 3}-large-{number:05d}": of(str(number)) for number in range(500)
    }
    renamed = {f"stylegan-initial-{number}": of(str(number)) for number in range(500)}
    assert [*codes_of(films).values()] == [*codes_of(renamed).values()]


def test_a_film_s_code_in_a_larger_task_begins_as_in_a_smaller_one() -> None:
    large = {number: of(str(number)) for number in range(30_000)}
    small = {number: large[number] for number in range(100)}
    codes, few = codes_of(large), codes_of(small)
    lengths = {len(codes[0]), len(few[0])}
    assert min(lengths) == SHORTEST
    assert max(lengths) <= 8  # people tell it each other
    assert all(codes[number].startswith(few[number]) for number in small)
    assert matching(few, codes[7]) == [7]
    assert matching(codes, codes[7]) == [7]


def test_a_slip_of_the_finger_resembles_what_was_meant_and_the_code_itself_does_not() -> None:
    codes = codes_of({number: of(str(number)) for number in range(200)})
    meant = codes[7]
    assert 7 not in resembling(codes, meant)
    for slip in (f"Z{meant[1:]}", f"{meant[:-1]}0", f"{meant[0]}{meant[2]}{meant[1]}{meant[3:]}"):
        if slip not in codes.values():
            assert 7 in resembling(codes, slip)
            assert 7 in resembling(codes, f"{slip}XQ")  # as a larger task has it
    assert 7 not in resembling(codes, meant[::-1])
    assert resembling({}, meant) == []


def test_films_of_equal_bytes_are_told_apart() -> None:
    codes = codes_of(dict.fromkeys("abc", of("same")))
    assert len({*codes.values()}) == 3


@given(st.text(ALPHABET, min_size=1, max_size=12))
def test_it_is_read_as_people_write_it(code: str) -> None:
    assert read(written(code)) == code
    assert read(f" {written(code).lower()} ") == code
    assert read(code.replace("0", "o").replace("1", "l")) == code


def test_what_cannot_be_a_code_is_not_read_as_one() -> None:
    assert [read(text) for text in ("", "A2B3", "é", "7KM2'", "7_M2", "\x00")] == [""] * 6
