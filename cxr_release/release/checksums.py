"""SHA256SUMS: every other file of the release, as `sha256sum -c` reads it."""

from __future__ import annotations

from pathlib import Path

from cxr_release.files import sha256, write_text

CHECKSUMS = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the hashes of all files in `folder`, sorted by name."""
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != CHECKSUMS
    )
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    write_text(folder / CHECKSUMS, "".join(lines))
