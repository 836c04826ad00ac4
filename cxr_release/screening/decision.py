"""One decision: a line of a reviewer's log, its form, and how it hangs on the line before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from cxr_release.errors import DecisionError, Fault

GENESIS = "0" * 64
"""`prev` of the first line."""

PRESCREEN = "prescreen"
"""Under this name, and for the reason of this code, the automatic pre-screen decides."""

REVIEWER = re.compile(r"(?!.*\.\.)[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
HEX64 = re.compile(r"[0-9a-f]{64}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
MAX_NOTE, MAX_ID = 2000, 255
Verb = Literal["keep", "exclude", "retract"]
VERBS: tuple[Verb, ...] = ("keep", "exclude", "retract")


@dataclass(frozen=True)
class Wish:
    """A decision that is not logged yet.

    Raises:
        DecisionError: it is malformed.
    """

    image_id: str
    image_sha256: str
    decision: Verb
    reason: str = ""
    """Code of the reason: for an exclusion, and only there."""
    note: str = ""

    def __post_init__(self) -> None:
        for fault in _malformed(self):
            raise DecisionError(fault, where=repr(self.image_id[:MAX_ID]))


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


_FIELDS = [one.name for one in fields(Decision)]


def standing_of(log: Iterable[Decision]) -> dict[str, Decision]:
    """One reviewer's decisions that still stand: film id → the last one, unless retracted.

    The order is that in which they were made.
    """
    standing: dict[str, Decision] = {}
    stand(standing, log)
    return standing


def stand(standing: dict[str, Decision], later: Iterable[Decision]) -> None:
    """Bring what stands up to date with later decisions."""
    for decision in later:
        standing.pop(decision.image_id, None)
        if decision.decision != "retract":
            standing[decision.image_id] = decision


def line_hash(line: bytes) -> str:
    """What the next line gives as `prev`: SHA-256 of a line without its end, in hex."""
    return hashlib.sha256(line).hexdigest()


def parse(
    lines: Sequence[bytes], name: str, reviewer: str, *, seq: int = 0, prev: str = GENESIS
) -> tuple[list[Decision], str]:
    """Decisions of some lines of a log, verified.

    Args:
        lines: without their ends.
        name: of the file, for the report.
        reviewer: whose log it is.
        seq: number of the line before them.
        prev: hash of the line before them.

    Returns:
        The decisions, and the hash of the last line.

    Raises:
        DecisionError: with one fault a line that is malformed, out of order or off the chain.
    """
    decisions: list[Decision] = []
    faults: list[Fault] = []
    for number, raw in enumerate(lines, start=seq + 1):
        where = f"{name}: line {number}"
        try:
            decision = _decision(raw)
        except (ValueError, TypeError, RecursionError) as error:
            faults.append(Fault(where, f"is no decision: {error}"))
        else:
            faults.extend(
                Fault(where, what) for what in _departures(decision, number, reviewer, prev)
            )
            decisions.append(decision)
        prev = line_hash(raw)
    if faults:
        raise DecisionError(
            f"{len(faults)} fault(s)",
            where=name,
            remedy="restore the file from git; decisions are never edited",
            faults=faults,
        )
    return decisions, prev


def _decision(raw: bytes) -> Decision:
    value: Mapping[str, Any] = json.loads(raw.decode("utf-8"))
    if not isinstance(value, dict) or list(value) != _FIELDS:
        raise ValueError(f"expected the keys {', '.join(_FIELDS)} in this order")
    for name, one in value.items():
        if type(one) is not (int if name == "seq" else str):
            raise TypeError(f"{name} has the wrong type")
    return Decision(**value)


def _departures(one: Decision, number: int, reviewer: str, prev: str) -> Iterator[str]:
    if one.prev != prev:
        yield "the chain is broken: a line before it was changed, removed or moved"
    if one.seq != number:
        yield f"seq is {one.seq}"
    if one.reviewer != reviewer:
        yield f"is a decision of {one.reviewer!r} in the log of {reviewer!r}"
    if not TIME.fullmatch(one.at):
        yield "at is no time"
    yield from _malformed(one)


def _malformed(one: Wish | Decision) -> Iterator[str]:
    """What is wrong with a decision in itself."""
    if not 0 < len(one.image_id) <= MAX_ID or not one.image_id.isprintable():
        yield f"a film's id has 1 to {MAX_ID} printable characters"
    if one.decision not in VERBS:
        yield f"{one.decision!r} is none of {', '.join(VERBS)}"
    if bool(one.reason) != (one.decision == "exclude"):
        yield "an exclusion has a reason, and nothing else has"
    if len(one.note) > MAX_NOTE:
        yield f"the note is longer than {MAX_NOTE} characters"
    if not HEX64.fullmatch(one.image_sha256):
        yield "the film's hash is no SHA-256"
    # JSON can spell half a surrogate pair, which no file can hold.
    if any("\ud800" <= letter <= "\udfff" for letter in one.reason + one.note):
        yield "the note or reason is no text"
