"""What a line of a log must be, whatever it says, and how it hangs on the line before.

A line is a JSON object: `seq`, `at`, `reviewer`, then the fields of its own kind, then `prev`, the
SHA-256 of the line before. All but `seq` are text. What the fields mean, the kind alone knows.

A field that has a default in the line's dataclass is optional: it is left out where it has nothing
to say, so that a log from before there was such a field stays what it is, byte by byte.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from cxr_release.errors import DecisionError, Fault

GENESIS = "0" * 64
"""`prev` of the first line."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")

Subject = Any
"""What a line is about: hashable and sortable, of one type for a kind, such as a film's id."""
Fingerprint = str | tuple[str, ...]
"""SHA-256 in hex of what was shown, or several of them, for a subject of several films."""


class Said(Protocol):
    """What is said of one subject: a dataclass, all of whose fields are text."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def about(self) -> Subject:
        """What it is about."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What was shown."""

    @property
    def retracts(self) -> bool:
        """Whether it only takes back what the reviewer said of the subject before."""

    def malformed(self) -> Iterator[str]:
        """What is wrong with it in itself, one sentence a fault."""


@dataclass(frozen=True)
class Place:
    """What every line begins with: a line's dataclass takes these fields from here."""

    seq: int
    """1 for the first line."""
    at: str
    """When it was logged, matching `TIME`."""
    reviewer: str
    """Who said it."""


class Line(Said, Protocol):
    """What was said, and its place in a log."""

    @property
    def seq(self) -> int:
        """See `Place`, as the next two."""

    @property
    def at(self) -> str:
        """…"""

    @property
    def reviewer(self) -> str:
        """…"""

    @property
    def prev(self) -> str:
        """Hash of the line before, or `GENESIS`."""


W = TypeVar("W", bound=Said)
L = TypeVar("L", bound=Line)
Unless = Callable[[W, L | None], bool]
"""Whether a wish is not to be logged, given the reviewer's standing line on the same subject."""


@dataclass(frozen=True)
class Kind(Generic[W, L]):
    """One kind of line. A log, and all logs of a folder, hold lines of one kind."""

    noun: str
    """What people call it: `decision`."""
    wish: type[W]
    """What is said and not logged yet: the fields of its own. Refuses what is malformed."""
    line: Callable[..., L]
    """The line's dataclass: the fields of `Place`, those of `wish`, and `prev`, in this order."""

    @cached_property
    def own(self) -> list[str]:
        """Names of the fields that are the kind's own."""
        return [one.name for one in fields(self.wish)]

    @cached_property
    def names(self) -> list[str]:
        """Names of a line's fields, in the order of the line."""
        return [one.name for one in self._fields]

    @cached_property
    def optional(self) -> frozenset[str]:
        """Names of the fields that a line leaves out where they are empty."""
        return frozenset(one.name for one in self._fields if one.default is not MISSING)

    @property
    def _fields(self) -> tuple[Field[Any], ...]:
        return fields(cast(Any, self.line))

    def placed(self, wish: W, seq: int, reviewer: str, prev: str) -> L:
        """The line that follows from a wish, as of now."""
        own = {name: getattr(wish, name) for name in self.own}
        return self.line(seq=seq, at=now(), reviewer=reviewer, prev=prev, **own)


def now() -> str:
    """The time in UTC, to the millisecond, matching `TIME`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written(line: Line) -> str:
    """A line as it stands in the log, without its end."""
    values = {
        one.name: getattr(line, one.name)
        for one in fields(line)
        if one.default is MISSING or getattr(line, one.name) != one.default
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def line_hash(line: bytes) -> str:
    """What the next line gives as `prev`: SHA-256 of a line without its end, in hex."""
    return hashlib.sha256(line).hexdigest()


def standing_of(log: Iterable[L]) -> dict[Subject, L]:
    """One reviewer's lines that still stand: subject → the last one, unless it retracts.

    The order is that in which they were logged.
    """
    standing: dict[Subject, L] = {}
    stand(standing, log)
    return standing


def stand(standing: dict[Subject, L], later: Iterable[L]) -> None:
    """Bring what stands up to date with later lines."""
    for line in later:
        standing.pop(line.about, None)
        if not line.retracts:
            standing[line.about] = line


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
    yield from one.malformed()
