"""Files of a release folder and of a commit on the Hub, compared by name, size and hash.

The Hub's answers are not trusted: every field is checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from cxr_release.errors import ReleaseError
from cxr_release.publishing.hub import travels_safely
from cxr_release.publishing.hub_client import Wire
from cxr_release.publishing.hub_errors import HubFailure
from cxr_release.release.layout import MOST_FILES, portable_files

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


def read_local(folder: Path) -> dict[str, Local]:
    """All files below a folder: relative name → file, sorted.

    A download by the Hub's client counts like the folder that was sent: see `walk`.

    Raises:
        ReleaseError: there are none, or some are not regular files with plain names; all of these
            are named.
    """
    paths, faults = portable_files(folder)
    if faults or not paths:
        raise ReleaseError(
            "holds what cannot be sent" if faults else "holds no release",
            where=str(folder),
            remedy="run `dvc repro`",
            faults=faults,
        )
    return {name: _read(path) for name, path in paths.items()}


def _read(path: Path) -> Local:
    size, sha256 = path.stat().st_size, hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_AT_ONCE):
            sha256.update(chunk)
            blob.update(chunk)
    return Local(path, size, sha256.hexdigest(), blob.hexdigest())


MADE_BY_THE_HUB = frozenset({".gitattributes"})
PAGES = 1000
"""The most pages of a tree."""
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
    """Of a large file, which is stored outside git (LFS, Xet)."""

    def is_same(self, local: Local) -> bool:
        """Whether it has the bytes of a local file."""
        same_hash = self.blob == local.blob if self.sha256 is None else self.sha256 == local.sha256
        return same_hash and self.size == local.size


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

        Asked once: the Hub limits these requests, and a token that may not write is refused later
        anyway.

        Raises:
            ReleaseError: the token is not accepted.
        """
        url = f"{self.access.endpoint}/api/whoami-v2"
        answer = self.wire.attempt(lambda: self.wire.get_once(url))
        if isinstance(answer, HubFailure):
            if answer.status == 401:
                raise answer.error
            return ""
        value: Any = answer[0]
        for name in ("auth", "accessToken", "role"):
            value = value.get(name) if isinstance(value, dict) else None
        return str(value or "")

    def xet_store(self) -> str | None:
        """Address of the server to which Xet sends, where the Hub names one; asked once."""
        from huggingface_hub import constants

        if constants.HF_HUB_DISABLE_XET:
            return None
        url = f"{self.access.api}/xet-write-token/main"
        answer = self.wire.attempt(lambda: self.wire.get_once(url))
        response: Any = None if isinstance(answer, HubFailure) else answer[0]
        store = response.get("casUrl") if isinstance(response, dict) else None
        return store if isinstance(store, str) and travels_safely(store, self.access) else None

    def is_private(self) -> bool | None:
        """Whether the repo is private; None where it does not exist or the token may not see it.

        Raises:
            ReleaseError: the Hub does not answer, or the repo is called otherwise by now.
        """
        # Without a login the Hub says 401 of what does not exist.
        absent = {404} if self.access.token else {401, 404}
        answer, _ = self.wire.get(self.access.api, absent)
        if answer is None:
            return None
        response = self._object(answer)
        name = self._field(response, "id", str)
        if name != self.access.repo:
            raise self._unexpected(f"is called {ascii(name)[:100]}", "use that name")
        return self._field(response, "private", bool)

    def refs(self) -> Refs:
        """Branches and tags."""
        response = self._object(self.wire.get(f"{self.access.api}/refs")[0])
        return Refs(self._commits(response, "branches"), self._commits(response, "tags"))

    def _commits(self, response: dict[str, Any], key: str) -> dict[str, str]:
        commits = {}
        for item in self._field(response, key, list):
            entry = self._object(item)
            commit = self._field(entry, "targetCommit", str)
            if not _COMMIT.fullmatch(commit):
                raise self._unexpected(f"names a commit {ascii(commit)[:100]}")
            commits[self._field(entry, "name", str)] = commit
        return commits

    def tree(self, commit: str) -> dict[str, RemoteFile]:
        """All files of a commit.

        Raises:
            ReleaseError: the Hub does not answer, or lists a file twice, invalid names or too many.
        """
        files: dict[str, RemoteFile] = {}
        for entry in self._entries(commit):
            name = self._field(entry, "path", str)
            if not name.isprintable() or len(name) > 1024 or name in files:
                raise self._unexpected(f"names a file {ascii(name)[:100]}, or names it twice")
            kind = self._field(entry, "type", str)
            if kind == "file":
                files[name] = self._file(name, entry)
            elif kind != "directory":
                raise self._unexpected(f"has a {ascii(kind)[:30]} at {name}")
        return files

    def _entries(self, commit: str) -> Iterator[dict[str, Any]]:
        base = f"{self.access.api}/tree/{quote(commit, safe='')}?recursive=true&expand=false"
        url, count = base, 0
        for _ in range(PAGES):
            page, behind = self.wire.get(url)
            if not isinstance(page, list):
                raise self._unexpected("gives a list of files that is not a list")
            count += len(page)
            if count > MOST_FILES:
                break
            yield from map(self._object, page)
            if behind is None:
                return
            # Of the address only the place in the list: where to ask is known.
            cursor = parse_qs(urlsplit(str(behind)).query).get("cursor")
            if not cursor:
                raise self._unexpected("names a next page without a place in the list")
            url = f"{base}&cursor={quote(cursor[0], safe='')}"
        raise self._unexpected(
            f"lists more than {MOST_FILES:,} files, or never ends", "use another repo"
        )

    def _file(self, name: str, entry: dict[str, Any]) -> RemoteFile:
        size, blob = self._field(entry, "size", int), self._field(entry, "oid", str)
        lfs = entry.get("lfs")
        sha256 = None if lfs is None else self._field(self._object(lfs), "oid", str)
        sound = _COMMIT.fullmatch(blob) and (sha256 is None or _SHA256.fullmatch(sha256))
        if not sound or size < 0 or (lfs is not None and self._field(lfs, "size", int) != size):
            raise self._unexpected(f"gives no size or no hash of {name}")
        return RemoteFile(size, blob, sha256)

    def _object(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._unexpected("gives an answer of another form")
        return value

    def _field(self, entry: dict[str, Any], key: str, kind: type[T]) -> T:
        value = entry.get(key)
        # A bool is an int to Python, but not a size.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self._unexpected(
                f"gives an answer whose {key} is missing or not of type {kind.__name__}"
            )
        return value

    def _unexpected(
        self, message: str, remedy: str = "ask the operators of that Hub"
    ) -> ReleaseError:
        return ReleaseError(message, where=self.access.page, remedy=remedy)


def differences(tree: Tree, local: Mapping[str, Local]) -> list[str]:
    """Names of files that are not the same in a commit and in a folder."""
    names = (tree.keys() - MADE_BY_THE_HUB) | local.keys()
    return sorted(
        name
        for name in names
        if name not in local or name not in tree or not tree[name].is_same(local[name])
    )
