"""Files that are whole or absent: temporary name, fsync, rename. And what is in them: hashes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PARTIAL = ".partial"
"""Suffix of what is being written. Whatever carries it was never finished and may be deleted."""


WINDOWS_ENDS = "has Windows line ends, which git's core.autocrlf makes"
"""What is said of a file whose bytes are hashed, and whose line ends were changed on checkout."""

PIECE = 2**23
"""Bytes of a file that are hashed at once."""


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex.

    In large pieces: only while it hashes one does Python let other threads work.
    """
    digest, piece = hashlib.sha256(), bytearray(min(PIECE, max(1, path.stat().st_size)))
    view = memoryview(piece)
    with path.open("rb", buffering=0) as stream:
        while count := stream.readinto(piece):
            digest.update(view[:count])
    return digest.hexdigest()


def tree_sha256(path: Path) -> str:
    """SHA-256 of a file, or of a folder's relative names and contents in sorted order."""
    if not path.is_dir():
        return sha256(path)
    names = sorted(
        one.relative_to(path).as_posix()
        for one in path.rglob("*")
        if one.is_file() and not _is_by_product(one)
    )
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\0{sha256(path / name)}\n".encode())
    return digest.hexdigest()


def _is_by_product(path: Path) -> bool:
    """What `.dvcignore` names too: it lies in a folder and says nothing about its content."""
    return path.name in {".gitkeep"} or path.suffix in {".pyc", PARTIAL}


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well it becomes `path`.

    After an error the temporary file is removed and `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    try:
        yield partial
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path`; when the block ends well it replaces `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + PARTIAL)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        for one in partial.rglob("*"):
            if one.is_file():
                with one.open("rb") as stream:
                    os.fsync(stream.fileno())
        # Renamed away before it is deleted: a kill in between leaves the old folder or the new.
        old = path.with_name(f"{path.name}.old{PARTIAL}")
        shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            path.rename(old)
        partial.rename(path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    sync_folder(path.parent)


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
        folders: that exist, or will when the block ends; they become 0700 whoever made them.
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
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:  # noqa: PTH123 - a handle
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # A link, because it fails where a rename would overwrite what another process wrote.
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_json(path: Path, value: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Write JSON, whole or not at all; keys sorted and no NaN: same values, same bytes."""
    text = json.dumps(
        value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False, default=default
    )
    write_text(path, text + "\n")


def as_read(value: Any) -> Any:
    """A value as JSON gives it back: tuples are lists, and every key is a text."""
    return json.loads(json.dumps(value))


def read_json(path: Path) -> Any:
    """Read one JSON document that this package wrote."""
    return json.loads(path.read_text(encoding="utf-8"))
