"""A git repository in which logs of remarks grow."""

from __future__ import annotations

import subprocess
from pathlib import Path

from cxr_release.logbook import log
from tests.support.remarks import REMARK, remark

WHO = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")


class Repository:
    """An empty one, at first; its logs are to lie in `logs`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "logs"
        self.log = self.folder / "a.jsonl"
        root.mkdir(exist_ok=True)
        self.git("init", "-q")

    def bytes_of(self, *words: str, allowed: int = 0) -> bytes:
        done = subprocess.run(
            ["git", *WHO, *words], cwd=self.root, capture_output=True, check=False
        )
        assert done.returncode in {0, allowed}, done.stderr
        return done.stdout

    def git(self, *words: str, allowed: int = 0) -> str:
        return self.bytes_of(*words, allowed=allowed).decode()

    def say(self, *topics: int, by: str = "a") -> None:
        log.append(REMARK, self.folder, by, [remark(topic) for topic in topics])

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--allow-empty")
