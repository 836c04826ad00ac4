from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import Fault, SourceError, each_once, ranges


def test_equal_faults_are_told_once_with_their_lines() -> None:
    faults = [
        ("a.csv: line 4", "is wrong"),
        ("a.csv: line 9", "is odd"),
        ("a.csv: line 5", "is wrong"),
        ("b.csv: line 4", "is wrong"),
        ("a.csv: line 6, column x", "is wrong"),
        ("a.csv: line 7, column x", "is wrong"),
        ("a.csv: line 9", "is odd"),
        ("t.parquet: row 3", "is wrong"),
    ]
    assert each_once(faults) == [
        "a.csv: lines 4–5 (2 lines): is wrong",
        "b.csv: line 4: is wrong",
        "a.csv: lines 6–7 (2 lines), column x: is wrong",
        "t.parquet: row 3: is wrong",
        "a.csv: line 9: is odd",
    ]


def test_names_that_look_like_lines_are_names() -> None:
    names = ["line 3.png", "line 4.png", "my line 5", "my line 6", "a: line up"]
    told = each_once((name, "is blank") for name in names)
    assert told == [f"{name}: is blank" for name in names]


def test_many_films_with_one_fault_are_one_line_that_names_them_all() -> None:
    names = [f"film-{index:02}.png" for index in range(40)]
    (told,) = each_once((name, "has no row in patients.csv") for name in names)
    assert told.endswith("film-39.png (40 in all): has no row in patients.csv")
    assert all(name in told for name in names)
    assert len(each_once((name, "is blank") for name in names[:19])) == 19


def test_an_error_tells_its_faults_so() -> None:
    faults = [Fault(f"a.csv: line {line}", "is wrong", "mend it") for line in range(2, 92)]
    said = str(SourceError("90 fault(s)", where="a.csv", faults=faults))
    assert said == "a.csv: 90 fault(s)\n  a.csv: lines 2–91 (90 lines): is wrong: mend it"


def test_very_many_runs_are_not_all_told() -> None:
    told = ranges(range(2, 1000, 2))
    assert told.startswith("2, 4, 6, ")
    assert told.endswith(", …, 998")
    assert len(told.split(", ")) == 31


@given(st.sets(st.integers(1, 60)))
def test_runs_hold_every_number(numbers: set[int]) -> None:
    told = ranges(sorted(numbers))
    found: set[int] = set()
    for run in re.findall(r"[\d–]+", told):
        first, _, last = run.partition("–")
        found |= {*range(int(first), int(last or first) + 1)}
    assert found == numbers
