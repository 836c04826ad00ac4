"""Films in Parquet tables of the Hub: the one column of pictures, a few rows in memory at a time.

A picture is a structure with `bytes`, as `datasets` writes it. Whoever made the table may have
meant harm: how much of it is unpacked at once is bounded by what its footer states, and of a row
nothing is read but the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release.errors import SourceError, TableError, one_line
from cxr_release.films.folder import FilmFile
from cxr_release.films.image_table import open_parquet
from cxr_release.films.limits import MAX_BYTES

AT_ONCE = 2**28
"""Bytes that rows in memory may have, by the footer."""
LARGEST_CHUNK = 2**31
"""Bytes of the pictures of a row group: what Arrow can hold in one piece."""
MOST_ROWS = 64


def picture_column(file: FilmFile) -> str | None:
    """Name of the column of pictures; None of a table without one.

    Raises:
        SourceError: the file is not a Parquet table, or has several such columns.
    """
    with _opened(file) as parquet:
        names = [field.name for field in parquet.schema_arrow if _is_picture(field.type)]
    if len(names) > 1:
        raise SourceError(
            f"has {len(names)} columns of pictures: {', '.join(map(ascii, names))[:200]}",
            remedy="name a folder of tables with one, as ORG/NAME/FOLDER or a path",
        )
    return names[0] if names else None


def _is_picture(kind: pa.DataType) -> bool:
    if not pa.types.is_struct(kind):
        return False
    place = kind.get_field_index("bytes")
    return place >= 0 and kind.field(place).type in (pa.binary(), pa.large_binary())


def read_pictures(file: FilmFile, column: str) -> Iterator[tuple[int, bytes | SourceError]]:
    """Row, counted from 1, and the bytes of its picture, or why there are none.

    Raises:
        SourceError: the table is damaged, or a row group is too large.
    """
    row = 0
    with _opened(file) as parquet:
        for group in range(parquet.metadata.num_row_groups):
            rows = _rows_at_once(parquet, group, column)
            try:
                for batch in parquet.iter_batches(rows, row_groups=[group], columns=[column]):
                    for cell in batch.column(0).to_pylist():
                        row += 1
                        yield row, _bytes_of(cell)
            except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
                raise SourceError(f"is damaged after row {row}: {one_line(str(error))}") from error


def _rows_at_once(parquet: pq.ParquetFile, group: int, column: str) -> int:
    metadata = parquet.metadata.row_group(group)
    size: int = sum(
        metadata.column(place).total_uncompressed_size
        for place in range(metadata.num_columns)
        if metadata.column(place).path_in_schema.partition(".")[0] == column
    )
    if size > LARGEST_CHUNK:
        raise SourceError(
            f"has a row group of {size:,} bytes of pictures; at most {LARGEST_CHUNK:,} are read",
            remedy="write it again with smaller row groups",
        )
    # A value that is stored once may stand in every row, and then takes its room in each.
    return max(1, min(MOST_ROWS, AT_ONCE // max(size, 1)))


def _bytes_of(cell: Any) -> bytes | SourceError:
    data = cell and cell["bytes"]
    if not data:
        path = cell and cell.get("path")
        return SourceError("holds a path and no bytes" if path else "holds no picture")
    if len(data) > MAX_BYTES:
        return SourceError(f"is larger than {MAX_BYTES >> 20} MiB")
    return bytes(data)


def _opened(file: FilmFile) -> pq.ParquetFile:
    fault, remedy = file.fault
    if fault:
        raise SourceError(fault, remedy=remedy)
    try:
        return open_parquet(file.path)
    except TableError as error:
        raise SourceError(error.what, remedy=error.remedy) from error
