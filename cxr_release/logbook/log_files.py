"""The files of a log: their names; opened safely, locked, written until on disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.files import open_regular, sync_folder
from cxr_release.partials import is_at, scratch_file
from cxr_release.spelling import REVIEWER

SUFFIX, HEAD_SUFFIX = ".jsonl", ".head"
TORN = ".torn-"
"""Within the name of a file that holds what a crash left of an unfinished line."""
JOINED = ".joined-"
"""Within the name of a file that holds a branch which was joined into a log."""


def log_file(folder: Path, reviewer: str) -> Path:
    """Path of a reviewer's log.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """
    if not REVIEWER.fullmatch(reviewer):
        raise DecisionError(
            f"{reviewer[:80]!r} is not a reviewer's name",
            remedy="use 1–64 lower-case letters, digits, '.', '_' or '-', such as a.b",
        )
    return folder / f"{reviewer}{SUFFIX}"


MOST = 2**28
"""Bytes of a log: half a million decisions. A larger file is not a log."""
_NO_FILE = {errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENXIO}


@contextmanager
def reading(path: Path) -> Iterator[io.FileIO]:
    """A log to read from; no other process writes meanwhile.

    Raises:
        FileNotFoundError: there is none.
        DecisionError: what has its name is not a regular file.
    """
    with _locked(path, os.O_RDONLY, fcntl.LOCK_SH) as stream:
        yield stream


@contextmanager
def writing(path: Path) -> Iterator[io.FileIO]:
    """A log to read from and append to, made where there is none; no other process reads or writes.

    A log that was made and in which nothing was written is removed again.

    Raises:
        DecisionError: what has its name is not a regular file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with _locked(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as stream:
        try:
            if is_new:  # before anything counts: later it could fail, and count all the same
                sync_folder(path.parent)
            yield stream
        finally:
            unused = is_new and not os.fstat(stream.fileno()).st_size
            if unused and is_at(stream.fileno(), path):
                path.unlink()


def write(stream: io.FileIO, data: bytes) -> None:
    """Write, and wait until it is on disk."""
    while data:
        data = data[os.write(stream.fileno(), data) :]
    os.fsync(stream.fileno())


def cut(stream: io.FileIO, size: int) -> None:
    """Cut off what is behind `size` bytes, and wait until that is on disk."""
    os.ftruncate(stream.fileno(), size)
    os.fsync(stream.fileno())


def replace(path: Path, data: bytes) -> None:
    """Replace a small file at once. No fsync: the log is what counts, and it is on disk."""
    with scratch_file(path) as partial:
        partial.write_bytes(data)
        partial.replace(path)


def exchange(path: Path, stream: io.FileIO, more: bytes, *, then: Callable[[], None]) -> None:
    """Put a file with `more` at its end in the place of a log, at once: a kill leaves either.

    A process that has the old file open notices before it reads or writes; see `_locked`.

    Args:
        path: of the log.
        stream: the log, locked.
        more: what its end is from now on.
        then: what is done before another process can write in it.
    """
    facts = os.fstat(stream.fileno())
    with scratch_file(path) as partial:
        with partial.open("r+b", buffering=0) as fresh:
            write(fresh, os.pread(stream.fileno(), facts.st_size, 0) + more)
            os.fchmod(fresh.fileno(), facts.st_mode & 0o7777)
            with contextlib.suppress(OSError):  # only root gives files away
                os.fchown(fresh.fileno(), facts.st_uid, facts.st_gid)
        partial.replace(path)
        then()
    with contextlib.suppress(OSError):  # it counts now, whether or not it outlives a power cut
        sync_folder(path.parent)


def set_aside(path: Path, torn: bytes, *, after: int) -> Path:
    """Keep what a crash left behind line `after` of a log in a file beside it."""
    aside = path.with_name(f"{path.name}{TORN}{after + 1}")
    handle = open_regular(aside, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with io.FileIO(handle, "ab") as stream:
        write(stream, torn + b"\n")
    sync_folder(path.parent)
    return aside


@contextmanager
def _locked(path: Path, flags: int, kind: int) -> Iterator[io.FileIO]:
    """A log, locked: the file that has its name then, and none that it had before."""
    while True:
        with _open(path, flags) as stream:
            fcntl.flock(stream, kind)
            try:
                if is_at(stream.fileno(), path):
                    yield stream
                    return
            finally:
                fcntl.flock(stream, fcntl.LOCK_UN)


def _open(path: Path, flags: int) -> io.FileIO:
    """Open a log, and nothing that only has its name.

    Unbuffered: what could not be written must not be tried again when the file is closed.
    """
    try:
        handle = open_regular(path, flags)
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = f"cannot be opened: {error.strerror}"
        remedy = "move it away" if error.errno in _NO_FILE else ""
        raise DecisionError(problem, where=str(path), remedy=remedy) from error
    stream = io.FileIO(handle, "r+b" if flags & os.O_RDWR else "rb")
    if os.fstat(handle).st_size > MOST:
        stream.close()
        raise DecisionError(f"is larger than {MOST:,} bytes: not a log", where=str(path))
    return stream
