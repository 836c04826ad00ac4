"""Joins the log that one person wrote on another machine into the one that is here.

Both grew from the same lines, or from none. What the other one has beyond those is added behind
what stands here, each line with its own time and the hash of the line that it comes from; nothing
is rewritten. What stands in the end follows from the times (see `line.Turn`), and is the same
whichever of the two was joined into the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path
from typing import Any, Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.files import read_bounded, whole_file
from cxr_release.logbook.branches import Branch, branch_of, kept_beside, parted_after
from cxr_release.logbook.entry import Kind, L, Turn, W, line_hash, moment, turns_of, written
from cxr_release.logbook.log import Log
from cxr_release.logbook.log_files import MOST, SUFFIX

SHOWN = 20
"""Subjects that are named at most."""


@dataclass(frozen=True)
class Differing:
    """A subject of which something else was said last on either side since they parted."""

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

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def join(
    kind: Kind[W, L],
    other: Path,
    data: bytes,
    into: Path,
    faults_of: Callable[[Mapping[str, Sequence[L]]], Sequence[Fault]],
) -> Joined:
    """Join a person's other log into the one that is here: all of it, or nothing.

    What is there already is not added again: joining twice is joining once.

    Args:
        kind: what both hold.
        other: where the other one is from, for the report.
        data: its bytes.
        into: the log that is here, `NAME.jsonl`.
        faults_of: what is wrong with lines of whole logs, reviewer → lines, by log and line.

    Raises:
        DecisionError: either does not verify, the other one is somebody else's or about other
            films, or the disk fails. Nothing was joined then.
    """
    log = Log(kind, into.parent, into.name.removesuffix(SUFFIX))
    _require_same_person(other, data, log.reviewer)
    branch = branch_of(kind, other, data, log.reviewer)
    faults = faults_of({log.reviewer: branch.lines})
    if faults:
        raise DecisionError(
            "is not about what is here: nothing was joined", where=str(other), faults=faults
        )
    joining = _Joining(kind, log, branch)
    try:
        log.extend(joining.more)
    except DecisionError:
        joining.undo()
        raise
    return joining.told()


class _Joining(Generic[W, L]):
    """One join: what it adds, asked for when nobody else can write, and what there is to say."""

    def __init__(self, kind: Kind[W, L], log: Log[W, L], branch: Branch[L]) -> None:
        self._kind = kind
        self._log = log
        self._branch = branch
        self._common = 0
        self._fresh: list[int] = []
        self._mine: list[tuple[Turn, L]] = []
        self._kept: Path | None = None
        self._made = False

    def more(self) -> list[bytes]:
        """The lines to add; the branch that they come from is on disk, beside the log, then."""
        log, branch = self._log, self._branch
        turns = turns_of(log.lines)
        self._mine = list(zip(turns, log.lines, strict=True))
        known = {turn.own for turn in turns}
        self._fresh = [at for at, turn in enumerate(branch.turns) if turn.own not in known]
        hashes = log.hashes
        theirs = [line_hash(raw) for raw in branch.raw]
        pairs = zip(hashes, theirs, strict=False)
        self._common = next(
            (at for at, (one, other) in enumerate(pairs) if one != other),
            min(len(hashes), len(theirs)),
        )
        if not self._fresh:
            return []
        texts = [*branch.raw[self._common :]] if self._went_on else list(self._chained())
        if any(b'"joined_from":"' in text for text in texts):
            self._keep()
        return texts

    @property
    def _went_on(self) -> bool:
        return self._common == len(self._mine)

    def _chained(self) -> Iterator[bytes]:
        """The branch's fresh lines as they follow from the log."""
        hashes, seq = self._log.hashes, len(self._log.lines)
        prev = hashes[-1]
        for at in self._fresh:
            line, turn = self._branch.lines[at], self._branch.turns[at]
            seq += 1
            own = moment(line.at)
            late = own is None or turn.when > own
            text = written(
                self._kind.line(
                    seq=seq,
                    at=line.at,
                    reviewer=line.reviewer,
                    prev=prev,
                    joined_from=turn.own,
                    joined_line=str(turn.seq),
                    joined_after=_text(turn) if late else "",
                    **self._kind.said(line),
                )
            ).encode()
            prev = line_hash(text)
            yield text

    def _keep(self) -> None:
        self._kept = kept_beside(self._log.path, self._branch)
        if os.path.lexists(self._kept):
            if read_bounded(self._kept, MOST) != self._branch.data:
                raise DecisionError(
                    "holds something else than the log that is joined in",
                    where=str(self._kept),
                    remedy="move it away",
                )
            return
        self._made = True
        with whole_file(self._kept) as partial:
            partial.write_bytes(self._branch.data)

    def undo(self) -> None:
        """After an error, which comes before anything counts: the branch is not kept either."""
        if self._kept and self._made:
            self._kept.unlink(missing_ok=True)

    def told(self) -> Joined:
        """What was done."""
        added = [self._branch.lines[at] for at in self._fresh]
        turns = [self._branch.turns[at] for at in self._fresh]
        return Joined(
            reviewer=self._log.reviewer,
            into=str(self._log.path),
            parted_after=self._common,
            joined=len(added),
            went_on=bool(added) and self._went_on,
            set_back=sum(
                (moment(one.at) or turn.when) < turn.when
                for one, turn in zip(added, turns, strict=True)
            ),
            differing=tuple(self._differing(list(zip(turns, added, strict=True)))),
            kept=self._kept.name if self._kept else "",
        )

    def _differing(self, added: Sequence[tuple[Turn, L]]) -> Iterator[Differing]:
        theirs = {turn.own for turn in self._branch.turns}
        here = _last(pair for pair in self._mine if pair[0].own not in theirs)
        there = _last(added)
        for about, (turn, line) in there.items():
            if about in here and self._kind.said(here[about][1]) != self._kind.said(line):
                counts = "there" if turn > here[about][0] else "here"
                named = about if isinstance(about, str) else json.dumps(about)
                yield Differing(named, here[about][1].at, line.at, counts)


def text_of(done: Joined) -> str:
    """What a join did, for people."""
    if not done.joined:
        return f"{done.into} holds every line of it already"
    lines = [f"joined {done.joined:,} line(s) of {done.reviewer} into {done.into}"]
    if done.went_on:
        lines[0] += ", which goes on with them"
    else:
        lines.append(f"the two logs {parted_after(done.parted_after)}")
    if done.set_back:
        lines.append(
            f"{done.set_back:,} of these lines bear an earlier time than a line before them: their"
            " clock was set back; they keep their places behind those"
        )
    if done.differing:
        lines.append(
            f"the two differ on {len(done.differing):,}; of each, what was said later counts:"
        )
        for one in done.differing[:SHOWN]:
            first, then = ("joined", "own") if one.counts == "there" else ("own", "joined")
            times = {"own": one.here, "joined": one.there}
            lines.append(
                f"  {one.about}: the {first} line of {times[first]} counts, not the {then} one of"
                f" {times[then]}"
            )
        if len(done.differing) > SHOWN:
            lines.append(f"  and {len(done.differing) - SHOWN:,} more (--json names all)")
    if done.kept:
        lines.append(f"the other log is kept beside it, as {done.kept}: add both to git")
    return "\n".join(lines)


def _last(pairs: Any) -> dict[Any, tuple[Turn, Any]]:
    """Subject → the last of some lines on it."""
    return {pair[1].about: pair for pair in sorted(pairs, key=lambda pair: pair[0])}


def _text(turn: Turn) -> str:
    return turn.when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _require_same_person(other: Path, data: bytes, reviewer: str) -> None:
    try:
        whose = json.loads(data.partition(b"\n")[0])["reviewer"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    if isinstance(whose, str) and whose != reviewer:
        raise DecisionError(
            f"is a log of {whose[:64]!r}, and not of {reviewer!r}: nothing was joined",
            where=str(other),
            remedy="each person's log is joined into their own",
        )
