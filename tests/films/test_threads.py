"""`threads`: like `map`, in order, with few results in memory."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest

from cxr_release.films.threads import AHEAD, MOST, mapped


@pytest.mark.parametrize("cores", [1, 2, 64])
def test_results_come_in_order_and_few_wait(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    threads = min(cores, MOST)
    taken = given = 0
    homes = set()

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(60):
            assert taken - given <= AHEAD * threads
            taken += 1
            yield number

    def squared(number: int) -> int:
        homes.add(threading.get_ident())
        time.sleep(0.002 if number % 3 else 0)
        return number * number

    for number, result in enumerate(mapped(squared, numbers())):
        assert result == number * number
        given += 1
    assert given == 60
    assert threading.get_ident() not in homes
    assert len(homes) <= threads
    assert list(mapped(squared, [])) == []


def test_an_error_comes_in_the_place_of_its_result_and_what_waits_is_not_begun() -> None:
    begun = []

    def half(number: int) -> float:
        begun.append(number)
        time.sleep(0.001)
        return 1 / (5 - number)

    results = mapped(half, range(1000))
    got = []
    with pytest.raises(ZeroDivisionError):
        got.extend(results)
    assert got == [1 / (5 - number) for number in range(5)]
    assert len(begun) < 100


def test_one_who_stops_taking_ends_the_work() -> None:
    begun = []
    results = mapped(begun.append, range(1000))
    next(results)
    results.close()
    assert len(begun) < 100
