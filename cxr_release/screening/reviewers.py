"""Who decided on how many films, how the decisions came, and on which films people can have looked.

A decision shows that a person decided. It shows that the person looked at the film only if it was
given on the page, and not faster than one look takes (see `review_rate`). Sentences on the people
who screened follow from these counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import by_people, joined, persons
from cxr_release.screening.acceptance import sentences_of
from cxr_release.screening.decision import PAGE, TERMINAL, Decision
from cxr_release.screening.review_rate import LEAST_LOOK, hurry

NOT_STATED = "not_stated"
WAYS = (PAGE, TERMINAL, NOT_STATED)
"""How a decision came."""
Person = dict[str, Any]


@dataclass(frozen=True)
class People:
    """What people's effective decisions on some films are."""

    by_name: dict[str, Person]
    """Each person with a decision: `decisions`, of which by each of `WAYS`; `hurried`, those that
    were given faster than a look takes; `hurried_per_minute`, films at that rate, None of none and
    where no time lies between them."""
    deciders: Mapping[str, int]
    """Film → people whose decision on it is effective; films without one are left out."""
    looked_at: frozenset[str]
    """Films on which a person decided on the page, and not faster than a look takes."""

    def counted(self) -> dict[str, Any]:
        """The same in numbers, without names.

        Returns:
            `reviewers`; `decisions` (way → how many); `hurried`; `each` (of each person what
            `by_name` says, in no order of names).
        """
        each = sorted(self.by_name.values(), key=lambda person: [-person["decisions"], str(person)])
        return {
            "reviewers": len(self.by_name),
            "decisions": {way: sum(person[way] for person in each) for way in WAYS},
            "hurried": sum(person["hurried"] for person in each),
            "each": each,
        }


def people_of(films: Collection[str], logs: Mapping[str, Sequence[Decision]]) -> People:
    """Count what people have decided.

    Args:
        films: ids; decisions on others are left out.
        logs: person → decisions.
    """
    by_name: dict[str, Person] = {}
    deciders: dict[str, int] = defaultdict(int)
    looked_at: set[str] = set()
    for name, log in logs.items():
        effective = {film: entry for film, entry in effective_of(log).items() if film in films}
        if not effective:
            continue
        fast = hurry(log)
        hurried = [film for film, entry in effective.items() if entry.seq in fast.lines]
        ways = Counter(entry.via or NOT_STATED for entry in effective.values())
        by_name[name] = {
            "decisions": len(effective),
            **{way: ways[way] for way in WAYS},
            "hurried": len(hurried),
            "hurried_per_minute": fast.per_minute if hurried else None,
        }
        for film in effective:
            deciders[film] += 1
        looked_at |= {film for film, entry in effective.items() if entry.via == PAGE} - {*hurried}
    return People(by_name, dict(deciders), frozenset(looked_at))


def sentence_of(review: Mapping[str, Any], generated: int) -> str:
    """Who decided on how many films, how that came, and how many can have been looked at.

    Args:
        review: as `consensus.apply` counts it.
        generated: films in all.

    Returns:
        A paragraph; empty where there is no decision. Where a sample was reviewed in place of all
        films, it ends with what that says.
    """
    return " ".join(_sentences(review, generated)) if review["reviewers"] else ""


def person_lines(people: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each person by name: how many decisions are effective, and how they came.

    Args:
        people: see `People.by_name`.
    """
    for name, person in sorted(people.items()):
        ways = {"on the page": "page", "in a terminal": "terminal", "not stated how": "not_stated"}
        parts = [f"{person[way]:,} {words}" for words, way in ways.items() if person[way]]
        if person["hurried"]:
            parts.append(f"{person['hurried']:,} {_rate(person)}, faster than a look at each takes")
        yield f"{name}: {person['decisions']:,} decision(s) in effect, {', '.join(parts)}"


def _rate(person: Mapping[str, Any]) -> str:
    rate = person["hurried_per_minute"]
    return "all at once" if rate is None else f"at {rate:,.0f} films a minute"


def _sentences(review: Mapping[str, Any], generated: int) -> Iterator[str]:
    by_number = review["films_by_reviewers"]
    numbers = [int(number) for number, films in by_number.items() if films]
    who = f"{review['reviewers']:,} {'person has' if review['reviewers'] == 1 else 'people have'}"
    if len(numbers) == 1:
        share = "" if review["reviewers"] == 1 else f", {persons(numbers[0])} on each"
        yield f"{who} decided on {_all(generated)}{share}."
    else:
        decided = generated - by_number["0"]
        yield f"{who} decided on {decided:,} of {_films(generated)}: {by_people(by_number)}."
    yield from _ways(review["decisions"])
    yield from (_hurried(person) for person in review["each"] if person["hurried"])
    looked = review["looked_at"]
    if looked == generated > 1:
        whom, them = "All of them count", "them"
    else:
        whom = f"{looked:,} of {_films(generated)} {'counts' if looked == 1 else 'count'}"
        them = "it" if looked == 1 else "them"
    yield (
        f"{whom} as looked at: a person decided on {them} while the page showed {them}, and as far"
        f" as the times in the logs tell had {LEAST_LOOK:g} s or more for each film."
    )
    if review.get("acceptance"):
        yield from sentences_of(review["acceptance"])


def _ways(decisions: Mapping[str, int]) -> Iterator[str]:
    total = sum(decisions.values())
    page, typed, unstated = (decisions[way] for way in ("page", "terminal", "not_stated"))
    if page == total:
        yield "Every decision was given on the screening page, which shows the films."
        return
    parts = [
        f"{page:,} {_was(page)} given on the screening page, which shows the films,",
        f"{typed:,} {_was(typed)} typed or piped in a terminal, which shows none" if typed else "",
        f"for {unstated:,} it is not stated how {_it(unstated)} came" if unstated else "",
    ]
    yield f"Of {total:,} decisions {joined([part for part in parts if part])}."


def _hurried(person: Mapping[str, Any]) -> str:
    return (
        f"One person gave {person['hurried']:,} of {person['decisions']:,} decisions"
        f" {_rate(person)}, page by page: at more than {1 / LEAST_LOOK:g} films a second a person"
        " cannot look at each."
    )


def _films(number: int) -> str:
    return f"{number:,} generated film{'s' * (number != 1)}"


def _all(number: int) -> str:
    return "the one generated film" if number == 1 else f"all {_films(number)}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _it(number: int) -> str:
    return "it" if number == 1 else "they"
