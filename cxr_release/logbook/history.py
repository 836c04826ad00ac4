"""Versions of files in git's history, below some folders: those of HEAD, and those of merges.

A merge may drop what a branch had, silently (`--ours`). What a branch had is what it has otherwise
than the commit from which the branches part.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cxr_release.logbook.git import Git, UnaskedError

MERGES = 500
"""The latest merges that touch the folders, which are looked at."""


@dataclass(frozen=True)
class Version:
    """A file as a commit holds it."""

    name: str
    """Path below the folder that git was asked in."""
    blob: str
    """Hash by which git knows its bytes."""
    size: int
    """Bytes."""
    merge: str = ""
    """The merge into which it went, or a commit that no branch holds; empty: HEAD's."""


Names = Sequence[str]
"""Folders, relative, with `/`."""


def at_head(git: Git, folders: Names) -> dict[str, Version] | None:
    """HEAD's files by name; None where nothing is committed."""
    if git.answer("rev-parse", "--quiet", "--verify", "HEAD^{commit}") is None:
        git.ask("rev-parse", "--git-dir")
        _require_unborn(git)
        return None
    return _tree(git, "HEAD", folders)


def _require_unborn(git: Git) -> None:
    """Make sure that HEAD names no commit because there is none yet.

    Raises:
        UnaskedError: it names one that is not there, or the branch is damaged.
    """
    branch = git.ask("symbolic-ref", "--quiet", "HEAD").decode().strip()
    place = git.ask("rev-parse", "--path-format=absolute", "--git-path", branch)
    if os.path.lexists(os.fsdecode(place.removesuffix(b"\n"))) or git.answer(
        "rev-parse", "--quiet", "--verify", "HEAD"
    ):
        raise UnaskedError("HEAD names a commit that is not there: see `git fsck`")


def merged(git: Git, folders: Names) -> Iterator[Version]:
    """What branches had when they were merged, or are being merged, and the merge has otherwise."""
    merges = git.ask(
        *("rev-list", "--merges", "--full-history", f"--max-count={MERGES}"),
        *("HEAD", "--", *folders),
    ).split()
    # Asked again without the folders, for with them git gives other parents than the true ones.
    found = git.ask(
        "rev-list", "--no-walk", "--parents", "--stdin", said=b"\n".join(merges) + b"\n"
    )
    for line in found.decode("ascii").splitlines() if merges else []:
        merge, *parents = line.split()
        yield from _dropped(git, merge, parents, _tree(git, merge, folders), folders)
    pending = git.answer("rev-parse", "--quiet", "--verify", "MERGE_HEAD^{commit}")
    if pending is not None:
        parents = ["HEAD", pending.decode("ascii").strip()]
        yield from _dropped(git, "under way", parents, {}, folders)


def abandoned(git: Git, folders: Names) -> Iterator[Version]:
    """What commits have that no branch holds any more, as far as git's reflog still knows them.

    A rebase makes other commits of the same, and may drop a side; a reset takes commits away.
    """
    found = git.answer(
        *("rev-list", f"--max-count={MERGES}", "--reflog", "--not", "--all"),
        *("--", *folders),
    )
    for commit in (found or b"").decode("ascii").split():
        for one in _tree(git, commit, folders).values():
            yield Version(one.name, one.blob, one.size, commit)


def _dropped(
    git: Git, merge: str, parents: Sequence[str], result: Mapping[str, Version], folders: Names
) -> Iterator[Version]:
    sides = [_tree(git, parent, folders) for parent in parents]
    if all(side == result for side in sides):
        return
    base = git.answer("merge-base", *(["--octopus"] if len(parents) > 2 else []), *parents)
    common = _tree(git, base.decode("ascii").strip(), folders) if base else {}
    for side in sides:
        for name, one in side.items():
            if one.blob not in {there[name].blob for there in (result, common) if name in there}:
                yield Version(name, one.blob, one.size, merge)


def _tree(git: Git, commit: str, folders: Names) -> dict[str, Version]:
    found = {}
    for entry in git.ask("ls-tree", "-r", "-l", "-z", commit, "--", *folders).split(b"\0"):
        facts, _, name = entry.partition(b"\t")
        if not facts:
            continue
        mode, kind, blob, size = facts.decode("ascii").split()
        path = os.fsdecode(name)
        # No link, no submodule, and no path that a forged tree leads out of the folder.
        if kind == "blob" and mode != "120000" and not {"", ".", ".."} & {*path.split("/")}:
            if not size.isdecimal():
                raise UnaskedError("git lacks objects that it names")
            found[path] = Version(path, blob, int(size))
    return found
