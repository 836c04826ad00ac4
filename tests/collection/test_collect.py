"""Synthetic films from elsewhere: what is a film comes in, nothing else does, and it is said."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from cxr_release import schemas, tables
from cxr_release.collection import film_tables
from cxr_release.collection.collect import Form, SourceFolder, collect
from cxr_release.errors import SourceError
from cxr_release.films import png
from cxr_release.films.decode import decode
from cxr_release.radiographs.resample import resample

SIZE = 16
FORM = Form(SIZE, "stretch")


def picture(seed: int, side: int = 20) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def source(folder: Path, name: str = "gan", **given: Any) -> SourceFolder:
    return SourceFolder(
        name=name, folder=folder, kind="folder", shown=name, **{"skip": False} | given
    )


def gather(root: Path, *sources: SourceFolder, initial: int = 3) -> Any:
    output = root / "out"
    output.mkdir()
    return collect(sources, output, FORM, initial=initial, progress=False)


def rows_of(root: Path, job: str) -> list[dict[str, Any]]:
    shards = sorted((root / "out" / job).glob("shard-*.parquet"))
    return [row for shard in shards for row in tables.iterate(shard, schemas.SAMPLES)]


def write(folder: Path, **files: bytes) -> Path:
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_png", ".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "films", b_png=picture(2), a_png=picture(1), deep__c_png=picture(3))


def test_films_come_in_the_order_of_their_names_labelled_and_without_a_seed(
    tmp_path: Path, folder: Path
) -> None:
    (report,) = gather(tmp_path, source(folder), initial=2).values()
    assert (report["files"], report["films"], report["initial"], report["large"]) == (3, 3, 2, 1)
    rows = rows_of(tmp_path, "gan-initial") + rows_of(tmp_path, "gan-large")
    assert [row["id"] for row in rows] == [
        "gan-initial-00000",
        "gan-initial-00001",
        "gan-large-00000",
    ]
    for row, seed in zip(rows, (1, 2, 3), strict=True):
        data = row["image"]["bytes"]
        expected = resample(decode(picture(seed)).film, SIZE, "stretch")
        assert np.array_equal(png.decode(data, where=""), expected)
        assert png.is_labelled(data)
        assert b"another generator" in data
        assert b"diffusion" not in data
        assert (row["checkpoint"], row["checkpoint_step"], row["seed"]) == (None, None, None)
        assert png.sha256(data) == row["sha256"]
    manifest = tables.read_rows(tmp_path / "out/manifest.parquet", schemas.COLLECTED)
    assert [(row["file"], row["id"]) for row in manifest] == [
        ("a.png", "gan-initial-00000"),
        ("b.png", "gan-initial-00001"),
        ("deep/c.png", "gan-large-00000"),
    ]


def test_the_same_films_give_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        gather(tmp_path / name, source(folder))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        made.append(
            {path.relative_to(tmp_path / name).as_posix(): path.read_bytes() for path in files}
        )
    assert made[0] == made[1]


@settings(max_examples=5, deadline=None)
@given(films=st.integers(1, 7), initial=st.integers(1, 9))
def test_every_film_is_in_one_batch(
    tmp_path_factory: pytest.TempPathFactory, films: int, initial: int
) -> None:
    root = tmp_path_factory.mktemp("films")
    write(root / "films", **{f"{place:02d}_png": picture(place) for place in range(films)})
    (report,) = gather(root, source(root / "films"), initial=initial).values()
    first, second = rows_of(root, "gan-initial"), rows_of(root, "gan-large")
    assert len(first) == report["initial"] == min(films, initial)
    assert len(second) == report["large"] == films - len(first)
    assert len({row["pixel_sha256"] for row in first + second}) == films


def bomb() -> bytes:
    """A PNG of 2 billion pixels in some bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 46_000, 46_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def captured() -> bytes:
    info = PngImagePlugin.PngInfo()
    code = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
    info.add_itxt("XML:com.adobe.xmp", f'<x a="{code}"/>')
    stream = io.BytesIO()
    Image.open(io.BytesIO(picture(9))).save(stream, format="PNG", pnginfo=info)
    return stream.getvalue()


HOSTILE = {
    "truncated.png": (picture(5)[:-40], "is truncated"),
    "bomb.png": (bomb(), "pixels"),
    "text.png": (b"hello", "is not a PNG, JPEG or TIFF image"),
    "weights.pkl": (b"\x80\x04N.", "is not a PNG, JPEG or TIFF image"),
    "empty.png": (b"", "is empty"),
    "real.dcm": (b"\0" * 128 + b"DICM" + b"\0" * 50, "is DICOM, as real films are"),
    "real.png": (captured(), "states that it was captured (digitalCapture)"),
}


def hostile(folder: Path) -> Path:
    for name, (data, _) in HOSTILE.items():
        (folder / name).write_bytes(data)
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    outside = folder.parent / "outside.png"
    outside.write_bytes(picture(77))
    (folder / "leads-out.png").symlink_to(outside)
    (folder / "broken.png").symlink_to(folder / "nothing.png")
    (folder / "elsewhere").symlink_to(folder.parent, target_is_directory=True)
    os.mkfifo(folder / "pipe.png")
    (folder / "a\x1bb.png").write_bytes(picture(78))
    (folder / "A.png").write_bytes(picture(79))
    return folder


SAID = {
    **{name: what for name, (_, what) in HOSTILE.items()},
    "copy.png": "has the pixels of gan: ",
    "leads-out.png": "is a symbolic link out of the folder",
    "broken.png": "is a broken symbolic link",
    "elsewhere": "is a link to a folder",
    "pipe.png": "is not a regular file",
    "a\\x1bb.png": "cannot be printed",
    "A.png": "differs from another name in case alone",
    "a.png": "differs from another name in case alone",
}


def test_everything_that_is_not_a_film_is_named_at_once(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SourceError) as caught:
        gather(tmp_path, source(hostile(folder)))
    faults = {fault.where: fault.what for fault in caught.value.faults}
    expected = {name: what for name, what in SAID.items() if name != "copy.png"}
    assert {f"gan: {name}" for name in expected} == set(faults)
    for name, what in expected.items():
        assert what in faults[f"gan: {name}"]
    assert "on_error: skip" in str(caught.value)


def test_what_is_skipped_is_said_counted_and_stays_out(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (report,) = gather(tmp_path, source(hostile(folder), skip=True)).values()
    assert report["films"] == 3  # b.png, copy.png (of a.png, which is not taken) and deep/c.png
    assert report["refused"] == report["files"] - 3 == len(SAID) - 1
    rows = rows_of(tmp_path, "gan-initial")
    outside = png.pixel_sha256(resample(decode(picture(77)).film, SIZE, "stretch"))
    assert outside not in {row["pixel_sha256"] for row in rows}
    manifest = tables.read_rows(tmp_path / "out/manifest.parquet", schemas.COLLECTED)
    refused = {row["file"] for row in manifest if row["status"] == "refused"}
    assert len(refused) == report["refused"]
    err = capsys.readouterr().err
    assert f"left out {report['refused']:,} file(s)" in err
    assert "\x1b" not in err


def test_a_film_is_in_one_source_only(tmp_path: Path, folder: Path) -> None:
    other = write(tmp_path / "other", x_png=picture(1), y_png=picture(50))
    with pytest.raises(SourceError) as caught:
        gather(tmp_path, source(folder), source(other, "vae"))
    (fault,) = caught.value.faults
    assert (fault.where, fault.what) == ("vae: x.png", "has the pixels of gan: a.png")


def test_a_source_without_films_is_refused(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films/README.md").write_text("none")
    with pytest.raises(SourceError, match="holds no film that can be read"):
        gather(tmp_path, source(tmp_path / "films", skip=True))
    with pytest.raises(SourceError, match="is not a folder of synthetic films"):
        collect([source(tmp_path / "absent")], tmp_path, FORM, initial=1, progress=False)


def test_without_sources_there_is_an_empty_manifest(tmp_path: Path) -> None:
    assert gather(tmp_path) == {}
    assert tables.read_rows(tmp_path / "out/manifest.parquet", schemas.COLLECTED) == []


def test_a_table_beside_the_films_is_passed_over_and_held_against_them(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "metadata.csv").write_text("file_name;age\na.png;1\ndeep/c.png;2\nz.png;3\n")
    (folder / "odd.csv").write_bytes(b"\xff\xfe\x00")
    (folder / "labels.csv").write_text("case,finding\n1,none\n")
    (report,) = gather(tmp_path, source(folder)).values()
    err = capsys.readouterr().err
    assert "gan: passed over, for they are not films: labels.csv, metadata.csv, odd.csv" in err
    assert "metadata.csv lists 3 files, 1 of which are not films there: z.png" in err
    assert "metadata.csv does not list 1 of the 3 films: b.png" in err
    assert "odd.csv could not be read as a table in UTF-8" in err
    assert "labels.csv lists" not in err
    assert (report["films"], report["passed_over"]) == (3, 3)


def table(path: Path, cells: list[Any], **columns: list[Any]) -> None:
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    arrays = {"image": pa.array(cells, kind), **{n: pa.array(v) for n, v in columns.items()}}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(arrays), path, row_group_size=2)


def test_films_of_tables_come_row_by_row(tmp_path: Path) -> None:
    cells = [{"bytes": picture(seed), "path": None} for seed in range(5)]
    table(tmp_path / "films/train.parquet", cells, label=list(range(5)))
    pq.write_table(pa.table({"label": [1]}), tmp_path / "films/labels.parquet")
    (report,) = gather(tmp_path, source(tmp_path / "films"), initial=4).values()
    assert (report["films"], report["large"], report["passed_over"]) == (5, 1, 1)
    manifest = tables.read_rows(tmp_path / "out/manifest.parquet", schemas.COLLECTED)
    assert manifest[0]["file"] == "train.parquet, row 1"


def test_faulty_rows_and_tables_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"bytes": picture(1), "path": None}
    bad = [good, None, {"bytes": None, "path": "/etc/passwd"}, {"bytes": b"x", "path": ""}]
    table(tmp_path / "films/rows.parquet", bad)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    two = pa.table({"real": pa.array([good], kind), "drawn": pa.array([good], kind)})
    pq.write_table(two, tmp_path / "films/two.parquet")
    (tmp_path / "films/torn.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(SourceError) as caught:
        gather(tmp_path, source(tmp_path / "films"))
    said = {fault.where: fault.what for fault in caught.value.faults}
    assert said["gan: rows.parquet, row 2"] == "holds no picture"
    assert said["gan: rows.parquet, row 3"] == "holds a path and no bytes"
    assert "is not a PNG" in said["gan: rows.parquet, row 4"]
    assert "2 columns of pictures" in said["gan: two.parquet"]
    assert "not a readable Parquet file" in said["gan: torn.parquet"]
    assert len(said) == 5
    monkeypatch.setattr(film_tables, "LARGEST_CHUNK", 10)
    (tmp_path / "again").mkdir()
    table(tmp_path / "more/rows.parquet", [good])
    with pytest.raises(SourceError, match="has a row group of"):
        gather(tmp_path / "again", source(tmp_path / "more", skip=True))
