"""Partial files and folders, under random names beside those that they will become.

No link or folder can be laid in their way, and two processes may write the same file. The writer
holds a lock on its partial file; one without a lock was left by a killed run, and the next run
removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PARTIAL = ".partial"
"""Suffix of what is being written. Whatever carries it was never finished and may be deleted."""
OLD = f".old{PARTIAL}"
"""Suffix of the folder that is being replaced: what stood there before."""


@contextmanager
def scratch_file(path: Path, *, mode: int = 0o666) -> Iterator[Path]:
    """Give a fresh, empty file beside `path`; it is removed at the end, unless it was renamed.

    What killed runs left of `path` is removed first.

    Args:
        path: what it is for; its folder is made where there is none.
        mode: who may read and write it, less the umask.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with _scratch(path, lambda scratch: os.open(scratch, flags, mode)) as partial:
        try:
            yield partial
        except OSError as error:
            if error.filename is None:  # Python does not say which file it could not write
                error.filename = str(path)
            raise


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Give a fresh, empty folder beside `path`, as `scratch_file` gives a file."""

    def make(folder: Path) -> int:
        folder.mkdir()
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    with _scratch(path, make) as partial:
        yield partial


def remove(path: Path) -> None:
    """Remove a file, a link or a folder; nothing that a link leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what killed runs left of `path`; a folder that one of them was replacing comes back.

    Nothing that another process is writing now. What cannot be removed stays.
    """
    pattern = re.compile(rf"\.?{re.escape(path.name)}(\.[0-9a-f]{{16}})?(\.old)?\{PARTIAL}")
    for leftover in sorted(path.parent.iterdir()) if path.parent.is_dir() else ():
        if not pattern.fullmatch(leftover.name):
            continue
        # Locked until it is gone: a process that made it and waits for the lock makes another.
        with contextlib.suppress(OSError), _abandoned(leftover) as is_left:
            if is_left and _is_old(leftover) and not os.path.lexists(path):
                leftover.rename(path)
            elif is_left:
                remove(leftover)


@contextmanager
def _scratch(path: Path, make: Callable[[Path], int]) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    while True:
        partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}{PARTIAL}")
        handle = make(partial)
        try:
            with contextlib.suppress(OSError):  # a drive without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            # Another process may have swept it away in between.
            if not is_at(handle, partial):
                continue
            try:
                yield partial
            except OSError as error:
                _name(error, partial, path)
                raise
            finally:
                with contextlib.suppress(OSError):
                    remove(partial)
            return
        finally:
            os.close(handle)


def _name(error: OSError, partial: Path, path: Path) -> None:
    """Let an error name what was to be written, and not the name that it had meanwhile."""
    if isinstance(error.filename, str | Path) and Path(error.filename).is_relative_to(partial):
        error.filename = str(path / Path(error.filename).relative_to(partial))


def _is_old(path: Path) -> bool:
    return path.name.endswith(OLD) and path.is_dir() and not path.is_symlink()


@contextmanager
def _abandoned(path: Path) -> Iterator[bool]:
    """Whether no process writes it or can begin to; what cannot be opened is never written."""
    if _is_old(path):
        fresh = path.with_name(path.name.removesuffix(OLD) + PARTIAL)
        if not os.path.lexists(fresh):
            yield True
            return
        with _abandoned(fresh) as is_left:
            yield is_left
        return
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    except OSError:
        yield True
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # locked; or a drive without locks, which cannot tell
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def is_at(handle: int, path: Path) -> bool:
    """Whether an open file is what has this name."""
    try:
        by_name, by_handle = path.lstat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (by_name.st_dev, by_name.st_ino) == (by_handle.st_dev, by_handle.st_ino)
