"""The decision log: one JSONL file a reviewer, append-only, hash-chained, fsynced.

A line holds one decision and the SHA-256 of the line before it, so that a removed, changed or
reordered line breaks the chain. A correction is a new line; nothing is ever rewritten.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import sync_folder

GENESIS = "0" * 64
"""`prev` of the first line."""

SUFFIX = ".jsonl"
REVIEWER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
HEX64 = re.compile(r"[0-9a-f]{64}")
MAX_NOTE = 2000
Verb = Literal["keep", "exclude", "retract"]
VERBS: tuple[Verb, ...] = ("keep", "exclude", "retract")


@dataclass(frozen=True)
class Wish:
    """A decision that is not logged yet."""

    image_id: str
    image_sha256: str
    decision: Verb
    reason: str = ""
    """Code of the reason: for an exclusion, and only there."""
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """One line of a log, fields in the order of the line."""

    seq: int
    at: str
    reviewer: str
    image_id: str
    image_sha256: str
    decision: Verb
    reason: str
    note: str
    prev: str

    def line(self) -> str:
        """The line without its end."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def log_file(folder: Path, reviewer: str) -> Path:
    """Path of a reviewer's log.

    Raises:
        DecisionError: the name could not be a file name of its own.
    """
    if not REVIEWER.fullmatch(reviewer) or ".." in reviewer:
        raise DecisionError(
            f"{reviewer[:80]!r} is no reviewer's name",
            remedy="use 1–64 lower-case letters, digits, '.', '_' or '-', such as a.b",
        )
    return folder / f"{reviewer}{SUFFIX}"


def append(folder: Path, reviewer: str, wishes: Sequence[Wish]) -> list[Decision]:
    """Log decisions. They are on disk when this returns; on an error none of them counts.

    Writers of one reviewer wait for each other. What a crash left of an unfinished last line was
    never acknowledged: it is set aside in a file of its own beside the log.

    Raises:
        DecisionError: a wish is malformed, or the log as it stands does not verify.
    """
    path = log_file(folder, reviewer)
    for wish in wishes:
        _refuse_malformed(wish)
    folder.mkdir(parents=True, exist_ok=True)
    # Unbuffered: what could not be written must not be tried again when the file is closed.
    with path.open("a+b", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        text = stream.readall()
        whole, torn = _whole_lines(text)
        before = _parse(whole, path, reviewer)
        if torn:
            _set_aside(path, torn, after=len(before))
        size = len(text) - len(torn)
        stream.truncate(size)
        prev = _hash(before[-1].line()) if before else GENESIS
        decisions = _chain(wishes, reviewer, len(before), prev)
        try:
            _write(stream, "".join(f"{one.line()}\n" for one in decisions).encode())
        except OSError as error:
            stream.truncate(size)
            raise DecisionError(f"nothing was logged: {error.strerror}", where=str(path)) from error
    sync_folder(folder)
    return decisions


def read(path: Path) -> list[Decision]:
    """All decisions of one log, verified.

    Raises:
        DecisionError: with one fault a line that is malformed, out of order or off the chain, or
            for a last line that was never finished.
    """
    reviewer = path.name.removesuffix(SUFFIX)
    log_file(path.parent, reviewer)
    whole, torn = _whole_lines(path.read_bytes())
    decisions = _parse(whole, path, reviewer)
    if torn:
        raise DecisionError(
            "the last line was never finished and never acknowledged",
            where=f"{path.name}: line {len(decisions) + 1}",
            remedy=f"the next decision of {reviewer} sets it aside",
        )
    return decisions


def read_all(folder: Path) -> dict[str, list[Decision]]:
    """Every reviewer's log in a folder: reviewer → decisions, sorted by name. Hidden files and
    torn lines that were set aside are no logs.

    Raises:
        DecisionError: a log does not verify (all faults of all logs), or a file is no log.
    """
    logs: dict[str, list[Decision]] = {}
    faults: list[Fault] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or ".torn-" in path.name:
            continue
        try:
            if path.suffix != SUFFIX:
                raise DecisionError("is no decision log", where=path.name, remedy="move it away")
            logs[path.name.removesuffix(SUFFIX)] = read(path)
        except DecisionError as error:
            faults.extend(error.faults or [Fault(error.where, error.what, error.remedy)])
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return logs


def _write(stream: io.FileIO, data: bytes) -> None:
    while data:
        data = data[stream.write(data) :]
    os.fsync(stream.fileno())


def _refuse_malformed(wish: Wish) -> None:
    if wish.decision not in VERBS:
        raise DecisionError(f"{wish.decision!r} is none of {', '.join(VERBS)}", where=wish.image_id)
    if bool(wish.reason) != (wish.decision == "exclude"):
        raise DecisionError("an exclusion has a reason, and nothing else has", where=wish.image_id)
    if len(wish.note) > MAX_NOTE:
        raise DecisionError(f"the note is longer than {MAX_NOTE} characters", where=wish.image_id)
    if not HEX64.fullmatch(wish.image_sha256):
        raise DecisionError("the film's hash is no SHA-256", where=wish.image_id)


def _chain(wishes: Iterable[Wish], reviewer: str, seq: int, prev: str) -> list[Decision]:
    decisions = []
    for wish in wishes:
        seq += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        decision = Decision(
            seq, at, reviewer, wish.image_id, wish.image_sha256, wish.decision, wish.reason,
            wish.note, prev,
        )  # fmt: skip
        prev = _hash(decision.line())
        decisions.append(decision)
    return decisions


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _whole_lines(data: bytes) -> tuple[list[bytes], bytes]:
    *whole, torn = data.split(b"\n")
    return whole, torn


def _set_aside(path: Path, torn: bytes, *, after: int) -> None:
    aside = path.with_name(f"{path.name}.torn-{after + 1}")
    with aside.open("ab") as stream:
        stream.write(torn + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def _parse(lines: Sequence[bytes], path: Path, reviewer: str) -> list[Decision]:
    decisions: list[Decision] = []
    faults: list[Fault] = []
    prev = GENESIS
    for number, raw in enumerate(lines, start=1):
        where = f"{path.name}: line {number}"
        try:
            decision = _decision(raw)
        except (ValueError, TypeError) as error:
            faults.append(Fault(where, f"is no decision: {error}"))
        else:
            faults.extend(_departures(decision, where, number, reviewer, prev))
            decisions.append(decision)
        prev = hashlib.sha256(raw).hexdigest()
    if faults:
        raise DecisionError(
            f"{len(faults)} fault(s)",
            where=path.name,
            remedy="restore the file from git; decisions are never edited",
            faults=faults,
        )
    return decisions


def _decision(raw: bytes) -> Decision:
    value = json.loads(raw.decode("utf-8"))
    expected = [one.name for one in fields(Decision)]
    if not isinstance(value, dict) or list(value) != expected:
        raise ValueError(f"expected the keys {', '.join(expected)} in this order")
    for name, one in value.items():
        if type(one) is not (int if name == "seq" else str):
            raise TypeError(f"{name} has the wrong type")
    return Decision(**value)


def _departures(
    decision: Decision, where: str, number: int, reviewer: str, prev: str
) -> Iterable[Fault]:
    if decision.prev != prev:
        yield Fault(where, "the chain is broken: a line before it was changed, removed or moved")
    if decision.seq != number:
        yield Fault(where, f"seq is {decision.seq}")
    if decision.reviewer != reviewer:
        yield Fault(where, f"is a decision of {decision.reviewer!r} in the log of {reviewer!r}")
    try:
        _refuse_malformed(
            Wish(
                decision.image_id,
                decision.image_sha256,
                decision.decision,
                decision.reason,
                decision.note,
            )
        )
    except DecisionError as error:
        yield Fault(where, f"{error.where}: {error.what}")
