"""What a record says of the people who reviewed: its own numbers agree, and its sentence is theirs.

Who decided what stands in no released table; how many excluded a film does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.publishing.verification.findings import Findings, is_a
from cxr_release.publishing.verification.record import RECORD
from cxr_release.screening.people import WAYS
from cxr_release.screening.words import sentence_of

Row = Mapping[str, Any]
_PERSON = ("decisions", *WAYS, "hurried")


def check_screeners(
    review: Row, generated: int, exclusions: Sequence[Row], found: Findings
) -> None:
    """Who decided on how many films, and how.

    Args:
        review: `reviews.screening` of the record.
        generated: films, as the tables have them.
        exclusions: rows of `schemas.TOMBSTONES`.
        found: where differences go.
    """
    where = f"{RECORD}: reviews.screening"
    tally = review["films_by_reviewers"]
    if not check_tally(f"{where}, films_by_reviewers", tally, generated, found):
        return
    each, decisions = review["each"], review["decisions"]
    if set(decisions) != {*WAYS} or not all(map(_is_count, decisions.values())):
        found.add(f"{where}, decisions", f"are not counts of {', '.join(WAYS)}")
        return
    if not all(_is_person(one, generated) for one in each):
        found.add(f"{where}, each", "holds what is no count of a person's decisions")
        return
    stand = sum(int(people) * films for people, films in tally.items())
    found.says(f"{where}, decisions in all", sum(decisions.values()), stand, "films_by_reviewers")
    for way in WAYS:
        found.says(f"{where}, decisions, {way}", decisions[way], sum(one[way] for one in each))
    hurried = sum(one["hurried"] for one in each)
    found.says(f"{where}, hurried", review["hurried"], hurried, "its people")
    found.says(f"{where}, reviewers", review["reviewers"], len(each), "its people")
    most = max(map(int, tally))
    if most > len(each):
        found.add(f"{where}, films_by_reviewers", f"a film has {most} people of {len(each)}")
    shown = min(generated - tally["0"], decisions["page"])
    if not 0 <= review["looked_at"] <= shown:
        what = f"{review['looked_at']} films cannot be: {shown} at most were decided on when shown"
        found.add(f"{where}, looked_at", what)
    _check_exclusions(where, tally, exclusions, found)
    true = sentence_of(review, generated)
    if review["sentence"] != true:
        found.add(f"{where}, sentence", "is not what its numbers say")
    found.applied("counts of people's decisions that agree", len(each) + len(tally))


def check_tally(where: str, tally: Any, things: int, found: Findings) -> bool:
    """Whether these are counts of all things, by how many people said something of them."""
    names = [str(number) for number in range(len(tally))]
    if not tally or sorted(tally) != sorted(names) or not all(map(_is_count, tally.values())):
        found.add(where, "is no number of films or pairs for each number of people from 0 on")
        return False
    found.says(f"{where}, in all", sum(tally.values()), things)
    return True


def _check_exclusions(where: str, tally: Row, exclusions: Sequence[Row], found: Findings) -> None:
    """No more films were excluded by so many people than so many have decided on."""
    excluded = Counter(row["reviewers"] for row in exclusions)
    for people in sorted(excluded):
        out = sum(films for number, films in excluded.items() if number >= people)
        decided = sum(films for number, films in tally.items() if int(number) >= people)
        if out > decided:
            what = f"{decided} films have {people} people's decisions, and {out} are excluded so"
            found.add(f"{where}, films_by_reviewers", what)


def _is_person(one: Any, generated: int) -> bool:
    return (
        isinstance(one, Mapping)
        and all(_is_count(one.get(name)) for name in _PERSON)
        and 0 < one["decisions"] == sum(one[way] for way in WAYS) <= generated
        and one["hurried"] <= one["decisions"] - one["terminal"]
        and is_a(one.get("hurried_per_minute", 0), (int, float, type(None)))
    )


def _is_count(value: Any) -> bool:
    return is_a(value, int) and value >= 0
