"""Versions of files in git's history, asked for safely also in a hostile repository.

Only plumbing that reads objects is called: no hook, pager, filter, file-system monitor, signature
check or network is reached, whatever the repository's configuration says. Answers are limited in
size, and all questions together in time.

A merge may drop what a branch had, silently (`--ours`). What a branch had is what it has otherwise
than the commit from which the branches part.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxr_release.errors import one_line

SECONDS = 10.0
"""That all questions may take together."""
LARGEST = 64 * 2**20
"""Bytes of an answer."""
_SHOWN = 200
"""Characters of git's own words that are repeated."""

_SAFE = (
    *("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"),
    *("-c", "protocol.allow=never", "-c", "log.showSignature=false", "-c", "gc.auto=0"),
)
_ENVIRONMENT = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class GitError(Exception):
    """Git could not be asked; the text says why."""


class Git:
    """The repository in which a folder lies.

    Args:
        root: a folder.

    Raises:
        GitError: git is not installed.
    """

    def __init__(self, root: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise GitError("git is not installed")
        self._command = [program, *_SAFE, "-C", str(root.resolve())]
        # A hook that runs this program points these at its own repository and index.
        environment = os.environ.items()
        kept = {name: value for name, value in environment if not name.startswith("GIT_")}
        self._environment = kept | _ENVIRONMENT
        self._end = time.monotonic() + SECONDS
        self._complaint = ""

    def ask(self, *words: str, stdin: bytes = b"") -> bytes:
        """What git answers.

        Args:
            words: of the command.
            stdin: what git reads on its standard input.

        Raises:
            GitError: it fails, or answers too much or too late.
        """
        answer = self.answer(*words, stdin=stdin)
        if answer is None:
            why = f" ({self._complaint})" if self._complaint else ""
            raise GitError(f"`git {words[0]}` failed{why}")
        return answer

    def answer(self, *words: str, stdin: bytes = b"") -> bytes | None:
        """What git answers; None where it says no."""
        left = self._end - time.monotonic()
        with tempfile.TemporaryFile() as input_file, tempfile.TemporaryFile() as complained:
            input_file.write(stdin)
            input_file.seek(0)
            process = subprocess.Popen(
                [*self._command, *words],
                stdin=input_file,
                stdout=subprocess.PIPE,
                stderr=complained,
                env=self._environment,
            )
            timer = threading.Timer(max(left, 0), process.kill)
            timer.start()
            try:
                with process:
                    answer = process.stdout.read(LARGEST + 1) if process.stdout else b""
                    if len(answer) > LARGEST:
                        process.kill()
            finally:
                timer.cancel()
            complained.seek(0)
            words_of = complained.readline(_SHOWN).decode("utf-8", "replace")
            self._complaint = one_line(words_of).removeprefix("fatal: ").removeprefix("error: ")
        if len(answer) > LARGEST:
            raise GitError("git's answer is too large")
        if time.monotonic() > self._end:
            raise GitError("git takes too long to answer")
        return answer if process.returncode == 0 else None


def in_repository(root: Path) -> bool:
    """Whether a folder looks as if it lay in a repository; git alone knows whether it does."""
    place = root.resolve()
    return any(os.path.lexists(folder / ".git") for folder in (place, *place.parents))


MERGES = 500
"""The latest merges that touch the folders, which are looked at."""
UNDER_WAY = "under way"
"""`Version.merge` of a merge that is not committed yet."""


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
        GitError: it names one that is not there, or the branch is damaged.
    """
    branch = git.ask("symbolic-ref", "--quiet", "HEAD").decode().strip()
    place = git.ask("rev-parse", "--path-format=absolute", "--git-path", branch)
    if os.path.lexists(os.fsdecode(place.removesuffix(b"\n"))) or git.answer(
        "rev-parse", "--quiet", "--verify", "HEAD"
    ):
        raise GitError("HEAD names a commit that is not there: see `git fsck`")


def merged(git: Git, folders: Names) -> Iterator[Version]:
    """What branches had when they were merged, or are being merged, and the merge has otherwise."""
    merges = git.ask(
        *("rev-list", "--merges", "--full-history", f"--max-count={MERGES}"),
        *("HEAD", "--", *folders),
    ).split()
    # Asked again without the folders, for with them git gives other parents than the true ones.
    listing = git.ask(
        "rev-list", "--no-walk", "--parents", "--stdin", stdin=b"\n".join(merges) + b"\n"
    )
    for line in listing.decode("ascii").splitlines() if merges else []:
        merge, *parents = line.split()
        yield from _dropped(git, merge, parents, _tree(git, merge, folders), folders)
    pending = git.answer("rev-parse", "--quiet", "--verify", "MERGE_HEAD^{commit}")
    if pending is not None:
        parents = ["HEAD", pending.decode("ascii").strip()]
        yield from _dropped(git, UNDER_WAY, parents, {}, folders)


def abandoned(git: Git, folders: Names) -> Iterator[Version]:
    """What commits have that no branch holds any more, as far as git's reflog still knows them.

    A rebase makes other commits of the same, and may drop a side; a reset takes commits away.
    """
    commits = git.answer(
        *("rev-list", f"--max-count={MERGES}", "--reflog", "--not", "--all"),
        *("--", *folders),
    )
    for commit in (commits or b"").decode("ascii").split():
        for version in _tree(git, commit, folders).values():
            yield Version(version.name, version.blob, version.size, commit)


def _dropped(
    git: Git, merge: str, parents: Sequence[str], result: Mapping[str, Version], folders: Names
) -> Iterator[Version]:
    sides = [_tree(git, parent, folders) for parent in parents]
    if all(side == result for side in sides):
        return
    base = git.answer("merge-base", *(["--octopus"] if len(parents) > 2 else []), *parents)
    common = _tree(git, base.decode("ascii").strip(), folders) if base else {}
    for side in sides:
        for name, version in side.items():
            if version.blob not in {tree[name].blob for tree in (result, common) if name in tree}:
                yield Version(name, version.blob, version.size, merge)


def _tree(git: Git, commit: str, folders: Names) -> dict[str, Version]:
    versions = {}
    for entry in git.ask("ls-tree", "-r", "-l", "-z", commit, "--", *folders).split(b"\0"):
        facts, _, name = entry.partition(b"\t")
        if not facts:
            continue
        mode, kind, blob, size = facts.decode("ascii").split()
        path = os.fsdecode(name)
        # No link, no submodule, and no path that a forged tree leads out of the folder.
        if kind == "blob" and mode != "120000" and not {"", ".", ".."} & {*path.split("/")}:
            if not size.isdecimal():
                raise GitError("git lacks objects that it names")
            versions[path] = Version(path, blob, int(size))
    return versions
