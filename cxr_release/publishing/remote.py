"""The files of a release folder, as they are to be found on the Hub: name, size and hashes.

What a repo on the Hub holds, read as what a stranger says: every field is looked at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from cxr_release.errors import Fault, ReleaseError
from cxr_release.publishing.hub import travels_safely
from cxr_release.publishing.hub_client import Wire
from cxr_release.publishing.hub_errors import Trouble
from cxr_release.release.layout import walk

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
        ReleaseError: there is none, or something that is not a regular file of a plain name (all of
            them are named).
    """
    found, faults = {}, []
    for one in walk(folder):
        if one.name and not is_plain(one.name):
            faults.append(Fault(ascii(one.name), "is not a plain name", "delete it"))
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


MADE_BY_THE_HUB = frozenset({".gitattributes"})
PAGES = 1000
FILES = 100_000
"""The most pages and entries of a tree: the Hub asks for fewer than 100,000 files in a repo."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")


@dataclass(frozen=True)
class RemoteFile:
    """One file of a commit."""

    size: int
    """Bytes."""
    blob: str
    """SHA-1 by which git knows it, or knows the pointer to it."""
    sha256: str | None
    """Of a file that lies beside git (LFS, Xet)."""

    def is_same(self, local: Local) -> bool:
        """Whether it has the bytes of a local file."""
        same = self.blob == local.blob if self.sha256 is None else self.sha256 == local.sha256
        return same and self.size == local.size


@dataclass(frozen=True)
class Refs:
    """Branches and tags: name → commit."""

    branches: Mapping[str, str]
    tags: Mapping[str, str]


Tree = Mapping[str, RemoteFile]
"""Path → file of one commit."""


class Remote:
    """One repo."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.access = wire.access

    def role(self) -> str:
        """What the token may do, as far as the Hub says so: `read`, `write`, or something else.

        Asked once: the Hub is quick to say that it was asked too often, and whoever may not write
        is told so later too.

        Raises:
            ReleaseError: the token is not accepted.
        """
        url = f"{self.access.endpoint}/api/whoami-v2"
        answer = self.wire.attempt(lambda: self.wire.get_once(url))
        if isinstance(answer, Trouble):
            if answer.status == 401:
                raise answer.error
            return ""
        said: Any = answer[0]
        for name in ("auth", "accessToken", "role"):
            said = said.get(name) if isinstance(said, dict) else None
        return str(said or "")

    def xet_store(self) -> str | None:
        """Address of the server to which Xet sends, where the Hub names one; asked once."""
        from huggingface_hub import constants

        if constants.HF_HUB_DISABLE_XET:
            return None
        url = f"{self.access.api}/xet-write-token/main"
        answer = self.wire.attempt(lambda: self.wire.get_once(url))
        said: Any = None if isinstance(answer, Trouble) else answer[0]
        store = said.get("casUrl") if isinstance(said, dict) else None
        return store if isinstance(store, str) and travels_safely(store, self.access) else None

    def is_private(self) -> bool | None:
        """Whether only some may read it; None where there is no such repo, or none for us.

        Raises:
            ReleaseError: the Hub does not answer, or the repo is called otherwise by now.
        """
        # Without a login the Hub says 401 of what does not exist.
        absent = {404} if self.access.token else {401, 404}
        answer, _ = self.wire.get(self.access.api, absent)
        if answer is None:
            return None
        said = self._object(answer)
        name = self._field(said, "id", str)
        if name != self.access.repo:
            raise self._strange(f"is called {ascii(name)[:100]}", "give that name")
        return self._field(said, "private", bool)

    def refs(self) -> Refs:
        """Branches and tags."""
        said = self._object(self.wire.get(f"{self.access.api}/refs")[0])
        return Refs(self._commits(said, "branches"), self._commits(said, "tags"))

    def _commits(self, said: dict[str, Any], key: str) -> dict[str, str]:
        found = {}
        for one in self._field(said, key, list):
            entry = self._object(one)
            commit = self._field(entry, "targetCommit", str)
            if not _COMMIT.fullmatch(commit):
                raise self._strange(f"names a commit {ascii(commit)[:100]}")
            found[self._field(entry, "name", str)] = commit
        return found

    def tree(self, commit: str) -> dict[str, RemoteFile]:
        """All files of a commit.

        Raises:
            ReleaseError: the Hub does not answer, or names a file twice or not at all, or too many.
        """
        found: dict[str, RemoteFile] = {}
        for entry in self._entries(commit):
            name = self._field(entry, "path", str)
            if not name.isprintable() or len(name) > 1024 or name in found:
                raise self._strange(f"names a file {ascii(name)[:100]}, or names it twice")
            kind = self._field(entry, "type", str)
            if kind == "file":
                found[name] = self._file(name, entry)
            elif kind != "directory":
                raise self._strange(f"has a {ascii(kind)[:30]} at {name}")
        return found

    def _entries(self, commit: str) -> Iterator[dict[str, Any]]:
        base = f"{self.access.api}/tree/{quote(commit, safe='')}?recursive=true&expand=false"
        url, count = base, 0
        for _ in range(PAGES):
            page, behind = self.wire.get(url)
            if not isinstance(page, list):
                raise self._strange("gives a list of files that is not a list")
            count += len(page)
            if count > FILES:
                break
            yield from map(self._object, page)
            if behind is None:
                return
            # Of the address only the place in the list: where to ask is known.
            cursor = parse_qs(urlsplit(str(behind)).query).get("cursor")
            if not cursor:
                raise self._strange("names a next page without a place in the list")
            url = f"{base}&cursor={quote(cursor[0], safe='')}"
        raise self._strange(f"lists more than {FILES:,} files, or never ends", "use another repo")

    def _file(self, name: str, entry: dict[str, Any]) -> RemoteFile:
        size, blob = self._field(entry, "size", int), self._field(entry, "oid", str)
        lfs = entry.get("lfs")
        sha256 = None if lfs is None else self._field(self._object(lfs), "oid", str)
        sound = _COMMIT.fullmatch(blob) and (sha256 is None or _SHA256.fullmatch(sha256))
        if not sound or size < 0 or (lfs is not None and self._field(lfs, "size", int) != size):
            raise self._strange(f"gives no size or no hash of {name}")
        return RemoteFile(size, blob, sha256)

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._strange("gives an answer of another form")
        return value

    def _field(self, entry: dict[str, Any], key: str, kind: type[T]) -> T:
        value = entry.get(key)
        # A bool is an int to Python, and no size.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._strange(f"gives an answer whose {key} is missing or no {kind.__name__}")
        return value

    def _strange(self, what: str, remedy: str = "ask whoever runs that Hub") -> ReleaseError:
        return ReleaseError(what, where=self.access.page, remedy=remedy)


def differences(tree: Tree, local: Mapping[str, Local]) -> list[str]:
    """Names of files that are not the same in a commit and in a folder."""
    names = (tree.keys() - MADE_BY_THE_HUB) | local.keys()
    return sorted(
        name
        for name in names
        if name not in local or name not in tree or not tree[name].is_same(local[name])
    )
