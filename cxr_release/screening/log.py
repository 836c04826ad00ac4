"""The decision log: one JSONL file a reviewer, append-only, hash-chained, fsynced.

A line holds one decision and the SHA-256 of the line before it, so that a removed, changed or
reordered line breaks the chain. A correction is a new line; nothing is ever rewritten.

A chain says nothing of its own end. So the last line stands a second time in `<reviewer>.head`:
a last line that was changed or removed is found, and one that was cut off is restored. The head
is written after the line is on disk; after a crash it may lag behind the log, and is never ahead.
"""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import PARTIAL, sync_folder
from cxr_release.screening.decision import (
    GENESIS,
    REVIEWER,
    Decision,
    Wish,
    line_hash,
    parse,
    stand,
)

SUFFIX, HEAD_SUFFIX = ".jsonl", ".head"
TORN = ".torn-"
"""Within the name of a file that holds what a crash left of an unfinished line."""

RESTORE = "restore both files from git; decisions are never edited"
Unless = Callable[[Wish, Decision | None], bool]
"""Whether a wish is not to be logged, given the reviewer's standing decision on that film."""

_notices = logging.getLogger(__name__)


class Log:
    """One reviewer's log, read and verified as far as it went, and from there on when asked.

    Any number of threads and processes may hold the same log: who appends first reads what the
    others have appended.

    Args:
        folder: where the logs lie.
        reviewer: whose log it is.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """

    def __init__(self, folder: Path, reviewer: str) -> None:
        self.reviewer = reviewer
        self.path = log_file(folder, reviewer)
        self._turn = threading.Lock()
        self._told = b""
        self._forget()

    def _forget(self) -> None:
        self.decisions: list[Decision] = []
        """Every line so far, in order."""
        self.standing: dict[str, Decision] = {}
        """What still stands, by film id, in the order of decision."""
        self._prev = GENESIS
        self._read = 0
        self._file = (0, 0)

    def refresh(self) -> list[Decision]:
        """Read what was appended since the last time, and return it.

        A last line that was never finished was never acknowledged: it is left where it is, with
        a message, until somebody appends or mends.

        Raises:
            DecisionError: with one fault a line that is malformed, out of order or off the chain,
                or of which the end was lost.
        """
        with self._turn:
            try:
                stream = _open(self.path, os.O_RDONLY)
            except FileNotFoundError:
                self._forget()
                self._lost(b"")
                return []
            with stream, _locked(stream, fcntl.LOCK_SH):
                fresh, torn = self._catch_up(stream)
                lost = self._lost(torn)
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

    def append(self, wishes: Sequence[Wish], *, unless: Unless | None = None) -> list[Decision]:
        """Log decisions. They are on disk when this returns; on an error none of them counts.

        Args:
            wishes: what to log, in this order.
            unless: leaves a wish out, depending on what stands when nobody else can write.

        Returns:
            The new lines.

        Raises:
            DecisionError: the log as it stands does not verify, or could not be written.
        """
        with self._turn, self._writing() as stream:
            self._mend(stream)
            decisions = self._chain(wishes, unless)
            self._add(stream, decisions)
        return decisions

    def mend(self) -> None:
        """Set aside what a crash left of an unfinished last line, and verify the rest.

        Raises:
            DecisionError: the rest does not verify.
        """
        if not os.path.lexists(self.path):
            self.refresh()
            return
        with self._turn, self._writing() as stream:
            self._mend(stream)

    @contextmanager
    def _writing(self) -> Iterator[io.FileIO]:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        fresh = not self.path.exists()
        stream = _open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        with stream, _locked(stream, fcntl.LOCK_EX):
            yield stream
        if fresh:
            sync_folder(folder)

    def _catch_up(self, stream: io.FileIO) -> tuple[list[Decision], bytes]:
        """Read on from where we were, or from the start if the file is another one now.

        Returns:
            The decisions found, and what stands behind the last whole line.
        """
        facts = os.fstat(stream.fileno())
        if self._file != (facts.st_dev, facts.st_ino) or facts.st_size < self._read:
            self._forget()
        stream.seek(self._read)
        *whole, torn = stream.readall().split(b"\n")
        fresh, prev = parse(
            whole, self.path.name, self.reviewer, seq=len(self.decisions), prev=self._prev
        )
        self._file = facts.st_dev, facts.st_ino
        self._accept(fresh, prev, sum(len(line) + 1 for line in whole))
        return fresh, torn

    def _accept(self, decisions: Sequence[Decision], prev: str, size: int) -> None:
        self.decisions.extend(decisions)
        stand(self.standing, decisions)
        self._prev = prev
        self._read += size

    def _mend(self, stream: io.FileIO) -> None:
        """Catch up, and leave nothing behind the last whole line."""
        _, torn = self._catch_up(stream)
        lost = self._lost(torn)
        if not torn:
            return
        aside = _set_aside(self.path, torn, after=len(self.decisions))
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

    def _chain(self, wishes: Iterable[Wish], unless: Unless | None) -> list[Decision]:
        """The lines that follow from some wishes."""
        decisions: list[Decision] = []
        prev, standing = self._prev, dict(self.standing) if unless else {}
        for wish in wishes:
            if unless and unless(wish, standing.get(wish.image_id)):
                continue
            at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            decision = Decision(
                len(self.decisions) + len(decisions) + 1, at, self.reviewer, wish.image_id,
                wish.image_sha256, wish.decision, wish.reason, wish.note, prev,
            )  # fmt: skip
            prev = line_hash(decision.line().encode())
            decisions.append(decision)
            if unless:
                stand(standing, [decision])
        return decisions

    def _add(self, stream: io.FileIO, decisions: Sequence[Decision]) -> None:
        """Write lines and wait until they are on disk; then they count."""
        if not decisions:
            return
        lines = [one.line().encode() for one in decisions]
        data = b"".join(line + b"\n" for line in lines)
        try:
            _write(stream, data)
        except OSError as error:
            stream.truncate(self._read)
            raise DecisionError(
                f"nothing was logged: {error.strerror}", where=str(self.path)
            ) from error
        self._accept(decisions, line_hash(lines[-1]), len(data))
        _replace(self._head, lines[-1] + b"\n")

    @property
    def _head(self) -> Path:
        return self.path.with_suffix(HEAD_SUFFIX)

    def _next_line(self) -> str:
        return f"{self.path.name}: line {len(self.decisions) + 1}"

    def _lost(self, torn: bytes) -> list[Decision]:
        """Hold the end of the log against the head, where there is one.

        Returns:
            The last decision, if `torn` is what is left of its line.

        Raises:
            DecisionError: the last line was changed, or is gone without a trace.
        """
        try:
            line = self._head.read_bytes().removesuffix(b"\n")
        except FileNotFoundError:
            return []
        if not line:  # a power cut may leave a new file empty; it then says nothing
            return []
        (last,), own = _read_head(line, self._head.name, self.reviewer)
        if last.seq <= len(self.decisions):
            if own == self._hash_of(last.seq):
                return []
            fault = Fault(f"{self.path.name}: line {last.seq}", "was changed", RESTORE)
        elif torn and line.startswith(torn) and last.prev == self._prev:
            return [last]
        else:
            what = f"was removed: {self._head.name} holds line {last.seq}"
            fault = Fault(self._next_line(), what, RESTORE)
        self._forget()
        raise DecisionError("1 fault(s)", where=self.path.name, faults=[fault])

    def _hash_of(self, seq: int) -> str:
        return self.decisions[seq].prev if seq < len(self.decisions) else self._prev


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


def append(folder: Path, reviewer: str, wishes: Sequence[Wish]) -> list[Decision]:
    """Log decisions of a reviewer whose log nobody holds open; see `Log.append`."""
    return Log(folder, reviewer).append(wishes)


def read(path: Path) -> list[Decision]:
    """All decisions of one log, verified; see `Log.refresh`."""
    return Log(path.parent, path.name.removesuffix(SUFFIX)).refresh()


def _read_head(line: bytes, name: str, reviewer: str) -> tuple[list[Decision], str]:
    """The decision in a head, which hangs on a line that is not there."""
    try:
        probe = json.loads(line)
        return parse([line], name, reviewer, seq=int(probe["seq"]) - 1, prev=str(probe["prev"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        fault = Fault(name, "is damaged", RESTORE)
        raise DecisionError("1 fault(s)", where=name, faults=[fault]) from None


def _open(path: Path, flags: int) -> io.FileIO:
    """Open a log, and nothing that only has its name: no link, no pipe.

    Unbuffered: what could not be written must not be tried again when the file is closed.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DecisionError(f"cannot be opened: {error.strerror}", where=str(path)) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise DecisionError("is no file", where=str(path), remedy="move it away")
    return io.FileIO(handle, "r+b" if flags & os.O_RDWR else "rb")


@contextmanager
def _locked(stream: io.FileIO, kind: int) -> Iterator[None]:
    fcntl.flock(stream, kind)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)


def _write(stream: io.FileIO, data: bytes) -> None:
    while data:
        data = data[stream.write(data) :]
    os.fsync(stream.fileno())


def _replace(path: Path, data: bytes) -> None:
    """Replace a small file at once. No fsync: the log is what counts, and it is on disk."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    partial.write_bytes(data)
    partial.replace(path)


def _set_aside(path: Path, torn: bytes, *, after: int) -> Path:
    aside = path.with_name(f"{path.name}{TORN}{after + 1}")
    with aside.open("ab") as stream:
        stream.write(torn + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(path.parent)
    return aside
