"""Who decided on how many films, how that came, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.params.people import ScreenParams
from cxr_release.screening.consensus import apply
from cxr_release.screening.decision import PAGE, TERMINAL, Decision
from cxr_release.screening.films import Generated
from cxr_release.screening.reviewers import NOT_STATED, WAYS, people_of, person_lines, sentence_of
from tests.support.decisions import decision

RULE = ScreenParams(
    reviewers_required=1, conflict="exclude", adjudicator="", require_complete=False
)
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
SLOW = 10.0


def name(index: int) -> str:
    return f"checkpoint-1-large-{index:05d}"


def films(count: int) -> list[Generated]:
    return [Generated(name(index), 1, "large", "a" * 64) for index in range(count)]


class Log(list[Decision]):
    """A person's log, written page by page."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def page(self, *indices: int, took: float = SLOW, via: str = PAGE, verb: str = "keep") -> Log:
        self.seconds += took
        for index in indices:
            at = (START + timedelta(seconds=self.seconds)).isoformat(timespec="milliseconds")
            place = {"seq": len(self) + 1, "at": at, "reviewer": "x"}
            self.append(decision(name(index), verb, via=via, **place))
        return self


def review_of(count: int, **logs: Log) -> dict[str, Any]:
    found: dict[str, Any] = apply(films(count), logs, RULE, None).counts["review"]
    return found


def test_two_who_looked_at_five_and_one_who_piped_all_have_not_screened_them_all() -> None:
    review = review_of(
        480,
        a=Log().page(0, 1, 2, 3, 4),
        b=Log().page(3, 4, 5, 6, 7),
        c=Log().page(*range(480), via=TERMINAL),
    )
    assert review["reviewers"] == 3
    assert review["films_by_reviewers"] == {"0": 0, "1": 472, "2": 6, "3": 2}
    assert review["decisions"] == {"page": 10, "terminal": 480, "not_stated": 0}
    assert (review["looked_at"], review["hurried"], review["state"]) == (8, 0, "complete")
    assert review["sentence"] == (
        "3 people have decided on 480 of 480 generated films: 472 by one person, 6 by two people"
        " and 2 by three people. Of 490 decisions 10 were given on the screening page, which shows"
        " the films, and 480 were typed or piped in a terminal, which shows none. 8 of 480"
        " generated films count as looked at: a person decided on them while the page showed them,"
        " and as far as the times in the logs tell had 0.25 s or more for each film."
    )


@pytest.mark.parametrize(
    "logs, said",
    [
        (
            {"a": Log().page(0, 1).page(2, 3)},
            "1 person has decided on all 4 generated films. Every decision was given on the"
            " screening page, which shows the films. All of them count as looked at: a person",
        ),
        (
            {"a": Log().page(0, 1, 2, 3), "b": Log().page(0, 1, 2, 3)},
            "2 people have decided on all 4 generated films, two people on each.",
        ),
        (
            {"a": Log().page(0, 1), "b": Log().page(2, 3)},
            "2 people have decided on all 4 generated films, one person on each.",
        ),
        (
            {"a": Log().page(2)},
            "1 person has decided on 1 of 4 generated films: 3 by nobody and 1 by one person.",
        ),
        (
            {"a": Log().page(0, 1, 2, 3, via="")},
            "Of 4 decisions 0 were given on the screening page, which shows the films, and for 4 it"
            " is not stated how they came. 0 of 4 generated films count as looked at",
        ),
        ({}, ""),
        ({"a": Log().page(0, verb="retract")}, ""),
    ],
)
def test_what_is_said_follows_from_the_decisions(logs: dict[str, Log], said: str) -> None:
    sentence = review_of(4, **logs)["sentence"]
    assert said in sentence
    assert bool(sentence) == bool(said)


def test_who_is_faster_than_a_look_is_said_to_be_and_has_looked_at_none() -> None:
    """Enter on Enter: 100 films a page, a page a second; the first page may have been looked at."""
    log = Log()
    for page in range(4):
        log.page(*range(100 * page, 100 * page + 100), took=1.0)
    review = review_of(400, a=log)
    assert (review["looked_at"], review["hurried"]) == (100, 300)
    (person,) = review["each"]
    assert person["hurried_per_minute"] == pytest.approx(6000, rel=0.01)
    assert "One person gave 300 of 400 decisions at 6,0" in review["sentence"]
    assert "at more than 4 films a second a person cannot look at each" in review["sentence"]
    (line,) = person_lines(apply(films(400), {"a.b": log}, RULE, None).people.by_name)
    assert line.startswith("a.b: 400 decision(s) in effect, 400 on the page, 300 at 6,0")


def test_a_page_is_measured_as_a_whole() -> None:
    """What was excluded while looking is part of the page that Enter then keeps."""
    log = Log().page(*range(60), took=90.0)
    for index in range(60, 65):
        log.page(index, took=6.0, verb="exclude")
    log.page(*range(65, 120), took=1.0)
    assert review_of(120, a=log)["hurried"] == 0
    # The same page without those thirty seconds.
    fast = Log().page(*range(60), took=90.0).page(*range(60, 120), took=1.0)
    assert review_of(120, a=fast)["hurried"] == 60


def test_what_is_decided_again_with_a_look_counts_as_looked_at() -> None:
    log = Log().page(0, 1, 2, 3).page(*range(4, 90), took=1.0)
    assert review_of(90, a=log)["looked_at"] == 4
    log.page(*range(4, 90), took=200.0)
    review = review_of(90, a=log)
    assert (review["looked_at"], review["hurried"]) == (90, 0)
    assert "faster" not in review["sentence"]


def test_nobody_is_named_in_what_goes_out() -> None:
    review = review_of(4, **{"dr.smith": Log().page(0, 1), "b": Log().page(1, via=TERMINAL)})
    assert "smith" not in str(review)
    assert [one["decisions"] for one in review["each"]] == [2, 1]


@settings(max_examples=60)
@given(st.data())
def test_the_numbers_are_those_of_the_decisions_one_by_one(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    logs: dict[str, Log] = {}
    for person in data.draw(st.sets(st.sampled_from("abcd"))):
        log = logs[person] = Log()
        for _ in range(data.draw(st.integers(0, 5))):
            log.page(
                *data.draw(
                    st.lists(st.integers(0, count - 1), min_size=1, max_size=6, unique=True)
                ),
                took=data.draw(st.sampled_from([0.0, 0.2, 3.0, 500.0])),
                via=data.draw(st.sampled_from([PAGE, TERMINAL, ""])),
                verb=data.draw(st.sampled_from(["keep", "keep", "exclude", "retract"])),
            )
    review = review_of(count, **logs)
    stands = {(person, one.about): one for person, log in logs.items() for one in log}
    stands = {key: one for key, one in stands.items() if not one.retracts}
    deciders = {film.id: sum(about == film.id for _, about in stands) for film in films(count)}
    assert sum(review["films_by_reviewers"].values()) == count
    for number, decided in review["films_by_reviewers"].items():
        assert decided == list(deciders.values()).count(int(number))
    for way in WAYS:
        said = sum((stand.via or NOT_STATED) == way for stand in stands.values())
        assert review["decisions"][way] == said
    shown = {about for (_, about), one in stands.items() if one.via == PAGE}
    assert 0 <= review["looked_at"] <= len(shown)
    assert review["hurried"] <= sum(stand.via != TERMINAL for stand in stands.values())
    assert review["reviewers"] == len({person for person, _ in stands}) == len(review["each"])
    assert review["sentence"] == sentence_of(review, count)
    assert ("all" in review["sentence"]) <= (0 not in deciders.values())
    found = people_of([film.id for film in films(count)], logs)
    assert found.deciders == {film: number for film, number in deciders.items() if number}
