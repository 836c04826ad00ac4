"""Tables as CSV: what a spreadsheet could take for a formula is text there."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.team.printed import DOWNLOADS, FORMULA, csv_of

DANGEROUS = ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "  =1", "\u00a0=1"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_begins_as_a_formula_gets_an_apostrophe(text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_of(iter([["a", text]])).decode(), newline=""))
    assert row == ["a", f"'{text}"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_every_text_comes_back_and_no_cell_begins_as_a_formula(rows: list[list[str]]) -> None:
    plain = [[text.replace("\0", "") for text in row] for row in rows]
    data = csv_of(iter(plain)).decode()
    read = list(csv.reader(io.StringIO(data, newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in read] == [
        [cell.removeprefix("'") for cell in row] for row in plain
    ]
    for row in read:
        for cell in row:
            assert not cell.lstrip(" \ufeff\u00a0").startswith(FORMULA)


def test_numbers_stay_numbers() -> None:
    assert csv_of(iter([[-0.25, 3, None]])) == b"-0.25,3,\r\n"


def test_without_anything_each_file_has_its_header() -> None:
    overview = {"tasks": {}, "reasons": [], "conflicts": [], "invitations": []}
    for rows_of in DOWNLOADS.values():
        assert len(csv_of(rows_of(overview)).splitlines()) == 1
