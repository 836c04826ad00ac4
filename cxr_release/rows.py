"""Rows of a table, each made when it is asked for: as columns they take a tenth of the memory."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import (
    Callable,
    Hashable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    ValuesView,
)
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cxr_release import tables

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Row = dict[str, Any]
AT_ONCE = 1_000
"""Rows that are made at once, when all are asked for one after the other."""


class Rows(Sequence[T], Generic[T]):
    """The rows of a table as what `make` makes of their columns, by name.

    Args:
        table: flat columns.
        make: takes a row's values by the names of their columns. What it gives is not kept: a
            change of it changes nothing here.
    """

    def __init__(self, table: pa.Table, make: Callable[..., T]) -> None:
        self.table = table
        """The columns."""
        self._make = make

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> Rows[T]: ...
    def __getitem__(self, place: int | slice) -> T | Rows[T]:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step != 1:
                return self.take(range(start, stop, step))
            return Rows(self.table.slice(start, max(0, stop - start)), self._make)
        at = range(len(self))[place]
        return self._make(**self.table.slice(at, 1).to_pylist()[0])

    def __iter__(self) -> Iterator[T]:
        for start in range(0, len(self), AT_ONCE):
            for row in self.table.slice(start, AT_ONCE).to_pylist():
                yield self._make(**row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def take(self, places: Iterable[int]) -> Rows[T]:
        """Some of the rows, by their places."""
        return Rows(self.table.take(pa.array(places, pa.int64())), self._make)

    def of_ids(self, ids: Iterable[str] | pa.ChunkedArray) -> Rows[T]:
        """The rows whose `id` is one of some."""
        values = ids if isinstance(ids, pa.ChunkedArray) else pa.array(ids, pa.string())
        chosen = pc.is_in(self.table["id"], values)
        return Rows(self.table.filter(chosen), self._make)

    def column(self, name: str) -> Iterator[Any]:
        """The values of a column."""
        for start in range(0, len(self), AT_ONCE):
            yield from self.table[name].slice(start, AT_ONCE).to_pylist()


def column(rows: Sequence[Mapping[str, Any]], name: str) -> Iterator[Any]:
    """The values of one column, without the rows where they are columns."""
    return rows.column(name) if isinstance(rows, Rows) else (row[name] for row in rows)


def read_rows(paths: Iterable[Path], kind: tables.Table) -> Rows[Row]:
    """The flat columns of some tables of one kind, checked, one table after the other.

    Raises:
        TableError: see `tables.read`.
    """
    read = [tables.read(path, kind) for path in paths]
    return Rows(pa.concat_tables(read) if read else _empty(kind), dict)


def as_rows(made: Iterable[Mapping[str, Any]], kind: tables.Table, *, by: str) -> Rows[Row]:
    """Rows of a table that is made here, sorted by a column.

    Args:
        made: taken one after the other.
        kind: whose flat columns they have.
        by: the column.

    Raises:
        TableError: a value is not of the column's type.
    """
    pieces = [tables.from_rows(piece, kind, kind.name) for piece in tables.pieces(made, AT_ONCE)]
    table = pa.concat_tables(pieces) if pieces else _empty(kind)
    return Rows(table.sort_by(by), dict)


def _empty(kind: tables.Table) -> pa.Table:
    return kind.arrow.empty_table().select(kind.flat)


def grouped(rows: Sequence[T], key: Callable[[T], K]) -> dict[K, Sequence[T]]:
    """Rows by what a function says of each, as columns where they are columns."""
    places: dict[K, array[int]] = defaultdict(lambda: array("q"))
    for place, row in enumerate(rows):
        places[key(row)].append(place)
    if isinstance(rows, Rows):
        return {group: rows.take(at) for group, at in places.items()}
    return {group: [rows[place] for place in at] for group, at in places.items()}


class ById(Mapping[str, T], Generic[T]):
    """Rows by their column `id`, in the order of the rows.

    Args:
        rows: of different ids, but see `duplicate`.
    """

    def __init__(self, rows: Rows[T]) -> None:
        self.rows = rows
        """The rows."""
        longest = pc.max(pc.binary_length(rows.table["id"])).as_py() or 1
        names = np.fromiter((name.encode() for name in rows.column("id")), f"S{longest}", len(rows))
        self._order = np.argsort(names, kind="stable").astype(np.int32)
        self._sorted = names[self._order]

    def duplicate(self) -> str | None:
        """An id that more than one row has, if any."""
        equal = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        return self._sorted[equal[0]].decode() if len(equal) else None

    def place(self, key: object) -> int | None:
        """The place of an id among the rows; None: none of them has it."""
        name = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else b""
        # A longer one would have numpy copy all names into longer ones.
        if not 0 < len(name) <= self._sorted.itemsize:
            return None
        at = int(np.searchsorted(self._sorted, name))
        if at == len(self._order):
            return None
        place = int(self._order[at])
        return place if self.rows.table["id"][place].as_py() == key else None

    def __getitem__(self, key: str) -> T:
        place = self.place(key)
        if place is None:
            raise KeyError(key)
        return self.rows[place]

    def __contains__(self, key: object) -> bool:
        return self.place(key) is not None

    def __iter__(self) -> Iterator[str]:
        return self.rows.column("id")

    def __len__(self) -> int:
        return len(self.rows)

    def values(self) -> ValuesView[T]:
        """The rows: made one after the other, and not looked up."""
        return _Values(self)

    def items(self) -> ItemsView[str, T]:
        """Ids and rows, likewise."""
        return _Items(self)


class _Values(ValuesView[T]):
    _mapping: ById[T]

    def __iter__(self) -> Iterator[T]:
        return iter(self._mapping.rows)


class _Items(ItemsView[str, T]):
    _mapping: ById[T]

    def __iter__(self) -> Iterator[tuple[str, T]]:
        return zip(self._mapping, self._mapping.rows, strict=True)
