"""The parts that a set of films is made of: folders of films, and image tables.

A part lists its films without decoding any, and hashes what it is made of, so that what was found
out of it can be kept. Its films come as 8-bit grey PNG, one at a time; what cannot be read comes
as a fault in its place.

Bytes of a film → 8-bit grey PNG of bounded size, and what was done on the way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from cxr_release import files
from cxr_release.errors import SourceError, TableError, one_line
from cxr_release.films import png
from cxr_release.films.decode import MAX_BYTES, Decoded, decode, read_bytes

ROWS = 16
"""Rows of a table in memory at a time."""


class Part(Protocol):
    """Films that lie together."""

    @property
    def name(self) -> str:
        """The folder or table, as the user knows it."""

    @property
    def places(self) -> Mapping[str, str]:
        """Id → where that film is, of every film found, readable or not, in order."""

    @property
    def patients(self) -> Mapping[str, str]:
        """Id → patient, where known."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what the films are made of, in hex."""

    def read(self, start: int, stop: int) -> Iterator[Opened]:
        """Films of `places`, in that order, from place `start` to the one before `stop`.

        Raises:
            SourceError: what is read is not what was hashed.
        """

    def open(self, name: str) -> Opened:
        """One film, by its id."""


@dataclass(frozen=True)
class FolderPart:
    """A folder of film files."""

    name: str
    paths: Mapping[str, Path]
    """Id → file."""
    refused: Mapping[str, str]
    """Id → fault, of files that must not be opened."""
    patients: Mapping[str, str]

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Id → file."""
        return {name: str(path) for name, path in self.paths.items()}

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {name: self._hash(name) for name in self.paths}

    def _hash(self, name: str) -> str:
        try:
            return hashlib.sha256(self._bytes(name)).hexdigest()
        except SourceError as error:
            return str(error)

    def _bytes(self, name: str) -> bytes:
        if name in self.refused:
            raise SourceError(self.refused[name])
        return read_bytes(self.paths[name])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and the hashes of the files, or why they have none."""
        digest = hashlib.sha256()
        for name, found in self._hashes.items():
            digest.update(f"{name}\0{found}\n".encode())
        return digest.hexdigest()

    def read(self, start: int, stop: int) -> Iterator[Opened]:
        """Some films; see `Part.read`."""
        return map(self.open, list(self.paths)[start:stop])

    def open(self, name: str) -> Opened:
        """One film; see `read`."""
        try:
            data = self._bytes(name)
        except SourceError as error:
            found, opened = str(error), Opened(name, fault=str(error))
        else:
            found, opened = hashlib.sha256(data).hexdigest(), as_png(name, data)
        # One film of a folder is worth no hashing of all.
        if "_hashes" in self.__dict__ and found != self._hashes[name]:
            raise _changed(self.places[name])
        return opened


@dataclass(frozen=True)
class TablePart:
    """A Parquet table with a column `id`, and a column `image` of bytes and path."""

    name: str
    path: Path
    names: tuple[str, ...]
    """Ids, row by row."""
    patients: Mapping[str, str]

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Id → row, from 1."""
        return {name: f"{self.name}: row {row}" for row, name in enumerate(self.names, start=1)}

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

    def _check_same(self) -> None:
        if "_hashed" in self.__dict__ and self._stamp() != self._hashed[1]:
            raise _changed(self.name)

    def read(self, start: int, stop: int) -> Iterator[Opened]:
        """Some films; see `Part.read`."""
        stop = min(stop, len(self.names))
        with open_parquet(self.path) as parquet:
            groups, row = _groups(parquet, start, stop)
            for cells in _batches(parquet, self.path, groups):
                for cell in cells:
                    if start <= row < stop:
                        yield _from_cell(self.names[row], cell)
                    row += 1
                if row >= stop:
                    break
        self._check_same()
        if row < stop:
            raise _changed(self.name)

    def open(self, name: str) -> Opened:
        """One film; see `read`."""
        row = self._rows[name]
        (film,) = self.read(row, row + 1)
        return film


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


def _changed(where: str) -> SourceError:
    return SourceError("was changed while it was read", where=where, remedy="start again")


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file. Raises TableError when it is none."""
    if not path.is_file():  # a named pipe would wait for ever
        raise TableError("is no file", where=str(path), remedy="give a Parquet table")
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (pa.ArrowException, OSError) as error:
        what = f"not a readable Parquet file: {one_line(str(error))}"
        raise TableError(what, where=str(path), remedy="make or fetch it again") from error


def _batches(parquet: pq.ParquetFile, path: Path, groups: list[int]) -> Iterator[list[Any]]:
    try:
        for batch in parquet.iter_batches(ROWS, row_groups=groups, columns=["image"]):
            yield batch.column("image").to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise TableError(
            f"damaged: {error}", where=str(path), remedy="make or fetch the table again"
        ) from error


def _from_cell(name: str, cell: Any) -> Opened:
    data = cell and cell["bytes"]
    if not data:
        path = cell and cell.get("path")
        return Opened(name, fault="holds a path and no bytes" if path else "holds no bytes")
    if len(data) > MAX_BYTES:
        return Opened(name, fault=f"is larger than {MAX_BYTES >> 20} MiB")
    return as_png(name, data)


VERSION = 2
"""Of how films are read here: other pixels need another number, so that no cache keeps the old."""

MAX_SIDE = 2048
"""Pixels; a larger film is reduced, since no encoder sees more."""

_LABEL = png.DIGITAL_SOURCE_TYPE.encode()
_DEEP = ("I;16", "I", "F")
"""Names of grey of more than 8 bits."""


@dataclass(frozen=True)
class Opened:
    """A film that was read, or tried."""

    id: str
    png: bytes = b""
    """8-bit grey, at most `MAX_SIDE` pixels on a side; empty where there is a fault."""
    fault: str = ""
    note: str = ""
    """What was done to it beyond reading."""


def as_png(name: str, data: bytes) -> Opened:
    """Decode a film and encode it as the encoders take it: 8-bit grey, not too large."""
    try:
        decoded = decode(data)
    except SourceError as error:
        return Opened(name, fault=str(error))
    film, reduced = _reduced(decoded.film)
    note = "; ".join(one for one in (_converted(decoded), reduced) if one)
    # A synthetic film keeps its label: see `png`.
    return Opened(name, png=png.encode(film, synthetic=_LABEL in data), note=note)


def _converted(decoded: Decoded) -> str:
    if decoded.mode in _DEEP:
        return f"{decoded.bits}-bit grey windowed to 8 bits"
    if decoded.mode not in ("L", "1"):
        return f"{decoded.bits}-bit {decoded.mode} turned to 8-bit grey"
    return ""


def _reduced(film: png.Film) -> tuple[png.Film, str]:
    height, width = film.shape
    scale = MAX_SIDE / max(film.shape)
    if scale >= 1:
        return film, ""
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # The gap lets Pillow average large films down first, to 3 times the size at least.
    small = Image.fromarray(film).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(small), f"reduced from {width} × {height} to {size[0]} × {size[1]} pixels"
