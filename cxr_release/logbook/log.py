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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cxr_release.errors import DecisionError
from cxr_release.logbook import log_files
from cxr_release.logbook.chain import parse
from cxr_release.logbook.entry import Kind, L, Unless, W, line_hash, stand, written
from cxr_release.logbook.follow import Followed
from cxr_release.logbook.log_files import SUFFIX

_notices = logging.getLogger(__name__)


class Log(Followed[W, L]):
    """One reviewer's log, to read on in and to append to.

    Any number of threads and processes may hold the same log: who appends first reads what the
    others have appended.

    Args:
        kind: what the log holds.
        folder: where the logs lie.
        reviewer: whose log it is.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """

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
                with log_files.reading(self.path) as stream:
                    fresh, torn, lost = self._catch_up(stream)
            except FileNotFoundError:
                self._forget()
                self._lost(b"")
                self._hold()
                return []
            except OSError as error:
                what = f"cannot be read: {error.strerror}"
                raise DecisionError(what, where=str(self.path)) from error
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

    def extend(self, more: Callable[[], Sequence[bytes]]) -> list[L]:
        """Add lines that were written elsewhere: all at once, also for whoever kills us, or none.

        The log's file is replaced by one that has them at its end; what stood in it stays as it is.

        Args:
            more: the lines to add, without their ends; asked for when nobody else can write.

        Returns:
            The new lines.

        Raises:
            DecisionError: the log as it stands does not verify, the lines do not follow from it,
                or they could not be written.
        """
        with self._writing("nothing was joined") as stream:
            texts = list(more())
            seq, name = len(self.lines), self.path.name
            lines, _ = parse(self.kind, texts, name, self.reviewer, seq=seq, prev=self._prev)
            if texts:
                data = b"".join(text + b"\n" for text in texts)
                log_files.exchange(
                    self.path, stream, data, then=lambda: self._write_head(texts[-1])
                )
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
            self._write(stream, lost[len(torn) :] + b"\n", behind=self._read + len(torn))
            self._look(stream)
        elif torn:
            aside = log_files.set_aside(self.path, torn, after=len(self.lines))
            log_files.cut(stream, self._read)
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
            log_files.write(stream, data)
        except BaseException:  # whatever it is: what failed must not count
            self._take_back(stream, behind)
            raise

    def _take_back(self, stream: io.FileIO, size: int) -> None:
        try:
            log_files.cut(stream, size)
        except OSError as error:
            raise DecisionError(
                f"the disk fails ({error.strerror}): nobody knows how much was logged",
                where=str(self.path),
                remedy="run `cxr-release log verify` once it is whole, and look what stands",
            ) from error

    def _write_head(self, text: bytes) -> None:
        """Repeat the last line in the head. What it repeats counts, whether it can or not."""
        try:
            log_files.replace(self._head, text + b"\n")
        except OSError as error:
            _notices.warning(
                "%s could not be written (%s) and lags behind its log until the next line",
                self._head.name,
                error.strerror,
            )


def append(kind: Kind[W, L], folder: Path, reviewer: str, wishes: Sequence[W]) -> list[L]:
    """Log wishes of a reviewer whose log nobody holds open; see `Log.append`."""
    return Log(kind, folder, reviewer).append(wishes)


def read(kind: Kind[W, L], path: Path) -> list[L]:
    """All lines of one log, verified; see `Log.refresh`."""
    return Log(kind, path.parent, path.name.removesuffix(SUFFIX)).refresh()
