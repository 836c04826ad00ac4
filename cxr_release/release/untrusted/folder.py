"""The files of a folder that somebody else made: what is a plain file of a release, and what not.

Nothing is opened here, and no link is followed but those of the Hub client's cache: see `walk`. The
other checks open only what stands in `Folder.sizes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release.film_id import source_order
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.layout import (
    MOST_FILES,
    NOTICES,
    is_release_file,
    is_shard,
    shard_source,
    walk,
)


@dataclass(frozen=True)
class Folder:
    """A folder's plain files."""

    root: Path
    sizes: Mapping[str, int]
    """Name below the folder, parts joined by `/` → bytes."""
    paths: Mapping[str, Path]
    """Such a name → where the file lies; in the cache of the Hub's client that is elsewhere."""

    def path(self, name: str) -> Path:
        """Where a file lies that is among `sizes`."""
        return self.paths[name]

    @property
    def shards(self) -> list[str]:
        """Files of films, by source and number."""
        names = [name for name in self.sizes if is_shard(name)]
        return sorted(names, key=lambda name: (source_order(shard_source(name)), name))


def look(
    root: Path,
    report: CheckReport,
    *,
    allowed: Callable[[str], bool] = is_release_file,
    needed: Iterable[str] = NOTICES,
) -> Folder:
    """List the files of a release folder, and name what has no place in one.

    Args:
        root: the folder.
        report: takes what is wrong.
        allowed: whether a file may have this name.
        needed: names of files that must be there.
    """
    paths: dict[str, Path] = {}
    sizes: dict[str, int] = {}
    for entry in walk(root):
        if len(sizes) >= MOST_FILES:
            report.add("", f"holds more than {MOST_FILES:,} files; the rest is not looked at")
            break
        if entry.fault:
            report.add(entry.name, entry.fault, entry.remedy)
            continue
        paths[entry.name], sizes[entry.name] = entry.path, entry.size
        if not allowed(entry.name):
            report.add(entry.name, "is not a file of a release", "delete it; it was not opened")
    for name in needed:
        if name not in sizes:
            report.add(name, "no such file")
    report.applied("files that have their place in a release", len(sizes))
    return Folder(root, sizes, paths)
