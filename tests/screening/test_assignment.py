"""Films are assigned to reviewers in equal shares of every source and facing."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import DecisionError
from cxr_release.screening.assignment import Assignment, Stratum, shares_of

STRATA = {
    f"checkpoint-{source}-large-{index:05d}": (f"checkpoint-{source}", facing)
    for source, films in ((3, 61), (6, 90), (15, 7))
    for index in range(films)
    for facing in [("left", "right", "unknown")[index % 7 % 3]]
}
PEOPLE = [f"r.{letter}" for letter in "abcdefgh"]


def spread(numbers: list[int]) -> int:
    return max(numbers) - min(numbers)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 500).map(lambda number: f"checkpoint-1-large-{number:05d}"),
        st.tuples(st.sampled_from(["checkpoint-1", "gan"]), st.sampled_from(["left", "right"])),
        max_size=60,
    ),
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 9),
)
def test_each_film_has_so_many_reviewers_and_all_shares_are_equal(
    strata: dict[str, Stratum], people: int, each: int, seed: int
) -> None:
    names = PEOPLE[:people]
    if people < each:
        with pytest.raises(DecisionError, match="are to decide on each film"):
            shares_of(strata, names, each=each, seed=seed)
        return
    shares = shares_of(strata, names, each=each, seed=seed)
    number = Counter(film for films in shares.values() for film in films)
    assert number == dict.fromkeys(strata, each)
    assert spread([len(films) for films in shares.values()]) <= 1
    for stratum in set(strata.values()):
        mine = [sum(strata[film] == stratum for film in films) for films in shares.values()]
        assert spread(mine) <= 1
    # The order in which anything is given does not count.
    again = shares_of(dict(reversed(strata.items())), names[::-1], each=each, seed=seed)
    assert again == shares


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("people", [2, 3, 5])
def test_who_joins_takes_films_from_all_and_few_others_move(people: int, each: int) -> None:
    before = shares_of(STRATA, PEOPLE[:people], each=each, seed=7)
    after = shares_of(STRATA, [*PEOPLE[:people], "new.one"], each=each, seed=7)
    share = len(after["new.one"])
    assert share == pytest.approx(each * len(STRATA) / (people + 1), abs=1)
    moved = sum(len(after[name] - before[name]) for name in PEOPLE[:people])
    # Dealt anew, a share of each / people would move; here it is a few films of a stratum.
    assert moved <= 0.12 * each * len(STRATA)
    for name in PEOPLE[:people]:
        assert len(before[name] - after[name]) > 0


def test_another_seed_deals_other_films() -> None:
    shares = [shares_of(STRATA, PEOPLE[:2], each=1, seed=seed)["r.a"] for seed in (1, 2)]
    assert shares[0] != shares[1]


def rule(**more: object) -> Assignment:
    plain = {"required": 2, "adjudicator": "judge", "prescreened": {"machine"}}
    return Assignment(**(plain | more))  # type: ignore[arg-type]


def test_shared_films_leave_the_queue_once_enough_have_decided() -> None:
    queue = rule().rule_of("a.b")
    assert queue.holds("film", ["keep"], decided=False)
    assert not queue.holds("film", ["keep", "keep"], decided=False)
    assert queue.holds("film", ["keep", "keep"], decided=True)
    assert not queue.holds("machine", [], decided=False)


def test_where_all_decide_on_all_no_number_of_others_is_enough() -> None:
    queue = rule(assign="all").rule_of("a.b")
    assert queue.holds("film", ["keep"] * 900, decided=False)
    assert not queue.holds("machine", [], decided=False)


def test_a_share_alone_is_shown_and_the_adjudicator_sees_what_others_differ_on() -> None:
    shares = {"a.b": frozenset({"mine"}), "c.d": frozenset({"theirs"})}
    stratified = rule(assign="stratified", shares=shares)
    assert stratified.rule_of("a.b").holds("mine", [], decided=False)
    assert not stratified.rule_of("a.b").holds("theirs", [], decided=False)
    assert stratified.rule_of("a.b").holds("theirs", [], decided=True)
    assert not stratified.rule_of("stranger").holds("mine", [], decided=False)
    assert stratified.rule_of("judge").holds("theirs", ["keep", "exclude"], decided=False)
    assert not stratified.rule_of("judge").holds("theirs", ["keep", "keep"], decided=False)
    stratified.require(["a.b", "judge"])
    with pytest.raises(DecisionError, match="not with stranger"):
        stratified.require(["stranger"])


def test_a_sample_alone_is_shown() -> None:
    queue = rule(sample=frozenset({"drawn"})).rule_of("a.b")
    assert queue.holds("drawn", [], decided=False)
    assert not queue.holds("other", [], decided=False)
