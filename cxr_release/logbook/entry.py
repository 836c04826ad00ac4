"""What a line of a log must be, whatever it says, and how it hangs on the line before.

A line is a JSON object: `seq`, `at`, `reviewer`, then the fields of its own kind, then `prev`, the
SHA-256 of the line before. All but `seq` are text. What the fields mean, the kind alone knows.

A field that has a default in the line's dataclass is optional: it is left out where it has nothing
to say, so that a log from before there was such a field stays what it is, byte by byte.

A line that was joined in from another log of the same person says so after `prev`, see `Chained`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar, cast

GENESIS = "0" * 64
"""`prev` of the first line."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")

_EARLIEST = datetime.min.replace(tzinfo=UTC)

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


@dataclass(frozen=True)
class Chained:
    """What every line ends with: a line's dataclass takes these fields from here.

    A line that was joined in keeps its own time, what was said, and where it comes from; `seq`
    and `prev` are its place in this log.
    """

    prev: str
    """SHA-256 of the line before, or `GENESIS`."""
    joined_from: str = field(default="", kw_only=True)
    """SHA-256 of the line, in the log in which it was first written; empty: it was written here."""
    joined_line: str = field(default="", kw_only=True)
    """Its number there."""
    joined_after: str = field(default="", kw_only=True)
    """The latest time of a line before it there, where that is later than its own: its clock had
    gone back."""


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
        """See `Chained`, as the next three."""

    @property
    def joined_from(self) -> str:
        """…"""

    @property
    def joined_line(self) -> str:
        """…"""

    @property
    def joined_after(self) -> str:
        """…"""


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
    """The line's dataclass: the fields of `Place`, those of `wish`, those of `Chained`."""

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

    def said(self, one: W | L) -> dict[str, str]:
        """The fields of the kind's own."""
        return {name: getattr(one, name) for name in self.own}

    def placed(self, wish: W, seq: int, reviewer: str, prev: str) -> L:
        """The line that follows from a wish, as of now."""
        return self.line(seq=seq, at=now(), reviewer=reviewer, prev=prev, **self.said(wish))


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


class Turn(NamedTuple):
    """When it was a line's turn: lines of one log and of its branches sort by it.

    A line never comes before one that stood before it where it was first written, whatever the
    clock said; and two branches come out in one order, whichever was joined into the other.
    """

    when: datetime
    """Its time, or the latest of a line before it if that is later."""
    seq: int
    """Its number where it was first written."""
    own: str
    """Its SHA-256 there."""


def moment(at: str) -> datetime | None:
    """A line's time. `TIME` admits a 13th month: such a line counts, but nobody knows when."""
    try:
        time = datetime.fromisoformat(at)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def turns_of(log: Iterable[L]) -> list[Turn]:
    """When it was each line's turn.

    Args:
        log: all lines from the first on.
    """
    lines = list(log)
    following = [one.prev for one in lines[1:]]
    hashes = [*following, line_hash(written(lines[-1]).encode())] if lines else []
    latest, turns = _EARLIEST, []
    for one, own in zip(lines, hashes, strict=True):
        if one.joined_from:
            when = moment(one.joined_after or one.at) or _EARLIEST
            turns.append(Turn(when, int(one.joined_line), one.joined_from))
        else:
            when = max(latest, moment(one.at) or latest)
            turns.append(Turn(when, one.seq, own))
        latest = max(latest, when)
    return turns


def in_order(log: Iterable[L]) -> list[L]:
    """All lines of a log in the order in which they were said: its own, where none was joined in.

    Args:
        log: all lines from the first on.
    """
    lines = list(log)
    if not any(one.joined_from for one in lines):
        return lines
    pairs = zip(turns_of(lines), lines, strict=True)
    return [line for _, line in sorted(pairs, key=lambda pair: pair[0])]


def standing_of(log: Iterable[L]) -> dict[Subject, L]:
    """One reviewer's lines that still stand: subject → the last one, unless it retracts.

    Args:
        log: all lines from the first on.

    Returns:
        In the order in which they were said; see `in_order`.
    """
    standing: dict[Subject, L] = {}
    stand(standing, in_order(log))
    return standing


def stand(standing: dict[Subject, L], later: Iterable[L]) -> None:
    """Bring what stands up to date with lines that were said later, in this order."""
    for line in later:
        standing.pop(line.about, None)
        if not line.retracts:
            standing[line.about] = line
