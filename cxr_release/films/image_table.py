"""An image table as a source of films: Parquet with columns `id` and `image` of bytes and path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release import files
from cxr_release.errors import Fault, TableError, one_line
from cxr_release.films.film_source import OpenedFilm, changed, opened
from cxr_release.films.limits import MAX_BYTES, MAX_ID
from cxr_release.films.patients import spelling_faults
from cxr_release.films.threads import mapped

ROWS = 16
"""Rows of a table in memory at a time."""
REMEDY = "make or fetch the table again"


@dataclass(frozen=True)
class ImageTable:
    """The films of a table, row by row."""

    path: Path
    names: tuple[str, ...]
    """Ids, row by row."""
    patients: Mapping[str, str]

    @property
    def name(self) -> str:
        """The table's path."""
        return str(self.path)

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Id → row, from 1."""
        return dict(zip(self.names, _places(self.path, len(self.names)), strict=True))

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the table's bytes."""
        return self._hashed[0]

    @cached_property
    def _hashed(self) -> tuple[str, tuple[int, ...]]:
        """The hash, and what the file system says of the file that it was taken of."""
        stamp = self._stamp()
        return files.sha256(self.path), stamp

    def _stamp(self) -> tuple[int, ...]:
        facts = self.path.stat()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

    def read(self, start: int, stop: int) -> Iterator[OpenedFilm]:
        """Some films; see `FilmSource.read`."""
        return mapped(lambda row: _from_cell(*row), self._cells(start, stop))

    def _cells(self, start: int, stop: int) -> Iterator[tuple[str, Any]]:
        """Id and cell of some rows."""
        stop = min(stop, len(self.names))
        with open_parquet(self.path) as parquet:
            groups, row = _groups(parquet, start, stop)
            for cells in _batches(parquet, self.path, groups):
                for cell in cells:
                    if start <= row < stop:
                        yield self.names[row], cell
                    row += 1
                if row >= stop:
                    break
        if row < stop or ("_hashed" in self.__dict__ and self._stamp() != self._hashed[1]):
            raise changed(self.name)

    def open(self, name: str) -> OpenedFilm:
        """One film; see `read`."""
        row = self._rows[name]
        (film,) = self.read(row, row + 1)
        return film


def open_table(path: Path) -> ImageTable:
    """Read ids and patients of an image table, and no film.

    Raises:
        TableError: it cannot be read, is not an image table, or has faults in its ids or patients.
    """
    if not is_image_table(path):
        raise TableError(
            "has no columns `id` and `image` of bytes and path",
            where=str(path),
            remedy="give an image table, or a folder of films",
        )
    with open_parquet(path) as parquet:
        columns = [name for name in ("id", "patient") if name in parquet.schema_arrow.names]
        try:
            table = parquet.read(columns=columns)
            table = table.cast(pa.schema([(name, pa.string()) for name in columns])).to_pydict()
        except (pa.ArrowException, OSError, ValueError) as error:
            fault = f"cannot read its ids: {one_line(str(error))}"
            raise TableError(fault, where=str(path), remedy=REMEDY) from error
    names = table["id"]
    rows = list(zip(names, _places(path, len(names)), strict=True))
    faults = [
        Fault(place, f"has an id above {MAX_ID} letters" if name else "has no id")
        for name, place in rows
        if not name or len(name) > MAX_ID
    ]
    faults += duplicate_ids(row for row in rows if row[0])
    keys = table.get("patient", [None] * len(names))
    faults += spelling_faults(
        (place, place, key or "") for (_, place), key in zip(rows, keys, strict=True)
    )
    if faults:
        raise TableError(
            f"{len(faults)} fault(s) in its ids and patients", where=str(path), faults=faults
        )
    return ImageTable(path, tuple(names), {n: k for n, k in zip(names, keys, strict=True) if k})


def is_image_table(path: Path) -> bool:
    """Whether a Parquet file has a column `id` and a column `image` of bytes.

    Raises:
        TableError: it is not a Parquet file.
    """
    with open_parquet(path) as parquet:
        schema = parquet.schema_arrow
    if not {"id", "image"} <= set(schema.names):
        return False
    image = schema.field("image").type
    return bool(pa.types.is_struct(image) and image.get_field_index("bytes") >= 0)


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. Raises TableError where it is not one."""
    if not path.is_file():  # a named pipe would wait for ever
        raise TableError("is not a file", where=str(path), remedy="give a Parquet table")
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError) as error:
        fault = f"not a readable Parquet file: {one_line(str(error))}"
        raise TableError(fault, where=str(path), remedy="make or fetch it again") from error


def duplicate_ids(films: Iterable[tuple[str, str]]) -> list[Fault]:
    """A fault for each duplicate id, with both places; films are (id, place)."""
    first: dict[str, str] = {}
    faults = []
    for name, place in films:
        if name in first:
            fault = f"has the id {name!r} of {first[name]}"
            faults.append(Fault(place, fault, "each film needs its own"))
        first.setdefault(name, place)
    return faults


def _places(path: Path, rows: int) -> list[str]:
    return [f"{path}: row {row}" for row in range(1, rows + 1)]


def _groups(parquet: pq.ParquetFile, start: int, stop: int) -> tuple[list[int], int]:
    """Row groups that hold some of the rows from `start` to `stop`, and the first row in them."""
    groups: list[int] = []
    first = row = 0
    for group in range(parquet.metadata.num_row_groups):
        rows = parquet.metadata.row_group(group).num_rows
        if row < stop and row + rows > start:
            first = first if groups else row
            groups.append(group)
        row += rows
    return groups, first


def _batches(parquet: pq.ParquetFile, path: Path, groups: list[int]) -> Iterator[list[Any]]:
    try:
        for batch in parquet.iter_batches(ROWS, row_groups=groups, columns=["image"]):
            yield batch.column("image").to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"damaged: {error}", where=str(path), remedy=REMEDY) from error


def _from_cell(name: str, cell: Any) -> OpenedFilm:
    data = cell and cell["bytes"]
    if not data:
        path = cell and cell.get("path")
        return OpenedFilm(name, fault="holds a path and no bytes" if path else "holds no bytes")
    if len(data) > MAX_BYTES:
        return OpenedFilm(name, fault=f"is larger than {MAX_BYTES >> 20} MiB")
    return opened(name, data)
