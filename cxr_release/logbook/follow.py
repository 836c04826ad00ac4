"""The head of a log: its last line, a second time, in a file of its own.

A log as it is read: verified as far as it went, and from there on when asked.
"""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded
from cxr_release.logbook.branches import conflict_in, fork_in, joining, parted_after
from cxr_release.logbook.chain import parse, refuse_windows_ends
from cxr_release.logbook.entry import GENESIS, Kind, L, Subject, W, stand, standing_of
from cxr_release.logbook.log_files import HEAD_SUFFIX, log_file

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


class Followed(Generic[W, L]):
    """What was read of a log, and whether the file still is that log.

    Args:
        kind: what the log holds.
        folder: where the logs lie.
        reviewer: whose log it is.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """

    def __init__(self, kind: Kind[W, L], folder: Path, reviewer: str) -> None:
        self.kind = kind
        self.reviewer = reviewer
        self.path = log_file(folder, reviewer)
        self.held = False
        """Whether what was read must stay; once a line was appended here, it must in any case."""
        self._turn = threading.Lock()
        self._told = b""
        self._acknowledged = 0, GENESIS
        self._forget()

    def _forget(self) -> None:
        self.lines: list[L] = []
        """Every line so far, in order."""
        self.standing: dict[Subject, L] = {}
        """What still stands, by subject, in the order in which it was said."""
        self._prev = GENESIS
        self._last = b""
        self._read = 0
        self._file = (0, 0)

    def _catch_up(self, stream: io.FileIO) -> tuple[list[L], bytes, bytes]:
        """Read on from where we were, or from the start if the file is another one now.

        Another one may have the place of the old one on the disk, and begin alike: before anything
        is refused, it is read from the start.

        Returns:
            The lines found, what stands behind the last whole one, and the whole line if that is
            what is left of one that counts.
        """
        if not self._goes_on(stream):
            self._forget()
        began = self._read
        try:
            return self._look(stream)
        except DecisionError:
            self._forget()
            if not began:
                raise
            return self._look(stream)

    def _goes_on(self, stream: io.FileIO) -> bool:
        """Whether the file still holds, where it stood, the last line that was read."""
        facts = os.fstat(stream.fileno())
        size = len(self._last) + 1
        return (
            self._file == (facts.st_dev, facts.st_ino)
            and self._read > 0
            and facts.st_size >= self._read
            and os.pread(stream.fileno(), size, self._read - size) == self._last + b"\n"
        )

    def _look(self, stream: io.FileIO) -> tuple[list[L], bytes, bytes]:
        facts = os.fstat(stream.fileno())
        stream.seek(self._read)
        *whole, torn = stream.readall().split(b"\n")
        refuse_windows_ends(self.path, whole)
        try:
            fresh, prev = parse(
                self.kind,
                whole,
                self.path.name,
                self.reviewer,
                seq=len(self.lines),
                prev=self._prev,
            )
        except DecisionError as error:
            everything = [*whole, torn]
            fault = conflict_in(self.path, everything) or fork_in(self.path, everything)
            if fault is None or self._read:
                raise
            raise DecisionError("1 fault(s)", where=self.path.name, faults=[fault]) from error
        self._file = facts.st_dev, facts.st_ino
        if whole:
            self._accept(fresh, prev, whole[-1], sum(len(line) + 1 for line in whole))
        self._hold()
        return fresh, torn, self._lost(torn)

    def _accept(self, lines: Sequence[L], prev: str, last: bytes, size: int) -> None:
        self.lines.extend(lines)
        if any(one.joined_from for one in lines):
            self.standing = standing_of(self.lines)
        else:
            stand(self.standing, lines)
        self._prev = prev
        self._last = last
        self._read += size

    def _hold(self) -> None:
        """Make sure that all is there that was, and remember what is there now.

        Raises:
            DecisionError: lines that this process acknowledged are gone.
        """
        seq, own = self._acknowledged
        if seq > len(self.lines) or (seq and self._hash_of(seq) != own):
            where = f"{self.path.name}: line {min(seq, len(self.lines) + 1)}"
            what = f"is gone or another one: {seq} lines stood there before"
            self._forget()
            fault = Fault(where, what, restore(self.kind.noun))
            raise DecisionError("1 fault(s)", where=self.path.name, faults=[fault])
        if self.held:
            self._acknowledged = len(self.lines), self._prev

    @property
    def _head(self) -> Path:
        return self.path.with_suffix(HEAD_SUFFIX)

    def _next_line(self) -> str:
        return f"{self.path.name}: line {len(self.lines) + 1}"

    def _lost(self, torn: bytes) -> bytes:
        """Hold the end of the log against the head, where there is one.

        Returns:
            The whole last line, if `torn` is what is left of it.

        Raises:
            DecisionError: the last line was changed, or is gone without a trace.
        """
        head = read_head(self.kind, self._head, self.reviewer)
        if head is None:
            return b""
        last, text, own = head
        remedy = restore(self.kind.noun)
        if last.seq <= len(self.lines):
            if own == self._hash_of(last.seq):
                return b""
            where = f"{self.path.name}: line {last.seq}"
            what = f"was changed, or {self._head.name} is of another log of {self.reviewer}:"
            if last.prev == self.lines[last.seq - 1].prev:
                what += f" two logs {parted_after(last.seq - 1)}"
            else:
                what += " two logs part before it"
            remedy = joining(self.path)
        elif torn and text.startswith(torn) and last.prev == self._prev:
            return text
        else:
            where = self._next_line()
            what = f"was removed: {self._head.name} holds line {last.seq}"
            if last.prev != self._prev:
                what += ", of this log or of another one"
        fault = Fault(where, what, remedy)
        self._forget()
        raise DecisionError("1 fault(s)", where=self.path.name, faults=[fault])

    @property
    def hashes(self) -> list[str]:
        """SHA-256 of each line."""
        return [*(one.prev for one in self.lines[1:]), *([self._prev] if self.lines else [])]

    def _hash_of(self, seq: int) -> str:
        return self.lines[seq].prev if seq < len(self.lines) else self._prev
