from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.errors import SourceError
from cxr_release.films.patients import (
    canonical,
    counted,
    is_placeholder,
    read_columns,
    read_patients,
    spelling_faults,
)

ALIKE = [
    ("P07", "p7"),
    ("P07", "P007"),
    ("0012", "12"),
    ("M\u00fcller", "Mu\u0308ller"),
    ("\uff30\uff17", "P7"),
    ("\u0664\u0662", "42"),
    ("P7", "P7\u200b"),
    ("P7", "\ufeffP7"),
    ("P 7", "P\u00a07"),
    ("P7", "P 7"),
    ("P7", "P7\ufe0f"),
    ("P\u00ad7", "P7"),
    ("stra\u00dfe", "STRASSE"),
    ("7", "7.0"),
    ("P07", "p7.00"),
]
APART = [("P7", "P70"), ("7", "70"), ("a-1", "a1"), ("1.0", "10"), ("P7", "Q7"), ("100", "1")]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_keys_that_a_person_reads_as_one(one: str, other: str) -> None:
    faults = spelling_faults([("a.png", "line 2", one), ("b.png", "line 3", other)])
    assert [fault.where for fault in faults] == ["a.png", "b.png"]
    for fault in faults:
        assert f"{one!a}" in fault.what
        assert f"{other!a}" in fault.what
        assert "line 2" in fault.what
        assert "line 3" in fault.what


@pytest.mark.parametrize(("one", "other"), APART)
def test_keys_that_differ(one: str, other: str) -> None:
    assert not spelling_faults([("a.png", "line 2", one), ("b.png", "line 3", other)])


@given(
    key=st.text(st.characters(categories=["Lu", "Ll", "Nd", "Pd"]), min_size=1, max_size=12),
    zeros=st.integers(0, 3),
    hidden=st.sampled_from(["\u200b", "\u00a0", "\ufeff", " ", "\u2060"]),
    form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    at=st.integers(0, 12),
)
def test_no_spelling_changes_whose_it_is(
    key: str, zeros: int, hidden: str, form: str, at: int
) -> None:
    spelt = key[:at] + hidden + key[at:]
    spelt = "0" * zeros + spelt if key[0].isdecimal() else spelt
    spelt = unicodedata.normalize(form, spelt)
    assert canonical(spelt) == canonical(key)
    assert canonical(canonical(key)) == canonical(key)


def test_all_faults_of_a_table_come_at_once(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    lines = [
        "file,patient",
        "a.png,P07",
        "b.png,p7",
        "c.png,x",
        "d.png,X",
        "e.png,\u200b",
        "f.png,",
    ]
    table.write_text("\n".join(lines), encoding="utf-8")
    stated, faults = read_patients(table, {f"{one}.png" for one in "abcdefg"})
    assert [fault.where for fault in faults] == [f"{one}.png" for one in "geabcd"]
    assert "f.png" not in stated
    assert "cannot be seen" in faults[1].what


NOBODY = ["unknown", "UNKNOWN", "nan", "None", "-", "NA", "n/a", "#N/A", "?", "null", "--", "."]
NOBODY += ["not stated", "Anonymous", "unbekannt", "missing", "-1", "#REF!", "\u2014", "<NA>"]


@pytest.mark.parametrize("key", NOBODY)
def test_a_word_for_no_patient_is_no_patient(tmp_path: Path, key: str) -> None:
    """Twenty films of `unknown` are not one patient's."""
    table = tmp_path / "patients.csv"
    table.write_text(f"file,patient\na.png,{key}\nb.png,{key}\nc.png,P1\n", encoding="utf-8")
    _, faults = read_patients(table, {"a.png", "b.png", "c.png"})
    assert [fault.where for fault in faults] == ["a.png", "b.png"]
    assert all("names no patient" in fault.what for fault in faults)
    assert all("leave it empty" in fault.remedy for fault in faults)


@pytest.mark.parametrize("key", ["0", "Na-12", "unknown 7", "P-", "Nanna", "A?", "1e5", "naNo"])
def test_keys_that_only_resemble_such_a_word_are_keys(key: str) -> None:
    assert not spelling_faults([("a.png", "line 2", key)])


@pytest.mark.parametrize("key", ["1.23457E+11", "1,23E+8", "2e+10", "1.23457e+11"])
def test_numbers_that_a_spreadsheet_has_shortened_may_be_any_patient_s(key: str) -> None:
    (fault,) = spelling_faults([("a.png", "line 2", key)])
    assert "shortened" in fault.what


def test_a_name_with_a_comma_out_of_quotes_is_not_cut(tmp_path: Path) -> None:
    """Doe, Jane and Doe, John are two."""
    table = tmp_path / "patients.csv"
    table.write_text('file,patient\na.png,Doe, Jane\nb.png,Doe, John\nc.png,"Doe, Jim"\nd.png\n')
    stated, faults = read_patients(table, {"a.png", "b.png", "c.png", "d.png"})
    assert stated == {"c.png": "Doe, Jim"}
    assert {fault.where: fault.what for fault in faults} == {
        "patients.csv: line 2": "has 3 cells, and the first line has 2",
        "patients.csv: line 3": "has 3 cells, and the first line has 2",
        "patients.csv: line 5": "has 1 cell, and the first line has 2",
    }


@pytest.mark.parametrize("header", ["file,patient,patient", "file,file,patient"])
def test_of_two_columns_of_one_name_neither_is_taken(tmp_path: Path, header: str) -> None:
    table = tmp_path / "patients.csv"
    table.write_text(f"{header}\na.png,a.png,P1\n")
    with pytest.raises(SourceError, match="two columns"):
        read_patients(table, {"a.png"})


@pytest.mark.parametrize("disk", ["NFC", "NFD"])
def test_names_of_files_are_found_in_either_form_of_unicode(tmp_path: Path, disk: str) -> None:
    table = tmp_path / "patients.csv"
    stem = "J\u00fcrgen"
    other = {"NFC": "NFD", "NFD": "NFC"}[disk]
    file = unicodedata.normalize(disk, f"{stem}.png")  # type: ignore[arg-type]
    named = unicodedata.normalize(other, f"{stem}.png")  # type: ignore[arg-type]
    table.write_text(f"file,patient\n{named},P1\n", encoding="utf-8")
    assert read_patients(table, {file}) == ({file: "P1"}, [])


def test_patients_are_counted_only_where_all_are_stated() -> None:
    assert counted(["p", "q", "p"]) == {"patients": 2, "patients_not_stated": 0}
    assert counted(["p", None]) == {"patients": None, "patients_not_stated": 1}
    assert counted([None, None]) == {"patients": None, "patients_not_stated": 2}


def test_further_columns_are_read_and_faulty_rows_passed_over(tmp_path: Path) -> None:
    table = tmp_path / "patients.csv"
    table.write_text(
        "sex,file,patient, age ,,sex\nF,a.png,p1, 41 ,x,M\n,b.png,p2,,y,F\nM,c.png,p3\n"
        "M,a.png,p1,99,x,x\nF,elsewhere.png,p4,1,x,x\n"
    )
    columns = read_columns(table, {"a.png", "b.png", "c.png"})
    assert columns == {"sex": {"a.png": "F"}, "age": {"a.png": "41"}}
    table.write_text("file,patient\na.png,p1\n")
    assert read_columns(table, {"a.png"}) == {}
    with pytest.raises(SourceError):
        read_columns(tmp_path / "nothing.csv", set())


@pytest.mark.parametrize("text", ["n/a", "Unknown", "-", "", " ", "not stated", "?"])
def test_words_for_nothing(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["+", "0", "F", "knee", "-1", "none of these"])
def test_words_for_something(text: str) -> None:
    assert not is_placeholder(text)
