"""What a table states of films: codes and numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.films.stated_facts import (
    LONGEST_CODE,
    Problem,
    as_code,
    as_number,
    read_stated,
)


def stated(
    tmp_path: Path, text: str, **kinds: str
) -> tuple[dict[str, dict[str, object]], list[str]]:
    table = tmp_path / "patients.csv"
    table.write_text(text, encoding="utf-8")
    found = read_stated(table, {"a", "b", "c", "d"}, kinds)  # type: ignore[arg-type]
    return {film: dict(values) for film, values in found.of.items()}, [
        f"{fault.where} {fault.what}" for fault in found.faults
    ]


def test_columns_that_are_asked_for_are_read_with_their_kinds(tmp_path: Path) -> None:
    text = (
        "file,patient,age,site,note\n"
        "a,p,41,north,long\nb,p,n/a,  two  words ,x\nc,q,97,,\nd,q,,?,\n"
    )
    values, faults = stated(tmp_path, text, age="number", site="code", shoe="code")
    assert values == {
        "a": {"age": 41.0, "site": "north"},
        "b": {"site": "two words"},
        "c": {"age": 90.0},
    }
    assert not faults
    found = read_stated(tmp_path / "patients.csv", {"a"}, {})
    assert (found.columns, found.of) == (("age", "site", "note"), {})


def test_a_decimal_comma_is_one_where_commas_do_not_part_cells(tmp_path: Path) -> None:
    assert stated(tmp_path, "file;patient;x\na;p;1,5\nb;p;-2\n", x="number") == (
        {"a": {"x": 1.5}, "b": {"x": -2.0}},
        [],
    )
    # 1.234 and 1,5 in one column: of one of them the sign may part thousands.
    values, faults = stated(tmp_path, "file;patient;x\na;p;1,5\nb;p;1.234\n", x="number")
    assert values == {"b": {"x": 1.234}}
    assert faults == ["a has the x '1,5' (patients.csv: line 2), which is not a number"]
    values, faults = stated(tmp_path, 'file,patient,x\na,p,"1,5"\n', x="number")
    assert not values
    assert len(faults) == 1


@pytest.mark.parametrize(
    "text",
    ["1.", ".5", "1e3", "1_000", "0x1", "nan", "inf", "１", "1 000", "1.2.3", "9" * 13, "=1"],
)
def test_what_is_not_plainly_a_number_is_none(text: str) -> None:
    assert isinstance(as_number("x", text), Problem)


@pytest.mark.parametrize(("text", "years"), [("0", 0), ("89.5", 89.5), ("90", 90), ("104", 90)])
def test_ages_above_90_are_90(text: str, years: float) -> None:
    assert as_number("Age", text) == years


@pytest.mark.parametrize("text", ["-1", "131", "19970204"])
def test_what_is_no_age_is_a_fault(text: str) -> None:
    assert isinstance(as_number("age", text), Problem)
    assert as_number("weight", text) == float(text)


@given(st.text(min_size=1))
def test_a_code_is_short_and_can_be_printed(text: str) -> None:
    code = as_code(text)
    if isinstance(code, str):
        assert code.isprintable()
        assert len(code) <= LONGEST_CODE
        assert as_code(code) == code
    else:
        assert len(text) > LONGEST_CODE or not " ".join(text.split()).isprintable()
