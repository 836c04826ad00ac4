"""A log: one JSONL file a person, append-only, hash-chained, fsynced.

A line holds a statement on one subject, and the SHA-256 of the line before it, so that a removed,
changed or reordered line breaks the chain. A correction is a new line; nothing is ever rewritten.

A chain does not protect its own end. So the last line is repeated in `<reviewer>.head`: a last
line that was changed or removed is noticed, and a line that was cut off is restored. The head is
written after the line is on disk; after a crash, or where it could not be written, it lags behind
the log until the next append or mend, and is never ahead.

Where both are gone, a process that holds the log in memory knows what it had acknowledged, and
goes on only when that is there again.
"""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook import log_files
from cxr_release.logbook.chain import (
    how_to_join,
    parse,
    parted_after,
    read_head,
    refused,
    restore,
)
from cxr_release.logbook.entry import (
    GENESIS,
    E,
    EntryType,
    S,
    Subject,
    Unless,
    effective_of,
    line_hash,
    line_of,
    now,
    take_effect,
)
from cxr_release.logbook.log_files import HEAD_SUFFIX, SUFFIX, log_file

_notices = logging.getLogger(__name__)


class Log(Generic[S, E]):
    """One person's log, verified as far as it was read, to read on in and to append to.

    Any number of threads and processes may hold the same log: who appends first reads what the
    others have appended.

    Args:
        kind: what the log holds.
        folder: where the logs lie.
        reviewer: whose log it is.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """

    def __init__(self, kind: EntryType[S, E], folder: Path, reviewer: str) -> None:
        self.kind = kind
        self.reviewer = reviewer
        self.path = log_file(folder, reviewer)
        self.held = False
        """Whether what was read must stay; once a line was appended here, it must in any case."""
        self._lock = threading.Lock()
        self._warned_of = b""
        self._acknowledged = 0, GENESIS
        self._forget()

    def _forget(self) -> None:
        self.entries: list[E] = []
        """Every entry so far, in order."""
        self.effective: dict[Subject, E] = {}
        """Subject → effective entry, in the order in which they were said."""
        self._prev = GENESIS
        self._last = b""
        self._read = 0
        self._file = (0, 0)

    @property
    def hashes(self) -> list[str]:
        """SHA-256 of each line."""
        return [self._hash_of(seq) for seq in range(1, len(self.entries) + 1)]

    def _hash_of(self, seq: int) -> str:
        return self.entries[seq].prev if seq < len(self.entries) else self._prev

    def refresh(self) -> list[E]:
        """Read what was appended since the last time, and return it.

        A last line that was never finished was never acknowledged: it is left where it is, with
        a message, until the next append or mend.

        Raises:
            DecisionError: with one fault a line that is malformed, out of order or off the chain,
                or of which the end was lost; or what must stay is not there.
        """
        with self._lock:
            try:
                with log_files.reading(self.path) as stream:
                    fresh, torn, lost = self._catch_up(stream)
            except FileNotFoundError:
                self._forget()
                self._hold_against_head(b"")
                self._hold()
                return []
            except OSError as error:
                problem = f"cannot be read: {error.strerror}"
                raise DecisionError(problem, where=str(self.path)) from error
            if lost:
                raise DecisionError(
                    "was cut off after it had been logged",
                    where=self._next_line(),
                    remedy="`cxr-release log verify` restores it",
                )
            # A server reads on at every page: it says so once.
            if torn and torn != self._warned_of:
                _notices.warning("%s was never finished and does not count", self._next_line())
            self._warned_of = torn
            return fresh

    def append(self, statements: Sequence[S], *, unless: Unless[S, E] | None = None) -> list[E]:
        """Log statements. They are on disk when this returns; on an error none of them counts.

        Args:
            statements: what to log, in this order.
            unless: asked of each of them while no other process can write.

        Returns:
            The new entries.

        Raises:
            DecisionError: the log does not verify, or could not be written.
        """
        with self.writing("nothing was logged") as stream:
            entries: list[E] = []
            lines: list[bytes] = []
            effective = dict(self.effective) if unless else {}
            for statement in statements:
                if unless and unless(statement, effective.get(statement.about)):
                    continue
                seq, prev = len(self.entries) + len(lines) + 1, self._prev
                if lines:
                    prev = line_hash(lines[-1])
                entry = self.kind.entered(
                    statement, seq=seq, at=now(), reviewer=self.reviewer, prev=prev
                )
                entries.append(entry)
                lines.append(line_of(entry))
                if unless:
                    take_effect(effective, [entry])
            if lines:
                self._write(stream, b"".join(line + b"\n" for line in lines), after=self._read)
                self._accept(entries, line_hash(lines[-1]), lines)
                self.held = True
                self._hold()
                self._write_head(lines[-1])
        return entries

    def extend(self, stream: io.FileIO, lines: Sequence[bytes]) -> None:
        """Add lines that were written elsewhere: all or none, even if killed.

        The log's file is replaced by one that has them at its end; its own lines stay as they are.

        Args:
            stream: what `writing` gave.
            lines: without their line feeds.

        Raises:
            DecisionError: they do not follow from the log.
            OSError: the disk fails.
        """
        seq, prev = len(self.entries), self._prev
        parse(self.kind, self.path, lines, self.reviewer, seq=seq, prev=prev)
        if lines:
            data = b"".join(line + b"\n" for line in lines)
            log_files.exchange(self.path, stream, data, then=lambda: self._write_head(lines[-1]))

    def mend(self) -> None:
        """Set aside what a crash left of an unfinished last line, and verify the rest.

        Raises:
            DecisionError: the rest does not verify.
        """
        if not os.path.lexists(self.path):
            self.refresh()
            return
        with self.writing("cannot be mended"):
            pass

    @contextmanager
    def writing(self, otherwise: str) -> Iterator[io.FileIO]:
        """The log as it is now with nothing behind its last line; no other process writes.

        Args:
            otherwise: what the error says where the disk fails.

        Raises:
            DecisionError: it does not verify, or the disk fails.
        """
        try:
            with self._lock:
                if not os.path.lexists(self.path):  # what is lost is not begun anew
                    self._forget()
                    self._hold()
                with log_files.writing(self.path) as stream:
                    self._mend(stream)
                    yield stream
        except OSError as error:
            raise DecisionError(f"{otherwise}: {error.strerror}", where=str(self.path)) from error

    def _mend(self, stream: io.FileIO) -> None:
        """Catch up, and leave nothing behind the last whole line."""
        _, torn, lost = self._catch_up(stream)
        if lost:
            _notices.warning("%s was cut off; restored from the head", self._next_line())
            self._write(stream, lost[len(torn) :] + b"\n", after=self._read + len(torn))
            self._look(stream)
        elif torn:
            aside = log_files.set_aside(self.path, torn, after=len(self.entries))
            log_files.cut(stream, self._read)
            message = "%s was never finished and does not count; set aside in %s"
            _notices.warning(message, self._next_line(), aside.name)

    def _catch_up(self, stream: io.FileIO) -> tuple[list[E], bytes, bytes]:
        """Read on from where we were, or from the start if the file is another one now.

        Another one may have the place of the old one on the disk, and begin alike: before anything
        is refused, it is read from the start.

        Returns:
            The new entries, what is behind the last whole line, and the whole line if that is
            what is left of a line that counts.
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
        """Whether the file still holds the last line that was read, at its place."""
        facts = os.fstat(stream.fileno())
        size = len(self._last) + 1
        return (
            self._file == (facts.st_dev, facts.st_ino)
            and self._read > 0
            and facts.st_size >= self._read
            and os.pread(stream.fileno(), size, self._read - size) == self._last + b"\n"
        )

    def _look(self, stream: io.FileIO) -> tuple[list[E], bytes, bytes]:
        facts = os.fstat(stream.fileno())
        stream.seek(self._read)
        *whole, torn = stream.readall().split(b"\n")
        fresh, prev = parse(
            self.kind, self.path, whole, self.reviewer, seq=len(self.entries), prev=self._prev
        )
        self._file = facts.st_dev, facts.st_ino
        self._accept(fresh, prev, whole)
        self._hold()
        return fresh, torn, self._hold_against_head(torn)

    def _accept(self, entries: Sequence[E], prev: str, lines: Sequence[bytes]) -> None:
        self.entries.extend(entries)
        if any(entry.joined_from for entry in entries):  # they may be older than earlier entries
            self.effective = effective_of(self.entries)
        else:
            take_effect(self.effective, entries)
        self._prev = prev
        self._last = lines[-1] if lines else self._last
        self._read += sum(len(line) + 1 for line in lines)

    def _hold(self) -> None:
        """Make sure that all is there that was, and remember what is there now.

        Raises:
            DecisionError: lines that this process acknowledged are gone.
        """
        seq, last_hash = self._acknowledged
        if seq > len(self.entries) or (seq and self._hash_of(seq) != last_hash):
            where = f"{self.path.name}: line {min(seq, len(self.entries) + 1)}"
            problem = f"is gone or was replaced: the log had {seq} line(s) before"
            raise self._refused(where, problem, restore(self.kind.noun))
        if self.held:
            self._acknowledged = len(self.entries), self._prev

    def _hold_against_head(self, torn: bytes) -> bytes:
        """Hold the end of the log against the head, where there is one.

        Returns:
            The whole last line, if `torn` is what is left of it.

        Raises:
            DecisionError: the last line was changed, or is gone without a trace.
        """
        head = read_head(self.kind, self._head, self.reviewer)
        if head is None:
            return b""
        last, line = head
        if last.seq <= len(self.entries):
            if line_hash(line) == self._hash_of(last.seq):
                return b""
            where = f"{self.path.name}: line {last.seq}"
            problem = f"was changed, or {self._head.name} is of another log of {self.reviewer}:"
            forked = last.prev == self.entries[last.seq - 1].prev
            problem += f" two logs {parted_after(last.seq - 1) if forked else 'part before it'}"
            raise self._refused(where, problem, how_to_join(self.path))
        if torn and line.startswith(torn) and last.prev == self._prev:
            return line
        problem = f"was removed: {self._head.name} holds line {last.seq}"
        if last.prev != self._prev:
            problem += ", of this log or of another one"
        raise self._refused(self._next_line(), problem, restore(self.kind.noun))

    def _refused(self, where: str, problem: str, remedy: str) -> DecisionError:
        """The error for a log of which nothing that was read counts any more."""
        self._forget()
        return refused(self.path, Fault(where, problem, remedy))

    def _write(self, stream: io.FileIO, data: bytes, *, after: int) -> None:
        """Write what follows `after` bytes of the log: on disk, or not there at all."""
        try:
            log_files.write(stream, data)
        except BaseException:  # whatever it is: what failed must not count
            try:
                log_files.cut(stream, after)
            except OSError as error:
                raise DecisionError(
                    f"the disk fails ({error.strerror}): how much was logged is not known",
                    where=str(self.path),
                    remedy="repair the disk, then run `cxr-release log verify`",
                ) from error
            raise

    def _write_head(self, line: bytes) -> None:
        """Repeat the last line in the head. What it repeats counts, whether it can or not."""
        try:
            log_files.replace(self._head, line + b"\n")
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
        return f"{self.path.name}: line {len(self.entries) + 1}"


def append(kind: EntryType[S, E], folder: Path, reviewer: str, statements: Sequence[S]) -> list[E]:
    """Log statements of a person whose log no process holds open; see `Log.append`."""
    return Log(kind, folder, reviewer).append(statements)


def read(kind: EntryType[S, E], path: Path) -> list[E]:
    """All entries of one log, verified; see `Log.refresh`."""
    return Log(kind, path.parent, path.name.removesuffix(SUFFIX)).refresh()
