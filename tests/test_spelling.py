from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.spelling import by_form, folded, one_person, spellings

SAME = ["r1", "R1", "\uff321", "r\u200b1", " r1\u00a0", "r\u0661", "r1\ufe0f"]


@pytest.mark.parametrize("name", SAME)
def test_what_people_read_as_one_is_one(name: str) -> None:
    assert folded(name) == "r1"


def test_names_that_people_tell_apart_stay_apart() -> None:
    assert spellings(["a.b", "a-b", "ab", "r1", "r2", "r01"]) == []


def test_every_spelling_is_named() -> None:
    assert spellings(["R1", "b", "r1", "B", "c", "r1"]) == [["B", "b"], ["R1", "r1"]]
    assert one_person(["R1", "r1"], "reader") == "r1 and R1: one reader under two spellings"
    said = one_person(["r\u200b1", "R1", "r1"], "reader")
    assert said == "r1, R1 and 'r\\u200b1': one reader under 3 spellings"


@given(st.text(max_size=12), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_no_form_of_a_name_is_another_name(name: str, form: str) -> None:
    for other in (unicodedata.normalize(form, name), name.casefold(), f"\u2060{name} "):
        assert folded(other) == folded(name) == folded(folded(name))


def test_a_form_that_two_names_share_stands_for_neither() -> None:
    composed, apart = "\u00fc", "u\u0308"
    assert by_form([composed])[apart] == composed
    found = by_form([composed, apart])
    assert found == {composed: composed, apart: apart}
