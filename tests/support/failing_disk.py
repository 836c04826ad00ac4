"""A disk that fails at the nth thing that a program asks of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ASKED = ("write", "fsync", "ftruncate", "replace", "rename", "link", "mkdir")
"""Functions of `os` that change a disk, or wait until it has changed."""
CODES = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)


class Disk:
    """Fails once, at the nth request, or from then on. A write fails half way."""

    def __init__(self, nth: int, code: int, *, on: bool = False) -> None:
        self.asked = 0
        self._nth, self._code, self._on = nth, code, on

    @property
    def failed(self) -> bool:
        return self.asked >= self._nth

    def fails(self) -> bool:
        self.asked += 1
        return self.asked == self._nth or (self._on and self.failed)

    def error(self, where: object = None) -> OSError:
        return OSError(self._code, os.strerror(self._code), where)

    def guarded(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if not self.fails():
                return real(*args, **more)
            if name == "write" and self._code != errno.EROFS:
                real(args[0], args[1][: len(args[1]) // 2])
            raise self.error(None if isinstance(args[0], int) else args[0])

        return call

    def whole(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Of a method that writes a file whole: nothing of it is written."""

        def call(path: Path, *args: Any, **more: Any) -> Any:
            if self.fails():
                path.open("wb").close()
                raise self.error()
            return real(path, *args, **more)

        return call


@contextmanager
def failing(
    nth: int, code: int = errno.ENOSPC, *, on: bool = False, asked: Sequence[str] = ASKED
) -> Iterator[Disk]:
    """Within the block the disk fails at the nth request; with `on`, at every later one too."""
    disk = Disk(nth, code, on=on)
    with pytest.MonkeyPatch.context() as patch:
        for name in asked:
            patch.setattr(os, name, disk.guarded(name, getattr(os, name)))
        for name in ("write_bytes", "write_text"):
            patch.setattr(Path, name, disk.whole(getattr(Path, name)))
        yield disk
