"""The lines of a log, verified: each is an entry, and names the SHA-256 of the line before it.

Where they are not, three effects of git on a log are recognized: line ends changed on checkout
(which breaks the chain, since it is of bytes), a merge in conflict, and lines of two logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import WINDOWS_ENDS, read_bounded
from cxr_release.logbook.entry import GENESIS, E, EntryType, S, line_hash
from cxr_release.logbook.log_files import HEAD_SUFFIX, SUFFIX

MARKERS = (b"<<<<<<< ", b"||||||| ", b"=======", b">>>>>>> ")
"""What git writes around what it could not merge."""
LONGEST_LINE = 2**20
"""Bytes of a head: far more than any line has."""
_CHECKOUT = (
    "run `git config core.autocrlf false`, move {files} out of the folder, and check the folder"
    " out again: `git checkout -- {folder}`"
)


def parse(
    kind: EntryType[S, E],
    path: Path,
    lines: Sequence[bytes],
    reviewer: str,
    *,
    seq: int = 0,
    prev: str = GENESIS,
) -> tuple[list[E], str]:
    """Some lines of a log, verified.

    Args:
        kind: what the log holds.
        path: where the lines are from, for the report.
        lines: without their line feeds.
        reviewer: whose log it is.
        seq: number of the line before them.
        prev: hash of the line before them.

    Returns:
        The entries, and the hash of the last line.

    Raises:
        DecisionError: with a fault for each line that is of another type, malformed, out of order
            or off the chain; or with the one cause of them all.
    """
    _refuse_windows_ends(path, lines)
    entries: list[E] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, start=seq + 1):
        where = f"{path.name}: line {number}"
        try:
            entry = _entry(kind, line)
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(Fault(where, f"is not {kind.a_noun}: {error}"))
        else:
            problems = _faults(kind, entry, number, reviewer, prev)
            faults += [Fault(where, problem) for problem in problems]
            entries.append(entry)
        prev = line_hash(line)
    if faults and not seq and (cause := _conflict(path, lines) or _fork(path, lines)):
        raise refused(path, cause)
    if faults:
        raise refused(path, *faults, remedy=restore(kind.noun, "the file"))
    return entries, prev


def refused(path: Path, *faults: Fault, remedy: str = "") -> DecisionError:
    """The error that some faults of a log make."""
    return DecisionError(f"{len(faults)} fault(s)", where=path.name, remedy=remedy, faults=faults)


def restore(noun: str, files: str = "both files") -> str:
    """What to do about a log that was changed, or does not belong to its head."""
    return f"restore {files} from git; {noun}s are never edited"


def _entry(kind: EntryType[S, E], line: bytes) -> E:
    values: Any = json.loads(line.decode("utf-8"))
    optional = kind.optional
    if not isinstance(values, dict) or list(values) != [
        key for key in kind.keys if key in values or key not in optional
    ]:
        keys = [key for key in kind.keys if key not in optional]
        raise ValueError(f"expected the keys {', '.join(keys)} in this order")
    for key, value in values.items():
        if type(value) is not (int if key == "seq" else str):
            raise TypeError(f"{key} has the wrong type")
        if key in optional and not value:
            raise ValueError(f"{key} is empty")
    return kind.entry(**values)


def _faults(
    kind: EntryType[S, E], entry: E, number: int, reviewer: str, prev: str
) -> Iterator[str]:
    if entry.prev != prev:
        yield "the chain is broken: a line before it was changed, removed or moved"
    if entry.seq != number:
        yield f"seq is {entry.seq}"
    if entry.reviewer != reviewer:
        yield f"is {kind.a_noun} of {entry.reviewer!r} in the log of {reviewer!r}"
    yield from entry.faults()


def read_head(kind: EntryType[S, E], path: Path, reviewer: str) -> tuple[E, bytes] | None:
    """The entry in a head, verified in itself, and its line; None where there is none.

    Raises:
        DecisionError: it holds anything but one line, or is not a regular file.
    """
    try:
        line = read_bounded(path, LONGEST_LINE).removesuffix(b"\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(path, Fault(path.name, str(error.strerror), "move it away")) from error
    if not line:  # a power cut may leave a new file empty; it then says nothing
        return None
    _refuse_windows_ends(path, [line])
    try:
        values = json.loads(line)
        seq, prev = int(values["seq"]) - 1, str(values["prev"])  # of a line that is not here
        (entry,), _ = parse(kind, path, [line], reviewer, seq=seq, prev=prev)
    except (ValueError, TypeError, KeyError, RecursionError):
        damaged = Fault(path.name, "is damaged", restore(kind.noun))
        raise refused(path, _conflict(path, line.split(b"\n")) or damaged) from None
    return entry, line


def _refuse_windows_ends(path: Path, lines: Sequence[bytes]) -> None:
    """Refuse lines that end as on Windows: a log never has such lines.

    Raises:
        DecisionError: there are such lines; with the one remedy.
    """
    bad = sum(line.endswith(b"\r") for line in lines)
    if bad:
        share = "" if bad == len(lines) else f" in {bad} of {len(lines)} lines read"
        remedy = _CHECKOUT.format(files=f"{path.stem}.*", folder=path.parent.as_posix())
        raise refused(path, Fault(path.name, WINDOWS_ENDS + share, remedy))


def _conflict(path: Path, lines: Sequence[bytes]) -> Fault | None:
    """The fault that a log or a head holds git's conflict markers, if it does."""
    number = next((at for at, line in enumerate(lines, 1) if line.startswith(MARKERS)), None)
    if number is None:
        return None
    parted = _parting(lines)
    parting = "" if parted is None else f": two logs of {path.stem} {parted_after(parted)}"
    log, git = f"{path.stem}{SUFFIX}", f"git -C {path.parent}"
    return Fault(
        f"{path.name}: line {number}",
        f"is a git conflict marker{parting}",
        f"take one side with `{git} checkout --ours -- {log} {path.stem}{HEAD_SUFFIX}`, and join"
        f" the other one in: `{git} show :3:./{log} | cxr-release log join - --into"
        f" {path.parent / log}`",
    )


def _fork(path: Path, lines: Sequence[bytes]) -> Fault | None:
    """The fault that a log holds lines of two logs, if two of its lines follow the same line."""
    parted = _parting(lines)
    if parted is None:
        return None
    return Fault(path.name, f"two logs of {path.stem} {parted_after(parted)}", how_to_join(path))


def how_to_join(path: Path) -> str:
    """What to do about two logs of one person that part."""
    return (
        f"restore one of them from git (with its {HEAD_SUFFIX}), and join the other one in:"
        f" `cxr-release log join OTHER{SUFFIX} --into {path.with_suffix(SUFFIX)}`"
    )


def parted_after(number: int) -> str:
    """Where two logs part, for people."""
    return f"part after line {number}" if number else "have no line in common"


def _parting(lines: Sequence[bytes]) -> int | None:
    """The number of a line that two different lines follow; 0 where both are a first line."""
    numbers = {GENESIS: 0}
    follows: dict[str, bytes] = {}
    for number, line in enumerate(lines, 1):
        numbers.setdefault(line_hash(line), number)
        try:
            prev = str(json.loads(line)["prev"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        if follows.setdefault(prev, line) != line and prev in numbers:
            return numbers[prev]
    return None
