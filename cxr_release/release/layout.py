"""The files of a release folder: what they are called, which there are, and SHA256SUMS of them.

`walk` lists folders that somebody else made and opens nothing. No link is followed, but for those
that the Hub's own client makes of each file in its cache,

    CACHE/datasets--ORG--NAME/snapshots/COMMIT/data/x.parquet -> ../../../blobs/HASH

and only where every step of it is as the client makes it: the folder is such a snapshot, the link
leads to a file of that very cache whose name is a hash, and that file is a plain one (or, where the
client shares files between repos, the link that it makes to CACHE/blobs/HA/HASH).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cxr_release.errors import Fault
from cxr_release.files import sha256, write_text
from cxr_release.film_id import SOURCE_PATTERN, is_source
from cxr_release.tables import Table

CHECKSUMS = "SHA256SUMS"
SIGNATURE = "SHA256SUMS.sig"
"""Signature over `CHECKSUMS`, where the release is signed. It is made later, and not listed there.
"""
UNLISTED = frozenset({CHECKSUMS, SIGNATURE})
"""Files of a release that `CHECKSUMS` has no line of."""


def hashes_of(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of files below `folder`, in hex, by name."""
    return {name: sha256(folder / name) for name in names}


def write_checksums(folder: Path, known: Mapping[str, str]) -> None:
    """Write the hashes of all files in `folder`, sorted by name.

    Args:
        folder: the release folder.
        known: hashes that have been taken already, by name.
    """
    names = sorted(entry.name for entry in walk(folder) if entry.name not in UNLISTED)
    lines = [f"{known.get(name) or sha256(folder / name)}  {name}\n" for name in names]
    write_text(folder / CHECKSUMS, "".join(lines))


DATASHEET = "documentation/DATASHEET.md"
"""The datasheet, beside the card. Releases of before there was one lack it."""

NOTICES = (
    *("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"),
    *("croissant.json", "release.json", CHECKSUMS),
)
"""Files that every release has."""
MOST_FILES = 100_000
"""Of a release: the Hub asks for fewer in a repository."""
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?<!\.)")
LONGEST_NAME = 200
_OTHERS = re.compile(
    r"figures/[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(png|svg)"
    r"|(audit_pairs|exclusions|reader_study)/train-00000-of-00001\.parquet"
)
SHARD = re.compile(rf"data/({SOURCE_PATTERN})/train-([0-9]{{5}})-of-([0-9]{{5}})\.parquet")


def is_portable(name: str) -> bool:
    """Whether a relative name with `/` is the same on every system and leads nowhere upwards."""
    parts = name.split("/")
    return len(name) <= LONGEST_NAME and ".." not in name and all(map(_PART.fullmatch, parts))


def is_release_file(name: str) -> bool:
    """Whether a release may hold a file of that name."""
    plain = name in {*NOTICES, DATASHEET, SIGNATURE}
    return plain or is_shard(name) or bool(_OTHERS.fullmatch(name))


def portable_files(folder: Path) -> tuple[dict[str, Path], list[Fault]]:
    """Plain files of portable names: name → path, sorted; and everything else, as faults."""
    paths: dict[str, Path] = {}
    faults = []
    for entry in walk(folder):
        if entry.name and not is_portable(entry.name):
            faults.append(Fault(ascii(entry.name), "is not a plain name", "delete it"))
        elif entry.fault:
            faults.append(Fault(entry.name, entry.fault, entry.remedy))
        else:
            paths[entry.name] = entry.path
    return dict(sorted(paths.items())), sorted(faults)


def shards_of(folder: Path) -> list[Path]:
    """The files of films of a release of our own, sorted by name."""
    return sorted(entry.path for entry in walk(folder / "data") if is_shard(f"data/{entry.name}"))


def is_shard(name: str) -> bool:
    """Whether a file of a release holds films."""
    match = SHARD.fullmatch(name)
    return match is not None and is_source(match[1])


def shard_source(shard: str) -> str:
    """The source in whose folder a shard lies; empty for any other file."""
    match = SHARD.fullmatch(shard)
    return match[1] if match and is_source(match[1]) else ""


def side_file(table: Table) -> str:
    """The one file of a table beside the films, below the release folder."""
    return f"{table.name}/train-00000-of-00001.parquet"


DEEPEST = 8
"""Folders below each other that are looked into."""
BESIDE = frozenset({".git", ".gitattributes", ".cache/huggingface"})
"""What a clone or a download from the Hub leaves beside a release; passed over, and never sent."""

_REPO = re.compile(r"(datasets|models|spaces)--[^/]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""SHA-1 of what git holds itself, SHA-256 of what lies beside it."""


@dataclass(frozen=True)
class FolderEntry:
    """Something that is not a folder."""

    name: str
    """Below the folder, parts joined by `/`."""
    path: Path
    """Where its bytes are: no link."""
    size: int
    """Bytes of a plain file."""
    fault: str = ""
    """What it is instead of a plain file, or why it was not looked at; empty for a plain file."""
    remedy: str = "delete it"


def walk(root: Path) -> Iterator[FolderEntry]:
    """Everything in a folder that is not a folder, sorted by name within each folder."""
    yield from _walk(root, "", 0, _Snapshot.of(root))


def _walk(root: Path, below: str, depth: int, snapshot: _Snapshot | None) -> Iterator[FolderEntry]:
    try:
        with os.scandir(root / below) as entries:
            children = sorted(entries, key=lambda child: child.name)
    except OSError as error:
        yield FolderEntry(below, root / below, 0, f"cannot be listed: {error.strerror}", "")
        return
    for entry in children:
        name = f"{below}/{entry.name}" if below else entry.name
        if name in BESIDE:
            continue
        path = root / name
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield FolderEntry(name, path, 0, f"cannot be looked at: {error.strerror}", "")
            continue
        if stat.S_ISREG(state.st_mode):
            yield FolderEntry(name, path, state.st_size)
        elif stat.S_ISLNK(state.st_mode) and snapshot is not None:
            yield snapshot.linked(name)
        elif not stat.S_ISDIR(state.st_mode):
            yield FolderEntry(name, path, 0, f"is {_kind(state.st_mode)}, and was not opened")
        elif depth < DEEPEST:
            yield from _walk(root, name, depth + 1, snapshot)
        else:
            yield FolderEntry(name, path, 0, "lies too deep; what is in it was not looked at")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


@dataclass(frozen=True)
class _Snapshot:
    """One commit of one repo in the cache of the Hub's client."""

    root: Path
    """The commit's folder, without links."""

    @classmethod
    def of(cls, folder: Path) -> _Snapshot | None:
        """The snapshot that a folder is; None where it is another folder."""
        try:
            root = folder.resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        inside = root.parent.name == "snapshots" and _COMMIT.fullmatch(root.name)
        return cls(root) if inside and _REPO.fullmatch(root.parent.parent.name) else None

    @cached_property
    def blobs(self) -> Path:
        """Where the repo's files lie."""
        return self.root.parent.parent / "blobs"

    @cached_property
    def shared(self) -> Path:
        """Where files lie that several repos of the cache share."""
        return self.root.parent.parent.parent / "blobs"

    def linked(self, name: str) -> FolderEntry:
        """What the link of that name below the commit's folder leads to."""
        path = self.root / name
        blob = _target(path)
        if not _is_in(blob, self.blobs) or not _HASH.fullmatch(blob.name):
            return FolderEntry(name, path, 0, "is a link, and was not opened")
        store = _target(blob) if blob.is_symlink() else blob
        if store != blob and not self._shares(store):
            return FolderEntry(name, path, 0, "is a link to a link, and was not opened")
        try:
            state = store.lstat()
        except OSError:
            what = "is a link to a file that is not in the cache"
            return FolderEntry(name, path, 0, what, "fetch it again")
        if not stat.S_ISREG(state.st_mode):
            return FolderEntry(
                name, path, 0, "is a link to what is not a plain file, and was not opened"
            )
        return FolderEntry(name, store, state.st_size)

    def _shares(self, store: Path) -> bool:
        """Whether that is the name of a file which repos of this cache share."""
        return bool(_HASH.fullmatch(store.name)) and _is_in(store, self.shared / store.name[:2])


def _target(link: Path) -> Path:
    """Where a link leads, by its text alone."""
    try:
        return Path(os.path.normpath(link.parent / link.readlink()))
    except OSError:
        return Path()


def _is_in(path: Path, folder: Path) -> bool:
    """Whether a path is right below a folder to which no link leads."""
    try:
        return path.parent == folder and folder.resolve(strict=True) == folder
    except (OSError, RuntimeError, ValueError):
        return False
