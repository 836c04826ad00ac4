"""Groups of films, and that nobody is singled out by them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.scorecard.groups import (
    FEWEST_PATIENTS,
    LONGEST,
    MOST_COLUMNS,
    MOST_VALUES,
    Group,
    Grouped,
    grouped,
    merged,
)

FILMS = [str(place) for place in range(60)]
PATIENTS = [f"patient {place}" for place in range(60)]


def groups_of(
    values: list[object],
    patients: list[str] | None = None,
    *,
    column: str = "column",
    least: int = FEWEST_PATIENTS,
) -> dict[str, Group]:
    facts = {column: dict(zip(FILMS, values, strict=False))}
    found = grouped(facts, FILMS, patients or PATIENTS, least=least)  # type: ignore[arg-type]
    return {group.name: group for group in found.groups}


def test_numbers_become_thirds() -> None:
    groups = groups_of(list(range(60)))
    assert [len(group.films) for group in groups.values()] == [20, 20, 20]
    names = list(groups)
    assert [name.split(" ")[0] for name in names] == ["lowest", "middle", "highest"]
    assert list(groups[names[0]].films) == list(range(20))
    assert not any(group.too_few for group in groups.values())


def test_numbers_as_texts_do_too_and_what_is_not_stated_is_a_group() -> None:
    groups = groups_of([f"{place}.5" for place in range(30)] + ["", "n/a", "-", None] + ["7"] * 26)
    assert list(groups)[-1] == "not stated"
    assert list(groups["not stated"].films) == [30, 31, 32, 33]
    assert groups["not stated"].too_few


def test_the_most_frequent_values_have_groups_and_rare_ones_are_never_named() -> None:
    values = ["F"] * 30 + ["M"] * 20 + ["Klippel-Feil"] * 4 + [f"id {place}" for place in range(6)]
    groups = groups_of(values)
    assert list(groups) == ["F", "M", "others"]
    assert len(groups["others"].films) == 10
    one_patient = ["patient 0"] * 30 + PATIENTS[30:]
    assert list(groups_of(values, one_patient)) == ["M", "others"]
    many = groups_of([f"site {place % 10}" for place in range(60)], least=6)
    assert len(many) == MOST_VALUES + 1
    assert groups_of(["others"] * 30 + [None] * 30).keys() == {"“others”", "not stated"}


def test_ages_become_decades_of_enough_patients() -> None:
    ages = [18] * 3 + [25] * 9 + [34] * 15 + [47] * 4 + [52] * 11 + [93] * 9 + [None] * 9
    groups = groups_of(ages, column="Age")
    assert {name: len(group.films) for name, group in groups.items()} == {
        "10 to 29": 12,
        "30 to 39": 15,
        "40 and above": 24,
        "not stated": 9,
    }


def test_a_column_with_one_group_is_named_and_an_empty_one_is_not() -> None:
    facts = {"site": dict.fromkeys(FILMS, "here"), "empty": dict.fromkeys(FILMS, " ")}
    assert grouped(facts, FILMS, PATIENTS) == Grouped((), ("site",), 0)


def test_columns_are_bounded_and_their_names_shown_as_they_can_be() -> None:
    values = dict(zip(FILMS, ["a", "b"] * 30, strict=True))
    facts = {f"column {place}\n" + "x" * 200: values for place in range(MOST_COLUMNS + 3)}
    found = grouped(facts, FILMS, PATIENTS)
    assert found.left_out == 3
    assert len(found.groups) == 2 * MOST_COLUMNS
    for group in found.groups:
        assert len(group.column) == LONGEST
        assert group.column.isprintable()


def test_films_of_two_sets_may_have_one_name() -> None:
    facts = merged(
        [{"age": {"a": 1, "b": 2}}, {"age": {"a": 3}, "sex": {"a": "F"}}], [["b", "a"], ["a", "c"]]
    )
    assert facts == {"age": {"0": 2, "1": 1, "2": 3}, "sex": {"2": "F"}}


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "a", "b", "unknown", "1", "2", "1e400", "others", "not stated"]),
    st.text(max_size=5),
)


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(VALUES, min_size=60, max_size=60),
    owners=st.lists(st.integers(0, 12), min_size=60, max_size=60),
)
def test_every_film_is_in_one_group_and_no_value_of_few_patients_is_named(
    values: list[object], owners: list[int]
) -> None:
    patients = [f"patient {owner}" for owner in owners]
    groups = groups_of(values, patients)
    if groups:
        assert sorted(place for group in groups.values() for place in group.films) == [*range(60)]
    for name, group in groups.items():
        assert group.patients == len({patients[place] for place in group.films})
        third = name.split(" ")[0] in ("lowest", "middle", "highest")
        if name not in ("others", "not stated") and not third:
            assert group.patients >= FEWEST_PATIENTS
