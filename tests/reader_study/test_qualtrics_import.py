from __future__ import annotations

import csv
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError
from cxr_release.reader_study.qualtrics.export import export_qualtrics
from cxr_release.reader_study.qualtrics.import_answers import import_qualtrics
from cxr_release.reader_study.responses import MAX_BYTES
from tests.support import qualtrics_service as service
from tests.support.qualtrics_service import (
    FILMS,
    QUARTETS,
    URL,
    Answered,
    Survey,
    kit_rows,
    table,
    write,
)

Rows = list[list[str]]
NASTY = (
    'consent, "withdrawn";\n\r\n\ttab ’ü – Film B\n'
    '{"ImportId":"status"} <img src="x,y.png"> \'; DROP TABLE;--\r4 – fully realistic\n""\n' * 4
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Survey]:
    """A kit, and the survey that was exported of it."""
    folder = tmp_path_factory.mktemp("study")
    kit = folder / "kit.parquet"
    tables.write(kit, schemas.KIT, kit_rows())
    export_qualtrics(
        kit,
        folder / "served.json",
        folder / "qualtrics",
        image_url=URL,
        title="Study",
        going_back=False,
    )
    return kit, service.imported((folder / "qualtrics/survey.txt").read_text(encoding="utf-8"))


def answered(survey: Survey, reader: str, chance: random.Random) -> Answered:
    pages = survey.shown()
    return Answered(
        reader,
        {quartet: chance.choice(sorted(films)) for quartet, films in pages.items()},
        {film: chance.randint(1, 4) for films in pages.values() for film in films},
    )


def three(survey: Survey) -> list[Answered]:
    return [answered(survey, f"reader-{n}", random.Random(n)) for n in (1, 2, 3)]


def come_back(
    study: tuple[Path, Survey], rows: Rows
) -> tuple[list[dict[str, str]], dict[str, object]]:
    """Rows of the ratings, and what the import says."""
    kit, _ = study
    export, output = kit.with_name("export.csv"), kit.with_name("ratings.csv")
    output.unlink(missing_ok=True)
    said = import_qualtrics(write(export, rows), kit, output)
    with output.open(encoding="utf-8", newline="") as stream:
        return [*csv.DictReader(stream)], said


def faults_of(study: tuple[Path, Survey], data: Rows | bytes) -> list[str]:
    """Every fault in one line; nothing may have been written."""
    kit, _ = study
    export, output = kit.with_name("export.csv"), kit.with_name("ratings.csv")
    output.unlink(missing_ok=True)
    if isinstance(data, bytes):
        export.write_bytes(data)
    else:
        write(export, data)
    before = sorted(kit.parent.iterdir())
    with pytest.raises(ReaderStudyError) as caught:
        import_qualtrics(export, kit, output)
    assert sorted(kit.parent.iterdir()) == before
    assert not any(secret in str(caught.value) for secret in service.PERSONAL)
    return [str(fault) for fault in caught.value.faults] or [str(caught.value)]


def changed(rows: Rows, column: str, value: str, *, row: int = 3) -> Rows:
    copy = [[*one] for one in rows]
    copy[row][rows[0].index(column)] = value
    return copy


def expected(survey: Survey, responses: list[Answered]) -> list[dict[str, str]]:
    return [
        {
            "rater": one.reader,
            "quartet": str(int(quartet[1:])),
            "image": film,
            "rating": str(one.rated[film]),
            "identified_as_real": "true" if one.picked[quartet] == film else "false",
        }
        for one in sorted(responses, key=lambda response: response.reader)
        for quartet, films in survey.shown().items()
        for film in sorted(films)
    ]


@settings(max_examples=60)
@given(
    chance=st.randoms(use_true_random=False),
    readers=st.lists(
        st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True), min_size=1, max_size=4, unique=True
    ),
    legacy=st.booleans(),
    numeric=st.booleans(),
    remark=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
)
def test_what_readers_said_of_the_films_they_saw_comes_back(
    study: tuple[Path, Survey],
    *,
    chance: random.Random,
    readers: list[str],
    legacy: bool,
    numeric: bool,
    remark: str,
) -> None:
    _, survey = study
    responses = [answered(survey, reader, chance) for reader in readers]
    rows = table(survey, responses, legacy=legacy, numeric=numeric, remark=NASTY + remark)
    heads = 2 if legacy else 3
    order = chance.sample(range(len(rows[0])), len(rows[0]))
    below = chance.sample(rows[heads:], len(rows) - heads)
    shuffled = [[row[place] for place in order] for row in [*rows[:heads], *below]]
    said = come_back(study, rows)
    assert said[0] == expected(survey, responses)
    assert said == come_back(study, shuffled)
    assert said[1] == {
        "raters": len(readers),
        "quartets": QUARTETS,
        "ratings": len(readers) * QUARTETS * FILMS,
        "left_out": {"preview": 0, "spam": 0, "unfinished": 0},
        "kit_confirmed": True,
    }


def test_a_letter_is_a_place_and_not_a_name_s_turn(study: tuple[Path, Survey]) -> None:
    """Straight from the kit, past the survey: the film of position 3 is Film C."""
    kit, survey = study
    films = {
        (row["quartet"], row["position"]): row["name"] for row in tables.read_rows(kit, schemas.KIT)
    }
    rows = table(survey, three(survey)[:1])
    for quartet in range(1, QUARTETS + 1):
        rows = changed(rows, f"q{quartet:02d}_real", "3")
        for place in range(1, FILMS + 1):
            rows = changed(rows, f"q{quartet:02d}_rating_{place}", str(1 + (quartet + place) % 4))
    found, _ = come_back(study, rows)
    by_film = {row["image"]: row for row in found}
    assert [by_film[films[2, place]]["identified_as_real"] for place in (1, 2, 3, 4)] == [
        "false",
        "false",
        "true",
        "false",
    ]
    assert {key: by_film[film]["rating"] for key, film in films.items()} == {
        key: str(1 + sum(key) % 4) for key in films
    }


def test_the_file_is_plain_and_holds_nothing_of_the_readers(study: tuple[Path, Survey]) -> None:
    kit, survey = study
    come_back(study, table(survey, three(survey)))
    data = kit.with_name("ratings.csv").read_bytes()
    assert data.startswith(b"rater,quartet,image,rating,identified_as_real\nreader-1,1,")
    assert b"\r" not in data
    assert not any(secret.encode() in data for secret in service.PERSONAL)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("numeric", [False, True])
def test_only_finished_responses_of_readers_count(
    study: tuple[Path, Survey], legacy: bool, numeric: bool
) -> None:
    _, survey = study
    first, second, third = three(survey)
    empty = replace(first, picked={}, rated={})
    others = [
        replace(empty, status=1),
        replace(first, status=2),
        replace(first, status=8),
        replace(empty, finished=False),
        replace(empty, status=1, finished=False),
        replace(third, reader="", finished=False),
    ]
    found, said = come_back(
        study, table(survey, [*others, first, second], legacy=legacy, numeric=numeric)
    )
    assert found == expected(survey, [first, second])
    assert said["left_out"] == {"preview": 3, "spam": 1, "unfinished": 2}
    assert said["raters"] == 2


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("q02_rating_3", ["4 - fully realistic", "4 â€“ fully realistic", " 4—FULLY  realistic"]),
        ("q02_rating_3", ["4", "４", "4 fully realistic"]),
        ("q02_rating_3", ["4\u00a0–\u00a0fully realistic", "4 –"]),
        ("q02_real", ["2", "Film B", "film b", "FILM\u00a0B", "B", " Film  B "]),
    ],
)
def test_choice_text_may_come_back_altered(
    study: tuple[Path, Survey], column: str, cells: list[str]
) -> None:
    _, survey = study
    rows = table(survey, three(survey))
    wanted = come_back(study, changed(rows, column, cells[0][:1] if "rating" in column else "2"))
    for cell in cells:
        assert come_back(study, changed(rows, column, cell)) == wanted


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("q02_rating_3", " ", "missing rating"),
        ("q02_rating_3", "5", "rating is 5, expected 1 to 4"),
        ("q02_rating_3", "0", "rating is 0, expected 1 to 4"),
        ("q02_rating_3", "-3", "is not a rating known here"),
        ("q02_rating_3", "3.5", "is not a rating known here"),
        ("q02_rating_3", "3 or 4", "is not a rating known here"),
        ("q02_rating_3", "1 – fully realistic", "is not a rating known here"),
        ("q02_rating_3", "fully realistic", "is not a rating known here"),
        ("q02_rating_3", "erika@hospital.example", "is not a rating known here"),
        ("q02_real", "", "missing pick"),
        ("q02_real", "5", "picks film 5 of 4"),
        ("q02_real", "Film E", "picks film 5 of 4"),
        ("q02_real", "0", "is not a pick known here"),
        ("q02_real", "1,2", "is not a pick known here"),
        ("q02_real", "Film", "is not a pick known here"),
        ("q02_real", "Film B or C", "is not a pick known here"),
        ("reader", "", "has no reader's code"),
        ("reader", "Erika Mustermann", "is not a reader's code of 1 to 64"),
        ("reader", "x" * 65, "is not a reader's code of 1 to 64"),
        ("reader", " reader-3 ", "same reader's code as line"),
        ("reader", "READER-3", "reader-3 and READER-3: one reader under two spellings"),
        ("Status", "Umfragevorschau", "is not a status known here"),
        ("Status", "256", "is not a status known here"),
        ("Finished", "wahr", "is neither true nor false"),
        ("study_kit", "0" * 16, "answers another kit"),
    ],
)
def test_what_a_cell_cannot_say_is_a_fault_with_its_line(
    study: tuple[Path, Survey], column: str, cell: str, fault: str
) -> None:
    _, survey = study
    rows = changed(table(survey, three(survey)), column, cell)
    (found,) = faults_of(study, rows)
    # Of two responses with one code the second is named, and the first one's line in it.
    line = 6 if "same" in fault or "spellings" in fault else 4
    assert found.startswith(f"export.csv: line {line}, column {column}: ")
    assert fault in found
    assert "line 4" in found


def test_a_fault_of_every_response_is_told_once_with_the_lines(
    study: tuple[Path, Survey], tmp_path: Path
) -> None:
    kit, survey = study
    rows = table(survey, three(survey))
    for row in (3, 4, 5):
        rows = changed(rows, "q02_rating_3", "wahr", row=row)
    export = tmp_path / "export.csv"
    write(export, rows)
    with pytest.raises(ReaderStudyError) as caught:
        import_qualtrics(export, kit, tmp_path / "out.csv")
    _, told = str(caught.value).splitlines()
    assert told.startswith(
        "  export.csv: lines 4–6 (3 lines), column q02_rating_3: is not a rating"
    )


def test_every_fault_is_named_at_once_at_its_line_in_the_file(study: tuple[Path, Survey]) -> None:
    _, survey = study
    rows = table(survey, three(survey), remark="\nsecond line\r\nthird line")
    rows = changed(rows, "q01_rating_1", "")
    rows = changed(rows, "q03_rating_4", "7", row=4)
    rows = changed(rows, "reader", "two words", row=5)
    rows = changed(rows, "q02_real", "9", row=5)
    rows[5] = rows[5][:-1]
    rows.append(rows[4][:-2])
    # Names, texts (one line, and two more for each question of the pages and the reader's), ids.
    line = 1 + (1 + 2 * (1 + QUARTETS * (1 + FILMS))) + 1
    heads = [one.split(": ")[1] for one in faults_of(study, rows)]
    assert heads == [
        f"line {line + 1}, column q01_rating_1",
        f"line {line + 2}, column q03_rating_4",
        f"line {line + 3}",
        f"line {line + 4}",
    ]


def test_columns_that_lost_their_names_are_found_by_their_questions(
    study: tuple[Path, Survey],
) -> None:
    _, survey = study
    for legacy in (False, True):
        rows = table(survey, three(survey), legacy=legacy)
        wanted = come_back(study, rows)
        for place, name in enumerate(rows[0]):
            if name == "reader" or name.startswith("q0"):
                rows[0][place] = f"Q{place}"
        assert come_back(study, rows) == wanted
        place = rows[1].index("Quartet 2: which film is the real one?")
        for row in rows:
            row.append(row[place])
        (fault,) = faults_of(study, rows)
        assert "q02_real: is asked more than once" in fault
        assert f"columns {place + 1}, {len(rows[0])} of the file" in fault
        # Where one of the two has the name, it is the one.
        rows[0][place] = "q02_real"
        assert come_back(study, rows) == wanted


def test_columns_that_are_missing_doubled_or_of_another_kit_are_named(
    study: tuple[Path, Survey],
) -> None:
    _, survey = study
    rows = table(survey, three(survey))
    gone = {"Finished", "reader", "q01_rating_2", "q03_real"}
    kept = [place for place, name in enumerate(rows[0]) if name not in gone]
    less = [[row[place] for place in kept] for row in rows]
    for row, cells in zip(less, (["q04_real", "q01_real"], *[["", ""]] * 5), strict=True):
        row.extend(cells)
    assert [fault.removeprefix("export.csv: line 1") for fault in faults_of(study, less)] == [
        f", column q01_real: appears more than once: columns 17, {len(less[0])} of the file:"
        " export it again with all fields",
        ": has no column reader, q01_rating_2, q03_real: export it again with all fields;"
        " the questions keep the names that they have in survey.txt",
        ", column q04_real: is about a film that is not in the kit",
        ": has no column Finished: export it again with all fields",
    ]


def test_other_columns_are_left_alone(study: tuple[Path, Survey]) -> None:
    _, survey = study
    rows = table(survey, three(survey))
    wanted = come_back(study, rows)
    more = {
        "consent": "Do you agree?",
        "q01_time_Page Submit": "Timing - Page Submit",
        "q01_real_DO_1": "Quartet 1: which film is the real one? - Display Order - Film A",
        "q01_rating_DO_1": "Quartet 1: how realistic is each film? - Display Order - Film A",
    }
    for row, cells in zip(rows, ([*more], [*more.values()], *[["1"] * 4] * 4), strict=True):
        row.extend(cells)
    assert come_back(study, rows) == wanted


def test_an_export_that_names_no_kit_is_taken_and_said_to_be_unconfirmed(
    study: tuple[Path, Survey],
) -> None:
    _, survey = study
    rows = table(survey, three(survey))
    place = rows[0].index("study_kit")
    found, said = come_back(study, [row[:place] + row[place + 1 :] for row in rows])
    assert found == expected(survey, three(survey))
    assert said["kit_confirmed"] is False


def test_without_its_header_rows_no_response_is_lost_unseen(study: tuple[Path, Survey]) -> None:
    _, survey = study
    for numeric in (False, True):
        rows = table(survey, three(survey), numeric=numeric)
        (fault,) = faults_of(study, [rows[0], *rows[3:]])
        assert "line 2: is a response where the questions should be" in fault
        # The row of ImportIds, or of the questions, may have been taken out.
        wanted = come_back(study, rows)
        assert come_back(study, [rows[0], *rows[2:]]) == wanted
        assert come_back(study, [*rows[:2], *rows[3:]]) == wanted


def as_text(rows: Rows, mark: str = ",") -> str:
    return "\n".join(
        mark.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows
    )


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (lambda _: b"", "export.csv: line 1: is empty"),
        (lambda _: b"\xef\xbb\xbf\r\n \n", "export.csv: line 1: is empty"),
        (lambda rows: as_text(rows[:1]).encode(), "holds no header of two or three rows"),
        (lambda rows: as_text(rows[:3]).encode(), "has no responses"),
        (lambda rows: as_text(rows, ";").encode(), "line 1: has semicolons between its columns"),
        (lambda rows: as_text(rows, "\t").encode(), "line 1: has tabs between its columns"),
        (lambda rows: as_text(rows, "\t").encode("utf-16"), "is UTF-16, not UTF-8 text"),
        (lambda rows: as_text(rows).encode("utf-16-le"), "line 1: holds a NUL byte"),
        (lambda rows: as_text(rows).encode() + b"\n\0", "line 7: holds a NUL byte"),
        (lambda rows: as_text(rows).encode() + b"\n\xe4", "line 7: is not UTF-8 (byte 0xe4)"),
        (lambda rows: as_text(rows)[:-1].encode(), "line 6: a quote opens here and never closes"),
        (lambda rows: as_text(rows).encode() + b'\n"a"b', "line 7: cannot be read as CSV"),
        (lambda _: b"PK\x03\x04rest", "is a spreadsheet (or another zip archive)"),
        (lambda _: b"a,b\n1,2\n3,4\n", "is not an export of this survey"),
        (lambda _: b"a,b\n1\n3,4\n", "line 2: has 1 fields, expected 2"),
        (lambda _: b" " * (MAX_BYTES + 1), "is larger than 67,108,864 bytes"),
    ],
)
def test_other_files_are_refused_by_name(
    study: tuple[Path, Survey], made: Callable[[Rows], bytes], fault: str
) -> None:
    _, survey = study
    found = faults_of(study, made(table(survey, three(survey))))
    assert any(fault in one for one in found), found


def test_no_finished_response_is_a_fault_that_says_why(study: tuple[Path, Survey]) -> None:
    _, survey = study
    first, second, third = three(survey)
    responses = [
        replace(first, status=1),
        replace(second, status=1),
        replace(third, finished=False),
    ]
    (fault,) = faults_of(study, table(survey, responses))
    assert "holds no finished response (left out: 2 preview, 1 unfinished)" in fault


def test_an_output_is_never_overwritten(study: tuple[Path, Survey], tmp_path: Path) -> None:
    kit, survey = study
    export = write(tmp_path / "export.csv", table(survey, three(survey)), bom=False)
    output = tmp_path / "new" / "ratings.csv"
    import_qualtrics(export, kit, output)
    before = output.read_bytes()
    for path in (output, tmp_path / "new"):
        with pytest.raises(ReaderStudyError, match="is there already: give another name"):
            import_qualtrics(export, kit, path)
    assert output.read_bytes() == before
    assert [*output.parent.iterdir()] == [output]
    with pytest.raises(ReaderStudyError, match="cannot be written"):
        import_qualtrics(export, kit, output / "below.csv")


def test_what_is_no_file_is_not_waited_for(study: tuple[Path, Survey], tmp_path: Path) -> None:
    kit, _ = study
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(ReaderStudyError, match=r"is a folder|is not a regular file"):
            import_qualtrics(path, kit, tmp_path / "ratings.csv")
    with pytest.raises(ReaderStudyError, match="No such file"):
        import_qualtrics(tmp_path / "none.csv", kit, tmp_path / "ratings.csv")
