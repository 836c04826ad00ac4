from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr_release.radiographs.patients import (
    canonical,
    counted,
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


def test_patients_are_counted_only_where_all_are_stated() -> None:
    assert counted(["p", "q", "p"]) == {"patients": 2, "patients_not_stated": 0}
    assert counted(["p", None]) == {"patients": None, "patients_not_stated": 1}
    assert counted([None, None]) == {"patients": None, "patients_not_stated": 2}
