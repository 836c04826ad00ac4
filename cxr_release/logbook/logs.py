"""The logs of all people: one folder, and in it entries of one type; read, verified and counted.

Counts are of subjects by the number of people who stated something on them, never of people and
subjects separately: "3 people have judged 480" may be one who judged 480, and two who judged five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.entry import E, EntryType, S, effective_of, with_article
from cxr_release.logbook.join import faults_of_joined, joined_files
from cxr_release.logbook.log import Log
from cxr_release.logbook.log_files import HEAD_SUFFIX, JOINED, SUFFIX, TORN, log_file
from cxr_release.spelling import REVIEWER, did_you_mean, folded, one_person

Tally = dict[str, int]
"""Number of people, as text → subjects of which so many have said something."""
Logs = Mapping[str, Sequence[E]]
"""Reviewer → entries."""

_WORDS = ("nobody", "one person", "two people", "three people")


def tally(people: Collection[int]) -> Tally:
    """Count subjects by the number of people; each number from 0 to the largest is there.

    Args:
        people: of each subject, how many have said something.
    """
    number = Counter(people)
    return {str(count): number[count] for count in range(max(number, default=0) + 1)}


def by_people(counted: Mapping[str, int]) -> str:
    """A tally in words: `475 by one person, 3 by two people and 2 by three people`; `none`."""
    numbers = sorted((int(people), subjects) for people, subjects in counted.items() if subjects)
    parts = [f"{subjects:,} by {persons(people)}" for people, subjects in numbers]
    return joined(parts) if parts else "none"


def persons(number: int) -> str:
    """So many people, in words where they are few."""
    return _WORDS[number] if number < len(_WORDS) else f"{number:,} people"


def joined(parts: Sequence[str]) -> str:
    """A list in a sentence."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def read_all(
    kind: EntryType[S, E], folder: Path, *, beside: Collection[str] = (), mend: bool = False
) -> dict[str, list[E]]:
    """Every person's log in a folder: reviewer → entries, sorted by name.

    Args:
        kind: what the logs hold.
        folder: of the logs.
        beside: suffixes of files that lie there too and are not logs.
        mend: set aside what crashes left of unfinished lines; see `Log.mend`.

    Raises:
        DecisionError: a log does not verify (all faults of all logs), or a file is not a log.
    """
    logs: dict[str, list[E]] = {}
    reviewers, faults = _reviewers(folder, kind.noun, beside)
    for reviewer in reviewers:
        log = Log(kind, folder, reviewer)
        try:
            if mend:
                log.mend()
            else:
                log.refresh()
        except DecisionError as error:
            faults.extend(error.faults or [Fault(error.where, error.what, error.remedy)])
        logs[reviewer] = log.entries
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return logs


def people_of(folder: Path) -> list[str]:
    """Whose logs lie in a folder, sorted; a head that has lost its log counts."""
    return _reviewers(folder, "", ())[0]


def similar_names(reviewer: str, folder: Path) -> str:
    """Whose logs lie there with a name most like this one, as the end of a sentence; or nothing."""
    known = [person for person in people_of(folder) if person != reviewer]
    near = did_you_mean(reviewer, known)
    return f"; {near}" if near else ""


def _reviewers(folder: Path, noun: str, beside: Collection[str]) -> tuple[list[str], list[Fault]]:
    """Whose logs lie in a folder, a head that has lost its log included; and what is not a log."""
    names, faults = set(), []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or path.suffix in beside:
            continue
        if path.suffix.startswith((TORN, JOINED)):
            continue
        if path.suffix not in {SUFFIX, HEAD_SUFFIX}:
            faults.append(Fault(path.name, f"is not {with_article(noun)} log", "move it away"))
        elif not REVIEWER.fullmatch(path.stem):
            faults.append(Fault(path.name, *_misnamed(path)))
        else:
            names.add(path.stem)
    return sorted(names), faults


def _misnamed(path: Path) -> tuple[str, str]:
    """What is wrong with a name that no log has, and what to do."""
    stems = [other.stem for other in path.parent.glob(f"*{SUFFIX}")]
    spellings = [
        stem for stem in stems if REVIEWER.fullmatch(stem) and folded(stem) == folded(path.stem)
    ]
    if spellings:
        return one_person([*spellings, path.stem], "person"), "keep one of these logs here"
    return "is not a reviewer's name", "move it away"


@dataclass(frozen=True)
class LogFolder(Generic[E]):
    """The logs of a folder, and what they must be about."""

    kind: EntryType[Any, E]
    folder: Path
    faults_of: Callable[[Logs[E]], Sequence[Fault]]
    """What is wrong with the entries of whole logs, by log and line."""
    beside: Collection[str] = ()
    """Suffixes of files that lie there too and are not logs."""

    def verify(self) -> dict[str, Any]:
        """Verify every log; an unfinished last line is set aside, with a message.

        Returns:
            `logs` (reviewer → `lines`, `standing`: entries, and those that are effective),
            `set_aside` (names of files that hold unfinished lines) and, where there are any,
            `without_head`: whose logs nothing beside them says how many lines they had, and
            `joined`: names of the branches that were joined in, which verify by themselves.

        Raises:
            DecisionError: with every fault, by log and line.
        """
        folder = self.folder
        logs = read_all(self.kind, folder, beside=self.beside, mend=True)
        faults = [*self.faults_of(logs), *faults_of_joined(self.kind, folder, logs)]
        if faults:
            raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
        optional = {
            "without_head": [name for name in logs if not _has_head(folder, name)],
            "joined": [path.name for path in joined_files(folder)],
        }
        return {name: names for name, names in optional.items() if names} | {
            "logs": {
                reviewer: {"lines": len(log), "standing": len(effective_of(log))}
                for reviewer, log in logs.items()
            },
            "set_aside": sorted(path.name for path in folder.glob(f"*{SUFFIX}{TORN}*")),
        }


def _has_head(folder: Path, reviewer: str) -> bool:
    """Whether a head beside a log says which line was the last; see `log`."""
    path = log_file(folder, reviewer).with_suffix(HEAD_SUFFIX)
    return path.is_file() and path.stat().st_size > 0


def text_of(verified: Mapping[str, Any], noun: str) -> str:
    """What `LogFolder.verify` returned, for people: a sentence a log and file, then of all logs.

    Args:
        verified: what it returned.
        noun: of the entries; see `EntryType.noun`.
    """
    lines = [
        f"{reviewer}: {log['lines']:,} line(s), {log['standing']:,} {noun}(s) in effect"
        for reviewer, log in verified["logs"].items()
    ]
    for name in verified["set_aside"]:
        lines.append(f"{name}: an unfinished line that was set aside; it was never acknowledged")
    lines += [f"{name}: a log that was joined in, whole" for name in verified.get("joined", ())]
    count = f"{len(verified['logs'])} log(s) of {noun}s"
    if bare := verified.get("without_head"):
        state = "every line in its place; without a head file, which would show missing last lines"
        return "\n".join([*lines, f"{count}, {state}: {', '.join(bare)}"])
    return "\n".join([*lines, f"{count}, all whole"])
