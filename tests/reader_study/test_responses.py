from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release.errors import Fault, ReaderStudyError
from cxr_release.params.people import StudyParams
from cxr_release.reader_study.analysis import analyze_file
from cxr_release.reader_study.ratings import Rating
from cxr_release.reader_study.report import sentence_of, text_of
from cxr_release.reader_study.responses import read_csv, read_responses
from cxr_release.reader_study.study_checks import faults_of
from tests.support.studies import COLUMNS, Row, csv_text, study_rows

RATERS, QUARTETS = 3, 4
ROWS = study_rows(RATERS, QUARTETS)
LINES = csv_text(ROWS).splitlines()


def rated(rows: Sequence[Row]) -> list[Rating]:
    return [Rating(file="a.csv", line=line, **row) for line, row in enumerate(rows, start=2)]


def told(rows: Sequence[Row]) -> list[str]:
    return [str(fault) for fault in faults_of(rated(rows))]


def refused(path: Path, content: str | bytes) -> list[Fault]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ReaderStudyError) as caught:
        read_responses(path)
    assert str(path) in str(caught.value)
    return list(caught.value.faults)


def changed(line: int, old: str, new: str) -> str:
    """The study with one cell of a line in other words."""
    lines = LINES.copy()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return "\n".join(lines) + "\n"


def test_a_whole_study_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(ROWS))
    found = read_responses(path)
    assert found == rated(ROWS)


@settings(max_examples=25)
@given(st.permutations(COLUMNS), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_columns_line_ends_and_a_byte_order_mark_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, columns: list[str], end: str, mark: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "columns.csv"
    text = csv_text(ROWS, columns).replace("\n", end) + f",,,,,{end}{end}"
    path.write_bytes(b"\xef\xbb\xbf" * mark + text.encode())
    assert [row.rating for row in read_responses(path)] == [row["rating"] for row in ROWS]


@pytest.mark.parametrize("yes, no", [("TRUE", "FALSE"), ("1", "0"), ("True", " false ")])
def test_picks_in_other_spellings(tmp_path: Path, yes: str, no: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        csv_text(
            row | {"identified_as_real": yes if row["identified_as_real"] else no} for row in ROWS
        )
    )
    found = read_responses(path)
    assert [row.identified_as_real for row in found] == [row["identified_as_real"] for row in ROWS]


def test_a_blinded_file_has_no_sources(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(ROWS, [name for name in COLUMNS if name != "source"]))
    rows, faults = read_csv(path, blinded=True)
    assert (len(rows), {row.source for row in rows}, faults) == (len(ROWS), {None}, [])
    assert faults_of(rows) == []
    assert "'source'" in refused(path, path.read_bytes())[0].what


UNREADABLE: dict[str, tuple[str | bytes, int, str]] = {
    "empty": ("", 1, "is empty"),
    "only a mark": (b"\xef\xbb\xbf", 1, "is empty"),
    "header only": (LINES[0] + "\n", 1, "no ratings"),
    "semicolons": (csv_text(ROWS).replace(",", ";"), 1, "semicolons"),
    "tabs": (csv_text(ROWS).replace(",", "\t"), 1, "tabs"),
    "another header": (csv_text(ROWS).replace("rater", "reader", 1), 1, "'rater'"),
    "a column twice": (csv_text(ROWS).replace("image", "rater", 1), 1, "twice"),
    "UTF-16": (csv_text(ROWS).encode("utf-16"), 1, "UTF-16"),
    "a spreadsheet": (b"PK\x03\x04rest", 1, "spreadsheet"),
    "Latin-1": (changed(5, "r1", "ré").encode("latin-1"), 5, "UTF-8"),
    "a NUL byte": (changed(6, "q2", "q\0"), 6, "NUL"),
    "an open quote": (changed(7, "r1", '"r1'), 7, "never closes"),
    "quotes in between": (changed(7, "r1", '"r"1'), 7, "CSV"),
    "a huge field": (changed(7, "r1", "r" * 200_000), 7, "field"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_one_fault_with_its_line(tmp_path: Path, kind: str) -> None:
    content, line, said = UNREADABLE[kind]
    (fault,) = refused(tmp_path / "a.csv", content)
    assert fault.where == f"a.csv: line {line}"
    assert said in fault.what


WRONG_CELLS = {
    "rating of 5": (",3,", ",5,", "rating is '5'"),
    "half a rating": (",3,", ",3.5,", "rating is '3.5'"),
    "no rating": (",3,", ",,", "missing rating"),
    "rating in words": (",3,", ",x,", "rating is 'x'"),
    "another digit": (",3,", ",３,", "rating is"),
    "no pick": ("False", "", "missing identified_as_real"),
    "odd pick": ("False", "no", "identified_as_real is 'no'"),
    "quartet below 0": (",2,", ",-1,", "quartet is '-1'"),
    "odd rater": ("r1", "a\x1b[31m", "rater is 'a\\x1b[31m'"),
    "long rater": ("r1", "r" * 65, "rater is 'rrr"),
    "odd film": ("q2-1", "../x", "image is '../x'"),
    "another source": ("checkpoint-9", "Checkpoint 9", "the sources Checkpoint 9, checkpoint-9"),
    "no source": ("checkpoint-9", "", "missing source"),
    "long source": ("checkpoint-9", "s" * 65, "source is 'sss"),
    "odd source": ("checkpoint-9", "gan\u200ba", "source is 'gan\\u200ba'"),
    "a field too many": ("False", "False,", "has 7 fields"),
    "a field too few": (",False", "", "has 5 fields"),
    "the header again": (LINES[6], LINES[0], "repeats the header"),
}
AT = next(
    line
    for line, row in enumerate(ROWS, start=2)
    if row["image"] == "q2-1" and row["rating"] == 3 and not row["identified_as_real"]
)


@pytest.mark.parametrize("kind", WRONG_CELLS)
def test_a_wrong_cell_is_named_and_nothing_that_follows_from_it(tmp_path: Path, kind: str) -> None:
    old, new, said = WRONG_CELLS[kind]
    if kind == "the header again":
        content = "\n".join([*LINES[:6], new, *LINES[6:]])
        line = 7
    else:
        assert LINES[AT - 1].startswith("r1,2,q2-1,checkpoint-9,3,False")
        content, line = changed(AT, old, new), AT
    (fault,) = refused(tmp_path / "a.csv", content)
    assert fault.where == f"a.csv: line {line}"
    assert said in fault.what


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    lines = LINES.copy()
    lines[4] = lines[4].replace("r1,1", "r1,x").rpartition(",")[0] + ",maybe"
    lines[5] = lines[5].replace("r1", "")
    lines[8] += ",more"
    faults = refused(tmp_path / "a.csv", "\n".join(lines))
    assert [fault.where for fault in faults] == [f"a.csv: line {n}" for n in (5, 5, 6, 9)]


def test_a_wrong_file_does_not_fill_the_screen(tmp_path: Path) -> None:
    text = LINES[0] + "\n" + "".join(f"r1,1,x,real,{line},true\n" for line in range(5, 2000))
    faults = refused(tmp_path / "a.csv", text)
    assert len(faults) == 501
    assert faults[-1].where == "a.csv: line 502"


def test_one_mistake_in_every_line_is_told_once_with_the_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(LINES[0] + "\n" + "r1,1,x,real,7,true\nr1,1,y,gan,8,no\n" * 1000)
    with pytest.raises(ReaderStudyError) as caught:
        read_responses(path)
    assert len(caught.value.faults) == 3000
    _, *told = str(caught.value).splitlines()
    assert len(told) == 3
    assert told[0].startswith("  a.csv: lines 2, 4, 6, 8, ")
    assert told[0].endswith("2000 (1,000 lines): rating is '7': expected 1, 2, 3 or 4")
    whole = LINES[0] + "\n" + "r1,1,x,real,7,true\n" * 90
    path.write_text(whole)
    with pytest.raises(ReaderStudyError, match=r"a.csv: lines 2–91 \(90 lines\): rating is '7'"):
        read_responses(path)


@pytest.mark.parametrize(
    "names",
    [
        ("real", "gan-a", "gan-b", "diffusion"),
        ("real", "Fälle aus $\\alpha$, 2024", "x"),
        ("real", "1"),
        ("real", *(f"model {number}" for number in range(9))),
    ],
)
def test_sources_may_be_called_anything_and_be_any_number(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    rows = study_rows(3, 4, len(names) - 1)
    sources = dict(zip(dict.fromkeys(row["source"] for row in rows), names, strict=True))
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(row | {"source": sources[row["source"]]} for row in rows)
    assert {row.source for row in read_responses(path)} == {*names}
    found = analyze_file(path, StudyParams(bootstrap=50), seed=0, figures=tmp_path / "figures")
    assert set(found["sources"]) == {*names}
    assert found["sources"][0] == "real"
    assert found["identification"]["chance"] == 1 / len(names)
    text = text_of(found)
    assert all(name in text for name in names)
    assert all(name in sentence_of(found) for name in names[1:])


def test_the_source_of_the_real_films_may_have_a_name_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(ROWS).replace(",real,", ",patients,"))
    with pytest.raises(ReaderStudyError) as caught:
        read_responses(path)
    assert "no film is real, for the sources are checkpoint-13," in str(caught.value)
    assert "--real" in str(caught.value)
    assert read_responses(path, real="patients") == rated(ROWS)
    with pytest.raises(ReaderStudyError, match="no film has the source 'x'; the sources are"):
        read_responses(path, real="x")
    both = csv_text(ROWS).replace(",checkpoint-9,", ",patients,")
    path.write_text(both)
    with pytest.raises(ReaderStudyError, match="source is real, but the real films are called"):
        read_responses(path, real="patients")
    path.write_text(csv_text(ROWS).replace(",real,", ",Real,"))
    with pytest.raises(ReaderStudyError, match="--real 'Real'"):
        read_responses(path)


def test_one_source_under_two_spellings_is_one_fault() -> None:
    rows = [
        row | {"source": "Checkpoint-9"}
        if row["source"] == "checkpoint-9" and row["quartet"] > 2
        else row
        for row in ROWS
    ]
    (fault,) = told(rows)
    assert "checkpoint-9 and Checkpoint-9: one source under two spellings" in fault


def test_images_are_called_by_their_files_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(ROWS).replace("q2-1", "Fall 2 (ä).png"))
    assert len(read_responses(path)) == len(ROWS)
    path.write_text(csv_text(ROWS).replace("q2-1", "img/2-1"))
    with pytest.raises(ReaderStudyError, match=r"\(3 lines\): image is 'img/2-1'"):
        read_responses(path)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as stream:
        stream.truncate(2**26 + 1)
    said = [read_csv(path)[1][0].what for path in (pipe, tmp_path, tmp_path / "no.csv", huge)]
    assert [one.removeprefix("cannot be read: ") for one in said] == [
        "is not a regular file",
        "is a folder",
        "No such file or directory",
        "is larger than 67,108,864 bytes",
    ]


def drop(*places: int) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row for place, row in enumerate(rows) if place not in places]


def put(place: int, **cells: object) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [*rows[:place], rows[place] | cells, *rows[place + 1 :]]


def every(image: str, **cells: object) -> Callable[[list[Row]], list[Row]]:
    return lambda rows: [row | cells if row["image"] == image else row for row in rows]


PICKED = next(place for place in range(4) if ROWS[place]["identified_as_real"])
OTHER = (PICKED + 1) % 4
PICKS = [PICKED + 2, OTHER + 2] if PICKED < OTHER else [OTHER + 2, PICKED + 2]
WRONG_STUDIES = {
    "twice": (lambda rows: [*rows, rows[7]], "lines 9, 50", "r1 rates q2-3 of quartet 2 twice"),
    "all twice": (lambda rows: rows * 2, "lines 2–17, 50–65", ", 11 more twice"),
    "two picks": (put(OTHER, identified_as_real=True), "line", "r1 picks 2 films"),
    "no pick": (put(PICKED, identified_as_real=False), "lines 2–5", "r1 picks no film"),
    "no film": (drop(9), "lines 10–12", "r1 has no rating of q3-1 of quartet 3"),
    "no quartet": (drop(4, 5, 6, 7), "lines 2–13", "r1 has no rating of quartet(s) 2"),
    "another quartet": (
        lambda rows: [*rows, *(row | {"quartet": 9} for row in rows[:4])],
        "lines 50–53",
        "r1 rates quartet(s) 9",
    ),
    "another film": (put(9, image="odd"), "line 11", "r1 rates odd of quartet 3"),
    "two sources": (put(9, source="checkpoint-13"), "line 11", "q3-1 of quartet 3 has the sources"),
    "a source of its own": (
        every("q3-1", source="checkpoint-77"),
        "lines 11, 27, 43",
        "has films of checkpoint-13, checkpoint-17, checkpoint-77, real, not one of each of",
    ),
    "a source twice": (
        every("q3-1", source="checkpoint-13"),
        "lines 11–12, 27–28, 43–44",
        "quartet 3 has films of checkpoint-13, checkpoint-13, checkpoint-17, real, not one",
    ),
    "a film short": (
        lambda rows: [row for row in rows if row["image"] != "q3-1"],
        "lines 10–12, 25–27, 40–42",
        "quartet 3 has films of checkpoint-13, checkpoint-17, real, not one of each of",
    ),
    "nothing real": (
        lambda rows: [row for row in rows if row["source"] != "real"],
        "lines 2–37",
        "no film is real",
    ),
    "all real": (
        lambda rows: [
            row | {"identified_as_real": True} for row in rows if row["source"] == "real"
        ],
        "lines 2–13",
        "every film is real",
    ),
}


@pytest.mark.parametrize("kind", WRONG_STUDIES)
def test_a_study_that_is_not_whole_is_named_by_its_lines(kind: str) -> None:
    change, line, said = WRONG_STUDIES[kind]
    found = told(change([*ROWS]))
    assert any(said in one and one.startswith(f"a.csv: {line}") for one in found), found
    # A film under another name is one too many, and one is missing.
    most = {"another film": 2, "all twice": RATERS}
    assert len(found) <= most.get(kind, 1), found


def test_two_picks_name_both_lines() -> None:
    (found,) = told(put(OTHER, identified_as_real=True)([*ROWS]))
    assert all(str(line) in found.split(": ")[1] for line in PICKS)


def test_what_a_faulty_line_was_about_is_not_missed(tmp_path: Path) -> None:
    """A pick that cannot be read, and two films picked by another reader: both are named, alone."""
    lines = LINES.copy()
    lines[PICKED + 1] = lines[PICKED + 1].replace("True", "perhaps")
    place = next(at for at, row in enumerate(ROWS) if row["rater"] == "r2")
    other = next(at for at in range(place, place + 4) if not ROWS[at]["identified_as_real"])
    lines[other + 1] = lines[other + 1].replace("False", "True")
    first, second = refused(tmp_path / "a.csv", "\n".join(lines))
    assert first.what == "identified_as_real is 'perhaps'"
    assert "reader r2 picks 2 films as the real one in quartet(s) 1" in second.what
    assert told(drop(PICKED)([*ROWS])) != []
    assert faults_of(rated(drop(PICKED)([*ROWS])), unfinished={"r1"}) == []


def test_an_empty_study_is_a_fault() -> None:
    assert len(faults_of([])) == 1


@pytest.mark.parametrize("other", ["R1", "r\u200b1", "\uff521"])
def test_one_reader_under_two_spellings_is_one_fault(other: str) -> None:
    twice = [*ROWS, *(row | {"rater": other} for row in ROWS if row["rater"] == "r1")]
    # Half of the quartets under each name is the same mistake.
    for rows in (twice, _half(other)):
        (fault,) = told(rows)
        assert fault.startswith("a.csv: lines ")
        assert "r1 and " in fault or " and r1" in fault
        assert "one reader under two spellings" in fault


def _half(other: str) -> list[Row]:
    """The first reader's later quartets stand under another spelling."""
    return [
        row | {"rater": other} if row["rater"] == "r1" and row["quartet"] > 2 else row
        for row in ROWS
    ]


def test_a_study_of_nobody_but_one_reader_twice_is_one_fault() -> None:
    rows = [row | {"rater": name} for name in ("a", "A") for row in ROWS if row["rater"] == "r1"]
    assert len(told(rows)) == 1


def test_more_raters_than_an_exact_test_can_take_are_one_fault() -> None:
    assert told(study_rows(1000, 1, 1)) == []
    (fault,) = told(study_rows(1001, 1, 1))
    assert "ratings of 1,001 readers, more than 1,000" in fault


def test_two_raters_with_other_quartets_are_told_apart() -> None:
    rows = [row for row in ROWS if (row["rater"], row["quartet"]) not in {("r2", 1), ("r3", 4)}]
    found = told(rows)
    assert [one.split(": ")[2] for one in found] == [
        "reader r2 has no rating of quartet(s) 1",
        "reader r3 has no rating of quartet(s) 4",
    ]


@settings(max_examples=25)
@given(st.permutations(range(len(ROWS))))
def test_the_order_of_lines_makes_no_fault(order: list[int]) -> None:
    assert faults_of([rated(ROWS)[place] for place in order]) == []


@settings(max_examples=25)
@given(st.integers(0, len(ROWS) - 1), st.sampled_from(["rating", "rater", "quartet", "image"]))
def test_any_cell_that_is_spoilt_is_named_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, place: int, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.csv"
    faults = refused(path, csv_text(put(place, **{name: "?\a"})([*ROWS])))
    assert [fault.where for fault in faults] == [f"spoilt.csv: line {place + 2}"]
