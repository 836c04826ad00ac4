"""The files of a release's films, whichever tables the films lie in before."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from cxr_release import schemas, tables
from cxr_release.release.shards import Shard, write_films
from cxr_release.rows import Rows
from tests.support.release_artefacts import oriented_row

FILMS = 11


@pytest.mark.parametrize("cuts", [(3,), (2, 7, 9)])
@pytest.mark.parametrize("group", [4, 100])
def test_a_release_does_not_show_in_which_tables_its_films_lay(
    cuts: tuple[int, ...], group: int, tmp_path: Path
) -> None:
    rows = [oriented_row(1, "large", index) for index in range(FILMS)]
    kept = [
        {name: row[name] for name in schemas.RELEASE.flat if name != "release_version"}
        | {"release_version": "1.0.0"}
        for row in rows[:-1]
    ]
    films = Rows(pa.Table.from_pylist(kept), dict)
    planned = [
        Shard(f"data/checkpoint-1/train-{number}.parquet", generated, released, "", "1.0.0")
        for number, generated, released in ((0, 7, films[:7]), (1, 4, films[7:]))
    ]
    written = []
    for name, ends in (("one", (FILMS,)), ("many", (*cuts, FILMS))):
        paths = [tmp_path / name / f"{end}.parquet" for end in ends]
        for path, start, end in zip(paths, (0, *ends), ends, strict=False):
            tables.write(path, schemas.ORIENTED, rows[start:end])
        write_films(tmp_path / name, [paths], planned, group)
        written.append([(tmp_path / name / shard.name).read_bytes() for shard in planned])
    assert written[0] == written[1]
    held = [tables.read(tmp_path / "many" / shard.name, schemas.RELEASE) for shard in planned]
    assert [table.num_rows for table in held] == [7, 3]
