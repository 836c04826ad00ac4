"""Joins the log that one person wrote on another machine into the one that is here.

Both grew from the same lines, or from none. What the other one has beyond those is added at the
end here, each line with its own time and the hash of the line that it comes from; nothing
is rewritten. What is effective in the end follows from the times (see `entry.Position`), and is the
same whichever of the two was joined into the other. The other log is kept whole beside this one,
as the evidence for those lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded, whole_file
from cxr_release.logbook.chain import parse, parted_after
from cxr_release.logbook.entry import (
    E,
    EntryType,
    Position,
    S,
    line_hash,
    line_of,
    positions_of,
    time_of,
)
from cxr_release.logbook.log import Log
from cxr_release.logbook.log_files import JOINED, MOST, SUFFIX

SHOWN = 20
"""Subjects that are named at most."""
_RESTORE = "restore it from git"


@dataclass(frozen=True)
class Branch(Generic[E]):
    """A person's log as it was on another machine, whole and verified in itself."""

    lines: tuple[bytes, ...]
    """Without their line feeds."""
    entries: tuple[tuple[Position, E], ...]

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return b"".join(line + b"\n" for line in self.lines)

    def kept_beside(self, log: Path) -> Path:
        """Where it is kept once it was joined into a log: its last line tells it from others."""
        return log.with_name(f"{log.name}{JOINED}{line_hash(self.lines[-1])[:16]}")


def branch_of(kind: EntryType[S, E], path: Path, data: bytes, reviewer: str) -> Branch[E]:
    """Read a branch out of its bytes.

    Args:
        kind: what it holds.
        path: where it is from, for the report.
        data: its bytes.
        reviewer: whose it is.

    Raises:
        DecisionError: it is not a whole log of that person, with each line that is not as it was.
    """
    *lines, torn = data.split(b"\n")
    if torn or not lines:
        raise DecisionError(
            "ends within a line" if torn else "holds no line",
            where=str(path),
            remedy="copy it again; if it is so where it comes from, run `cxr-release log verify`"
            " there first",
        )
    try:
        entries, _ = parse(kind, path, lines, reviewer)
    except DecisionError as error:
        raise DecisionError(
            f"is not a whole log of {reviewer}",
            where=str(path),
            remedy="copy it again: nothing was joined",
            faults=error.faults,
        ) from None
    return Branch(tuple(lines), tuple(zip(positions_of(entries), entries, strict=True)))


def joined_files(folder: Path) -> list[Path]:
    """The branches that are kept in a folder of logs, sorted by name."""
    paths = folder.glob(f"*{SUFFIX}{JOINED}*")
    return sorted(path for path in paths if path.suffix.startswith(JOINED) and path.name[0] != ".")


@dataclass(frozen=True)
class Differing:
    """A subject on which the last statements of both sides since they parted differ."""

    about: str
    here: str
    """Time of the last line on it in the log that was joined into."""
    there: str
    """… and in the other one."""
    counts: str
    """`here` or `there`: which of the two was later."""


@dataclass(frozen=True)
class Joined:
    """What a join did."""

    reviewer: str
    into: str
    """The log."""
    parted_after: int
    """Number of the last line that both have at the same place; 0: none."""
    joined: int
    """Lines that were added."""
    went_on: bool
    """Whether the other log only went on where this one ends: its lines are taken as they are."""
    set_back: int
    """Of the added lines: those with an earlier time than a line before them."""
    differing: tuple[Differing, ...]
    kept: str
    """Name of the file beside the log that keeps the other one; empty: there was no need."""


def join(
    kind: EntryType[S, E],
    other: Path,
    data: bytes,
    into: Path,
    faults_of: Callable[[Mapping[str, Sequence[E]]], Sequence[Fault]],
) -> Joined:
    """Join a person's other log into the one that is here: all of it, or nothing.

    What is there already is not added again: joining twice is joining once.

    Args:
        kind: what both hold.
        other: where the other one is from, for the report.
        data: its bytes.
        into: the log that is here, `NAME.jsonl`.
        faults_of: what is wrong with entries of whole logs, reviewer → entries, by log and line.

    Raises:
        DecisionError: either does not verify, the other one is another person's or about other
            films, or the disk fails. Nothing was joined then.
    """
    log = Log(kind, into.parent, into.name.removesuffix(SUFFIX))
    _require_same_person(other, data, log.reviewer)
    branch = branch_of(kind, other, data, log.reviewer)
    if faults := faults_of({log.reviewer: [entry for _, entry in branch.entries]}):
        problem = "does not fit this project: nothing was joined"
        raise DecisionError(problem, where=str(other), faults=faults)
    with log.writing("nothing was joined") as stream:
        own = list(zip(positions_of(log.entries), log.entries, strict=True))
        known = {position.sha256 for position, _ in own}
        fresh = [pair for pair in branch.entries if pair[0].sha256 not in known]
        common = _common(log.hashes, [line_hash(line) for line in branch.lines])
        went_on = bool(fresh) and common == len(own)
        lines = branch.lines[common:] if went_on else list(_chained(log, fresh))
        evidence = any(b'"joined_from":"' in line for line in lines)
        kept = branch.kept_beside(log.path) if evidence else None
        is_new = kept is not None and not os.path.lexists(kept)
        try:
            if kept is not None:
                _keep(kept, branch.data)
            log.extend(stream, lines)
        except (DecisionError, OSError):  # which comes before any added line counts
            if kept is not None and is_new:
                kept.unlink(missing_ok=True)
            raise
    return Joined(
        reviewer=log.reviewer,
        into=str(log.path),
        parted_after=common,
        joined=len(fresh),
        went_on=went_on,
        set_back=sum(_is_set_back(*pair) for pair in fresh),
        differing=tuple(_differing(kind, own, branch, fresh)),
        kept=kept.name if kept else "",
    )


def _require_same_person(other: Path, data: bytes, reviewer: str) -> None:
    try:
        owner = json.loads(data.partition(b"\n")[0])["reviewer"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    if isinstance(owner, str) and owner != reviewer:
        raise DecisionError(
            f"is a log of {owner[:64]!r}, and not of {reviewer!r}: nothing was joined",
            where=str(other),
            remedy="each person's log is joined into their own",
        )


def _common(own: Sequence[str], theirs: Sequence[str]) -> int:
    """How many lines two logs have at the same places, by their hashes."""
    pairs = enumerate(zip(own, theirs, strict=False))
    return next((at for at, (here, there) in pairs if here != there), min(len(own), len(theirs)))


def _chained(log: Log[S, E], fresh: Iterable[tuple[Position, E]]) -> Iterator[bytes]:
    """A branch's fresh entries as lines that follow from the log."""
    prev = log.hashes[-1]
    for seq, (position, entry) in enumerate(fresh, start=len(log.entries) + 1):
        late = time_of(entry.at) is None or _is_set_back(position, entry)
        after = position.when.astimezone(UTC).isoformat().replace("+00:00", "Z")
        line = line_of(
            log.kind.entered(
                entry,
                seq=seq,
                at=entry.at,
                reviewer=entry.reviewer,
                prev=prev,
                joined_from=position.sha256,
                joined_line=str(position.seq),
                joined_after=after if late else "",
            )
        )
        prev = line_hash(line)
        yield line


def _is_set_back(position: Position, entry: E) -> bool:
    """Whether an entry has an earlier time than one before it."""
    return (time_of(entry.at) or position.when) < position.when


def _keep(path: Path, data: bytes) -> None:
    if not os.path.lexists(path):
        with whole_file(path) as partial:
            partial.write_bytes(data)
    elif read_bounded(path, MOST) != data:
        problem = "does not hold the log that is joined in"
        raise DecisionError(problem, where=str(path), remedy="move it away")


def _differing(
    kind: EntryType[S, E],
    own: Iterable[tuple[Position, E]],
    branch: Branch[E],
    fresh: Iterable[tuple[Position, E]],
) -> Iterator[Differing]:
    branch_hashes = {position.sha256 for position, _ in branch.entries}
    last_own = _last(pair for pair in own if pair[0].sha256 not in branch_hashes)
    for about, (position, entry) in _last(fresh).items():
        if about in last_own and kind.values(last_own[about][1]) != kind.values(entry):
            counts = "there" if position > last_own[about][0] else "here"
            name = about if isinstance(about, str) else json.dumps(about)
            yield Differing(name, last_own[about][1].at, entry.at, counts)


def _last(pairs: Iterable[tuple[Position, E]]) -> dict[Any, tuple[Position, E]]:
    """Subject → the last of some entries on it."""
    return {pair[1].about: pair for pair in sorted(pairs, key=lambda pair: pair[0])}


def text_of(result: Joined) -> str:
    """What a join did, for people."""
    if not result.joined:
        return f"{result.into} holds every line of it already"
    lines = [f"joined {result.joined:,} line(s) of {result.reviewer} into {result.into}"]
    if result.went_on:
        lines[0] += ", which goes on with them"
    else:
        lines.append(f"the two logs {parted_after(result.parted_after)}")
    if result.set_back:
        lines.append(
            f"{result.set_back:,} of these lines have an earlier time than a line before them:"
            " their clock was set back; they stay behind those lines"
        )
    if result.differing:
        lines.append(
            f"the two differ on {len(result.differing):,}; of each, the later entry counts:"
        )
    for difference in result.differing[:SHOWN]:
        sides = [("joined", difference.there), ("own", difference.here)]
        (first, at), (then, before) = sides if difference.counts == "there" else sides[::-1]
        lines.append(
            f"  {difference.about}: the {first} line of {at} counts, not the {then} one of {before}"
        )
    if len(result.differing) > SHOWN:
        lines.append(f"  and {len(result.differing) - SHOWN:,} more (--json names all)")
    if result.kept:
        lines.append(f"the other log is kept beside it, as {result.kept}: add both to git")
    return "\n".join(lines)


def faults_of_joined(
    kind: EntryType[S, E], folder: Path, logs: Mapping[str, Sequence[E]]
) -> Iterator[Fault]:
    """Hold the lines that were joined into whole logs against the branches beside them.

    Args:
        kind: what the logs hold.
        folder: of the logs.
        logs: reviewer → entries.
    """
    origins: dict[str, dict[str, tuple[Position, E]]] = {reviewer: {} for reviewer in logs}
    for path in joined_files(folder):
        reviewer = path.stem.removesuffix(SUFFIX)
        log = folder / f"{reviewer}{SUFFIX}"
        if reviewer not in logs:
            yield Fault(path.name, f"belongs to no log: {log.name} is not there")
            continue
        try:
            branch = branch_of(kind, path, read_bounded(path, MOST), reviewer)
        except OSError as error:
            yield Fault(path.name, str(error.strerror), _RESTORE)
            continue
        except DecisionError as error:
            yield from error.faults or [Fault(path.name, error.what, _RESTORE)]
            continue
        if path != branch.kept_beside(log):
            yield Fault(path.name, "does not end with the line that its name says", _RESTORE)
        known = {position.sha256 for position in positions_of(logs[reviewer])}
        if lacks := sum(position.sha256 not in known for position, _ in branch.entries):
            problem = f"holds {lacks:,} line(s) that {log.name} lacks"
            remedy = f"`cxr-release log join {path} --into {log}` joins them in"
            yield Fault(path.name, problem, remedy)
        origins[reviewer] |= {pair[0].sha256: pair for pair in branch.entries}
    for reviewer, entries in logs.items():
        for position, entry in zip(positions_of(entries), entries, strict=True):
            if entry.joined_from:
                yield from _unproven(kind, position, entry, origins[reviewer])


def _unproven(
    kind: EntryType[S, E], position: Position, entry: E, origins: Mapping[str, tuple[Position, E]]
) -> Iterator[Fault]:
    """What is wrong with an entry that was joined in, by the branches that hold its origin."""
    where = f"{entry.reviewer}{SUFFIX}: line {entry.seq}"
    if position.sha256 not in origins:
        problem = "was joined in, and no branch beside the log holds the line that it comes from"
        yield Fault(where, problem, f"restore {entry.reviewer}{SUFFIX}{JOINED}* from git")
        return
    place, origin = origins[position.sha256]
    if place != position or origin.at != entry.at or kind.values(origin) != kind.values(entry):
        yield Fault(where, "is not the line that it was joined in from", _RESTORE)
