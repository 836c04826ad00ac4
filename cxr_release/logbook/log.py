"""A log: one JSONL file a reviewer, append-only, hash-chained, fsynced.

A line holds what was said of one subject, and the SHA-256 of the line before it, so that a
removed, changed or reordered line breaks the chain. A correction is a new line; nothing is ever
rewritten.

A chain says nothing of its own end. So the last line stands a second time in `<reviewer>.head`:
a last line that was changed or removed is found, and one that was cut off is restored. The head
is written after the line is on disk; after a crash, or where it could not be written, it lags
behind the log until somebody appends or mends, and is never ahead.

Where both are gone, whoever holds the log in memory knows what it had acknowledged, and goes on
only when that is there again.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import disk
from cxr_release.logbook.chain import parse
from cxr_release.logbook.endings import refuse_windows_ends
from cxr_release.logbook.forks import conflict_in, fork_in, joining, parted_after
from cxr_release.logbook.head import read_head, restore
from cxr_release.logbook.line import (
    GENESIS,
    Kind,
    L,
    Subject,
    Unless,
    W,
    line_hash,
    stand,
    standing_of,
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
        self._last = b""
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
                    fresh, torn, lost = self._catch_up(stream)
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
        with self._writing("nothing was logged") as stream:
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
        with self._writing("cannot be mended"):
            pass

    @contextmanager
    def _writing(self, otherwise: str) -> Iterator[io.FileIO]:
        """The log as it is now and nothing behind its last line, while nobody else writes.

        Args:
            otherwise: what is said where the disk fails.

        Raises:
            DecisionError: it does not verify, or the disk fails.
        """
        try:
            with self._turn:
                if not os.path.lexists(self.path):  # what is lost is not begun anew
                    self._forget()
                    self._hold()
                with disk.writing(self.path) as stream:
                    self._mend(stream)
                    yield stream
        except OSError as error:
            raise DecisionError(f"{otherwise}: {error.strerror}", where=str(self.path)) from error

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

    def _mend(self, stream: io.FileIO) -> None:
        """Catch up, and leave nothing behind the last whole line."""
        _, torn, lost = self._catch_up(stream)
        if lost:
            _notices.warning("%s was cut off; restored from the head", self._next_line())
            self._write(stream, lost[len(torn) :] + b"\n", behind=self._read + len(torn))
            self._look(stream)
        elif torn:
            aside = disk.set_aside(self.path, torn, after=len(self.lines))
            disk.cut(stream, self._read)
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
        self._write(stream, data, behind=self._read)
        self._accept(lines, line_hash(texts[-1]), texts[-1], len(data))
        self.held = True
        self._hold()
        self._write_head(texts[-1])

    def _write(self, stream: io.FileIO, data: bytes, *, behind: int) -> None:
        """Write what follows `behind` bytes of the log: on disk, or not there at all."""
        try:
            disk.write(stream, data)
        except BaseException:  # whatever it is: what failed must not count
            self._take_back(stream, behind)
            raise

    def _take_back(self, stream: io.FileIO, size: int) -> None:
        try:
            disk.cut(stream, size)
        except OSError as error:
            raise DecisionError(
                f"the disk fails ({error.strerror}): nobody knows how much was logged",
                where=str(self.path),
                remedy="run `cxr-release log verify` once it is whole, and look what stands",
            ) from error

    def _write_head(self, text: bytes) -> None:
        """Repeat the last line in the head. What it repeats counts, whether it can or not."""
        try:
            disk.replace(self._head, text + b"\n")
        except OSError as error:
            _notices.warning(
                "%s could not be written (%s) and lags behind its log until the next line",
                self._head.name,
                error.strerror,
            )

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

    def _hash_of(self, seq: int) -> str:
        return self.lines[seq].prev if seq < len(self.lines) else self._prev


def append(kind: Kind[W, L], folder: Path, reviewer: str, wishes: Sequence[W]) -> list[L]:
    """Log wishes of a reviewer whose log nobody holds open; see `Log.append`."""
    return Log(kind, folder, reviewer).append(wishes)


def read(kind: Kind[W, L], path: Path) -> list[L]:
    """All lines of one log, verified; see `Log.refresh`."""
    return Log(kind, path.parent, path.name.removesuffix(SUFFIX)).refresh()
