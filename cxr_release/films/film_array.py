"""The films of a table as one array in a file, which any number of processes share.

Read from the table, the films of a large cohort would take their size in the memory of every
process. The file is mapped instead: the system holds what was read last of it, once for all. It is
made when films are first asked for, and named by a hash of all pixels that it must hold, so that
the array of another table is never taken for it. It follows from the table: nothing is lost with
it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from cxr_release import schemas, tables
from cxr_release.errors import REMAKE, SourceError, TableError
from cxr_release.files import open_regular, private, whole_file
from cxr_release.films import png

SUFFIX = ".u8"
"""Of an array: grey values, a byte each, film by film and row by row."""
LOCK = "lock"


def load_films(table: Path, folder: Path) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids and films of a `schemas.COHORT` table, in its order.

    Args:
        table: the films, all of one size.
        folder: where their array lies, or is to lie. Arrays of other tables in it are removed once
            it is made; a process that uses one of them keeps it.

    Returns:
        n ids, and (n, height, width) uint8, mapped and not to be written to.

    Raises:
        TableError, SourceError: the table or a film in it cannot be read, or is of another size or
            of other pixels than the table states.
        SourceError: the array cannot be written, for want of room or of leave to write.
    """
    columns = tables.read(table, schemas.COHORT, ["id", "width", "height", "pixel_sha256"])
    ids: list[str] = columns["id"].to_pylist()
    shape = (len(ids), *_size(columns, table))
    path = folder / f"{_name(columns)}{SUFFIX}"
    try:
        films = _opened(path, shape)
        if films is None:
            with _turn(folder), private(folder):
                films = _opened(path, shape)
                if films is None:
                    _make(path, table, shape)
                    films = _opened(path, shape)
    except OSError as error:
        raise _unwritable(path, shape, error.strerror or str(error)) from error
    if films is None:
        raise _unwritable(path, shape, "it is gone, or cut short, as soon as it is made")
    return ids, films


def _unwritable(path: Path, shape: tuple[int, ...], why: str) -> SourceError:
    return SourceError(
        f"the array of the films cannot be kept: {why}",
        where=str(path),
        remedy=f"give it a place to be written in, with room for {np.prod(shape) / 1e9:,.2f} GB",
    )


def _size(columns: pa.Table, table: Path) -> tuple[int, int]:
    """Height and width of all films."""
    sizes = columns.group_by(["height", "width"], use_threads=False).aggregate([]).to_pylist()
    if not sizes:
        raise TableError("holds no film", where=str(table), remedy=REMAKE)
    if len(sizes) > 1:
        named = " and ".join(f"{size['width']} × {size['height']}" for size in sizes[:2])
        raise TableError(f"holds films of {named} pixels", where=str(table), remedy=REMAKE)
    return sizes[0]["height"], sizes[0]["width"]


def _name(columns: pa.Table) -> str:
    """What tells the pixels of these films, in this order, from all others."""
    digest = hashlib.sha256()
    for batch in columns.select(["width", "height", "pixel_sha256"]).to_batches():
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest.update("{} {} {}\n".format(*row).encode())
    return digest.hexdigest()


def _opened(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The array, or None where it is not there or is not whole.

    Mapped for reading and shared: of a private map the system would count all bytes as memory that
    may be asked for, and refuse one larger than the machine's memory.
    """
    try:
        handle = open_regular(path)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as stream:
        if os.fstat(handle).st_size != np.prod(shape):
            return None
        return np.asarray(np.memmap(stream, np.uint8, mode="r", shape=shape))


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One process at a time makes an array, or each would write all of it.

    On a drive without locks each does, and the last one is kept: they are equal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _make(path: Path, table: Path, shape: tuple[int, ...]) -> None:
    # Written, not mapped: where the disk is full a write fails, and a map ends the process.
    with whole_file(path) as partial, partial.open("wb") as stream:
        rows = tqdm(
            tables.iterate(table, schemas.COHORT),
            "films",
            total=shape[0],
            unit="film",
            disable=None,
            file=sys.stderr,
        )
        for row in rows:
            where = f"{table}: {row['id']}"
            film = png.decode(row["image"]["bytes"], where=where)
            if film.shape != shape[1:] or png.pixel_sha256(film) != row["pixel_sha256"]:
                raise SourceError(
                    "is not of the pixels that its row states", where=where, remedy=REMAKE
                )
            stream.write(film.data)
    for other in path.parent.glob(f"*{SUFFIX}"):
        if other != path:
            other.unlink(missing_ok=True)
