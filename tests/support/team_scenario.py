"""Four reviewers, three adjudicators and eight readers at work, through the pages' requests."""

from __future__ import annotations

import random
from typing import Any

from tests.support.asking import Visitor
from tests.support.team_project import Clock, House

REVIEWERS = ("rev.a", "rev.b", "rev.c", "rev.d")
ADJUDICATORS = ("judge.one", "judge.two", "judge.three")
READERS = tuple(f"reader.{letter}" for letter in "abcdefgh")
REASONS = ("blank-or-noise", "wrong-facing")


def work(house: House, clock: Clock, chance: random.Random) -> dict[str, Visitor]:
    """Everybody is invited and works for a while; some do not finish.

    Returns:
        Each person, at their page.
    """
    people = house.invite("screening", *REVIEWERS)
    for number, name in enumerate(REVIEWERS):
        screen(people[name], clock, chance, stop=None if number < 3 else 9)
    for name in REVIEWERS[:2]:
        note(people[name], clock, chance)
    screen(house.invite("screening", "judge.one")["judge.one"], clock, chance, stop=2)
    people |= house.invite("adjudication", *ADJUDICATORS)
    for name in ADJUDICATORS:
        judge(people[name], clock, chance)
    people |= house.invite("study", *READERS)
    for number, name in enumerate(READERS):
        read(people[name], clock, chance, pages=12 if number < 6 else 4 - 4 * (number == 7))
    people |= house.invite("landmarks", "mark.er")
    place(people["mark.er"], clock)
    return people


def tick(clock: Clock, chance: random.Random) -> None:
    """Mostly seconds; now and then somebody goes for a coffee."""
    clock.wait(chance.choice([1.5, 2.25, 4.0, 7.5, 11.0] * 6 + [1000.0]))


def open_films(person: Visitor) -> list[str]:
    """Names of the films of the queue on which this person has not decided."""
    films: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        page = person.ask(f"films?n=100&from={start}").json()
        films += page["films"]
        start = page["next"]
    return [film["name"] for film in films if film["decision"] is None]


def screen(person: Visitor, clock: Clock, chance: random.Random, *, stop: int | None) -> None:
    names = open_films(person)[:stop]
    while names:
        tick(clock, chance)
        count = chance.choice([1, 1, 3])
        batch, names = names[:count], names[count:]
        out = chance.random() < 0.35
        decisions = [
            {"film": film, "decision": "exclude", "reason": chance.choice(REASONS), "note": ""}
            if out
            else {"film": film, "decision": "keep", "reason": "", "note": ""}
            for film in batch
        ]
        answer = person.send("decisions", {"undecided_only": False, "decisions": decisions})
        assert answer.status == 200, answer.body
        if chance.random() < 0.1:  # of another mind
            clock.wait(1.0)
            back = {"film": batch[0], "decision": "retract", "reason": "", "note": ""}
            person.send("decisions", {"undecided_only": False, "decisions": [back]})


def note(person: Visitor, clock: Clock, chance: random.Random) -> None:
    """Findings of some films, or none; one is taken back."""
    films = person.ask("films?n=100&from=0").json()["films"]
    for film in [*films[:12], films[3]]:
        clock.wait(2.5)
        codes = chance.choice([[], ["osteophytes"], ["hardware", "kyphosis"]])
        wish = {"film": film["name"], "findings": codes}
        assert person.send("findings", wish).status == 200
    person.send("findings", {"film": films[0]["name"], "findings": None})


def judge(person: Visitor, clock: Clock, chance: random.Random) -> None:
    for pair in person.ask("pairs").json()["pairs"]:
        if pair["verdict"] is None and chance.random() < 0.8:
            tick(clock, chance)
            word = chance.choice(["copy", "not-a-copy", "not-a-copy", "not-a-copy", "unsure"])
            answer = person.send("verdicts", {"pair": pair["name"], "verdict": word})
            assert answer.status == 200, answer.body


def read(person: Visitor, clock: Clock, chance: random.Random, *, pages: int) -> None:
    for page in person.ask("pages").json()["pages"][:pages]:
        tick(clock, chance)
        films = page["films"]
        answer = {
            "page": page["name"],
            "ratings": {film: chance.randint(1, 4) for film in films},
            "picked": films[0] if chance.random() < 0.4 else chance.choice(films),
            "seconds": 12.5,
        }
        assert person.send("answers", answer).status == 200


def place(person: Visitor, clock: Clock) -> None:
    for film in person.ask("films").json()["films"][:3]:
        clock.wait(40.0)
        wish = {"film": film["name"], "decision": "place", "points": film["first"]}
        assert person.send("placements", wish).status == 200
