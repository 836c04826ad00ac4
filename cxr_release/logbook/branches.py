"""Two logs of one person that part: what a merge in git makes of one that grew on two machines.

A branch that was joined into a log: kept whole beside it, as the evidence for those lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.logbook.chain import parse, refuse_windows_ends
from cxr_release.logbook.entry import GENESIS, Kind, L, Turn, W, line_hash, turns_of
from cxr_release.logbook.log_files import HEAD_SUFFIX, JOINED, MOST, SUFFIX

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


@dataclass(frozen=True)
class Branch(Generic[L]):
    """A log of somebody's as it was on another machine, whole and verified in itself."""

    raw: tuple[bytes, ...]
    """Its lines as they stand there, without their ends."""
    lines: tuple[L, ...]
    turns: tuple[Turn, ...]
    """When it was each line's turn."""

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return b"".join(one + b"\n" for one in self.raw)

    @property
    def name(self) -> str:
        """What tells it from other branches: it ends with its last line."""
        return line_hash(self.raw[-1])[:16]


def branch_of(kind: Kind[W, L], path: Path, data: bytes, reviewer: str) -> Branch[L]:
    """Read a branch out of its bytes.

    Args:
        kind: what it holds.
        path: where it is from, for the report.
        data: its bytes.
        reviewer: whose it is.

    Raises:
        DecisionError: it is no whole log of that person, with each line that is not what it was.
    """
    *raw, torn = data.split(b"\n")
    if torn or not raw:
        raise DecisionError(
            "ends within a line" if torn else "holds no line",
            where=str(path),
            remedy="copy it again; if it is so where it comes from, run `cxr-release log verify`"
            " there first",
        )
    refuse_windows_ends(path, raw)
    try:
        lines, _ = parse(kind, raw, path.name, reviewer)
    except DecisionError as error:
        fault = conflict_in(path, raw) or fork_in(path, raw)
        raise DecisionError(
            f"is no whole log of {reviewer}",
            where=str(path),
            remedy="copy it again: nothing was joined",
            faults=[fault] if fault else error.faults,
        ) from None
    return Branch(tuple(raw), tuple(lines), tuple(turns_of(lines)))


def kept_beside(log: Path, branch: Branch[L]) -> Path:
    """Where a branch is kept that was joined into a log."""
    return log.with_name(f"{log.name}{JOINED}{branch.name}")


def joined_files(folder: Path) -> list[Path]:
    """The branches that are kept in a folder of logs, sorted by name."""
    found = folder.glob(f"*{SUFFIX}{JOINED}*")
    return sorted(path for path in found if path.suffix.startswith(JOINED) and path.name[0] != ".")


def faults_of_joined(
    kind: Kind[W, L], folder: Path, logs: Mapping[str, Sequence[L]]
) -> Iterator[Fault]:
    """Hold the lines that were joined into whole logs against the branches beside them.

    Args:
        kind: what the logs hold.
        folder: of the logs.
        logs: reviewer → lines.
    """
    found: dict[str, dict[str, tuple[Turn, L]]] = {reviewer: {} for reviewer in logs}
    for path in joined_files(folder):
        reviewer = path.stem.removesuffix(SUFFIX)
        if reviewer not in logs:
            yield Fault(path.name, f"belongs to no log: {reviewer}{SUFFIX} is not there")
            continue
        try:
            branch = branch_of(kind, path, read_bounded(path, MOST), reviewer)
        except OSError as error:
            yield Fault(path.name, str(error.strerror), _RESTORE)
            continue
        except DecisionError as error:
            yield from error.faults or [Fault(path.name, error.what, _RESTORE)]
            continue
        if path != kept_beside(folder / f"{reviewer}{SUFFIX}", branch):
            yield Fault(path.name, "does not end with the line that its name says", _RESTORE)
        yield from _not_joined(path, branch, reviewer, logs[reviewer])
        pairs = zip(branch.turns, branch.lines, strict=True)
        found[reviewer] |= {turn.own: (turn, line) for turn, line in pairs}
    for reviewer, lines in logs.items():
        for turn, line in zip(turns_of(lines), lines, strict=True):
            if line.joined_from:
                yield from _unproven(kind, turn, line, found[reviewer])


_RESTORE = "restore it from git"


def _not_joined(
    path: Path, branch: Branch[L], reviewer: str, lines: Sequence[L]
) -> Iterator[Fault]:
    own = {turn.own for turn in turns_of(lines)}
    lacks = sum(turn.own not in own for turn in branch.turns)
    if lacks:
        log = path.with_name(f"{reviewer}{SUFFIX}")
        yield Fault(
            path.name,
            f"holds {lacks:,} line(s) that {log.name} lacks",
            f"`cxr-release log join {path} --into {log}` joins them in",
        )


def _unproven(
    kind: Kind[W, L], turn: Turn, line: L, known: Mapping[str, tuple[Turn, L]]
) -> Iterator[Fault]:
    where = f"{line.reviewer}{SUFFIX}: line {line.seq}"
    if turn.own not in known:
        what = "was joined in, and no branch beside the log holds the line that it comes from"
        yield Fault(where, what, f"restore {line.reviewer}{SUFFIX}{JOINED}* from git")
        return
    there, origin = known[turn.own]
    if there != turn or origin.at != line.at or kind.said(origin) != kind.said(line):
        yield Fault(where, "is not the line that it was joined in from", _RESTORE)
