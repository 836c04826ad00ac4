"""What a small Hub keeps: one dataset repo's refs, commits, blobs and LFS objects, in a folder.

Every file is whole or absent, so that a server that was killed and started again has what it had.
Nothing is taken on trust: an object must have the hash that it is stored under.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cxr_release.files import read_json

LFS_SUFFIXES = (".parquet", ".png", ".safetensors")
ATTRIBUTES = b"".join(
    f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n".encode() for suffix in LFS_SUFFIXES
)
REGULAR_AT_MOST = 10_000_000
"""Bytes of a file that git itself may hold, as on the Hub."""


class Refused(Exception):  # noqa: N818 - it is an answer
    """A request that the Hub answers with an error."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, whoever is killed; a power cut is no concern here."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)


def write_json(path: Path, value: Any) -> None:
    write(path, json.dumps(value).encode())


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Store:
    """One repo; `objects` is where LFS objects lie, by their SHA-256."""

    def __init__(self, folder: Path, objects: Path | None = None) -> None:
        self.folder = folder
        self.objects = objects or folder / "objects"
        self.lock = threading.RLock()
        for path in (self.objects, folder / "blobs", folder / "commits"):
            path.mkdir(parents=True, exist_ok=True)

    # The repo and its refs.

    @property
    def repo(self) -> dict[str, Any] | None:
        """{"id", "private", "branches", "tags"}; None before it is created."""
        path = self.folder / "repo.json"
        return read_json(path) if path.exists() else None

    def save(self, repo: Mapping[str, Any]) -> None:
        write_json(self.folder / "repo.json", repo)

    def create(self, name: str, *, private: bool) -> None:
        """A new repo has one commit with the attributes, as on the Hub."""
        with self.lock:
            if self.repo is not None:
                raise Refused(409, "You already created this repo")
            self.save({"id": name, "private": private, "branches": {}, "tags": {}})
            self._commit(None, {".gitattributes": self.keep(ATTRIBUTES)}, "initial commit")

    @property
    def head(self) -> str:
        assert self.repo is not None
        return str(self.repo["branches"]["main"])

    def tag(self, name: str, commit: str) -> None:
        with self.lock:
            repo = self.repo or {}
            if name in repo["tags"]:
                raise Refused(409, f"Tag {name} exists already")
            repo["tags"][name] = commit
            self.save(repo)

    def resolve(self, revision: str) -> str:
        """Branch, tag or commit → commit."""
        repo = self.repo
        if repo is None:
            raise Refused(404, "Repository not found", "RepoNotFound")
        found = repo["branches"].get(revision) or repo["tags"].get(revision) or revision
        if not (self.folder / "commits" / f"{found}.json").exists():
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return str(found)

    # Content.

    def keep(self, data: bytes) -> dict[str, Any]:
        """Store a regular file's bytes; its entry in a tree."""
        oid = git_blob(data)
        write(self.folder / "blobs" / oid, data)
        return {"size": len(data), "oid": oid, "lfs": None}

    def put(self, oid: str, data: bytes) -> None:
        """Store an LFS object."""
        if hashlib.sha256(data).hexdigest() != oid:
            raise Refused(400, f"these {len(data)} bytes are not {oid}")
        # Two files of one content may come at once.
        with self.lock:
            write(self.objects / oid, data)

    def has(self, oid: str) -> bool:
        return (self.objects / oid).exists()

    def lfs_entry(self, oid: str, size: int) -> dict[str, Any]:
        if not self.has(oid):
            raise Refused(422, f"LFS object {oid} was never uploaded")
        if (self.objects / oid).stat().st_size != size:
            raise Refused(422, f"LFS object {oid} has another size")
        pointer = (
            f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()
        )
        lfs = {"oid": oid, "size": size, "pointerSize": len(pointer)}
        return {"size": size, "oid": git_blob(pointer), "lfs": lfs}

    def content(self, entry: Mapping[str, Any]) -> bytes:
        lfs = entry["lfs"]
        path = self.objects / lfs["oid"] if lfs else self.folder / "blobs" / entry["oid"]
        return path.read_bytes()

    # Commits.

    def tree(self, commit: str) -> dict[str, Any]:
        """Path → {"size", "oid", "lfs"}."""
        return dict(read_json(self.folder / "commits" / f"{commit}.json")["files"])

    def files(self, revision: str = "main") -> dict[str, bytes]:
        """What a revision holds, less what the Hub adds by itself."""
        tree = self.tree(self.resolve(revision))
        return {
            name: self.content(entry) for name, entry in tree.items() if name != ".gitattributes"
        }

    def commits(self) -> list[str]:
        """Commits of main, the newest first."""
        found, commit = [], self.head if self.repo else None
        while commit:
            found.append(commit)
            commit = read_json(self.folder / "commits" / f"{commit}.json")["parent"]
        return found

    def _commit(self, parent: str | None, files: Mapping[str, Any], message: str) -> str:
        said = {"parent": parent, "files": files, "message": message}
        oid = hashlib.sha1(
            json.dumps(said, sort_keys=True).encode(), usedforsecurity=False
        ).hexdigest()
        write_json(self.folder / "commits" / f"{oid}.json", said)
        repo = self.repo or {}
        repo["branches"]["main"] = oid
        self.save(repo)
        return oid

    def add(self, files: Mapping[str, bytes | None], message: str = "by somebody else") -> str:
        """A commit that somebody else makes: path → content, None to delete it."""
        with self.lock:
            tree = self.tree(self.head)
            for name, data in files.items():
                tree.pop(name, None)
                if data is not None:
                    tree[name] = self.keep(data)
            return self._commit(self.head, tree, message)

    def commit(self, lines: Iterable[bytes]) -> str:
        """A commit as the client sends it: ndjson of header, file, lfsFile and deletedFile."""
        with self.lock:
            head, tree, message = self.head, self.tree(self.head), ""
            for line in lines:
                said = json.loads(line)
                key, value = said["key"], said["value"]
                if key == "header":
                    message = value["summary"]
                    if value.get("parentCommit", head) != head:
                        raise Refused(412, "A commit has happened since. Please refresh and try")
                elif key == "file":
                    tree[value["path"]] = self._regular(base64.b64decode(value["content"]))
                elif key == "lfsFile":
                    tree[value["path"]] = self.lfs_entry(value["oid"], value["size"])
                elif key == "deletedFile":
                    if tree.pop(value["path"], None) is None:
                        raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
                else:
                    raise Refused(400, f"unknown operation {key}")
            return self._commit(head, tree, message)

    def _regular(self, data: bytes) -> dict[str, Any]:
        if len(data) > REGULAR_AT_MOST:
            raise Refused(413, "this file belongs into LFS")
        return self.keep(data)
