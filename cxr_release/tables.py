"""Every table of the pipeline: its columns, their meaning, and the only reader and writer.

A `Table` is declared once and yields the Arrow schema (with the Hugging Face features, so that
`load_dataset("parquet", …)` shows pictures), the pandera schema that it is checked against on
every write and read, and the column documentation of the datacard.

Images travel as `struct<bytes: binary, path: string>`, one row an image.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cxr_release.errors import REMAKE, Fault, TableError, one_line
from cxr_release.files import open_regular, whole_file

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import Check, DataFrameSchema

T = TypeVar("T")
Arrow = pa.Table

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
KEYPOINTS = pa.list_(pa.struct([("name", pa.string()), ("x", pa.float32()), ("y", pa.float32())]))
PLACED_POINTS = pa.list_(
    pa.struct(
        [
            ("name", pa.string()),
            ("x", pa.float64()),
            ("y", pa.float64()),
            ("uncertainty", pa.float64()),
            ("placed_by", pa.string()),
        ]
    )
)
"""Landmarks of a synthetic film; see `schemas.LANDMARK_COLUMNS`."""
ANGLES = pa.struct(
    [
        ("cobb_c2_c7", pa.float64()),
        ("sva_pixels", pa.float64()),
        ("sva_millimetres", pa.float64()),
    ]
)
"""What is measured between them."""
FACTS = pa.list_(
    pa.struct([("name", pa.string()), ("code", pa.string()), ("number", pa.float64())])
)
"""Facts of a film, each with a code or a number."""
ROWS_PER_GROUP = 500
"""Keeps a row group of 256 × 256 films near 15 MB; the Hub's viewer wants less than 100 MB."""

HEX64 = r"[0-9a-f]{64}"

MANY_ROWS = 10_000
"""From here on threads read a table sooner; for less, handing it to them takes longer."""
MOST_HASHED = 2**26
"""Bytes of a table that is looked up among those that were checked before."""
MOST_REMEMBERED = 4096
"""Contents of a kind of table that are known to be sound at a time."""


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it means, and the values it may hold."""

    name: str
    type: pa.DataType
    doc: str
    matches: str = ""
    """Regular expression for the whole of a text value."""
    among: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    nullable: bool = False
    unique: bool = False
    classes: tuple[str, ...] = ()
    """Names of the classes whose numbers, from 0 on, are the values."""

    @property
    def nested(self) -> bool:
        """Whether the values are structures, which pandera leaves to Arrow."""
        return bool(pa.types.is_nested(self.type))

    def checks(self) -> list[Check]:
        """The pandera checks of this column."""
        from pandera.pandas import Check

        checks = []
        if self.matches:
            checks.append(Check.str_matches(f"^(?:{self.matches})$"))
        if self.among:
            checks.append(Check.isin(self.among))
        if self.least is not None:
            checks.append(Check.ge(self.least))
        if self.most is not None:
            checks.append(Check.le(self.most))
        if self.classes:
            checks.append(Check.in_range(0, len(self.classes) - 1))
        return checks

    def feature(self) -> dict[str, Any]:
        """The Hugging Face feature of this column."""
        if self.type == IMAGE:
            return {"_type": "Image"}
        if pa.types.is_list(self.type):
            return {"_type": "List", "feature": _parts(self.type.value_type)}
        if pa.types.is_struct(self.type):
            return _parts(self.type)
        if self.classes:
            return {"_type": "ClassLabel", "names": list(self.classes)}
        return _value_feature(self.type)


def _parts(kind: pa.StructType) -> dict[str, Any]:
    return {field.name: _value_feature(field.type) for field in kind}


def _value_feature(kind: pa.DataType) -> dict[str, Any]:
    names = {pa.float64(): "float64", pa.float32(): "float32"}
    return {"_type": "Value", "dtype": names.get(kind, str(kind))}


@dataclass(frozen=True)
class Table:
    """A table's name, its meaning and its columns."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """Columns that together are unique."""

    @cached_property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, with the Hugging Face features in its metadata."""
        features = {column.name: column.feature() for column in self.columns}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        return pa.schema(
            [pa.field(column.name, column.type, nullable=True) for column in self.columns], metadata
        )

    @cached_property
    def pandera(self) -> DataFrameSchema:
        """The pandera schema of the flat columns."""
        import pandas as pd
        from pandera.pandas import Column as PanderaColumn
        from pandera.pandas import DataFrameSchema

        return DataFrameSchema(
            {
                column.name: PanderaColumn(
                    pd.ArrowDtype(column.type),
                    column.checks(),
                    nullable=column.nullable,
                    unique=column.unique,
                    description=column.doc,
                )
                for column in self.columns
                if not column.nested
            },
            strict=True,
            unique=list(self.key) or None,
            name=self.name,
        )

    def __reduce__(self) -> tuple[type[Table], tuple[Any, ...]]:
        """For other processes: what is declared, without what was made of it here."""
        return Table, (self.name, self.doc, self.columns, self.key)

    @cached_property
    def sound(self) -> set[bytes]:
        """SHA-256 of contents of this kind that pandera found no fault in."""
        return set()

    @property
    def flat(self) -> list[str]:
        """Names of the columns without structures (images, key points)."""
        return [column.name for column in self.columns if not column.nested]


def faults_of(table: pa.Table, kind: Table, where: str) -> list[Fault]:
    """Everything in which `table` departs from `kind`, with row and column. Rows count from 1."""
    if not table.schema.equals(kind.arrow, check_metadata=False):
        return _schema_faults(table.schema, kind, where)
    faults = [
        Fault(
            f"{where}: column {column.name}",
            f"{table[column.name].null_count} value(s) are missing",
        )
        for column in kind.columns
        if column.nested and not column.nullable and table[column.name].null_count
    ]
    return faults + _value_faults(table.select(kind.flat), kind, where)


def _schema_faults(schema: pa.Schema, kind: Table, where: str) -> list[Fault]:
    faults = [
        Fault(f"{where}: column {name}", "unknown column")
        for name in schema.names
        if name not in kind.arrow.names
    ]
    for field in kind.arrow:
        if field.name not in schema.names:
            faults.append(Fault(f"{where}: column {field.name}", "missing column"))
        elif schema.field(field.name).type != field.type:
            actual = schema.field(field.name).type
            faults.append(
                Fault(f"{where}: column {field.name}", f"is {actual}, expected {field.type}")
            )
    return faults or [Fault(where, "columns are in another order", ", ".join(kind.arrow.names))]


def _value_faults(table: pa.Table, kind: Table, where: str) -> list[Fault]:
    """What pandera finds in the flat columns.

    It takes some 10 ms however few the rows are, and checks of a release read the same tables
    many times: contents that it found sound in this process are known by their hash.
    """
    content = _hash(table) if table.nbytes <= MOST_HASHED else None
    if content in kind.sound:
        return []
    faults = _frame_faults(_frame(table), kind, where)
    if content is not None and not faults:
        if len(kind.sound) >= MOST_REMEMBERED:
            kind.sound.clear()
        kind.sound.add(content)
    return faults


def _hash(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(stream.getvalue()).digest()


def _frame_faults(frame: pd.DataFrame, kind: Table, where: str) -> list[Fault]:
    from pandera.errors import SchemaErrors

    try:
        kind.pandera.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        return [
            Fault(
                f"{where}: {_row_of(case.index)}column {case.column}",
                f"{case.failure_case!r} fails {case.check}",
            )
            for case in cases.itertuples()
        ]
    return []


def _row_of(index: Any) -> str:
    import pandas as pd

    return "" if index is None or pd.isna(index) else f"row {int(index) + 1}, "


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def check(table: pa.Table, kind: Table, where: str) -> None:
    """Raise a `TableError` with every fault of `table`."""
    faults = faults_of(table, kind, where)
    if faults:
        raise TableError(
            f"{len(faults)} fault(s) in table {kind.name!r}", where=where, faults=faults
        )


class Writer:
    """Writes one Parquet table in pieces; the file appears, whole, when the block ends well.

    Keys are checked over all pieces. Uncompressed, because PNG bytes do not compress twice; with
    a page index, and content-defined chunks so that a small change moves few bytes on the Hub.
    """

    def __init__(
        self,
        path: Path,
        kind: Table,
        *,
        rows_per_group: int = ROWS_PER_GROUP,
        checked: bool = False,
    ) -> None:
        """Begin a table.

        Args:
            path: where it goes.
            kind: what it holds.
            rows_per_group: most rows of a row group.
            checked: the values were held against the schema before, all at once; only the
                columns and the keys are looked at. pandera takes longer over many small pieces
                than Parquet takes to write them.
        """
        self._path = path
        self._checked = checked
        self._kind = kind
        self._rows_per_group = rows_per_group
        self._seen: set[tuple[Any, ...]] = set()
        self.rows = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            partial = stack.enter_context(whole_file(self._path))
            stream = stack.enter_context(partial.open("wb"))
            self._parquet = stack.enter_context(
                pq.ParquetWriter(
                    stream,
                    self._kind.arrow,
                    compression="none",
                    use_dictionary=False,
                    write_page_index=True,
                    use_content_defined_chunking=True,
                )
            )
            self._stack = stack.pop_all()
        return self

    def append(self, rows: Iterable[Mapping[str, Any]] | pa.Table) -> None:
        """Check and write rows. A row is a mapping with every column of the table."""
        table = rows if isinstance(rows, pa.Table) else from_rows(rows, self._kind, str(self._path))
        if not table.num_rows:
            return
        if not self._checked:
            check(table, self._kind, str(self._path))
        self._check_keys(table)
        self._parquet.write_table(table.cast(self._kind.arrow), row_group_size=self._rows_per_group)
        self.rows += table.num_rows

    def _check_keys(self, table: pa.Table) -> None:
        keys = [[column.name] for column in self._kind.columns if column.unique]
        keys += [list(self._kind.key)] if self._kind.key else []
        for names in keys:
            for values in zip(*(table[name].to_pylist() for name in names), strict=True):
                key = (*names, *values)
                if key in self._seen:
                    raise TableError(f"{values} is a duplicate", where=str(self._path))
                self._seen.add(key)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def from_rows(rows: Iterable[Mapping[str, Any]], kind: Table, where: str) -> pa.Table:
    """Rows as columns of their types.

    Raises:
        TableError: a value is not of the column's type.
    """
    row_list = list(rows)
    columns = {column.name: [row[column.name] for row in row_list] for column in kind.columns}
    try:
        return pa.table(columns, schema=kind.arrow)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(str(error), where=where) from error


def write(path: Path, kind: Table, rows: Iterable[Mapping[str, Any]] | pa.Table) -> None:
    """Write a whole table: checked first, then in place at once.

    Raises:
        TableError: with every fault, before anything is written under `path`.
    """
    with Writer(path, kind) as writer:
        writer.append(rows)


def read(path: Path, kind: Table, columns: Sequence[str] | None = None) -> pa.Table:
    """Read and check a table; with `columns`, only those.

    Without `columns` the flat columns are read and checked: images are left where they are
    (see `iterate`).

    Raises:
        TableError: when the file is missing, is not Parquet, or breaks the schema.
    """
    with _open_parquet(path, REMAKE) as parquet:
        faults = (
            []
            if parquet.schema_arrow.equals(kind.arrow, check_metadata=False)
            else _schema_faults(parquet.schema_arrow, kind, str(path))
        )
        table = None if faults else parquet.read(columns=kind.flat, use_threads=_has_many(parquet))
        if table is not None:
            faults = _value_faults(table, kind, str(path))
    if faults or table is None:
        raise TableError(
            f"{len(faults)} fault(s) in table {kind.name!r}",
            where=str(path),
            remedy=REMAKE,
            faults=faults,
        )
    return table if columns is None else table.select(list(columns))


def _has_many(parquet: pq.ParquetFile) -> bool:
    rows: int = parquet.metadata.num_rows
    return rows > MANY_ROWS


def require(path: Path, kind: Table) -> None:
    """Make sure that a table is there and has its columns; its rows are not read.

    Raises:
        TableError: it is missing, is not Parquet, or has others.
    """
    with _open_parquet(path, REMAKE) as parquet:
        _require_columns(parquet, kind, path)


def names_of(path: Path) -> list[str]:
    """Names of a Parquet file's columns, in its order; nothing else of it is read.

    Raises:
        TableError: it is missing, or is not Parquet.
    """
    with _open_parquet(path) as parquet:
        names: list[str] = parquet.schema_arrow.names
    return names


def classes_of(path: Path, column: str) -> tuple[str, ...]:
    """Names of a column's classes, as the features in a Parquet file's footer have them.

    Returns:
        None of them where the footer states none for it.

    Raises:
        TableError: the file is missing, or is not Parquet.
    """
    with _open_parquet(path) as parquet:
        stated = (parquet.schema_arrow.metadata or {}).get(b"huggingface", b"")
    try:
        names = json.loads(stated)["info"]["features"][column]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if texts else ()


def _require_columns(parquet: pq.ParquetFile, kind: Table, path: Path) -> None:
    if not parquet.schema_arrow.equals(kind.arrow, check_metadata=False):
        faults = _schema_faults(parquet.schema_arrow, kind, str(path))
        raise TableError(
            f"is not a table {kind.name!r}", where=str(path), remedy=REMAKE, faults=faults
        )


def read_foreign(path: Path, kind: Table) -> pa.Table:
    """The columns of a table out of a Parquet or CSV file that another program wrote.

    Raises:
        TableError: the file is missing or unreadable, or those columns break the schema.
    """
    from pyarrow import csv

    if path.suffix.lower() != ".csv":
        with _open_parquet(path) as parquet:
            present = [name for name in kind.flat if name in parquet.schema_arrow.names]
            table = parquet.read(columns=present)
    else:
        types = {column.name: column.type for column in kind.columns}
        try:
            os.close(open_regular(path, follow=True))
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
        except FileNotFoundError:
            raise TableError("no such table", where=str(path)) from None
        except (pa.ArrowInvalid, OSError) as error:
            raise TableError(f"is not a readable CSV file: {error}", where=str(path)) from error
    absent = [
        column
        for column in kind.columns
        if not column.nested and column.name not in table.schema.names
    ]
    for column in absent:
        if column.nullable:  # Other programs need not state what may be unknown.
            table = table.append_column(column.name, pa.nulls(table.num_rows, column.type))
    missing = [column.name for column in absent if not column.nullable]
    if missing:
        raise TableError(
            f"lacks the column(s) {', '.join(missing)}",
            where=str(path),
            remedy=f"expected {', '.join(kind.flat)}",
        )
    try:
        table = table.select(kind.flat).cast(kind.arrow)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise TableError(str(error), where=str(path)) from error
    check(table, kind, str(path))
    return table


def read_rows(path: Path, kind: Table) -> list[dict[str, Any]]:
    """The flat columns of a table as dictionaries, checked."""
    rows: list[dict[str, Any]] = read(path, kind).to_pylist()
    return rows


@dataclass(frozen=True)
class Stretch:
    """Neighbouring rows of a table that can be read without the others."""

    groups: tuple[int, ...]
    """Row groups of the file."""
    rows: slice
    """Which rows they are, from 0."""


def stretches(path: Path, rows: int) -> list[Stretch]:
    """A table in stretches of so many rows, or as few more as its row groups allow.

    Raises:
        TableError: it is missing, or is not Parquet.
    """
    with _open_parquet(path, REMAKE) as parquet:
        sizes = [parquet.metadata.row_group(at).num_rows for at in range(parquet.num_row_groups)]
    cut: list[Stretch] = []
    groups: list[int] = []
    start = end = 0
    for at, size in enumerate(sizes):
        groups.append(at)
        end += size
        if end - start >= rows or at == len(sizes) - 1:
            cut.append(Stretch(tuple(groups), slice(start, end)))
            groups, start = [], end
    return cut


def iterate(
    path: Path, kind: Table, batch_rows: int = 64, *, stretch: Stretch | None = None
) -> Iterator[dict[str, Any]]:
    """Rows with all columns, images included, in the file's order and in bounded memory.

    The schema is checked, the values are not: `read` does that.
    """
    for batch in batches(path, kind, kind.arrow.names, batch_rows, stretch=stretch):
        yield from batch.to_pylist()


def batches(
    path: Path,
    kind: Table,
    columns: Sequence[str],
    batch_rows: int,
    *,
    stretch: Stretch | None = None,
) -> Iterator[pa.Table]:
    """The same as Arrow tables of some columns, for what only copies."""
    # What is raised where the batches go does not come in here.
    with _open_parquet(path, REMAKE) as parquet:
        _require_columns(parquet, kind, path)
        for batch in parquet.iter_batches(
            batch_rows,
            row_groups=None if stretch is None else list(stretch.groups),
            columns=list(columns),
            use_threads=_has_many(parquet),
        ):
            yield pa.Table.from_batches([batch])


def pick(path: Path, kind: Table, ids: Collection[str]) -> Iterator[dict[str, Any]]:
    """The rows, images included, whose `id` is one of `ids`, in the file's order."""
    id_array = pa.array(sorted(ids), pa.string())
    for batch in batches(path, kind, kind.arrow.names, ROWS_PER_GROUP):
        yield from batch.filter(pc.is_in(batch["id"], id_array)).to_pylist()


def pieces(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut anything into lists of `size`, the last one shorter: what a `Writer` takes at a time."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece


@contextmanager
def _open_parquet(path: Path, remedy: str = "") -> Iterator[pq.ParquetFile]:
    """A Parquet file; what cannot be read of it in the block is a `TableError`."""
    try:
        os.close(open_regular(path, follow=True))  # a pipe in its place would keep us waiting
        # As fast as a memory map, and it holds a row group in memory instead of the file.
        with pq.ParquetFile(path, pre_buffer=False) as parquet:
            yield parquet
    except FileNotFoundError:
        raise TableError("no such table", where=str(path), remedy="run `dvc repro`") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TableError(
            f"is not a readable Parquet file: {one_line(reason)}", where=str(path), remedy=remedy
        ) from error
