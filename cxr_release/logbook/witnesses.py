"""Who knows what the logs held: git's history, and the orders in which people see the films.

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
    Git,
    UnaskedError,
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
class Heard:
    """What git says."""

    faults: tuple[Fault, ...] = ()
    """What is missing: file, what, remedy."""
    asked: bool = False
    """Whether git knows the folders at all."""
    unasked: str = ""
    """Why it could not be asked, where it might know something."""
    uncommitted: tuple[str, ...] = ()
    """Logs of which no version is committed: of these git knows nothing."""
    abandoned: tuple[str, ...] = ()
    """Sentences on lines that were committed, in commits that no branch holds any more."""


def of_git(root: Path, folders: Sequence[Path]) -> Heard:
    """Hold the files of some folders against git's history.

    Args:
        root: the project's folder, in a repository or in none.
        folders: below `root`.
    """
    if not in_repository(root):
        return Heard()
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
        return Heard(
            tuple(sorted(faults)),
            asked=True,
            uncommitted=uncommitted,
            abandoned=() if faults else tuple(sorted(witness.abandoned(names))),
        )
    except UnaskedError as error:
        return Heard(unasked=str(error))


def require_kept(root: Path, folders: Sequence[Path]) -> None:
    """Refuse to go on where something is missing that git holds.

    Raises:
        DecisionError: with a fault for each file.
    """
    heard = of_git(root, folders)
    if heard.faults:
        raise DecisionError(
            f"{len(heard.faults)} file(s) are not what people wrote, as git knows it",
            faults=heard.faults,
        )
    if heard.unasked:
        _notices.warning("git could not be asked whether lines are missing: %s", heard.unasked)


def unlogged(orders: Path, folders: Sequence[Path]) -> list[str]:
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
        for one in self._head.values():
            if _wanted(one.name):
                yield from self._missing(one)
        for one in merged(self._git, folders):
            here = self._head.get(one.name)
            log = one.name.endswith(SUFFIX)
            if _wanted(one.name) and (here is None or (log and here.blob != one.blob)):
                yield from self._missing(one)

    def abandoned(self, folders: Sequence[str]) -> Iterator[str]:
        """A sentence for each log that lacks lines of a commit which no branch holds any more."""
        most: dict[str, tuple[int, Version]] = {}
        looked: set[tuple[str, str]] = set()
        for one in abandoned(self._git, folders):
            if (one.name, one.blob) in looked or not one.name.endswith(SUFFIX):
                continue
            looked.add((one.name, one.blob))
            data = _read(self._root / one.name) or b""
            if _wanted(one.name) and not _holds(data, one):
                lost = len(_lost(self._bytes(one), data))
                if lost > most.get(one.name, (0,))[0]:
                    most[one.name] = lost, one
        for name, (lost, one) in most.items():
            yield (
                f"{_shown(name)} lacks {lost} line(s) of commit {one.merge[:12]}, which no branch"
                f" holds any more, as after a rebase or a reset; if they are to count: {_join(one)}"
            )

    def _missing(self, one: Version) -> Iterator[Fault]:
        data = _read(self._root / one.name)
        if data is not None and _holds(data, one):
            return
        held = self._bytes(one)
        if held.startswith(_FILTERED):
            return
        if one.name.endswith(SUFFIX):
            yield from self._missing_lines(one, held, data)
        elif data is None:
            yield Fault(_shown(one.name), f"{self._gone(one)}; {_who(one)} it", _restore(one))
        elif not one.merge and not one.name.endswith(CSV):
            # Files that are written once; of two branches that wrote one, either may stay.
            yield Fault(_shown(one.name), f"is another one than {_who(one)}", _restore(one))

    def _missing_lines(self, one: Version, held: bytes, data: bytes | None) -> Iterator[Fault]:
        here = data or b""
        if one.merge and one.name in self._head:
            here += self._bytes(self._head[one.name])
        lost, lines = _lost(held, here), held.count(b"\n")
        where = _shown(one.name)
        if lost and data is None:
            what = f"{self._gone(one)}; {_who(one)} {lines} line(s) of it"
            yield Fault(where, what, _restore(one))
        elif lost:
            what = f"lacks {len(lost)} of {lines} line(s) that {_who(one)}"
            cut = data is not None and held.startswith(data)
            yield Fault(
                where,
                f"{what.rstrip(',')}, from line {lost[0]} on",
                _restore(one) if cut else _join(one),
            )

    def _gone(self, one: Version) -> str:
        there = os.path.lexists(self._root / one.name)
        return "is not a regular file" if there else "is gone"

    def _bytes(self, one: Version) -> bytes:
        return self._git.ask("cat-file", "blob", one.blob)


def _lost(held: bytes, data: bytes) -> list[int]:
    """Numbers of the lines of a version of a log that are not there."""
    known = {*line_keys(data)}
    return [at for at, line in enumerate(held.split(b"\n")[:-1], 1) if _key(line) not in known]


def _wanted(name: str) -> bool:
    """Not of heads, which say again what logs say, nor of what a crash left."""
    last = name.rpartition("/")[2]
    return not (last.startswith(".") or last.endswith(HEAD_SUFFIX) or TORN in last)


def _holds(data: bytes, one: Version) -> bool:
    """Whether a file is a version of it, whatever its line ends; a log may go on behind it."""
    return any(
        _blob(some[: one.size], one.blob) == one.blob
        for some in (data, data.replace(b"\r\n", b"\n"))
        if one.name.endswith(SUFFIX) or len(some) == one.size
    )


def _who(one: Version) -> str:
    if not one.merge:
        return "git's HEAD holds"
    return f"a branch had that was merged in {one.merge[:12]}, as git knows,"


def _restore(one: Version) -> str:
    name = _shown(one.name)
    if one.merge:
        return f"`git cat-file blob {one.blob[:12]} > {name}` restores it"
    return f"`git checkout HEAD -- {name}` restores it; if it is to be so, commit that"


def _join(one: Version) -> str:
    """Both have lines of their own."""
    name = _shown(one.name)
    return f"`git cat-file blob {one.blob[:12]} | cxr-release log join - --into {name}`"


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
