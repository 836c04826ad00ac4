from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cxr_release import schemas, tables
from cxr_release.errors import TableError

HASH = "0" * 64


def sample(index: int, **changes: Any) -> dict[str, Any]:
    return {
        "image": {"bytes": b"png", "path": None},
        "id": f"checkpoint-3-large-{index:05d}",
        "checkpoint": 3,
        "checkpoint_step": 450,
        "batch": "large",
        "seed": index,
        "label": None,
        "width": 64,
        "height": 64,
        "sha256": HASH,
        "pixel_sha256": HASH,
    } | changes


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    rows = [sample(index) for index in range(1200)]
    with tables.Writer(path, schemas.SAMPLES) as writer:
        writer.append(rows[:700])
        writer.append(rows[700:])
    assert list(tables.iterate(path, schemas.SAMPLES)) == rows
    flat = [{name: row[name] for name in row if name != "image"} for row in rows]
    assert tables.read_rows(path, schemas.SAMPLES) == flat


@pytest.mark.parametrize(
    ("changes", "column", "fault"),
    [
        ({"checkpoint": 0}, "checkpoint", "greater_than_or_equal_to"),
        ({"batch": "huge"}, "batch", "isin"),
        ({"sha256": "../../etc"}, "sha256", "str_matches"),
        ({"sha256": HASH + "\n"}, "sha256", "str_matches"),
        ({"id": "../evil"}, "id", "str_matches"),
        ({"width": None}, "width", "not_nullable"),
        ({"id": "checkpoint-3-large-00000"}, "id", "uniqueness"),
    ],
)
def test_a_wrong_value_is_named_with_row_and_column(
    tmp_path: Path, changes: dict[str, Any], column: str, fault: str
) -> None:
    path = tmp_path / "samples.parquet"
    with pytest.raises(TableError) as caught:
        tables.write(path, schemas.SAMPLES, [sample(0), sample(1, **changes)])
    assert any(
        f"row 2, column {column}" in one.where and fault in one.what for one in caught.value.faults
    )
    assert list(tmp_path.iterdir()) == []


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    rows = [sample(0, checkpoint=-1), sample(1, batch="x"), sample(2, width=0)]
    with pytest.raises(TableError) as caught:
        tables.write(tmp_path / "x", schemas.SAMPLES, rows)
    assert len(caught.value.faults) == 3


def test_a_key_is_unique_over_all_pieces(tmp_path: Path) -> None:
    with (
        pytest.raises(TableError, match="is a duplicate"),
        tables.Writer(tmp_path / "x.parquet", schemas.SAMPLES) as writer,
    ):
        writer.append([sample(0)])
        writer.append([sample(0)])
    assert list(tmp_path.iterdir()) == []


def test_a_value_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="int64"):
        tables.write(tmp_path / "x.parquet", schemas.SAMPLES, [sample(0, seed="many")])


def test_a_missing_film_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"column image.*missing"):
        tables.write(tmp_path / "x.parquet", schemas.SAMPLES, [sample(0, image=None)])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all", b"PAR1" + b"\0" * 64])
def test_what_is_no_parquet_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(TableError, match="not a readable Parquet"):
        tables.read(path, schemas.SAMPLES)


def test_a_truncated_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    tables.write(path, schemas.SAMPLES, [sample(index) for index in range(50)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(TableError, match="not a readable Parquet"):
        list(tables.iterate(path, schemas.SAMPLES))


def test_another_table_is_refused_column_by_column(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"id": ["a"], "seed": ["b"], "extra": [1]}), path)
    with pytest.raises(TableError) as caught:
        tables.read(path, schemas.SAMPLES)
    found = {fault.where.split("column ")[1]: fault.what for fault in caught.value.faults}
    assert found["extra"] == "unknown column"
    assert found["seed"] == "is string, expected int64"
    assert found["batch"] == "missing column"


def test_values_are_checked_on_reading_too(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = [sample(0), sample(1, checkpoint=-5)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schemas.SAMPLES.arrow), path)
    with pytest.raises(TableError, match="row 2, column checkpoint"):
        tables.read(path, schemas.SAMPLES)


def test_what_was_sound_before_is_not_taken_for_what_stands_there_now(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    tables.write(path, schemas.SAMPLES, [sample(index) for index in range(3)])
    sound = [tables.read_rows(path, schemas.SAMPLES) for _ in range(2)]
    assert sound[0] == sound[1]
    faulty = [sample(0), sample(1), sample(2, sha256="x")]
    pq.write_table(pa.Table.from_pylist(faulty, schemas.SAMPLES.arrow), path)
    for _ in range(2):
        with pytest.raises(TableError, match="1 fault"):
            tables.read_rows(path, schemas.SAMPLES)


def test_a_content_is_sound_as_one_kind_of_table_and_not_as_another(tmp_path: Path) -> None:
    lenient = tables.Table("lenient", "", (tables.Column("number", pa.int64(), ""),))
    strict = tables.Table("strict", "", (tables.Column("number", pa.int64(), "", least=5),))
    path = tmp_path / "numbers.parquet"
    tables.write(path, lenient, [{"number": 3}])
    assert tables.read_rows(path, lenient) == [{"number": 3}]
    with pytest.raises(TableError, match="1 fault"):
        tables.read_rows(path, strict)


@pytest.mark.parametrize("kind", schemas.ALL, ids=lambda kind: kind.name)
def test_an_empty_table_keeps_its_types(tmp_path: Path, kind: tables.Table) -> None:
    path = tmp_path / "empty.parquet"
    tables.write(path, kind, [])
    table = tables.read(path, kind)
    assert table.num_rows == 0
    assert table.column_names == kind.flat
    assert table.schema.types == [kind.arrow.field(name).type for name in kind.flat]
    assert all(column.doc for column in kind.columns)


def test_labels_are_numbers_with_names_and_without_classes_there_is_no_column(
    tmp_path: Path,
) -> None:
    assert schemas.released_films() is schemas.RELEASE
    assert schemas.released_exclusions() is schemas.TOMBSTONES
    kind = schemas.released_exclusions(["kyphotic", "straight"])
    row = {
        **{"id": "checkpoint-1-large-00000", "checkpoint": 1, "batch": "large", "sha256": HASH},
        **{"reason": "other", "reviewers": 1, "prescreen": False, "audit": False},
        **{"withdrawn": False, "first_version_without": None, "label": 1},
    }
    path = tmp_path / "out.parquet"
    tables.write(path, kind, [row, row | {"id": "gan-large-00000", "label": None}])
    assert tables.classes_of(path, "label") == ("kyphotic", "straight")
    assert tables.classes_of(path, "reason") == ()
    assert [each["label"] for each in tables.read_rows(path, kind)] == [1, None]
    for wrong in (2, -1):
        with pytest.raises(TableError, match="fault"):
            tables.write(path, kind, [row | {"label": wrong}])
    kind = schemas.released_films(to_scale=True, classes=["a", "b"])
    assert kind.arrow.names[-2:] == ["millimetres_per_pixel", "label"]


@pytest.mark.parametrize(("group", "least"), [(3, 1), (3, 5), (4, 4), (100, 5), (1, 100)])
def test_stretches_are_all_rows_each_once(tmp_path: Path, group: int, least: int) -> None:
    path = tmp_path / "a.parquet"
    with tables.Writer(path, schemas.SAMPLES, rows_per_group=group) as writer:
        writer.append([sample(index) for index in range(11)])
    cut = tables.stretches(path, least)
    found = [[*tables.iterate(path, schemas.SAMPLES, stretch=stretch)] for stretch in cut]
    assert [row for rows in found for row in rows] == [*tables.iterate(path, schemas.SAMPLES)]
    everything = [*range(11)]
    assert [everything[stretch.rows] for stretch in cut] == [
        [row["seed"] for row in rows] for rows in found
    ]
    assert all(least <= len(rows) < least + group for rows in found[:-1])


def test_a_table_without_rows_has_no_stretch(tmp_path: Path) -> None:
    tables.write(tmp_path / "a.parquet", schemas.SAMPLES, [])
    assert tables.stretches(tmp_path / "a.parquet", 5) == []


def test_load_dataset_shows_pictures(tmp_path: Path) -> None:
    path = tmp_path / "samples.parquet"
    tables.write(path, schemas.SAMPLES, [sample(0)])
    tables.write(
        tmp_path / "manifest.parquet",
        schemas.MANIFEST,
        [
            dict.fromkeys(schemas.MANIFEST.arrow.names)
            | {"source_file": "a.png", "status": "refused"}
            | {"keypoints": [{"name": "C2 centroid", "x": 1.0, "y": 2.0}]}
        ],
    )
    script = """
import sys
from datasets import Image, load_dataset

folder = sys.argv[1]

def load(name):
    path = f"{folder}/{name}.parquet"
    return load_dataset("parquet", data_files=path, split="train", cache_dir=folder)

assert isinstance(load("samples").features["image"], Image)
assert load("manifest")[0]["keypoints"] == [{"name": "C2 centroid", "x": 1.0, "y": 2.0}]
"""
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
