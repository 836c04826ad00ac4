"""Nobody is singled out by what is known of films."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.films.facts import Facts, Header
from cxr_release.radiographs.fact_groups import ranges, strata_of, values_of_manifest
from cxr_release.radiographs.known_facts import OTHERS, gather, know, protect
from cxr_release.radiographs.split import Groups, groups_of


def film(number: int, patient: str | None = None, **changes: Any) -> Facts:
    values: dict[str, Any] = {
        "source_file": f"{number}.png",
        "id": str(number),
        "patient": patient,
        "width": 9,
        "height": 9,
        "bits": 8,
        "mode": "L",
    }
    return Facts(**(values | changes))


CODES = st.none() | st.sampled_from(["a", "b", "c", "d", "others"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CODES, st.integers(0, 12)), min_size=1, max_size=60), st.integers(2, 8))
def test_each_code_that_is_kept_is_shared_by_enough_patients(
    films: list[tuple[str | None, int]], least: int
) -> None:
    ids = [str(place) for place in range(len(films))]
    groups = Groups({each: f"patient {films[int(each)][1]}" for each in ids}, "patient")
    known = [{} if code is None else {"x": code} for code, _ in films]
    kept = protect(known, groups, ids, least=least)
    whose, whose_before = defaultdict(set), defaultdict(set)
    for before, after, (_, patient) in zip(known, kept.of, films, strict=True):
        if before:
            whose_before[before["x"]].add(patient)
        if after:
            whose[after["x"]].add(patient)
            assert before  # nothing is made up
            assert after["x"] in (before["x"], OTHERS)
    assert all(len(patients) >= least for patients in whose.values())
    for code, patients in whose_before.items():
        # What is frequent stays as it is.
        assert len(patients) < least or whose[code] >= patients
    if any(known):
        (column,) = kept.columns
        assert column.films == sum(map(bool, kept.of))


def test_rare_codes_are_others_and_where_they_too_are_rare_they_are_left_out() -> None:
    values = ["a"] * 12 + ["b"] * 3 + ["c"] * 2 + ["d"] * 5
    groups = Groups({str(at): f"patient {at}" for at in range(22)}, "patient")
    for least, expected in ((10, {"a", OTHERS}), (11, {"a", None}), (4, {"a", "d", OTHERS})):
        kept = protect([{"x": value} for value in values], groups, list(groups.of), least=least)
        assert {facts.get("x") for facts in kept.of} == expected
    (column,) = protect([{"x": v} for v in values], groups, list(groups.of), least=11).columns
    assert (column.films, column.merged, column.left_out) == (12, 0, 3)


def test_numbers_are_kept_where_enough_patients_have_one() -> None:
    groups = Groups({str(at): f"patient {at // 2}" for at in range(20)}, "patient")
    known = [{"age": float(at)} for at in range(20)]
    assert protect(known, groups, list(groups.of), least=10).of == tuple(known)
    assert protect(known, groups, list(groups.of), least=11).of == tuple({} for _ in known)


def test_a_film_is_known_by_its_file_its_source_and_the_table_which_has_the_last_word() -> None:
    facts = film(
        1, age=97, curvature=2, header=Header(codes={"sex": "F", "age": 99.0, "view": "LL"})
    )
    known, left_out = gather(facts, {"sex": "M"}, {})
    assert (known, left_out) == ({"sex": "M", "age": 90.0, "view": "LL"}, [])
    kinds: dict[str, Any] = {"view": "number", "age": "code", "curvature": "code"}
    known, left_out = gather(facts, {}, kinds)
    assert known == {"sex": "F", "age": "97", "curvature": "class 2"}
    assert left_out == ["view: is not a number"]


def test_a_name_that_nothing_states_is_refused_with_what_there_is() -> None:
    films = [film(at, header=Header(codes={"sex": "F"})) for at in range(12)]
    with pytest.raises(SourceError, match="names sx, of which") as caught:
        know(films, [{}] * 12, kinds={"sx": "code"}, columns=("site",), least=5)
    assert "sex, site" in caught.value.remedy
    known, result = know(films, [{}] * 12, kinds={"site": "code"}, columns=("site",), least=5)
    assert result.unit == "film"
    assert {each.stated["sex"] for each in known} == {"F"}
    assert not any(each.header.codes for each in known)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 95), st.integers(0, 15)), min_size=1, max_size=60),
    st.integers(2, 9),
    st.booleans(),
)
def test_ranges_are_of_enough_patients_and_in_order(
    films: list[tuple[float, int]], least: int, decades: bool
) -> None:
    numbers = [number for number, _ in films]
    owners = [str(owner) for _, owner in films]
    named = ranges(numbers, owners, least=least, decades=decades)
    if len(set(owners)) < least:
        assert named is None
        return
    assert named is not None
    whose, within = defaultdict(set), defaultdict(list)
    for name, number, owner in zip(named, numbers, owners, strict=True):
        whose[name].add(owner)
        within[name].append(number)
    assert all(len(patients) >= least for patients in whose.values())
    spans = sorted((min(each), max(each)) for each in within.values())
    assert all(low[1] < high[0] for low, high in pairwise(spans))
    if decades:
        for name, each in within.items():
            first = int(name.split(" ")[0])
            assert min(each) >= first
            assert name.endswith("and above") or max(each) < int(name.split(" ")[-1]) + 1


def row(number: int, patient: str | None, **facts: str | float) -> dict[str, Any]:
    listed = [
        {
            "name": name,
            "code": value if isinstance(value, str) else None,
            "number": None if isinstance(value, str) else value,
        }
        for name, value in facts.items()
    ]
    return {"id": str(number), "patient": patient, "case": None, "facts": listed or None}


def test_a_patient_has_the_stratum_of_most_films() -> None:
    rows = [
        row(1, "p", site="north"),
        row(2, "p", site="south"),
        row(3, "p", site="south"),
        row(4, "q", site="west"),
        row(5, "q", site="east"),
        row(6, "r"),
        row(7, "r"),
        row(8, "s"),
        row(9, "s", site="west"),
    ]
    strata = strata_of(rows, "site", groups_of(rows), least=5)
    assert strata == {
        "patient p": "south",
        "patient q": "east",
        "patient r": "",
        "patient s": "west",
    }
    with pytest.raises(SourceError, match="is 'sex', which is not known of any film") as caught:
        strata_of(rows, "sex", groups_of(rows), least=5)
    assert "site" in caught.value.remedy


def test_strata_of_an_age_are_decades_wherever_it_is_stated() -> None:
    rows = [row(at, f"p{at}", age=20.0 + at) for at in range(20)]
    rows += [row(at, f"p{at}") | {"age": 97, "curvature": 3} for at in range(20, 30)]
    strata = strata_of(rows, "age", groups_of(rows), least=10)
    assert set(strata.values()) == {"20 to 29", "30 to 39", "90 and above"}
    assert values_of_manifest(rows)["curvature"] == {str(at): "class 3" for at in range(20, 30)}
