"""What any kind of line asks of its ids, hashes and words.

Line ends that git changed on checkout: the chain is of bytes, and breaks with them.

A log's lines, verified: each is what a line must be, and hangs on the line before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import WINDOWS_ENDS
from cxr_release.logbook.entry import GENESIS, TIME, Kind, L, W, line_hash, moment

HEX64 = re.compile(r"[0-9a-f]{64}")
MAX_NOTE, MAX_ID = 2000, 255
"""Characters."""


def of_id(what: str, value: str) -> Iterator[str]:
    """An id has a length and no odd characters; `what` names it, as in `a film's id`."""
    if not 0 < len(value) <= MAX_ID or not value.isprintable():
        yield f"{what} has 1 to {MAX_ID} printable characters"


def of_sha256(what: str, value: str) -> Iterator[str]:
    """A hash is 64 hex digits; `what` names it, as in `the film's hash`."""
    if not HEX64.fullmatch(value):
        yield f"{what} is no SHA-256"


def of_note(value: str) -> Iterator[str]:
    """A note has a length."""
    if len(value) > MAX_NOTE:
        yield f"the note is longer than {MAX_NOTE} characters"


def of_text(what: str, value: str) -> Iterator[str]:
    """JSON can spell half a surrogate pair, which no file can hold; `what` names the text."""
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        yield f"{what} is no text"


CHECKOUT = (
    "run `git config core.autocrlf false`, move {files} out of the folder, and check the folder"
    " out again: `git checkout -- {folder}`"
)


def refuse_windows_ends(path: Path, lines: Sequence[bytes]) -> None:
    """Refuse lines that end as on Windows: no line of ours ends so, whatever it says.

    Args:
        path: the log, or its head.
        lines: some of its lines, without their line feeds.

    Raises:
        DecisionError: there are such lines; with the one remedy.
    """
    bad = sum(line.endswith(b"\r") for line in lines)
    if not bad:
        return
    some = "" if bad == len(lines) else f" in {bad} of {len(lines)} lines read"
    remedy = CHECKOUT.format(files=f"{path.stem}.*", folder=path.parent.as_posix())
    fault = Fault(path.name, WINDOWS_ENDS + some, remedy)
    raise DecisionError("1 fault(s)", where=path.name, faults=[fault])


_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def parse(
    kind: Kind[W, L],
    lines: Sequence[bytes],
    name: str,
    reviewer: str,
    *,
    seq: int = 0,
    prev: str = GENESIS,
) -> tuple[list[L], str]:
    """Some lines of a log, verified.

    Args:
        kind: what the log holds.
        lines: without their ends.
        name: of the file, for the report.
        reviewer: whose log it is.
        seq: number of the line before them.
        prev: hash of the line before them.

    Returns:
        The lines, and the hash of the last one.

    Raises:
        DecisionError: with one fault a line that is of another kind, malformed, out of order or
            off the chain.
    """
    parsed: list[L] = []
    faults: list[Fault] = []
    for number, raw in enumerate(lines, start=seq + 1):
        where = f"{name}: line {number}"
        try:
            line = _line(kind, raw)
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(Fault(where, f"is no {kind.noun}: {error}"))
        else:
            faults.extend(
                Fault(where, what) for what in _departures(kind, line, number, reviewer, prev)
            )
            parsed.append(line)
        prev = line_hash(raw)
    if faults:
        raise DecisionError(
            f"{len(faults)} fault(s)",
            where=name,
            remedy=f"restore the file from git; {kind.noun}s are never edited",
            faults=faults,
        )
    return parsed, prev


def _line(kind: Kind[W, L], raw: bytes) -> L:
    value: Mapping[str, Any] = json.loads(raw.decode("utf-8"))
    if not isinstance(value, dict) or list(value) != [
        name for name in kind.names if name in value or name not in kind.optional
    ]:
        names = [name for name in kind.names if name not in kind.optional]
        raise ValueError(f"expected the keys {', '.join(names)} in this order")
    for name, one in value.items():
        if type(one) is not (int if name == "seq" else str):
            raise TypeError(f"{name} has the wrong type")
        if name in kind.optional and not one:
            raise ValueError(f"{name} is empty")
    return kind.line(**value)


def _departures(kind: Kind[W, L], one: L, number: int, reviewer: str, prev: str) -> Iterator[str]:
    if one.prev != prev:
        yield "the chain is broken: a line before it was changed, removed or moved"
    if one.seq != number:
        yield f"seq is {one.seq}"
    if one.reviewer != reviewer:
        yield f"is a {kind.noun} of {one.reviewer!r} in the log of {reviewer!r}"
    if not TIME.fullmatch(one.at):
        yield "at is no time"
    if one.joined_from or one.joined_line or one.joined_after:
        yield from _unjoined(one)
    yield from one.malformed()


def _unjoined(one: L) -> Iterator[str]:
    """What is wrong with what a line says of where it was joined in from."""
    if not HEX64.fullmatch(one.joined_from):
        yield "joined_from is no SHA-256"
    if not _NUMBER.fullmatch(one.joined_line):
        yield "joined_line is no number of a line"
    if one.joined_after and not (TIME.fullmatch(one.joined_after) and moment(one.joined_after)):
        yield "joined_after is no time"
