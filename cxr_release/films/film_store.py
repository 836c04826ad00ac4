"""Films on disk, by id: one at a time out of image tables."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cxr_release import tables
from cxr_release.errors import TableError
from cxr_release.files import open_regular
from cxr_release.films import png


class FilmStore:
    """The films of some tables of one kind. Any number of threads may take from it.

    Memory grows with the number of films (their ids), not with their size. The tables are read
    with plain reads, not mapped: a file that is cut short under a map takes the process with it.

    Args:
        paths: the tables.
        kind: what they are: `schemas.ORIENTED` or `schemas.COHORT`, or any other with `id`,
            `sha256` and `image`.

    Raises:
        TableError: a table is missing or breaks its schema, or an id is in two of them.
    """

    def __init__(self, paths: Iterable[Path], kind: tables.Table) -> None:
        self.sha256: dict[str, str] = {}
        """Id of every film, in the order of the tables → SHA-256 of its PNG bytes, in hex."""
        self._places: dict[str, _Place] = {}
        self._tables: list[_OpenTable] = []
        for path in paths:
            table = _OpenTable(path)
            self._tables.append(table)
            columns = tables.read(path, kind, ["id", "sha256"]).to_pydict()
            table.check()
            rows = zip(columns["id"], columns["sha256"], table.places(), strict=True)
            for film, sha256, place in rows:
                if film in self._places:
                    raise TableError(f"{film} is in two tables", where=str(path))
                self._places[film] = place
                self.sha256[film] = sha256

    def check(self) -> None:
        """Raise a `TableError` unless every table is the one that was opened."""
        for table in self._tables:
            table.check()

    def png(self, film: str) -> bytes:
        """PNG bytes of a film, exactly those that its table gives the SHA-256 of.

        Raises:
            KeyError: no such film.
            TableError: the table is not the one that was opened any more, or is damaged.
        """
        place = self._places[film]
        place.table.check()
        data = place.table.png(place.group, place.row)
        if data is None or png.sha256(data) != self.sha256[film]:
            raise TableError(
                "does not match its SHA-256",
                where=f"{place.table.path}: {film}",
                remedy="restore the table (`dvc checkout`, or `dvc repro`), and start again",
            )
        return data


@dataclass(frozen=True, slots=True)
class _Place:
    table: _OpenTable
    group: int
    row: int


class _OpenTable:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            self._facts = _facts(path)
            os.close(open_regular(path, follow=True))  # a pipe in its place would keep us waiting
            # No read-ahead: a row group is read at once anyway.
            self._parquet = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
        except FileNotFoundError:
            raise TableError("no such table", where=str(path), remedy="run `dvc repro`") from None
        except (pa.ArrowInvalid, OSError) as error:
            raise TableError(f"not a readable Parquet file: {error}", where=str(path)) from error

    def places(self) -> Iterator[_Place]:
        """Where each row is, in order."""
        metadata = self._parquet.metadata
        for group in range(metadata.num_row_groups):
            for row in range(metadata.row_group(group).num_rows):
                yield _Place(self, group, row)

    def check(self) -> None:
        """Raise a `TableError` unless the file is the one that was opened."""
        try:
            unchanged = _facts(self.path) == self._facts
        except OSError:
            unchanged = False
        if not unchanged:
            raise TableError(
                "the films have been made again since they were opened",
                where=str(self.path),
                remedy="stop the server and start it again",
            )

    def png(self, group: int, row: int) -> bytes | None:
        """The picture of a row, whatever it is."""
        try:
            # A reader is not safe in two threads at once.
            with self._lock:
                table = self._parquet.read_row_group(
                    group, columns=["image.bytes"], use_threads=False
                )
            data: bytes | None = table["image"][row]["bytes"].as_py()
        except (pa.ArrowException, OSError, IndexError) as error:
            raise TableError(f"cannot be read: {error}", where=str(self.path)) from error
        return data


def _facts(path: Path) -> tuple[int, ...]:
    status = os.stat(path)  # noqa: PTH116 - as fast as it goes, before every film
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
