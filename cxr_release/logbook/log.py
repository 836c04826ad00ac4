"""A log: one JSONL file a reviewer, append-only, hash-chained, fsynced.

A line holds what was said of one subject, and the SHA-256 of the line before it, so that a
removed, changed or reordered line breaks the chain. A correction is a new line; nothing is ever
rewritten.

A chain says nothing of its own end. So the last line stands a second time in `<reviewer>.head`:
a last line that was changed or removed is found, and one that was cut off is restored. The head
is written after the line is on disk; after a crash it may lag behind the log, and is never ahead.

Where both are gone, whoever holds the log in memory knows what it had acknowledged, and goes on
only when that is there again.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import disk
from cxr_release.logbook.endings import refuse_windows_ends
from cxr_release.logbook.head import read_head, restore
from cxr_release.logbook.line import (
    GENESIS,
    Kind,
    L,
    Subject,
    Unless,
    W,
    line_hash,
    parse,
    stand,
    written,
)
from cxr_release.logbook.names import HEAD_SUFFIX, SUFFIX, log_file

_notices = logging.getLogger(__name__)


class Log(Generic[W, L]):
    """One reviewer's log, read and verified as far as it went, and from there on when asked.

    Any number of threads and processes may hold the same log: who appends first reads what the
    others have appended.

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
        self._read = 0
        self._file = (0, 0)

    def refresh(self) -> list[L]:
        """Read what was appended since the last time, and return it.

        A last line that was never finished was never acknowledged: it is left where it is, with
        a message, until somebody appends or mends.

        Raises:
            DecisionError: with one fault a line that is malformed, out of order or off the chain,
                or of which the end was lost; or what must stay is not there.
        """
        with self._turn:
            try:
                with disk.reading(self.path) as stream:
                    fresh, torn = self._catch_up(stream)
                    lost = self._lost(torn)
            except FileNotFoundError:
                self._forget()
                self._lost(b"")
                self._hold()
                return []
            if lost:
                raise DecisionError(
                    "was cut off after it had been logged",
                    where=self._next_line(),
                    remedy="`cxr-release log verify` restores it",
                )
            # A server reads on at every page: it says so once.
            if torn and torn != self._told:
                _notices.warning("%s was never finished and does not count", self._next_line())
            self._told = torn
            return fresh

    def append(self, wishes: Sequence[W], *, unless: Unless[W, L] | None = None) -> list[L]:
        """Log wishes. They are on disk when this returns; on an error none of them counts.

        Args:
            wishes: what to log, in this order.
            unless: asked of each wish when nobody else can write.

        Returns:
            The new lines.

        Raises:
            DecisionError: the log as it stands does not verify, or could not be written.
        """
        with self._turn:
            if not os.path.lexists(self.path):  # what is lost is not begun anew
                self._forget()
                self._hold()
            with disk.writing(self.path) as stream:
                self._mend(stream)
                lines = self._chain(wishes, unless)
                self._add(stream, lines)
        return lines

    def mend(self) -> None:
        """Set aside what a crash left of an unfinished last line, and verify the rest.

        Raises:
            DecisionError: the rest does not verify.
        """
        if not os.path.lexists(self.path):
            self.refresh()
            return
        with self._turn, disk.writing(self.path) as stream:
            self._mend(stream)

    def _catch_up(self, stream: io.FileIO) -> tuple[list[L], bytes]:
        """Read on from where we were, or from the start if the file is another one now.

        Returns:
            The lines found, and what stands behind the last whole one.
        """
        facts = os.fstat(stream.fileno())
        if self._file != (facts.st_dev, facts.st_ino) or facts.st_size < self._read:
            self._forget()
        stream.seek(self._read)
        *whole, torn = stream.readall().split(b"\n")
        refuse_windows_ends(self.path, whole)
        fresh, prev = parse(
            self.kind, whole, self.path.name, self.reviewer, seq=len(self.lines), prev=self._prev
        )
        self._file = facts.st_dev, facts.st_ino
        self._accept(fresh, prev, sum(len(line) + 1 for line in whole))
        self._hold()
        return fresh, torn

    def _accept(self, lines: Sequence[L], prev: str, size: int) -> None:
        self.lines.extend(lines)
        stand(self.standing, lines)
        self._prev = prev
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

    def _mend(self, stream: io.FileIO) -> None:
        """Catch up, and leave nothing behind the last whole line."""
        _, torn = self._catch_up(stream)
        lost = self._lost(torn)
        if not torn:
            return
        aside = disk.set_aside(self.path, torn, after=len(self.lines))
        stream.truncate(self._read)
        if lost:
            _notices.warning("%s was cut off; restored from the head", self._next_line())
            self._add(stream, lost)
        else:
            _notices.warning(
                "%s was never finished and does not count; set aside in %s",
                self._next_line(),
                aside.name,
            )

    def _chain(self, wishes: Iterable[W], unless: Unless[W, L] | None) -> list[L]:
        """The lines that follow from some wishes."""
        lines: list[L] = []
        prev, standing = self._prev, dict(self.standing) if unless else {}
        for wish in wishes:
            if unless and unless(wish, standing.get(wish.about)):
                continue
            line = self.kind.placed(wish, len(self.lines) + len(lines) + 1, self.reviewer, prev)
            prev = line_hash(written(line).encode())
            lines.append(line)
            if unless:
                stand(standing, [line])
        return lines

    def _add(self, stream: io.FileIO, lines: Sequence[L]) -> None:
        """Write lines and wait until they are on disk; then they count."""
        if not lines:
            return
        texts = [written(one).encode() for one in lines]
        data = b"".join(text + b"\n" for text in texts)
        try:
            disk.write(stream, data)
        except OSError as error:
            stream.truncate(self._read)
            raise DecisionError(
                f"nothing was logged: {error.strerror}", where=str(self.path)
            ) from error
        self._accept(lines, line_hash(texts[-1]), len(data))
        self.held = True
        self._hold()
        disk.replace(self._head, texts[-1] + b"\n")

    @property
    def _head(self) -> Path:
        return self.path.with_suffix(HEAD_SUFFIX)

    def _next_line(self) -> str:
        return f"{self.path.name}: line {len(self.lines) + 1}"

    def _lost(self, torn: bytes) -> list[L]:
        """Hold the end of the log against the head, where there is one.

        Returns:
            The last line, if `torn` is what is left of it.

        Raises:
            DecisionError: the last line was changed, or is gone without a trace.
        """
        head = read_head(self.kind, self._head, self.reviewer)
        if head is None:
            return []
        last, text, own = head
        if last.seq <= len(self.lines):
            if own == self._hash_of(last.seq):
                return []
            where, what = f"{self.path.name}: line {last.seq}", "was changed"
        elif torn and text.startswith(torn) and last.prev == self._prev:
            return [last]
        else:
            where = self._next_line()
            what = f"was removed: {self._head.name} holds line {last.seq}"
        fault = Fault(where, what, restore(self.kind.noun))
        self._forget()
        raise DecisionError("1 fault(s)", where=self.path.name, faults=[fault])

    def _hash_of(self, seq: int) -> str:
        return self.lines[seq].prev if seq < len(self.lines) else self._prev


def append(kind: Kind[W, L], folder: Path, reviewer: str, wishes: Sequence[W]) -> list[L]:
    """Log wishes of a reviewer whose log nobody holds open; see `Log.append`."""
    return Log(kind, folder, reviewer).append(wishes)


def read(kind: Kind[W, L], path: Path) -> list[L]:
    """All lines of one log, verified; see `Log.refresh`."""
    return Log(kind, path.parent, path.name.removesuffix(SUFFIX)).refresh()
