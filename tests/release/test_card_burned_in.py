"""What a release says of people who looked for text on the real films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxr_release import schemas, tables
from cxr_release.clearance.ocr import FOUND
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, write_json
from cxr_release.release.checks.burned_in import check_burned_in_record
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.record import Record
from cxr_release.release.verify import verify
from tests.support.card_rules import first_screen, written
from tests.support.release_artefacts import (
    add_control,
    cohort_row,
    make_release,
    make_release_of,
    of_a_house,
    small_params,
    write_clearance,
    write_inputs,
)


def text_of(folder: Path) -> str:
    return " ".join(written(folder).replace("\n>", "\n").split())


def test_where_nobody_has_looked_the_card_begins_with_that(tmp_path: Path) -> None:
    folder = make_release(tmp_path, of_a_house(small_params()))
    text = text_of(folder)
    assert "[**Text on the real films: nobody has looked.**](" in first_screen(written(folder))
    assert "**Text burned into the real films.** Nobody has looked at the" in text
    assert "was such text found" not in text
    assert "At 3 films nobody" not in text
    assert read_json(folder / "release.json")["reviews"]["burned_in"]["state"] == "none"
    assert verify(folder)["differences"] == []
    assert "Nobody has looked" in (folder / "croissant.json").read_text()


@pytest.mark.long
def test_of_drawn_films_nothing_is_said(tmp_path: Path) -> None:
    folder = make_release(tmp_path, small_params())
    assert "Text on the real films" not in text_of(folder)
    assert "burned" not in text_of(folder).replace("burned_in", "")
    assert "burned_in" not in read_json(folder / "release.json")["reviews"]


def looked(tmp_path: Path, **said: Any) -> tuple[Path, list[str]]:
    """A release of films of a house, some of which are out because they show text."""
    inputs = write_inputs(tmp_path / "artefacts")
    add_control(inputs)
    out = ["text-secret"] if said.pop("out", False) else []
    if out:  # one more film came in, and is in no part
        cohort = list(tables.iterate(inputs.cohort / "cohort.parquet", schemas.COHORT))
        tables.write(
            inputs.cohort / "cohort.parquet", schemas.COHORT, [*cohort, cohort_row(300, out[0])]
        )
    counts = write_clearance(inputs, with_text=out, **said)
    assert counts["with_text"] == len(out)
    return make_release_of(inputs, of_a_house(small_params()), tmp_path), out


@pytest.fixture(scope="module")
def partly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of films at two of which one person has looked."""
    return looked(tmp_path_factory.mktemp("partly"), clear=2)[0]


def test_one_who_has_looked_at_some_is_said_with_numbers(partly: Path) -> None:
    text = text_of(partly)
    films = read_json(partly / "release.json")["metrics"]["ingest"]["films"]
    assert f"One person has looked at 2 of the {films} real films" in text
    assert "On none of those was such text found." in text
    assert f"{films - 2} films wait to be looked at." in text
    assert f"At {films - 2} films nobody has looked." in text
    assert verify(partly)["differences"] == []


def test_a_film_that_shows_text_is_counted_as_left_out(tmp_path: Path) -> None:
    folder, (film,) = looked(tmp_path, clear=2, out=True)
    record = read_json(folder / "release.json")
    films = record["metrics"]["ingest"]["films"]
    assert sum(record["metrics"]["split"]["films"].values()) == films - 1
    text = text_of(folder)
    assert f"One person has looked at 3 of the {films} real films" in text
    assert "1 of them shows such text or a mark, and was left out." in text
    assert "A film that anybody says shows text is in no part of the split" in text
    assert verify(folder)["differences"] == []
    assert film not in (folder / "release.json").read_text()


@pytest.mark.long
def test_what_a_program_pointed_at_is_said_with_what_it_misses(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    films = tables.read(inputs.cohort / "cohort.parquet", schemas.COHORT, ["id"])["id"].to_pylist()
    write_clearance(inputs, clear=1, suspected=films[:2])
    folder = make_release_of(inputs, of_a_house(small_params()), tmp_path)
    text = text_of(folder)
    assert "A program for reading text pointed at 2 films, to be looked at first" in text
    assert "at 1 of them nobody has looked" in text
    assert f"burned into chest films, it points at {FOUND}: a film that it did not point" in text
    assert verify(folder)["differences"] == []


def test_no_id_of_a_real_film_goes_out(partly: Path) -> None:
    inputs = partly.parent / "artefacts"
    ids = tables.read(inputs / "cohort" / "cohort.parquet", schemas.COHORT, ["id"])["id"]
    record = (partly / "release.json").read_text()
    assert "with-text.json" not in record
    assert "clearance.json" not in record
    assert not [film for film in ids.to_pylist() if film in record]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"looked_at": 3}, "looked_at"),
        ({"with_text": 2, "undecided": 0}, "with_text"),
        ({"state": "complete"}, "state"),
        ({"reviewers": 2}, "reviewers"),
        ({"sentence": "Everybody has looked."}, "sentence"),
        ({"films": 3}, "films"),
        ({"required": 2}, "required"),
    ],
)
def test_verify_names_a_number_that_was_altered(
    partly: Path, change: dict[str, Any], problem: str
) -> None:
    record = Record.model_validate(read_json(partly / "release.json"))
    said = record.reviews.burned_in
    assert said is not None
    reviews = record.reviews.model_copy(update={"burned_in": said.model_copy(update=change)})
    report = CheckReport()
    altered = record.model_copy(update={"reviews": reviews})
    check_burned_in_record(altered, Place("release.json"), True, report)
    where = {fault.where for fault in report.faults}
    assert [place for place in where if "burned_in" in place and problem in place]


def test_validate_names_a_film_with_text_that_is_in_a_part(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "artefacts")
    film = tables.read_rows(inputs.cohort / "cohort.parquet", schemas.COHORT)[0]["id"]
    write_clearance(inputs, with_text=[film])
    with pytest.raises(ReleaseError, match="shows text, and is in a part all the same"):
        make_release_of(inputs, of_a_house(small_params()), tmp_path)
    write_json(inputs.clearance / "with-text.json", ["film-of-nobody"])
    with pytest.raises(ReleaseError, match="is not a film of the cohort"):
        make_release_of(inputs, of_a_house(small_params()), tmp_path)
    write_json(inputs.clearance / "clearance.json", {"drawn": False})
    with pytest.raises(ReleaseError, match="drawn ones and real ones go apart"):
        make_release_of(inputs, of_a_house(small_params()), tmp_path)
