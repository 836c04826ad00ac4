"""The files of a log: opened by nobody's trick, locked, and written until they are on disk."""

from __future__ import annotations

import fcntl
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.files import PARTIAL, sync_folder
from cxr_release.logbook.names import TORN


@contextmanager
def reading(path: Path) -> Iterator[io.FileIO]:
    """A log to read from; nobody writes meanwhile.

    Raises:
        FileNotFoundError: there is none.
        DecisionError: what has its name is no file.
    """
    stream = _open(path, os.O_RDONLY)
    with stream, _locked(stream, fcntl.LOCK_SH):
        yield stream


@contextmanager
def writing(path: Path) -> Iterator[io.FileIO]:
    """A log to read from and append to, made where there is none; nobody else reads or writes.

    Raises:
        DecisionError: what has its name is no file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    stream = _open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    with stream, _locked(stream, fcntl.LOCK_EX):
        yield stream
    if fresh:
        sync_folder(path.parent)


def write(stream: io.FileIO, data: bytes) -> None:
    """Write, and wait until it is on disk."""
    while data:
        data = data[stream.write(data) :]
    os.fsync(stream.fileno())


def replace(path: Path, data: bytes) -> None:
    """Replace a small file at once. No fsync: the log is what counts, and it is on disk."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    partial.write_bytes(data)
    partial.replace(path)


def set_aside(path: Path, torn: bytes, *, after: int) -> Path:
    """Keep what a crash left behind line `after` of a log in a file beside it."""
    aside = path.with_name(f"{path.name}{TORN}{after + 1}")
    with aside.open("ab") as stream:
        stream.write(torn + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
    return aside


def _open(path: Path, flags: int) -> io.FileIO:
    """Open a log, and nothing that only has its name: no link, no pipe.

    Unbuffered: what could not be written must not be tried again when the file is closed.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DecisionError(f"cannot be opened: {error.strerror}", where=str(path)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DecisionError("is no file", where=str(path), remedy="move it away")
    return io.FileIO(handle, "r+b" if flags & os.O_RDWR else "rb")


@contextmanager
def _locked(stream: io.FileIO, kind: int) -> Iterator[None]:
    fcntl.flock(stream, kind)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)
