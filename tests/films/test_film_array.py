from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cxr_release import schemas, tables
from cxr_release.errors import SourceError, TableError
from cxr_release.films import film_array, png
from cxr_release.films.film_array import load_films
from tests.support.failing_disk import CODES, failing
from tests.support.unspaced import NO_SPACING

Pixels = NDArray[np.uint8]


def row(name: str, film: Pixels) -> dict[str, Any]:
    data = png.encode(film, synthetic=False)
    return {
        "image": png.cell(data, name), "id": name, "patient": None, **png.facts(film, data),
        "inverted": False, "facing": None, "flipped": False, **NO_SPACING,
    }  # fmt: skip


def noise(count: int, seed: int = 0, shape: tuple[int, int] = (16, 24)) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def write(path: Path, films: Sequence[Pixels]) -> Path:
    rows = [row(f"film-{place}", film) for place, film in enumerate(films)]
    tables.write(path, schemas.COHORT, rows)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "films.parquet", noise(5))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "array"


def arrays(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name != film_array.LOCK)


def no_making(*_: Any) -> None:
    raise AssertionError("the array is made once more")


def test_films_come_in_the_order_of_the_table_and_are_read_alone(
    table: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, films = load_films(table, folder)
    assert ids == [f"film-{place}" for place in range(5)]
    assert np.array_equal(films, noise(5))
    assert not films.flags.owndata and not films.flags.writeable
    (array,) = arrays(folder)
    assert array.read_bytes() == noise(5).tobytes()
    assert stat.S_IMODE(array.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    monkeypatch.setattr(film_array, "_make", no_making)
    assert np.array_equal(load_films(table, folder)[1], films)


def test_an_array_that_is_made_is_used_where_nothing_can_be_written(
    table: Path, folder: Path
) -> None:
    load_films(table, folder)
    with failing(1, on=True):
        assert np.array_equal(load_films(table, folder)[1], noise(5))


@pytest.mark.parametrize("other", [noise(5, seed=1), noise(5)[::-1], noise(4), noise(5)[:, :, :16]])
def test_of_another_table_the_array_is_made_anew_and_the_old_one_goes(
    tmp_path: Path, table: Path, folder: Path, other: Pixels
) -> None:
    _, before = load_films(table, folder)
    _, films = load_films(write(table, list(other)), folder)
    assert np.array_equal(films, other)
    assert np.array_equal(before, noise(5))
    (array,) = arrays(folder)
    assert array.read_bytes() == other.tobytes()


@pytest.mark.parametrize("size", [0, 100, 5 * 16 * 24 + 1])
def test_an_array_that_is_cut_short_or_too_long_is_made_anew(
    table: Path, folder: Path, size: int
) -> None:
    load_films(table, folder)
    os.truncate(arrays(folder)[0], size)
    assert np.array_equal(load_films(table, folder)[1], noise(5))
    assert arrays(folder)[0].stat().st_size == 5 * 16 * 24


def test_ids_and_patients_are_no_part_of_what_an_array_is_named_by(
    table: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_films(table, folder)
    monkeypatch.setattr(film_array, "_make", no_making)
    renamed = [
        row(f"other-{place}", film) | {"patient": "p"} for place, film in enumerate(noise(5))
    ]
    tables.write(table, schemas.COHORT, renamed)
    ids, films = load_films(table, folder)
    assert ids[0] == "other-0" and np.array_equal(films, noise(5))


def test_films_of_two_sizes_or_none_or_of_other_pixels_are_refused(
    table: Path, folder: Path
) -> None:
    write(table, [*noise(2), *noise(1, shape=(16, 16))])
    with pytest.raises(TableError, match="24 × 16 and 16 × 16 pixels"):
        load_films(table, folder)
    write(table, [])
    with pytest.raises(TableError, match="holds no film"):
        load_films(table, folder)
    first, second = noise(2)
    lying = row("film-1", second) | {"image": row("film-1", first)["image"]}
    tables.write(table, schemas.COHORT, [row("film-0", first), lying])
    with pytest.raises(SourceError, match=r"film-1: is not of the pixels that its row states"):
        load_films(table, folder)
    assert arrays(folder) == []


@pytest.mark.parametrize("code", CODES)
def test_on_a_disk_that_fails_there_is_no_array_and_an_error_that_says_why(
    table: Path, folder: Path, code: int
) -> None:
    for nth in range(1, 20):
        with failing(nth, code) as disk:
            if not disk.failed:
                try:
                    films = load_films(table, folder)[1]
                except SourceError as error:
                    assert os.strerror(code) in str(error)
                    assert "room for 0.00 GB" in str(error)
                else:
                    assert np.array_equal(films, noise(5))
        for path in arrays(folder) if folder.exists() else ():
            assert path.read_bytes() == noise(5).tobytes()
            path.unlink()
        if not disk.failed:
            return
    raise AssertionError("more requests than were tried")


def test_of_those_that_ask_at_once_one_makes_the_array(
    table: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    make = film_array._make

    def noted(path: Path, *given: Any) -> None:
        made.append(path)
        make(path, *given)

    monkeypatch.setattr(film_array, "_make", noted)
    with ThreadPoolExecutor(4) as pool:  # a lock is held against another handle, too
        answers = list(pool.map(lambda _: load_films(table, folder)[1], range(4)))
    assert all(np.array_equal(answer, noise(5)) for answer in answers)
    assert made == arrays(folder)


def test_on_a_drive_without_locks_two_may_make_it_and_the_last_one_is_kept(
    table: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(film_array.fcntl, "flock", refused)
    decode = png.decode
    others = []

    def met(data: bytes, *, where: str) -> Pixels:
        if not others and where.endswith("film-3"):
            others.append(None)
            others.append(load_films(table, folder)[1])
        return decode(data, where=where)

    monkeypatch.setattr(png, "decode", met)
    answers = [load_films(table, folder)[1], others[1]]
    assert all(np.array_equal(answer, noise(5)) for answer in answers)
    assert len(arrays(folder)) == 1
