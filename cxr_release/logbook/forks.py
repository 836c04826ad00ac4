"""Two logs of one person that part: what a merge in git makes of one that grew on two machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cxr_release.errors import Fault
from cxr_release.logbook.line import GENESIS, line_hash
from cxr_release.logbook.names import HEAD_SUFFIX, SUFFIX

MARKERS = (b"<<<<<<< ", b"||||||| ", b"=======", b">>>>>>> ")
"""What git writes around what it could not merge."""


def conflict_in(path: Path, lines: Sequence[bytes]) -> Fault | None:
    """The fault that a log or a head holds git's conflict markers, if it does."""
    number = next((at for at, raw in enumerate(lines, 1) if raw.startswith(MARKERS)), None)
    if number is None:
        return None
    parted = _parting(lines)
    where, what = f"{path.name}: line {number}", "is a conflict marker of git's"
    if parted is not None:
        what += f": {_said(path, parted)}"
    log, git = f"{path.stem}{SUFFIX}", f"git -C {path.parent}"
    return Fault(
        where,
        what,
        f"take one side with `{git} checkout --ours -- {log} {path.stem}{HEAD_SUFFIX}`, and join"
        f" the other one in: `{git} show :3:./{log} | cxr-release log join - --into"
        f" {path.parent / log}`",
    )


def fork_in(path: Path, lines: Sequence[bytes]) -> Fault | None:
    """The fault that a log holds lines of two logs, if two of its lines follow the same line."""
    parted = _parting(lines)
    if parted is None:
        return None
    return Fault(path.name, _said(path, parted), joining(path))


def joining(path: Path) -> str:
    """What to do about two logs of one person that part."""
    return (
        f"restore one of them from git (with its {HEAD_SUFFIX}), and join the other one in:"
        f" `cxr-release log join OTHER{SUFFIX} --into {path.with_suffix(SUFFIX)}`"
    )


def parted_after(number: int) -> str:
    """Where two logs part, for people."""
    return f"part after line {number}" if number else "have no line in common"


def _said(path: Path, parted: int) -> str:
    return f"two logs of {path.stem} {parted_after(parted)}"


def _parting(lines: Sequence[bytes]) -> int | None:
    """The number of a line that two different lines follow; 0 where both are a first line."""
    numbers = {GENESIS: 0}
    follows: dict[str, bytes] = {}
    for number, raw in enumerate(lines, 1):
        numbers.setdefault(line_hash(raw), number)
        prev = _prev(raw)
        if follows.setdefault(prev, raw) != raw and prev in numbers:
            return numbers[prev]
    return None


def _prev(raw: bytes) -> str:
    try:
        return str(json.loads(raw)["prev"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
