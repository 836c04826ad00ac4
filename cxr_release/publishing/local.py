"""The files of a release folder, as they are to be found on the Hub: name, size and hashes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.walk import walk

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""Names that are the same everywhere: no hidden files, no spaces, nothing that leads upwards."""
LONGEST_NAME = 200
_AT_ONCE = 2**20


@dataclass(frozen=True)
class Local:
    """One file."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    blob: str
    """SHA-1 by which git knows these bytes."""


def is_plain(name: str) -> bool:
    """Whether a relative name with `/` is safe on every system."""
    return len(name) <= LONGEST_NAME and bool(PLAIN.fullmatch(name)) and ".." not in name


def read_local(folder: Path) -> dict[str, Local]:
    """All files below a folder: relative name → file, sorted.

    A download by the Hub's client counts like the folder that was sent: see `walk`.

    Raises:
        ReleaseError: there is none, or something that is no regular file of a plain name (all of
            them are named).
    """
    found, faults = {}, []
    for one in walk(folder):
        if one.name and not is_plain(one.name):
            faults.append(Fault(ascii(one.name), "is no plain name", "delete it"))
        elif one.fault:
            faults.append(Fault(one.name, one.fault, one.remedy))
        else:
            found[one.name] = one.path
    if faults or not found:
        raise ReleaseError(
            "holds what cannot be sent" if faults else "holds no release",
            where=str(folder),
            remedy="run `dvc repro`",
            faults=sorted(faults),
        )
    return {name: _read(path) for name, path in sorted(found.items())}


def _read(path: Path) -> Local:
    size, sha256 = path.stat().st_size, hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as stream:
        while some := stream.read(_AT_ONCE):
            sha256.update(some)
            blob.update(some)
    return Local(path, size, sha256.hexdigest(), blob.hexdigest())
