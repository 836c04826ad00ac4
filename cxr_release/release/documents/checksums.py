"""SHA256SUMS: every other file of the release, as `sha256sum -c` reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from cxr_release.files import sha256, write_text

CHECKSUMS = "SHA256SUMS"


def hashes_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files below `folder`, in hex, by name."""
    return {name: sha256(folder / name) for name in names}


def write_checksums(folder: Path, known: Mapping[str, str]) -> None:
    """Write the hashes of all files in `folder`, sorted by name.

    Args:
        folder: the release folder.
        known: hashes that have been taken already, by name.
    """
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != CHECKSUMS
    )
    lines = [f"{known.get(name) or sha256(folder / name)}  {name}\n" for name in names]
    write_text(folder / CHECKSUMS, "".join(lines))
