"""The files of a folder that somebody else made: what is a plain file of a release, and what not.

Nothing is opened here, and no link is followed. The other checks open only what stands in
`Folder.sizes`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release.publishing.verification.findings import Findings

MOST_FILES = 10_000
DEEPEST = 8
BESIDE = frozenset({".git", ".gitattributes", ".cache/huggingface"})
"""What a clone or a download from the Hub leaves beside a release; neither listed nor looked at."""

NOTICES = (
    *("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"),
    *("croissant.json", "release.json", "SHA256SUMS"),
)
"""Files that every release has."""
SHARD = re.compile(r"data/checkpoint-([1-9][0-9]{0,8})/train-([0-9]{5})-of-([0-9]{5})\.parquet")
_OTHERS = re.compile(
    r"figures/[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(png|svg)"
    r"|(audit_pairs|exclusions|reader_study)/train-00000-of-00001\.parquet"
)


@dataclass(frozen=True)
class Folder:
    """A folder's plain files."""

    root: Path
    sizes: Mapping[str, int]
    """Name below the folder, parts joined by `/` → bytes."""

    def path(self, name: str) -> Path:
        """Where a file lies that is among `sizes`."""
        return self.root / name

    @property
    def shards(self) -> list[str]:
        """Files of films, by checkpoint and number."""
        found = [name for name in self.sizes if SHARD.fullmatch(name)]
        return sorted(found, key=lambda name: (checkpoint_of(name), name))


def checkpoint_of(shard: str) -> int:
    """The checkpoint in whose folder a shard lies; 0 for any other file."""
    found = SHARD.fullmatch(shard)
    return int(found[1]) if found else 0


def look(root: Path, found: Findings) -> Folder:
    """List the files of a release folder, and name what has no place in one."""
    sizes: dict[str, int] = {}
    for name, state in _walk(root, "", 0, found):
        if len(sizes) >= MOST_FILES:
            found.add("", f"holds more than {MOST_FILES:,} files; the rest is not looked at")
            break
        if stat.S_ISREG(state.st_mode):
            sizes[name] = state.st_size
            if not (name in NOTICES or SHARD.fullmatch(name) or _OTHERS.fullmatch(name)):
                found.add(name, "is no file of a release", "delete it; it was not opened")
        else:
            found.add(name, f"is {_kind(state.st_mode)}, and was not opened", "delete it")
    for name in NOTICES:
        if name not in sizes:
            found.add(name, "no such file")
    found.applied("files that have their place in a release", len(sizes))
    return Folder(root, sizes)


def _walk(
    root: Path, below: str, depth: int, found: Findings
) -> Iterator[tuple[str, os.stat_result]]:
    """Everything that is no folder, sorted by name."""
    try:
        with os.scandir(root / below) as entries:
            listed = sorted(entries, key=lambda one: one.name)
    except OSError as error:
        found.add(below, f"cannot be listed: {error.strerror}")
        return
    for entry in listed:
        name = f"{below}/{entry.name}" if below else entry.name
        if name in BESIDE:
            continue
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError as error:
            found.add(name, f"cannot be looked at: {error.strerror}")
            continue
        if not stat.S_ISDIR(state.st_mode):
            yield name, state
        elif depth < DEEPEST:
            yield from _walk(root, name, depth + 1, found)
        else:
            found.add(name, "lies too deep; what is in it was not looked at", "delete it")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
