from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.screening.decision import TERMINAL, Decision, Verb
from cxr_release.screening.review_rate import LEAST_LOOK, Hurry, films_a_minute, hurry
from tests.support.decisions import decision

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(seconds: float, verb: Verb = "keep") -> Decision:
    time = (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return decision("film", verb, at=time)


def steady(count: int, gap: float, start: float = 0.0) -> list[Decision]:
    return [at(start + gap * index) for index in range(count)]


@given(st.integers(20, 700), st.integers(1000, 120_000))
def test_a_steady_pace_is_that_pace(count: int, milliseconds: int) -> None:
    found = films_a_minute(steady(count, milliseconds / 1000))
    assert found == pytest.approx(60_000 / milliseconds, rel=1e-6)


@given(st.floats(121, 1e6), st.integers(20, 100))
def test_a_break_does_not_count(away: float, count: int) -> None:
    before = steady(count, 2.0)
    after = steady(count, 2.0, start=2.0 * (count - 1) + away)
    assert films_a_minute(before + after) == pytest.approx(30.0)


@given(st.integers(10, 60), st.floats(15, 300), st.integers(3, 8))
def test_a_page_that_is_sent_at_once_took_the_time_before_it(
    films: int, look: float, pages: int
) -> None:
    log = [at(page * look + number / 1e4) for page in range(pages) for number in range(films)]
    found = films_a_minute(log)
    if look <= max(120.0, 6.0 * films) - 1:
        assert found == pytest.approx(60 * films / look, rel=0.01)
    elif look > max(120.0, 6.0 * films) + 1:
        assert found is None


def test_little_says_nothing() -> None:
    assert films_a_minute([]) is None
    assert films_a_minute([at(0)]) is None
    assert films_a_minute(steady(9, 5.0)) is None
    assert films_a_minute([at(0)] * 100) is None


def test_only_the_recent_past_counts() -> None:
    slow, fast = steady(1000, 60.0), steady(500, 1.0, start=61_000.0)
    assert films_a_minute(slow + fast) == pytest.approx(60.0)


def test_what_is_taken_back_is_no_film() -> None:
    log = [at(2.0 * index, "retract" if index % 2 else "keep") for index in range(100)]
    assert films_a_minute(log) == pytest.approx(15.0)


@given(st.lists(st.integers(-(10**6), 10**6), max_size=80))
def test_no_clock_makes_it_negative_or_endless(times: list[int]) -> None:
    found = films_a_minute([at(time) for time in times])
    assert found is None or 0 < found <= 60 * 500 / 10


def test_a_time_that_is_none_is_passed_over() -> None:
    log = steady(30, 2.0)
    odd = decision("film", at="2026-13-45T25:61:61Z")
    assert films_a_minute([*log[:10], odd, *log[10:]]) == pytest.approx(30.0)


def numbered(log: list[Decision], via: str = "page") -> list[Decision]:
    """Each about a film of its own."""
    return [
        replace(one, seq=seq, image_id=f"film-{seq}", via=via)
        for seq, one in enumerate(log, start=1)
    ]


NO_HURRY = Hurry(frozenset(), 0, 0.0)


@given(st.integers(1, 100), st.integers(2, 8), st.floats(0.05, 4.0))
def test_pages_on_which_films_had_less_than_a_look_are_hurried(
    films: int, pages: int, look: float
) -> None:
    log = numbered(
        [at(page * look * films + number / 1e5) for page in range(pages) for number in range(films)]
    )
    found = hurry(log)
    if look > LEAST_LOOK * 1.1:
        assert found == NO_HURRY
    elif look < LEAST_LOOK * 0.9 and films > 1 and look * films > 0.2:
        # How long the first page took, nobody knows.
        assert found.lines == frozenset(range(films + 1, films * pages + 1))
        assert found.per_minute == pytest.approx(60 / look, rel=0.1)


def test_a_script_that_sends_page_upon_page_is_hurried_though_it_never_waits() -> None:
    log = numbered([at(number / 1e4) for number in range(480)])
    assert len(hurry(log).lines) == 380


def test_what_was_piped_is_not_measured_and_does_not_disturb_what_is() -> None:
    page = [at(20.0 * page + number / 1e5) for page in range(3) for number in range(40)]
    assert hurry(numbered([at(0.0)] * 480, via=TERMINAL)) == NO_HURRY
    piped = numbered([at(19.9)] * 480, via=TERMINAL)
    assert hurry([*numbered(page[:40]), *piped, *numbered(page[40:])]) == NO_HURRY


def test_a_clock_that_was_set_back_says_nothing() -> None:
    log = numbered(
        [at(100.0 - 50 * page + number / 1e5) for page in range(3) for number in range(60)]
    )
    assert hurry(log) == NO_HURRY


@given(st.lists(st.integers(-(10**6), 10**6), max_size=60))
def test_no_times_make_hurry_negative_or_endless(times: list[int]) -> None:
    found = hurry(numbered([at(time) for time in times]))
    assert 0 <= found.seconds <= LEAST_LOOK * found.films
    assert found.films == len(found.lines) <= len(times)
