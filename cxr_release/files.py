"""Files that are whole or absent: temporary name, fsync, rename. And what is in them: hashes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxr_release.partials import OLD, PARTIAL, remove, scratch_file, scratch_folder

WINDOWS_ENDS = "has Windows line ends, which git's core.autocrlf makes"
"""What is said of a file whose bytes are hashed, and whose line ends were changed on checkout."""

PIECE = 2**23
"""Bytes of a file that are hashed at once."""
MOST_JSON = 2**30
"""Bytes of a JSON document of this package's."""


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    In large pieces: only while it hashes one does Python let other threads work.
    """
    digest, piece = hashlib.sha256(), bytearray(min(PIECE, max(1, path.stat().st_size)))
    view = memoryview(piece)
    with open(open_regular(path, follow=True), "rb", buffering=0) as stream:
        while count := stream.readinto(piece):
            digest.update(view[:count])
    return digest.hexdigest()


def tree_sha256(path: Path) -> str:
    """SHA-256 of a file, or of a folder's relative names and contents in sorted order."""
    if not path.is_dir():
        return sha256(path)
    names = sorted(
        file.relative_to(path).as_posix()
        for file in path.rglob("*")
        if file.is_file() and not _is_by_product(file)
    )
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0{sha256(path / name)}\n".encode())
    return digest.hexdigest()


def _is_by_product(path: Path) -> bool:
    """What `.dvcignore` names too: it lies in a folder and says nothing about its content."""
    return path.name in {".gitkeep"} or path.suffix in {".pyc", PARTIAL}


def open_regular(path: Path, flags: int = os.O_RDONLY, *, follow: bool = False) -> int:
    """A handle of a regular file, and of nothing that only has its name: no pipe, no device.

    Args:
        path: the file.
        flags: of `os.open`.
        follow: whether it may be a link to one, as DVC makes them into its cache.

    Raises:
        OSError: what has this name is not a regular file; or see `os.open`.
    """
    links = 0 if follow else os.O_NOFOLLOW
    try:
        handle = os.open(path, flags | links | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "is a symbolic link", str(path)) from None
        raise
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        fault = "is a folder" if stat.S_ISDIR(kind) else "is not a regular file"
        raise OSError(errno.EINVAL, fault, str(path))
    return handle


def read_bounded(path: Path, limit: int, *, follow: bool = False) -> bytes:
    """The bytes of a regular file of at most `limit` bytes; see `open_regular`.

    Raises:
        OSError: it is larger, is not a regular file, or cannot be read.
    """
    with open(open_regular(path, follow=follow), "rb") as stream:
        small = os.fstat(stream.fileno()).st_size <= limit
        data = stream.read(limit + 1) if small else b""
    if not small or len(data) > limit:
        raise OSError(errno.EINVAL, f"is larger than {limit:,} bytes", str(path))
    return data


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:  # some network drives cannot
            raise
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = open_regular(path)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(path: Path) -> None:
    """Make sure that what was just renamed to `path` stays there."""
    try:
        sync_folder(path.parent)
    except OSError as error:
        message = f"is written, but may not outlive a power cut: {error.strerror}"
        raise OSError(error.errno, message, str(path)) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it becomes `path`.

    The temporary file is there already, empty, under a name that cannot be guessed. After an error
    it is removed and `path` is as it was.
    """
    with scratch_file(path) as partial:
        yield partial
        _sync(partial)
        partial.replace(path)
    _settle(path)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; when the block ends well it replaces `path`."""
    with scratch_folder(path) as partial:
        yield partial
        for file in partial.rglob("*"):
            if file.is_file():
                _sync(file)
        # Renamed away before it is deleted: after a kill in between, the next run puts it back.
        old = partial.with_name(partial.name.removesuffix(PARTIAL) + OLD)
        existed = os.path.lexists(path)
        if existed:
            path.rename(old)
        try:
            partial.rename(path)
        except OSError:
            if existed:
                old.rename(path)
            raise
        with contextlib.suppress(OSError):  # the next run sweeps what is left of it
            remove(old)
    _settle(path)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def private(*folders: Path) -> Iterator[None]:
    """What is written in the block is for this user alone: files 0600 in folders 0700.

    Whatever this process, or one that it starts, makes meanwhile is; so no other thread should
    write what others must read.

    Args:
        folders: that exist, or will when the block ends; they become 0700 even if others made them.
    """

    def shut() -> None:
        for folder in folders:
            if folder.is_dir() and not folder.is_symlink():
                folder.chmod(0o700)

    before = os.umask(0o077)
    try:
        shut()
        yield
        shut()
    finally:
        os.umask(before)


def write_once(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write UTF-8 text unless the file is there, whole or not at all; it is on disk then.

    Any number of processes may do so at once: one of them is first, and the others change nothing.

    Args:
        path: the file.
        text: what it shall hold.
        mode: who may read and write it, less the umask.
    """
    with scratch_file(path, mode=mode) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")
        _sync(partial)
        # A link, because it fails where a rename would overwrite what another process wrote.
        try:
            os.link(partial, path)
        except FileExistsError:
            is_new = False
        else:
            is_new = True
        try:
            sync_folder(path.parent)
        except OSError:
            if is_new:
                path.unlink()
            raise


def write_json(path: Path, value: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Write JSON, whole or not at all; keys sorted and no NaN: same values, same bytes."""
    text = json.dumps(
        value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=default
    )
    write_text(path, text + "\n")


def as_read(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists, and every key is a text."""
    return json.loads(json.dumps(value))


def read_json(path: Path, *, follow: bool = True) -> Any:
    """Read one JSON document that this package wrote.

    Args:
        path: the file.
        follow: whether it may be a link: outputs of stages may, into DVC's cache.

    Raises:
        OSError: it is not a regular file.
        ValueError: it holds something else.
    """
    try:
        return json.loads(read_bounded(path, MOST_JSON, follow=follow).decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
