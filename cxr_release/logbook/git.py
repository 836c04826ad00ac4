"""Asks git, so that no repository of anybody's can do anything by being asked.

Only plumbing that reads objects is called: no hook, pager, filter, file-system monitor, signature
check or network is reached, whatever the repository's configuration says. Answers are limited in
size, and all questions together in time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
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


class UnaskedError(Exception):
    """Git could not be asked; the text says why."""


class Git:
    """The repository in which a folder lies.

    Args:
        root: a folder.

    Raises:
        UnaskedError: git is not installed.
    """

    def __init__(self, root: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise UnaskedError("git is not installed")
        self._command = [program, *_SAFE, "-C", str(root.resolve())]
        # A hook that runs us points these at its own repository and index.
        own = {name: one for name, one in os.environ.items() if not name.startswith("GIT_")}
        self._environment = own | _ENVIRONMENT
        self._end = time.monotonic() + SECONDS
        self._complaint = ""

    def ask(self, *words: str, said: bytes = b"") -> bytes:
        """What git answers.

        Args:
            words: of the command.
            said: to git, on its standard input.

        Raises:
            UnaskedError: it fails, or answers too much or too late.
        """
        answer = self.answer(*words, said=said)
        if answer is None:
            why = f" ({self._complaint})" if self._complaint else ""
            raise UnaskedError(f"`git {words[0]}` failed{why}")
        return answer

    def answer(self, *words: str, said: bytes = b"") -> bytes | None:
        """What git answers; None where it says no."""
        left = self._end - time.monotonic()
        with tempfile.TemporaryFile() as spoken, tempfile.TemporaryFile() as complained:
            spoken.write(said)
            spoken.seek(0)
            process = subprocess.Popen(
                [*self._command, *words],
                stdin=spoken,
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
            raise UnaskedError("git's answer is too large")
        if time.monotonic() > self._end:
            raise UnaskedError("git takes too long to answer")
        return answer if process.returncode == 0 else None


def in_repository(root: Path) -> bool:
    """Whether a folder looks as if it lay in a repository; git alone knows whether it does."""
    place = root.resolve()
    return any(os.path.lexists(folder / ".git") for folder in (place, *place.parents))
