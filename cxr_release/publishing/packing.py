"""Archives of a release folder, by the suffix of their file: zip, or tar, compressed or not.

The same files give the same bytes: fixed order, dates, owners and rights. Films and Parquet would
not get smaller: a zip stores them, and gzip is at its lowest level.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from tqdm import tqdm

from cxr_release.errors import ReleaseError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip can hold."""
_EPOCH_SECONDS = 315_532_800
"""The same in a tar: 1980-01-01, UTC."""
_RIGHTS = 0o644


def suffix_of(output: Path) -> str:
    """Which kind of archive a file's name asks for.

    Raises:
        ReleaseError: none that is written here.
    """
    for suffix in SUFFIXES:
        if output.name.lower().endswith(suffix) and len(output.name) > len(suffix):
            return suffix
    raise ReleaseError(
        f"is not a name of an archive that is written here: its suffix is {output.suffix!r}"
        if output.suffix
        else "is not a name of an archive: it has no suffix",
        where=str(output),
        remedy=f"name it {', '.join(f'*{suffix}' for suffix in SUFFIXES)}",
    )


class Packing(Protocol):
    """An archive that is being written."""

    def file(self, path: Path, name: str) -> str:
        """Add a file in pieces; its SHA-256, as it was packed."""
        ...

    def text(self, name: str, text: str) -> str:
        """Add a text; its SHA-256."""
        ...


@dataclass
class _Read:
    """A stream that is hashed while an archive reads it."""

    stream: IO[bytes]
    bar: tqdm[Any]
    digest: Any = field(default_factory=hashlib.sha256)

    def read(self, size: int = -1) -> bytes:
        piece = self.stream.read(size)
        self.digest.update(piece)
        self.bar.update(len(piece))
        return piece


@dataclass
class _Archive:
    """What zip and tar have in common: a stream goes in under a name, with a size."""

    add: Callable[[str, int, _Read], None]
    bar: tqdm[Any]

    def file(self, path: Path, name: str) -> str:
        with path.open("rb") as stream:
            source = _Read(stream, self.bar)
            self.add(name, path.stat().st_size, source)
        return str(source.digest.hexdigest())

    def text(self, name: str, text: str) -> str:
        data = text.encode("utf-8")
        source = _Read(io.BytesIO(data), self.bar)
        self.add(name, len(data), source)
        return str(source.digest.hexdigest())


@contextmanager
def packing(path: Path, suffix: str, size: int) -> Iterator[Packing]:
    """Write an archive.

    Args:
        path: the file that is written; its own name says nothing.
        suffix: one of `SUFFIXES`.
        size: bytes that will be added, for the progress bar.
    """
    with ExitStack() as stack:
        bar = stack.enter_context(
            tqdm(
                total=size, desc="archive", unit="B", unit_scale=True, disable=None, file=sys.stderr
            )
        )
        if suffix == ".zip":
            zipped = stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_STORED))
            yield _Archive(_into_zip(zipped), bar)
            return
        stream: Any = stack.enter_context(path.open("wb"))
        if suffix != ".tar":
            stream = stack.enter_context(
                gzip.GzipFile("", "wb", compresslevel=1, fileobj=stream, mtime=_EPOCH_SECONDS)
            )
        tar = stack.enter_context(
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT)
        )
        yield _Archive(_into_tar(tar), bar)


_PIECE = 1 << 20


def _into_zip(archive: zipfile.ZipFile) -> Callable[[str, int, _Read], None]:
    def add(name: str, size: int, source: _Read) -> None:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.create_system = 3  # Unix, whatever this is
        info.external_attr = _RIGHTS << 16
        info.file_size = size
        with archive.open(info, "w") as target:
            while piece := source.read(_PIECE):
                target.write(piece)

    return add


def _into_tar(archive: tarfile.TarFile) -> Callable[[str, int, _Read], None]:
    def add(name: str, size: int, source: _Read) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, _EPOCH_SECONDS, _RIGHTS
        archive.addfile(info, source)
        if source.read(1):  # it has grown: its hash no longer is that of what was packed
            raise OSError(f"has grown while it was packed: {name}")

    return add
