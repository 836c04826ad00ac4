"""What else shows what the logs held: git's history, and the orders in which people see the films.

A log that lost its last lines, or that is gone with its head, says nothing of that. What was
committed must still be there: a log has grown since, and what is written once is the same. So must
what a branch had that was merged.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.logbook.entry import line_hash
from cxr_release.logbook.git_history import (
    UNDER_WAY,
    Git,
    GitError,
    Version,
    abandoned,
    at_head,
    in_repository,
    merged,
)
from cxr_release.logbook.log_files import HEAD_SUFFIX, MOST, SUFFIX, TORN

_notices = logging.getLogger(__name__)

CSV = ".csv"
_JOINED = re.compile(rb'"joined_from":"([0-9a-f]{64})"')
"""In a log: from which line a line was joined in. A note cannot look so: its quotes are escaped."""
_FILTERED = (b"version https://git-lfs", b"\0GITCRYPT\0")
"""With what git holds in place of a file whose bytes it keeps elsewhere or encrypted."""


@dataclass(frozen=True)
class GitCheck:
    """What git's history shows of the logs."""

    faults: tuple[Fault, ...] = ()
    """What is missing: file, what, remedy."""
    tracked: bool = False
    """Whether git knows the folders at all."""
    failure: str = ""
    """Why it could not be asked, where it might know something."""
    uncommitted: tuple[str, ...] = ()
    """Logs of which no version is committed: of these git knows nothing."""
    abandoned: tuple[str, ...] = ()
    """Sentences on lines that were committed, in commits that no branch holds any more."""


def of_git(root: Path, folders: Sequence[Path]) -> GitCheck:
    """Hold the files of some folders against git's history.

    Args:
        root: the project's folder, in a repository or in none.
        folders: below `root`.
    """
    if not in_repository(root):
        return GitCheck()
    names = [folder.relative_to(root).as_posix() for folder in folders]
    try:
        git = Git(root)
        head = at_head(git, names)
        logs = sorted(
            path.relative_to(root).as_posix()
            for folder in folders
            for path in folder.rglob(f"*{SUFFIX}")
        )
        witness = _Witness(root, git, head or {})
        faults = set(witness.faults(names)) if head is not None else ()
        uncommitted = tuple(name for name in logs if name not in (head or ()))
        return GitCheck(
            tuple(sorted(faults)),
            tracked=True,
            uncommitted=uncommitted,
            abandoned=() if faults else tuple(sorted(witness.abandoned(names))),
        )
    except GitError as error:
        return GitCheck(failure=str(error))


def require_kept(root: Path, folders: Sequence[Path]) -> None:
    """Refuse to go on where something is missing that git holds.

    Raises:
        DecisionError: with a fault for each file.
    """
    history = of_git(root, folders)
    if history.faults:
        raise DecisionError(
            f"{len(history.faults)} file(s) lack or contradict what git's history holds",
            faults=history.faults,
        )
    if history.failure:
        _notices.warning("git could not be asked whether lines are missing: %s", history.failure)


def people_without_log(orders: Path, folders: Sequence[Path]) -> list[str]:
    """People to whom an order was given, and who have no log in any of the folders.

    Args:
        orders: folder of the recorded orders.
        folders: of logs of any kind.
    """
    people = {path.stem for path in orders.glob("*.json") if not path.name.startswith(".")}
    logged = {
        path.stem
        for folder in folders
        for suffix in (SUFFIX, HEAD_SUFFIX)
        for path in folder.glob(f"*{suffix}")
    }
    return sorted(people - logged)


class _Witness:
    """Git's history, held against the files."""

    def __init__(self, root: Path, git: Git, head: Mapping[str, Version]) -> None:
        self._root = root
        self._git = git
        self._head = head

    def faults(self, folders: Sequence[str]) -> Iterator[Fault]:
        """All that is missing."""
        for version in self._head.values():
            if _wanted(version.name):
                yield from self._missing(version)
        for version in merged(self._git, folders):
            current = self._head.get(version.name)
            is_log = version.name.endswith(SUFFIX)
            differs = current is None or (is_log and current.blob != version.blob)
            if _wanted(version.name) and differs:
                yield from self._missing(version)

    def abandoned(self, folders: Sequence[str]) -> Iterator[str]:
        """A sentence for each log that lacks lines of a commit which no branch holds any more."""
        most: dict[str, tuple[int, Version]] = {}
        compared: set[tuple[str, str]] = set()
        for version in abandoned(self._git, folders):
            if (version.name, version.blob) in compared or not version.name.endswith(SUFFIX):
                continue
            compared.add((version.name, version.blob))
            data = _read(self._root / version.name) or b""
            if _wanted(version.name) and not _holds(data, version):
                lost = len(_lost(self._bytes(version), data))
                if lost > most.get(version.name, (0,))[0]:
                    most[version.name] = lost, version
        for name, (lost, version) in most.items():
            yield (
                f"{_shown(name)} lacks {lost} line(s) of commit {version.merge[:12]}, which no"
                " branch holds any more, as after a rebase or a reset; if they are to count:"
                f" {_join(version)}"
            )

    def _missing(self, version: Version) -> Iterator[Fault]:
        data = _read(self._root / version.name)
        if data is not None and _holds(data, version):
            return
        committed = self._bytes(version)
        if committed.startswith(_FILTERED):
            return
        where = _shown(version.name)
        if version.name.endswith(SUFFIX):
            yield from self._missing_lines(version, committed, data)
        elif data is None:
            yield Fault(where, f"{self._gone(version)}; {_who(version)} it", _restore(version))
        elif not version.merge and not version.name.endswith(CSV):
            # Files that are written once; of two branches that wrote one, either may stay.
            yield Fault(where, f"is not the version that {_who(version)}", _restore(version))

    def _missing_lines(self, version: Version, held: bytes, data: bytes | None) -> Iterator[Fault]:
        current = data or b""
        if version.merge and version.name in self._head:
            current += self._bytes(self._head[version.name])
        lost, lines = _lost(held, current), held.count(b"\n")
        where = _shown(version.name)
        if lost and data is None:
            problem = f"{self._gone(version)}; {_who(version)} {lines} line(s) of it"
            yield Fault(where, problem, _restore(version))
        elif lost:
            problem = f"lacks {len(lost)} of {lines} line(s) that {_who(version)}"
            cut = data is not None and held.startswith(data)
            yield Fault(
                where,
                f"{problem}, from line {lost[0]} on",
                _restore(version) if cut else _join(version),
            )

    def _gone(self, version: Version) -> str:
        exists = os.path.lexists(self._root / version.name)
        return "is not a regular file" if exists else "is gone"

    def _bytes(self, version: Version) -> bytes:
        return self._git.ask("cat-file", "blob", version.blob)


def _lost(committed: bytes, data: bytes) -> list[int]:
    """Numbers of the lines of a version of a log that are not there."""
    known = {*line_keys(data)}
    return [at for at, line in enumerate(committed.split(b"\n")[:-1], 1) if _key(line) not in known]


def _wanted(name: str) -> bool:
    """Neither a head, which repeats its log, nor what a crash left."""
    last = name.rpartition("/")[2]
    return not (last.startswith(".") or last.endswith(HEAD_SUFFIX) or TORN in last)


def _holds(data: bytes, version: Version) -> bool:
    """Whether a file is a version of it, whatever its line ends; a log may go on behind it."""
    return any(
        _blob(content[: version.size], version.blob) == version.blob
        for content in (data, data.replace(b"\r\n", b"\n"))
        if version.name.endswith(SUFFIX) or len(content) == version.size
    )


def _who(version: Version) -> str:
    if not version.merge:
        return "git's HEAD holds"
    if version.merge == UNDER_WAY:
        return "the branch that is being merged holds"
    return f"a branch that was merged in {version.merge[:12]} holds"


def _restore(version: Version) -> str:
    name = _shown(version.name)
    if version.merge:
        return f"`git cat-file blob {version.blob[:12]} > {name}` restores it"
    return f"`git checkout HEAD -- {name}` restores it; if it is to be so, commit that"


def _join(version: Version) -> str:
    """Both have lines of their own."""
    name = _shown(version.name)
    return f"`git cat-file blob {version.blob[:12]} | cxr-release log join - --into {name}`"


def _read(path: Path) -> bytes | None:
    """A plain file's bytes; None where there is none, or something else by that name."""
    try:
        return read_bounded(path, MOST)
    except OSError:
        return None


def _blob(data: bytes, like: str) -> str:
    """Hash by which git knows some bytes, in a repository with hashes like this one."""
    kind = "sha1" if len(like) == 40 else "sha256"
    head = b"blob %d\0" % len(data)
    return hashlib.new(kind, head + data, usedforsecurity=False).hexdigest()


def line_keys(data: bytes) -> Iterator[str]:
    """The lines of a log: by their hashes, and by those of the lines that were joined in."""
    for line in data.split(b"\n")[:-1]:
        yield line_hash(line.removesuffix(b"\r"))
        yield _key(line)


def _key(line: bytes) -> str:
    """A line, wherever it was joined in: the hash that it had where it was first written."""
    joined = _JOINED.search(line)
    return joined[1].decode("ascii") if joined else line_hash(line.removesuffix(b"\r"))


def _shown(name: str) -> str:
    return name if name.isprintable() else ascii(name)
