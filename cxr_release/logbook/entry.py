"""An entry of a log, whatever its type: a person's statement on a subject, and its place there.

An entry is a line of JSON: `seq`, `at`, `reviewer`, then the fields of its own type, then `prev`,
the SHA-256 of the line before. All but `seq` are text. Its own fields and
their checks are declared by its type alone, in one dataclass.

An optional field (keyword-only, with a default) is left out of the line where it is empty, so that
a log from before there was such a field stays what it is, byte by byte.

An entry that was joined in from another log of the same person says so after `prev`.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

from cxr_release.errors import DecisionError

GENESIS = "0" * 64
"""`prev` of the first entry."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
HEX64 = re.compile(r"[0-9a-f]{64}")
MAX_NOTE, MAX_ID = 2000, 255
"""Characters."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LINE_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

Subject = Any
"""What an entry is about: hashable and sortable, of one Python type for a type of entries, such as
a film's id."""
Fingerprint = str | tuple[str, ...]
"""SHA-256 in hex of what was shown, or several of them, for a subject of several films."""
Check = Callable[[str], str]
"""What is wrong with a field's value; empty: nothing. Given in the field's `Annotated`."""


def matching(pattern: re.Pattern[str], fault: str) -> Check:
    """The whole value matches a pattern."""
    return lambda value: "" if pattern.fullmatch(value) else fault


def identifier(noun: str) -> Check:
    """An id has a length and no odd characters; `noun` names it, as in `a film's id`."""
    fault = f"{noun} has 1 to {MAX_ID} printable characters"
    return lambda value: "" if 0 < len(value) <= MAX_ID and value.isprintable() else fault


def sha256(noun: str) -> Check:
    """A hash is 64 hex digits; `noun` names it, as in `the film's hash`."""
    return matching(HEX64, f"{noun} is not a SHA-256")


def text(noun: str) -> Check:
    """JSON can spell half a surrogate pair, which no file can hold; `noun` names the text."""
    return matching(re.compile("[^\ud800-\udfff]*"), f"{noun} is not valid Unicode text")


def note_fault(value: str) -> str:
    """What is wrong with a note; empty: nothing."""
    if len(value) > MAX_NOTE:
        return f"the note is longer than {MAX_NOTE} characters"
    return text("the note")(value)


Note = Annotated[str, note_fault]


class Statement(ABC):
    """A person's statement on one subject: a frozen dataclass, all of whose fields are text.

    Raises:
        DecisionError: it is malformed.
    """

    @property
    @abstractmethod
    def about(self) -> Subject:
        """The subject."""

    @property
    @abstractmethod
    def fingerprint(self) -> Fingerprint:
        """What was shown."""

    @property
    def retracts(self) -> bool:
        """Whether it only takes back the person's earlier statement on the subject."""
        return False

    @property
    def where(self) -> str:
        """The subject in a message."""
        names = self.about if isinstance(self.about, tuple) else (self.about,)
        return repr(" and ".join(str(name)[:MAX_ID] for name in names))

    def faults(self) -> Iterator[str]:
        """What is wrong with it in itself: by its fields' checks, then by those of all together."""
        for name, check in _checks(type(self)):
            if fault := check(getattr(self, name)):
                yield fault
        yield from self._contradictions()

    def _contradictions(self) -> Iterator[str]:
        """Faults of fields that do not go together."""
        return iter(())

    def __post_init__(self) -> None:
        for fault in self.faults():
            raise DecisionError(fault, where=self.where)


@dataclass(frozen=True, kw_only=True)
class Entry(Statement):
    """A statement in its log. An entry's class takes this one, then that of its statement.

    An entry that was joined in keeps its own time and statement; `seq` and `prev` are its place
    in this log.
    """

    seq: int
    """1 for the first."""
    at: Annotated[str, matching(TIME, "at is not a time")]
    """When it was logged."""
    reviewer: str
    """Who said it."""
    prev: str
    """SHA-256 of the line before, or `GENESIS`."""
    joined_from: str = ""
    """SHA-256 of the line, in the log in which it was first written; empty: it was written here."""
    joined_line: str = ""
    """Its number there."""
    joined_after: str = ""
    """The latest time of a line before it there, where that is later than its own: its clock had
    gone back."""

    def __post_init__(self) -> None:
        """What was read may be malformed: `chain.parse` names all faults of a log at once."""

    def faults(self) -> Iterator[str]:
        """See `Statement.faults`; and what is wrong with where it was joined in from."""
        yield from super().faults()
        if not (self.joined_from or self.joined_line or self.joined_after):
            return
        if not HEX64.fullmatch(self.joined_from):
            yield "joined_from is not a SHA-256"
        if not _LINE_NUMBER.fullmatch(self.joined_line):
            yield "joined_line is not the number of a line"
        after = self.joined_after
        if after and not (TIME.fullmatch(after) and time_of(after)):
            yield "joined_after is not a time"


S = TypeVar("S", bound=Statement)
E = TypeVar("E", bound=Entry)
Unless = Callable[[S, E | None], bool]
"""Whether a statement is not to be logged, given the person's effective entry on its subject."""


@dataclass(frozen=True)
class EntryType(Generic[S, E]):
    """A type of entries. A log, and all logs of a folder, hold entries of one type."""

    noun: str
    """What people call such an entry: `decision`."""
    statement: type[S]
    """A statement that is not logged yet."""
    entry: type[E]

    @property
    def a_noun(self) -> str:
        """The noun with its article: `an answer`."""
        return with_article(self.noun)

    @property
    def keys(self) -> list[str]:
        """Keys of a line, in their order."""
        return _keys(self.entry)

    @property
    def optional(self) -> frozenset[str]:
        """Keys that a line leaves out where they are empty."""
        return _optional(self.entry)

    def values(self, statement: S | E) -> dict[str, str]:
        """The values of the type's own fields."""
        return {name: getattr(statement, name) for name in self.keys if name not in _PLACE}

    def entered(self, statement: S | E, **place: Any) -> E:
        """The entry that a statement becomes at some place: the fields of `Entry`."""
        return self.entry(**(place | self.values(statement)))


def with_article(noun: str) -> str:
    """A noun with its indefinite article: `a decision`, `an answer`."""
    return f"{'an' if noun.startswith(tuple('aeiou')) else 'a'} {noun}"


_PLACE = [field.name for field in fields(Entry)]


@cache
def _keys(cls: type[Entry]) -> list[str]:
    own = [field.name for field in fields(cls) if field.name not in _PLACE]
    return [*_PLACE[:3], *own, *_PLACE[3:]]


@cache
def _optional(cls: type[Entry]) -> frozenset[str]:
    return frozenset(
        field.name for field in fields(cls) if field.kw_only and field.default is not MISSING
    )


@cache
def _checks(cls: type[Statement]) -> list[tuple[str, Check]]:
    """Name of a field, and one of its checks."""
    checks: list[tuple[str, Check]] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is Annotated:
            checks += [(name, check) for check in hint.__metadata__]
        elif get_origin(hint) is Literal:
            checks.append((name, _is_one_of(name, get_args(hint))))
    return checks


def _is_one_of(name: str, values: tuple[str, ...]) -> Check:
    known = ", ".join(value for value in values if value)
    return lambda value: "" if value in values else f"{name} {value!r} is not one of {known}"


def now() -> str:
    """The time in UTC, to the millisecond, matching `TIME`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line_of(entry: Entry) -> bytes:
    """An entry as a line of the log, without its line feed."""
    optional = _optional(type(entry))
    values = {name: getattr(entry, name) for name in _keys(type(entry))}
    kept = {name: value for name, value in values.items() if value or name not in optional}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def line_hash(line: bytes) -> str:
    """What the next line gives as `prev`: SHA-256 of a line without its line feed, in hex."""
    return hashlib.sha256(line).hexdigest()


class Position(NamedTuple):
    """An entry's place in time: entries of one log and of its branches sort by it.

    An entry never comes before one that preceded it where it was first written, whatever the
    clock said; and two branches come out in one order, whichever was joined into the other.
    """

    when: datetime
    """Its time, or the latest of an entry before it if that is later."""
    seq: int
    """Its number where it was first written."""
    sha256: str
    """Of its line there."""


def time_of(at: str) -> datetime | None:
    """An entry's time; unknown where it is of a 13th month, which `TIME` admits."""
    try:
        time = datetime.fromisoformat(at)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def positions_of(log: Iterable[E]) -> list[Position]:
    """Each entry's place in time.

    Args:
        log: all entries from the first on.
    """
    entries = list(log)
    hashes = [entry.prev for entry in entries[1:]]
    hashes += [line_hash(line_of(entry)) for entry in entries[-1:]]
    latest, positions = _EARLIEST, []
    for entry, sha256 in zip(entries, hashes, strict=True):
        if entry.joined_from:
            when = time_of(entry.joined_after or entry.at) or _EARLIEST
            positions.append(Position(when, int(entry.joined_line), entry.joined_from))
        else:
            when = max(latest, time_of(entry.at) or latest)
            positions.append(Position(when, entry.seq, sha256))
        latest = max(latest, when)
    return positions


def chronological(log: Iterable[E]) -> list[E]:
    """All entries of a log in the order in which they were said.

    Args:
        log: all entries from the first on.
    """
    entries = list(log)
    if not any(entry.joined_from for entry in entries):
        return entries
    pairs = zip(positions_of(entries), entries, strict=True)
    return [entry for _, entry in sorted(pairs, key=lambda pair: pair[0])]


def effective_of(log: Iterable[E]) -> dict[Subject, E]:
    """One person's effective entries: subject → the last one, unless it retracts.

    Args:
        log: all entries from the first on.

    Returns:
        In the order in which they were said; see `chronological`.
    """
    effective: dict[Subject, E] = {}
    take_effect(effective, chronological(log))
    return effective


def take_effect(effective: dict[Subject, E], later: Iterable[E]) -> None:
    """Bring effective entries up to date with entries that were said later, in this order."""
    for entry in later:
        effective.pop(entry.about, None)
        if not entry.retracts:
            effective[entry.about] = entry
