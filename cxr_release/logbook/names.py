"""Whose files are whose: the names of a reviewer's log and of what lies beside it."""

from __future__ import annotations

from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.spelling import REVIEWER

SUFFIX, HEAD_SUFFIX = ".jsonl", ".head"
TORN = ".torn-"
"""Within the name of a file that holds what a crash left of an unfinished line."""
JOINED = ".joined-"
"""Within the name of a file that holds a branch which was joined into a log."""


def log_file(folder: Path, reviewer: str) -> Path:
    """Path of a reviewer's log.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """
    if not REVIEWER.fullmatch(reviewer):
        raise DecisionError(
            f"{reviewer[:80]!r} is no reviewer's name",
            remedy="use 1–64 lower-case letters, digits, '.', '_' or '-', such as a.b",
        )
    return folder / f"{reviewer}{SUFFIX}"
