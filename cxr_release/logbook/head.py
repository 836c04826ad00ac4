"""The head of a log: its last line, a second time, in a file of its own."""

from __future__ import annotations

import json
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.logbook.chain import parse
from cxr_release.logbook.endings import refuse_windows_ends
from cxr_release.logbook.forks import conflict_in
from cxr_release.logbook.line import Kind, L, W

MOST = 2**20
"""Bytes of a head: far more than any line has."""


def read_head(kind: Kind[W, L], path: Path, reviewer: str) -> tuple[L, bytes, str] | None:
    """The line in a head, verified in itself, as it stands there, and its hash; None without one.

    Raises:
        DecisionError: it holds anything but one line, or what has its name is no regular file.
    """
    try:
        text = read_bounded(path, MOST).removesuffix(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, Fault(path.name, str(error.strerror), "move it away")) from error
    if not text:  # a power cut may leave a new file empty; it then says nothing
        return None
    refuse_windows_ends(path, [text])
    try:
        # It hangs on a line that is not there.
        probe = json.loads(text)
        seq, prev = int(probe["seq"]) - 1, str(probe["prev"])
        (line,), own = parse(kind, [text], path.name, reviewer, seq=seq, prev=prev)
    except (ValueError, TypeError, KeyError, RecursionError):
        fault = conflict_in(path, text.split(b"\n"))
        raise _refused(path, fault or Fault(path.name, "is damaged", restore(kind.noun))) from None
    return line, text, own


def restore(noun: str) -> str:
    """What to do about a log and a head that do not belong together."""
    return f"restore both files from git; {noun}s are never edited"


def _refused(path: Path, fault: Fault) -> DecisionError:
    return DecisionError("1 fault(s)", where=path.name, faults=[fault])
