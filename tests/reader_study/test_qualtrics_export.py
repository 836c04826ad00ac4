from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError, TableError
from cxr_release.films import png
from cxr_release.reader_study.kit import open_kit, serve, served
from cxr_release.reader_study.qualtrics.export import export_qualtrics
from tests.support import qualtrics_service as service
from tests.support.qualtrics_service import FILMS, QUARTETS, URL, kit_rows


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    tables.write(tmp_path / "kit.parquet", schemas.KIT, kit_rows())
    return tmp_path / "kit.parquet"


def export(kit: Path, **changed: object) -> tuple[Path, dict[str, object]]:
    output = kit.parent / "qualtrics"
    wanted: dict[str, object] = {"image_url": URL, "title": "Real or made?", "going_back": False}
    said = export_qualtrics(kit, kit.parent / "served.json", output, **(wanted | changed))  # type: ignore[arg-type]
    return output, said


def test_each_quartet_is_a_page_with_its_films_in_the_kit_s_places(kit: Path) -> None:
    output, said = export(kit)
    survey = service.imported((output / "survey.txt").read_text(encoding="utf-8"))
    assert [*survey.blocks] == ["Reader", "q01_block", "q02_block", "q03_block"]
    kinds = {"q01_films": "DB", "q01_real": "MC:SingleAnswer:Horizontal"}
    kinds["q01_rating"] = "Matrix:SingleAnswer"
    assert {one.id: one.kind for one in survey.blocks["q01_block"]} == kinds
    reader, instructions = survey.blocks["Reader"]
    assert (reader.id, reader.kind) == ("reader", "TE:SingleLine")
    assert "You cannot go back" in instructions.text
    rows = tables.read_rows(kit, schemas.KIT)
    places = {
        f"q{number:02d}": {
            row["name"]: "ABCD"[row["position"] - 1] for row in rows if row["quartet"] == number
        }
        for number in (1, 2, 3)
    }
    assert survey.shown() == places
    _, pick, rating = survey.blocks["q02_block"]
    films = ["Film A", "Film B", "Film C", "Film D"]
    assert pick.choices == tuple((str(n), film) for n, film in enumerate(films, start=1))
    assert [words for _, words in rating.choices] == films
    assert rating.answers == (
        ("1", "1 – unrealistic"),
        ("2", "2"),
        ("3", "3"),
        ("4", "4 – fully realistic"),
    )
    assert said["quartets"] == QUARTETS
    assert said["images"] == QUARTETS * FILMS
    found = [path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()]
    assert sorted(found) == said["files"]


def test_the_films_are_as_in_the_kit_and_no_file_tells_more(kit: Path, tmp_path: Path) -> None:
    output, _ = export(kit)
    rows = {row["name"]: row["image"]["bytes"] for row in tables.iterate(kit, schemas.KIT)}
    films = {path.stem: path.read_bytes() for path in (output / "images").iterdir()}
    assert films == rows
    assert len({one.stat().st_mtime_ns for one in [output, *output.rglob("*")]}) == 1
    assert len({path.stat().st_mode for path in (output / "images").iterdir()}) == 1
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in output.rglob("*"):
            archive.write(path)
    text = (output / "survey.txt").read_text() + (output / "README.txt").read_text()
    assert not re.search(r"checkpoint|synthetic|parquet|\.dcm", text, re.IGNORECASE)


def test_the_export_fixes_the_quartets(kit: Path) -> None:
    record = kit.parent / "served.json"
    export(kit)
    assert served(record) == open_kit(kit)
    tables.write(kit, schemas.KIT, kit_rows(quartets=2))
    before = (kit.parent / "qualtrics" / "survey.txt").read_bytes()
    with pytest.raises(ReaderStudyError, match="other quartets than the kit holds"):
        export(kit)
    assert (kit.parent / "qualtrics" / "survey.txt").read_bytes() == before
    record.unlink()
    serve(open_kit(kit), record)
    output, said = export(kit)
    assert said["images"] == len([*(output / "images").iterdir()]) == 2 * FILMS


def test_the_same_kit_gives_the_same_bytes(kit: Path) -> None:
    output, _ = export(kit)
    first = {path: path.read_bytes() for path in output.rglob("*.*")}
    export(kit)
    assert {path: path.read_bytes() for path in output.rglob("*.*")} == first


def test_a_title_is_text_and_neither_html_nor_a_tag_nor_a_pipe(kit: Path) -> None:
    output, _ = export(kit, title='<b>"A" & B</b> [[PageBreak]] ${e://Field/x}', going_back=True)
    survey = service.imported((output / "survey.txt").read_text(encoding="utf-8"))
    (_, instructions) = survey.blocks["Reader"]
    assert "<h2>&lt;b&gt;&quot;A&quot; &amp; B&lt;/b&gt; &#91;&#91;PageBreak" in instructions.text
    assert "$" not in instructions.text
    assert "You may go back" in instructions.text


@pytest.mark.parametrize("title", ["", "  ", "two\nlines", "x" * 201, "\x00", "a\u2028b"])
def test_other_titles_are_refused(kit: Path, title: str) -> None:
    with pytest.raises(ReaderStudyError, match="is not a heading"):
        export(kit, title=title)
    assert not (kit.parent / "served.json").exists()


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://10.0.0.7:8080", "http://10.0.0.7:8080/"),
        ("https://a.example/films", "https://a.example/films/"),
        ("https://a.example/%C3%A4/it's&more/", "https://a.example/%C3%A4/it&#x27;s&amp;more/"),
    ],
)
def test_the_films_are_looked_for_below_the_address(kit: Path, given: str, used: str) -> None:
    output, _ = export(kit, image_url=given)
    text = (output / "survey.txt").read_text()
    assert text.count(f'<img src="{used}') == QUARTETS * FILMS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.example/",
        "javascript:alert(1)//",
        "//a.example/",
        "https:///films/",
        "https://me:word@a.example/",
        "https://a.example/?size=3",
        "https://a.example/#films",
        "https://a.example/\n[[PageBreak]]",
        'https://a.example/"onerror="x/',
        "https://a.example:port/",
        "https://[::1/",
        "https://ä.example/",
        "https://a.example/ b/",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_other_addresses_are_refused(kit: Path, url: str) -> None:
    with pytest.raises(ReaderStudyError, match="is not the address of a folder of pictures"):
        export(kit, image_url=url)
    assert not (kit.parent / "qualtrics").exists()
    assert not (kit.parent / "served.json").exists()


def test_nothing_but_an_earlier_export_is_replaced(kit: Path) -> None:
    output = kit.parent / "qualtrics"
    output.mkdir()
    export(kit)
    (output / "images" / "notes.png").write_bytes(b"mine")
    with pytest.raises(ReaderStudyError, match="something other than an earlier export"):
        export(kit)
    (output / "images" / "notes.png").rename(output / "notes.txt")
    with pytest.raises(ReaderStudyError, match="something other than an earlier export"):
        export(kit)
    assert (output / "notes.txt").read_bytes() == b"mine"
    (output / "notes.txt").unlink()
    (output / "survey.txt").write_text("my own survey")
    with pytest.raises(ReaderStudyError, match="something other than an earlier export"):
        export(kit)
    output.rename(output.with_name("elsewhere"))
    output.symlink_to(output.with_name("elsewhere"))
    with pytest.raises(ReaderStudyError, match="is not a folder"):
        export(kit)
    output.unlink()
    output.write_text("a file")
    with pytest.raises(ReaderStudyError, match="is not a folder"):
        export(kit)
    assert output.read_text() == "a file"


def test_films_that_their_files_tell_apart_are_not_exported(kit: Path) -> None:
    rows = kit_rows()
    data = png.encode_evenly(np.zeros((5, 5), np.uint8))
    rows[3] |= {"image": png.cell(data, "x"), "sha256": png.sha256(data)}
    tables.write(kit, schemas.KIT, rows)
    with pytest.raises(ReaderStudyError, match="differ in size"):
        export(kit)
    rows[3]["sha256"] = "0" * 64
    tables.write(kit, schemas.KIT, rows)
    with pytest.raises(ReaderStudyError, match="does not match its SHA-256"):
        export(kit)
    assert not (kit.parent / "qualtrics").exists()
    assert [path.name for path in kit.parent.iterdir()] == [kit.name]


def test_there_is_a_letter_for_each_film_or_no_survey(kit: Path) -> None:
    tables.write(kit, schemas.KIT, kit_rows(quartets=1, films=27))
    with pytest.raises(ReaderStudyError, match="27 films in a quartet"):
        export(kit)
    with pytest.raises(TableError):
        export(kit.with_name("none.parquet"))
