from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.logbook.logs import by_people, tally


@pytest.mark.parametrize(
    "people, said",
    [
        ([], "none"),
        ([0, 0], "2 by nobody"),
        ([1], "1 by one person"),
        ([2, 1, 1, 0], "1 by nobody, 2 by one person and 1 by two people"),
        ([5, 3], "1 by three people and 1 by 5 people"),
        ([1] * 1475 + [2] * 5, "1,475 by one person and 5 by two people"),
    ],
)
def test_so_many_by_so_many_people(people: list[int], said: str) -> None:
    assert by_people(tally(people)) == said


@given(st.lists(st.integers(0, 6), max_size=40))
def test_every_thing_is_counted_once(people: list[int]) -> None:
    found = tally(people)
    assert sum(found.values()) == len(people)
    assert list(found) == [str(number) for number in range(max(people, default=0) + 1)]
    assert sum(int(number) * things for number, things in found.items()) == sum(people)
