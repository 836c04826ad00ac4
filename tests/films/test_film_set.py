from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cxr_release import schemas, tables
from cxr_release.errors import CxrReleaseError, SourceError, TableError
from cxr_release.films import film_source, image_table, png
from cxr_release.films.film_set import FilmSet, open_films
from cxr_release.films.limits import MAX_PIXELS
from tests.support.film_files import everything, film, film_bytes, saved, write_films, write_table
from tests.support.unspaced import NO_SPACING


def deep(seed: int) -> np.ndarray:
    return film(seed).astype(np.uint16) * 100


def colour(seed: int) -> np.ndarray:
    return np.repeat(film(seed)[:, :, None], 3, axis=2)


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims side × side pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def told(films: FilmSet) -> tuple[dict[str, str], dict[str, str], dict[str, png.Film]]:
    """Faults, notes and pixels, by id."""
    read = list(everything(films))
    return (
        {film.id: film.fault for film in read if film.fault},
        {film.id: film.note for film in read if film.note},
        {film.id: film.pixels for film in read if not film.fault},
    )


def refused(*paths: Path) -> str:
    with pytest.raises(CxrReleaseError) as error:
        open_films(paths, "real")
    return str(error.value)


def test_every_file_of_a_folder_is_searched_or_unreadable_or_named(tmp_path: Path) -> None:
    whole = film_bytes(1)
    outside = write_films(tmp_path / "outside", {"other.png": whole}) / "other.png"
    folder = write_films(
        tmp_path / "films",
        {
            "a.png": whole,
            "jpeg.jpg": saved(film(2), "JPEG"),
            "tiff.TIF": saved(film(3), "TIFF"),
            "blank.png": png.encode(np.full((9, 9), 7, np.uint8), synthetic=False),
            "bomb.png": bomb(60_000),
            "cut.png": whole[: len(whole) // 2],
            "cut-jpeg.jpg": saved(film(2), "JPEG")[:-20],
            "empty.png": b"",
            "text.txt": b"no film",
            "deep.png": saved(deep(4)),
            "colour.png": saved(colour(5)),
            "float.tiff": saved(film(6).astype(np.float32) / 9, "TIFF"),
            "strange \xe9\n name.png": whole,
            ".DS_Store": b"x",
            ".hidden.png": whole,
        },
    )
    os.mkfifo(folder / "pipe.png")
    (folder / "leading-out.png").symlink_to(outside)
    (folder / "leading-nowhere.png").symlink_to(tmp_path / "none")
    (folder / "inside.png").symlink_to(folder / "a.png")
    (folder / ".git").mkdir()
    films = open_films([folder], "real")
    faults, notes, pixels = told(films)
    assert {name: fault.split(":")[0] for name, fault in faults.items()} == {
        "blank": "is blank",
        "bomb": "has more than 64 Mi pixels",
        "cut": faults["cut"].split(":")[0],
        "cut-jpeg": "is truncated",
        "empty": "is empty (0 bytes)",
        "text": "is not a PNG, JPEG or TIFF image, nor DICOM",
        "pipe": "is not a regular file",
        "leading-out": "is a symbolic link out of the folder",
        "leading-nowhere": "is a broken symbolic link",
    }
    assert "truncated" in faults["cut"]
    assert notes == {
        "deep": "16-bit grey windowed to 8 bits",
        "colour": "8-bit RGB turned to 8-bit grey",
        "float": "32-bit grey windowed to 8 bits",
    }
    assert set(pixels) == {
        *("a", "jpeg", "tiff", "deep", "colour", "float", "inside", "strange \xe9\\n name"),
    }
    assert np.array_equal(pixels["a"], film(1))
    assert np.array_equal(pixels["colour"], film(5))
    assert np.corrcoef(pixels["deep"].ravel(), film(4).ravel())[0, 1] > 0.99
    assert len(films) == len(faults) + len(pixels)
    assert {Path(path).name for path, _ in films.ignored} == {".DS_Store", ".hidden.png", ".git"}
    on_disk = {path.name for path in folder.iterdir()}
    assert len(on_disk) == len(films) + len(films.ignored)


def test_large_films_are_reduced_and_searched(tmp_path: Path) -> None:
    wide = np.kron(film(1), np.ones((2, 66), np.uint8))
    folder = write_films(tmp_path, {"wide.png": saved(wide), "edge.png": saved(wide[:, :2048])})
    _, notes, pixels = told(open_films([folder], "real"))
    assert wide.shape == (128, 4224)
    assert notes == {"wide": "reduced from 4224 × 128 to 2048 × 62 pixels"}
    assert pixels["wide"].shape == (62, 2048)
    assert pixels["edge"].shape == (128, 2048)
    thin = np.zeros((1, 3000), np.uint8)
    thin[0, 5] = 9
    assert (
        film_source.opened("thin", saved(thin)).note == "reduced from 3000 × 1 to 2048 × 1 pixels"
    )
    both = film_source.opened("both", saved(np.repeat(wide[:, :, None], 3, axis=2)))
    assert both.note.startswith("8-bit RGB turned to 8-bit grey; reduced from 4224 × 128")
    assert wide.size < MAX_PIXELS


def test_rotation_in_the_metadata_is_applied() -> None:
    tall = film(1)[:, :32]
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(tall).save(stream, format="PNG", exif=exif)
    assert film_source.opened("a", stream.getvalue()).pixels.shape == (32, 64)


def test_a_synthetic_film_keeps_its_label() -> None:
    assert film_source.opened("a", film_bytes(1, synthetic=True)).labelled
    assert not film_source.opened("a", film_bytes(1)).labelled


@given(st.binary(max_size=300))
def test_no_bytes_stop_the_reading(tail: bytes) -> None:
    for data in (tail, film_bytes(1)[:60] + tail, film_bytes(1) + tail):
        opened = film_source.opened("a", data)
        assert (opened.film is None) == bool(opened.fault)


def test_one_film_by_its_id(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "films", {"a.png": film_bytes(1), "b.png": b"x"})
    names = [f"t{place:02d}" for place in range(20)]
    table = write_table(
        tmp_path / "table.parquet",
        {name: film_bytes(place) for place, name in enumerate(names, start=5)} | {"none": None},
        rows_per_group=18,  # more than are read at a time, and not the whole
    )
    films = open_films([folder, table], "real")
    assert np.array_equal(films.film("a"), film(1))
    for place, name in enumerate(names, start=5):
        assert np.array_equal(films.film(name), film(place)), name
    for name, what in (("b", "is not a PNG"), ("none", "holds a path and no bytes")):
        with pytest.raises(SourceError, match=what):
            films.film(name)
    with pytest.raises(SourceError, match="other: is not a film of the real set"):
        films.film("other")


def test_the_rows_of_a_table(tmp_path: Path) -> None:
    table = write_table(
        tmp_path / "films.parquet",
        {
            "a": film_bytes(1),
            "blank": saved(np.full((4, 4), 9, np.uint8)),
            "cut": film_bytes(2)[:100],
            "deep": saved(deep(3)),
            "none": None,
            "z": film_bytes(4),
        },
        patients=["p1", None, "", "p2", "p1", "p3"],
    )
    films = open_films([table], "synthetic")
    faults, notes, pixels = told(films)
    assert set(faults) == {"blank", "cut", "none"}
    assert set(notes) == {"deep"}
    assert list(pixels) == ["a", "deep", "z"]
    assert films.patients == {"a": "p1", "deep": "p2", "none": "p1", "z": "p3"}
    assert films.homes["cut"].places["cut"] == f"{table}: row 3"


def test_a_table_of_the_pipeline(tmp_path: Path) -> None:
    data = film_bytes(1)
    row = {
        "image": png.cell(data, "a"),
        "id": "a",
        "patient": "p",
        "inverted": False,
        "facing": None,
        "flipped": False,
        **NO_SPACING,
        **png.facts(film(1), data),
    }
    tables.write(tmp_path / "cohort.parquet", schemas.COHORT, [row])
    films = open_films([tmp_path / "cohort.parquet"], "real")
    assert list(told(films)[2]) == ["a"]
    assert films.patients == {"a": "p"}


def test_tables_at_any_depth_of_a_folder(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_table(tmp_path / "data/one/train-0.parquet", {"a": film_bytes(1)})
    write_table(tmp_path / "data/two/train-0.parquet", {"b": film_bytes(2)})
    write_table(tmp_path / ".cache/three.parquet", {"c": film_bytes(3)})
    pq.write_table(pa.table({"id": ["a"]}), tmp_path / "data/exclusions.parquet")
    (tmp_path / "README.md").write_text("words")
    write_films(tmp_path / "figures", {"sheet.png": film_bytes(4)})
    films = open_films([tmp_path], "synthetic")
    assert list(films.homes) == ["a", "b"]
    assert [Path(part.name).parent.name for part in films.sources] == ["one", "two"]
    ignored = {str(Path(path).relative_to(tmp_path)): why for path, why in films.ignored}
    assert ignored == {
        ".cache": "hidden",
        "README.md": "not a table, in a folder of tables",
        "data/exclusions.parquet": "a table without films",
        "figures/sheet.png": "not a table, in a folder of tables",
    }


def test_links_among_tables(tmp_path: Path) -> None:
    outside = write_table(tmp_path / "outside/b.parquet", {"b": film_bytes(2)})
    folder = tmp_path / "tables"
    table = write_table(folder / "a.parquet", {"a": film_bytes(1)})
    (folder / "again.parquet").symlink_to(table)
    films = open_films([folder], "real")
    assert list(films.homes) == ["a"]
    assert films.ignored == ((f"{folder}/again.parquet", "a link within the folder"),)
    (folder / "out.parquet").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    message = refused(folder)
    assert "out.parquet: is a symbolic link out of the folder" in message
    assert "folder: is a symbolic link out of the folder" in message


def test_an_id_twice_names_both(tmp_path: Path) -> None:
    folder = write_films(
        tmp_path / "one", {"a.png": film_bytes(1), "a.jpg": saved(film(1), "JPEG")}
    )
    message = refused(folder)
    assert f"{folder}/a.png: has the id 'a' of {folder}/a.jpg" in message
    two = write_films(tmp_path / "two", {"a.png": film_bytes(1)})
    table = write_table(tmp_path / "t.parquet", {"b": film_bytes(1), "a": film_bytes(2)})
    message = refused(two, table)
    assert f"{table}: row 2: has the id 'a' of {two}/a.png" in message
    assert f"has the id 'a' of {two}/a.png" in refused(two, two)


def test_an_id_twice_or_not_at_all_in_a_table(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cell = {"bytes": film_bytes(1), "path": None}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["a", None, "a", "", "x" * 256], "image": [cell] * 5}), path)
    message = refused(path)
    assert f"{path}: row 3: has the id 'a' of {path}: row 1" in message
    assert f"{path}: rows 2, 4 (2 rows): has no id" in message
    assert f"{path}: row 5: has an id above 255 letters" in message


def test_ids_that_are_numbers(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": [7], "image": [{"bytes": film_bytes(1)}]}), path)
    assert list(told(open_films([path], "real"))[2]) == ["7"]


def test_patients_of_a_folder(tmp_path: Path) -> None:
    films = {"a.png": film_bytes(1), "b.png": film_bytes(2)}
    folder = write_films(tmp_path, films | {"patients.csv": b"file,patient\na.png,p\nb.png,p\n"})
    film_set = open_films([folder], "real")
    assert film_set.patients == {"a": "p", "b": "p"}
    assert list(film_set.homes) == ["a", "b"]
    assert film_set.ignored == ((f"{folder}/patients.csv", "the patients of the films"),)
    (folder / "patients.csv").write_bytes(b"file,patient\na.png,p\nc.png,p\n")
    message = refused(folder)
    assert "names 'c.png', which is not a film here" in message
    assert "b.png: has no row" in message
    (folder / "patients.csv").write_bytes(b"file,patient\na.png,\nb.png,p\n")
    assert open_films([folder], "real").patients == {"b": "p"}
    (folder / "patients.csv").write_bytes(b"file,patient\na.png,P07\nb.png,p7\n")
    with pytest.raises(SourceError, match="'P07'"):
        open_films([folder], "real")
    (folder / "patients.csv").unlink()
    assert open_films([folder], "real").patients == {}
    (folder / "patients.csv").symlink_to("/etc/hostname")
    assert "is a symbolic link out of the folder" in refused(folder)


def test_paths_that_hold_no_films(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    assert "no such folder or table" in refused(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "no real films" in refused(tmp_path / "empty")
    (tmp_path / "text.txt").write_text("words")
    assert "not a readable Parquet file" in refused(tmp_path / "text.txt")
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in refused(tmp_path / "pipe")
    pq.write_table(pa.table({"id": ["a"], "image": ["b"]}), tmp_path / "t.parquet")
    assert "has no columns `id` and `image`" in refused(tmp_path / "t.parquet")
    assert "none of its tables has the columns id and image" in refused(tmp_path)
    write_films(tmp_path / "nested/sub", {"a.png": film_bytes(1)})
    write_films(tmp_path / "nested", {"b.png": film_bytes(1)})
    message = refused(tmp_path / "nested")
    assert f"{tmp_path}/nested/sub: is a folder among films" in message


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.parquet", {"a": film_bytes(1), "b": film_bytes(2)})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert str(path) in refused(path)
    path.write_bytes(b"PAR1" + bytes(400) + data[404:])
    with pytest.raises(TableError, match=r"t\.parquet"):
        list(everything(open_films([path], "real")))


def test_the_fingerprint_is_that_of_the_films(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "f", {"a.png": film_bytes(1), "b.png": b"x"})
    copy = write_films(tmp_path / "g", {"b.png": b"x", "a.png": film_bytes(1)})
    table = write_table(tmp_path / "t.parquet", {"a": film_bytes(1)})

    def fingerprint(path: Path) -> str:
        return open_films([path], "real").sources[0].fingerprint

    first = fingerprint(folder)
    assert first == fingerprint(copy)
    assert fingerprint(table) == png.sha256(table.read_bytes())
    (copy / "b.png").write_bytes(b"y")
    assert fingerprint(copy) != first
    (copy / "b.png").write_bytes(b"x")
    (copy / "a.png").rename(copy / "c.png")
    assert fingerprint(copy) != first
    (copy / "c.png").rename(copy / "a.png")
    assert fingerprint(copy) == first
    (copy / "b.png").unlink()
    assert fingerprint(copy) != first
    os.mkfifo(copy / "b.png")
    assert fingerprint(copy) != first


def test_films_that_change_after_they_were_hashed_stop_the_reading(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "f", {"a.png": film_bytes(1)})
    table = write_table(tmp_path / "t.parquet", {"a": film_bytes(1), "b": film_bytes(2)})
    for path, change in (
        (folder, lambda: (folder / "a.png").write_bytes(film_bytes(2))),
        (table, lambda: write_table(table, {"a": film_bytes(3), "b": film_bytes(2)})),
    ):
        films = open_films([path], "real")
        assert len(films.sources[0].fingerprint) == 64
        assert len(list(everything(films))) == len(films)
        change()
        with pytest.raises(SourceError, match="was changed while it was read"):
            list(everything(films))
        with pytest.raises(SourceError, match="was changed while it was read"):
            films.film("a")
    films = open_films([table], "real")
    write_table(table, {"a": film_bytes(3)})
    with pytest.raises(SourceError, match="was changed while it was read"):
        list(everything(films))
    with pytest.raises(SourceError, match="was changed while it was read"):
        films.film("b")


def test_few_films_are_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write_table(
        tmp_path / "t.parquet",
        {f"{place:03d}": film_bytes(place) for place in range(40)},
        rows_per_group=40,
    )
    sizes: list[int] = []
    batches = image_table._batches

    def counted(*args: object) -> object:
        for cells in batches(*args):  # type: ignore[arg-type]
            sizes.append(len(cells))
            yield cells

    monkeypatch.setattr(image_table, "_batches", counted)
    reading = everything(open_films([table], "real"))
    assert next(reading).id == "000"
    assert sizes == [16]
    assert len(list(reading)) == 39
    assert sizes == [16, 16, 8]


def test_tables_in_a_folder_among_films_do_not_hide_the_films(tmp_path: Path) -> None:
    """As an audit leaves them that was told to write there."""
    for name in ("a.png", "b.PNG"):
        (tmp_path / name).write_bytes(b"film")
    (tmp_path / "found").mkdir()
    (tmp_path / "found" / "pairs.parquet").write_bytes(b"table")
    message = refused(tmp_path)
    assert f"{tmp_path}/found: is a folder among films" in message
    assert "none of its tables" not in message
