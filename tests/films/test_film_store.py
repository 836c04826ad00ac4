from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import TableError
from cxr_release.films import png
from cxr_release.films.film_store import FilmStore
from tests.support.oriented import oriented_row
from tests.support.unspaced import NO_SPACING


def write(path: Path, checkpoint: int, count: int = 40) -> dict[str, bytes]:
    """A small table of films, and their bytes by id."""
    chance = np.random.default_rng(checkpoint)
    films = (chance.integers(0, 256, (16, 16), dtype=np.uint8) for _ in range(count))
    rows = [oriented_row(film, checkpoint, "large", index) for index, film in enumerate(films)]
    with tables.Writer(path, schemas.ORIENTED, rows_per_group=16) as writer:
        writer.append(rows)
    return {row["id"]: row["image"]["bytes"] for row in rows}


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [tmp_path / "checkpoint-34-large.parquet", tmp_path / "checkpoint-40-large.parquet"]


@pytest.fixture
def known(paths: list[Path]) -> dict[str, bytes]:
    return write(paths[0], 34) | write(paths[1], 40, 17)


def spoil(path: Path, data: bytes) -> None:
    """Change a film within its file, so that nothing but its bytes is different."""
    facts = path.stat()
    whole = bytearray(path.read_bytes())
    place = whole.index(data) + len(data) // 2
    whole[place] ^= 1
    path.write_bytes(whole)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_every_film_is_found_with_the_bytes_of_its_row(
    paths: list[Path], known: dict[str, bytes]
) -> None:
    shelf = FilmStore(paths, schemas.ORIENTED)
    assert shelf.sha256 == {film: png.sha256(data) for film, data in known.items()}
    assert list(shelf.sha256) == list(known)
    assert {film: shelf.png(film) for film in reversed(shelf.sha256)} == known


def test_source_films_lie_on_a_shelf_too(tmp_path: Path) -> None:
    film = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = png.encode(film, synthetic=False)
    row = {
        "image": png.cell(data, "Ä 1"), "id": "Ä 1", "patient": "p", **png.facts(film, data),
        "inverted": False, "facing": None, "flipped": False, **NO_SPACING,
    }  # fmt: skip
    tables.write(tmp_path / "cohort.parquet", schemas.COHORT, [row])
    assert FilmStore([tmp_path / "cohort.parquet"], schemas.COHORT).png("Ä 1") == data


def test_no_film_says_whose_it_is(paths: list[Path], known: dict[str, bytes]) -> None:
    shelf = FilmStore(paths, schemas.ORIENTED)
    assert not any(b"checkpoint" in shelf.png(film) for film in known)


def test_only_the_row_group_that_is_asked_for_is_read(
    paths: list[Path], known: dict[str, bytes]
) -> None:
    names = list(known)
    for index in [*range(16), *range(32, 40)]:
        spoil(paths[0], known[names[index]])
    shelf = FilmStore(paths, schemas.ORIENTED)
    assert [shelf.png(name) for name in names[16:32]] == [known[name] for name in names[16:32]]


def test_other_bytes_than_the_row_promises_are_not_served(
    paths: list[Path], known: dict[str, bytes]
) -> None:
    shelf = FilmStore(paths, schemas.ORIENTED)
    name = next(iter(known))
    spoil(paths[0], known[name])
    with pytest.raises(TableError, match="does not match its SHA-256"):
        shelf.png(name)


@pytest.mark.parametrize("change", ["replaced", "removed", "restored", "cut"])
def test_films_that_changed_meanwhile_are_not_served(
    paths: list[Path], known: dict[str, bytes], change: str
) -> None:
    shelf = FilmStore(paths, schemas.ORIENTED)
    shelf.check()
    if change == "replaced":
        write(paths[0], 34, 41)
    elif change == "removed":
        paths[0].unlink()
    elif change == "restored":
        shutil.copy(paths[0], paths[0].with_suffix(".new"))
        paths[0].with_suffix(".new").replace(paths[0])
    else:
        os.truncate(paths[0], 5000)
    for ask in (shelf.check, lambda: shelf.png("checkpoint-34-large-00000")):
        with pytest.raises(TableError, match="start it again"):
            ask()
    assert shelf.png("checkpoint-40-large-00000") == known["checkpoint-40-large-00000"]


def test_many_threads_may_take_films(paths: list[Path], known: dict[str, bytes]) -> None:
    shelf = FilmStore(paths, schemas.ORIENTED)
    with ThreadPoolExecutor(8) as pool:
        names = list(known) * 4
        assert list(pool.map(shelf.png, names)) == [known[name] for name in names]


def test_what_is_no_table_of_films_is_refused(tmp_path: Path, paths: list[Path]) -> None:
    with pytest.raises(TableError, match="dvc repro"):
        FilmStore(paths, schemas.ORIENTED)
    paths[0].write_bytes(b"PAR1 but no more")
    with pytest.raises(TableError, match="readable"):
        FilmStore(paths[:1], schemas.ORIENTED)
    films = write(paths[1], 34)
    shutil.copy(paths[1], tmp_path / "again.parquet")
    with pytest.raises(TableError, match="two tables"):
        FilmStore([paths[1], tmp_path / "again.parquet"], schemas.ORIENTED)
    with pytest.raises(KeyError):
        FilmStore([paths[1]], schemas.ORIENTED).png("checkpoint-40-large-00000")
    assert len(films) == 40
