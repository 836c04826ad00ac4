from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from cxr_release import schemas, tables
from cxr_release.errors import ReaderStudyError, TableError
from cxr_release.reader_study.kit import Kit, KitFilm, open_kit, quartet_sha256, serve, served


def kit_of(quartets: int, mark: str = "0") -> Kit:
    return Kit(
        tuple(
            KitFilm(quartet, position, f"{10 * quartet + position:016x}", mark * 64)
            for quartet in range(1, quartets + 1)
            for position in (1, 2, 3)
        )
    )


def test_the_first_reader_fixes_the_quartets(tmp_path: Path) -> None:
    record = tmp_path / "quartets" / "served.json"
    assert served(record) is None
    serve(kit_of(4), record)
    assert served(record) == kit_of(4)
    before = record.read_bytes()
    serve(kit_of(4), record)
    assert record.read_bytes() == before
    for other in (kit_of(5), kit_of(4, mark="1")):
        with pytest.raises(ReaderStudyError, match="given other quartets than the kit holds now"):
            serve(other, record)
    assert record.read_bytes() == before
    assert [path.name for path in record.parent.iterdir()] == ["served.json"]


def test_the_record_names_no_source(tmp_path: Path) -> None:
    serve(kit_of(2), tmp_path / "served.json")
    (films,) = json.loads((tmp_path / "served.json").read_text()).values()
    assert {name for film in films for name in film} == {"quartet", "position", "name", "sha256"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"films": []}',
        '{"films": [{"quartet": 1}]}',
        '{"films": [{"quartet": "1", "position": 1, "name": "a", "sha256": "b"}]}',
        '{"films": [{"quartet": true, "position": 1, "name": "a", "sha256": "b"}]}',
        '{"films": 3}',
        '{"films": [{"quartet": 1, "position": 1, "name": "a", "sha256": "b", "source": "real"}]}',
        "[" * 100_000,
        "\udcff",
    ],
    ids=range(11),
)
def test_a_damaged_record_is_no_record(tmp_path: Path, text: str) -> None:
    record = tmp_path / "served.json"
    record.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ReaderStudyError, match=r"is not a record of a kit.*restore it from git"):
        served(record)
    with pytest.raises(ReaderStudyError):
        serve(kit_of(2), record)


def _race(record: Path, mark: str) -> str:
    try:
        serve(kit_of(3, mark), record)
    except ReaderStudyError:
        return "refused"
    return mark


def test_of_many_who_serve_at_once_one_is_first(tmp_path: Path) -> None:
    record = tmp_path / "served.json"
    marks = [str(number % 2) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(_race, [record] * len(marks), marks))
    found = served(record)
    assert found
    winner = found.films[0].sha256[0]
    assert said == [mark if mark == winner else "refused" for mark in marks]
    assert [path.name for path in tmp_path.iterdir()] == ["served.json"]


def test_a_quartet_s_hash_is_of_its_films_in_whatever_order() -> None:
    films = [replace(film, sha256=str(film.position) * 64) for film in kit_of(1).films]
    assert quartet_sha256(films) == quartet_sha256(reversed(films))
    assert quartet_sha256(films) != quartet_sha256(films[:2])


def test_an_empty_kit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kit.parquet"
    with pytest.raises(TableError):
        open_kit(path)
    tables.write(path, schemas.KIT, [])
    with pytest.raises(ReaderStudyError, match="holds no quartet"):
        open_kit(path)
