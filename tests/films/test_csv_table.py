"""Tables of patients as Excel and others write them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.films.csv_table import parse_table
from cxr_release.films.patients import read_columns, read_patients

COLUMNS = ("file", "patient")
PLAIN = [["file", "patient", "site"], ["a.png", "Müller; Jo", "x"], ["b.png", "p2", ""]]


def written(rows: list[list[str]], separator: str = ",", end: str = "\r\n") -> str:
    """The rows, in quotes where a cell holds the end of a line, which Python's writer forgets."""
    quoting = csv.QUOTE_ALL if any("\n" in x or "\r" in x for row in rows for x in row) else 0
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    return stream.getvalue()


CELL = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x1c\x1d\x1e\x85\u2028\u2029"),
    max_size=8,
)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=6),
    signs=st.tuples(st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n", "\r"])),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    stated=st.sampled_from(["", "sep={}", '"sep={}"', "SEP={}"]),
    empty=st.integers(0, 3),
)
def test_any_table_is_read_however_it_is_written(
    rows: list[tuple[str, str, str]],
    signs: tuple[str, str],
    encoding: str,
    stated: str,
    empty: int,
) -> None:
    """Separators, ends of lines, encodings, Excel's first line, empty columns and rows."""
    separator, end = signs
    table = [["file", "patient", "site"], *map(list, rows)]
    padded = [[*cells, *[""] * empty] for cells in table]
    padded.insert(1, [""] * len(padded[0]))
    first = stated.format(separator) + end if stated else ""
    parsed = parse_table((first + written(padded, separator, end)).encode(encoding), COLUMNS)
    assert parsed.header == ["file", "patient", "site"]
    assert parsed.separator == separator
    assert [list(cells) for _, cells in parsed.rows] == [
        cells for cells in table[1:] if any(cell.strip() for cell in cells)
    ]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_are_refused(data: bytes) -> None:
    try:
        parse_table(data, COLUMNS)
    except (SourceError, csv.Error):
        return


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (written(PLAIN).encode("cp1252"), "Windows-1252"),
        (written(PLAIN).encode("utf-16-le"), "without a byte order mark"),
        (written(PLAIN).encode("utf-32"), "UTF-32"),
        (b"\xff\xfe" + written(PLAIN).encode("utf-16-le")[:-1], "damaged UTF-16"),
        (b"sep=|\nfile|patient\na.png|p1\n", "has cells between '|'"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    table = tmp_path / "patients.csv"
    table.write_bytes(data)
    with pytest.raises(SourceError, match=what) as caught:
        read_patients(table, {"a.png", "b.png"})
    assert "save it" in caught.value.remedy
    assert caught.value.where == str(table)


def test_lines_of_faults_are_those_of_the_file(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text('sep=;\nfile;patient\n;\n"a.png";"p\n1"\nb.png;p2;x\n', encoding="utf-16")
    stated, faults = read_patients(table, {"a.png", "b.png"})
    assert stated == {"a.png": "p\n1"}
    assert [(fault.where, fault.what) for fault in faults] == [
        ("patients.csv: line 6", "has 3 cells, and the first line has 2")
    ]
    assert "a key that contains a semicolon" in faults[0].remedy


def test_a_cell_that_looks_like_a_formula_is_its_text(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text('file,patient,site\na.png,=1+1,"=HYPERLINK(""x"")"\n')
    assert read_patients(table, {"a.png"}) == ({"a.png": "=1+1"}, [])
    assert read_columns(table, {"a.png"}) == {"site": {"a.png": '=HYPERLINK("x")'}}


def test_a_row_that_lacks_a_column_with_a_name_is_a_fault(tmp_path: Path) -> None:
    """Excel leaves trailing separators out at times; a torn row looks the same."""
    table = tmp_path / "patients.csv"
    table.write_text("file,patient,site,,\na.png,p1,x\nb.png,p2,,,\nc.png,p3\n")
    _, faults = read_patients(table, {"a.png", "b.png", "c.png"})
    assert [fault.where for fault in faults] == ["patients.csv: line 4"]
