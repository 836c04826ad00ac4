"""Parquet files that somebody else made: packed as ours, so that what they hold is bounded."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release import tables
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.shards import GROUP_BYTES, SHARD_BYTES
from cxr_release.release.untrusted.folder import Folder
from cxr_release.tables import ROWS_PER_GROUP, Table

MOST_ROWS = 1_000_000
_PLAIN = {"PLAIN", "RLE", "BIT_PACKED"}
"""Encodings that hold every value once: a short file cannot become a long table."""


def rows_of(
    folder: Folder, name: str, kind: Table, report: CheckReport
) -> list[dict[str, object]] | None:
    """The flat columns of a table; None, with every fault noted, where it is not as declared."""
    faults = len(report.faults)
    with report.trying(name):
        if is_as_packed(folder, name, kind, report):
            rows = tables.read_rows(folder.path(name), kind)
            report.applied("rows of tables held against their schema", len(rows))
            return rows if len(report.faults) == faults else None
    return None


def is_as_packed(folder: Folder, name: str, kind: Table, report: CheckReport) -> bool:
    """Whether the file is one that `tables.Writer` could have written, by its footer alone."""
    if folder.sizes[name] > SHARD_BYTES:
        report.add(name, f"is {folder.sizes[name]:,} bytes, more than {SHARD_BYTES:,}")
        return False
    try:
        with pq.ParquetFile(folder.path(name), memory_map=True) as parquet:
            wrong = _unlike_ours(parquet.metadata)
            schema = parquet.schema_arrow
    except (pa.ArrowException, OSError) as error:
        report.add(name, f"is not a readable Parquet file: {error}")
        return False
    if wrong:
        report.add(name, f"{wrong}: its rows were not read")
    for column in schema:
        # Where Arrow keeps types that are not its own: some have been unpickled by its readers.
        if {*(column.metadata or ())} - {b"PARQUET:field_id"}:
            report.add(f"{name}: column {column.name}", "states a type beside its own")
    if schema.equals(kind.arrow) and schema.metadata != kind.arrow.metadata:
        # Other departures of the schema `tables` names, column by column.
        report.add(name, "the features in its schema are not those of its columns")
    return not wrong


def _unlike_ours(footer: pq.FileMetaData) -> str:
    if footer.num_rows > MOST_ROWS or footer.num_row_groups > MOST_ROWS // 100:
        return f"holds {footer.num_rows:,} rows in {footer.num_row_groups:,} groups"
    if footer.num_columns > 100:
        return f"holds {footer.num_columns:,} columns"
    for place in range(footer.num_row_groups):
        group = footer.row_group(place)
        if group.num_rows > ROWS_PER_GROUP or group.total_byte_size > GROUP_BYTES:
            return f"row group {place + 1} is larger than this package writes any"
        for number in range(group.num_columns):
            column = group.column(number)
            if column.compression != "UNCOMPRESSED" or {*column.encodings} - _PLAIN:
                how = f"{column.compression}, {', '.join(sorted(column.encodings))}"
                return f"column {column.path_in_schema} is packed ({how})"
    return ""
