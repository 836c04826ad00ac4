"""On how many subjects how many people have said something: never people and subjects apart.

"3 people have judged 480" may be one who judged 480, and two who judged five of them.

The logs of all reviewers: one folder, and in it lines of one kind.

Whether the logs of a folder are what was written, and about what is there.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.branches import faults_of_joined, joined_files
from cxr_release.logbook.entry import Kind, L, W, standing_of
from cxr_release.logbook.log import Log
from cxr_release.logbook.log_files import HEAD_SUFFIX, JOINED, SUFFIX, TORN, log_file
from cxr_release.spelling import REVIEWER, folded, one_person

Tally = dict[str, int]
"""Number of people, as text → subjects on which so many have said something."""

_WORDS = ("nobody", "one person", "two people", "three people")


def tally(people: Collection[int]) -> Tally:
    """Count subjects by the number of people; each number from 0 to the largest is there.

    Args:
        people: of each subject, how many have said something.
    """
    number = Counter(people)
    return {str(count): number[count] for count in range(max(number, default=0) + 1)}


def by_people(found: Mapping[str, int]) -> str:
    """A tally in words: `475 by one person, 3 by two people and 2 by three people`; `none`."""
    numbers = sorted((int(people), subjects) for people, subjects in found.items() if subjects)
    said = [f"{subjects:,} by {persons(people)}" for people, subjects in numbers]
    return joined(said) if said else "none"


def persons(number: int) -> str:
    """So many people, in words where they are few."""
    return _WORDS[number] if number < len(_WORDS) else f"{number:,} people"


def joined(parts: Sequence[str]) -> str:
    """A list in a sentence."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def read_all(kind: Kind[W, L], folder: Path, *, beside: Collection[str] = ()) -> dict[str, list[L]]:
    """Every reviewer's log in a folder: reviewer → lines, sorted by name.

    Args:
        kind: what the logs hold.
        folder: of the logs.
        beside: suffixes of files that lie there too and are no logs.

    Raises:
        DecisionError: a log does not verify (all faults of all logs), or a file is no log.
    """
    return _each(kind, folder, Log.refresh, beside)


def mend_all(kind: Kind[W, L], folder: Path, *, beside: Collection[str] = ()) -> dict[str, list[L]]:
    """Like `read_all`, and what crashes left of unfinished lines is set aside; see `Log.mend`."""
    return _each(kind, folder, Log.mend, beside)


def has_head(folder: Path, reviewer: str) -> bool:
    """Whether a head stands beside a log and says which line was the last; see `log`."""
    path = log_file(folder, reviewer).with_suffix(HEAD_SUFFIX)
    return path.is_file() and path.stat().st_size > 0


def people_of(folder: Path) -> list[str]:
    """Whose logs lie in a folder, sorted; a head that has lost its log counts."""
    return _reviewers(folder, "", ())[0]


def people_like(reviewer: str, folder: Path) -> str:
    """Whose logs lie there with a name most like this one, as the end of a sentence; or nothing."""
    known = [one for one in people_of(folder) if one != reviewer]
    near = difflib.get_close_matches(reviewer, known, n=3)
    return f"; did you mean {', '.join(near)}?" if near else ""


def set_aside(folder: Path) -> list[str]:
    """Names of the files that hold unfinished lines which were set aside."""
    return sorted(path.name for path in folder.glob(f"*{SUFFIX}{TORN}*"))


def _each(
    kind: Kind[W, L],
    folder: Path,
    verify: Callable[[Log[W, L]], object],
    beside: Collection[str],
) -> dict[str, list[L]]:
    found: dict[str, list[L]] = {}
    reviewers, faults = _reviewers(folder, kind.noun, beside)
    for reviewer in reviewers:
        log = Log(kind, folder, reviewer)
        try:
            verify(log)
        except DecisionError as error:
            faults.extend(error.faults or [Fault(error.where, error.what, error.remedy)])
        found[reviewer] = log.lines
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return found


def _reviewers(folder: Path, noun: str, beside: Collection[str]) -> tuple[list[str], list[Fault]]:
    """Whose logs lie in a folder, a head that has lost its log included; and what is no log."""
    names, faults = set(), []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or path.suffix in beside:
            continue
        if path.suffix.startswith((TORN, JOINED)):
            continue
        if path.suffix not in {SUFFIX, HEAD_SUFFIX}:
            faults.append(Fault(path.name, f"is no {noun} log", "move it away"))
        elif not REVIEWER.fullmatch(path.stem):
            faults.append(Fault(path.name, *_misnamed(path)))
        else:
            names.add(path.stem)
    return sorted(names), faults


def _misnamed(path: Path) -> tuple[str, str]:
    """What is wrong with a name that no log has, and what to do."""
    twins = [one.stem for one in path.parent.glob(f"*{SUFFIX}") if REVIEWER.fullmatch(one.stem)]
    same = [name for name in twins if folded(name) == folded(path.stem)]
    if same:
        return one_person([*same, path.stem], "person"), "keep one of these logs here"
    return "is no reviewer's name", "move it away"


def verified(
    kind: Kind[W, L],
    folder: Path,
    faults_of: Callable[[Mapping[str, Sequence[L]]], Sequence[Fault]],
    *,
    beside: Collection[str] = (),
) -> dict[str, Any]:
    """Verify every log of a folder; an unfinished last line is set aside, with a message.

    Args:
        kind: what the logs hold.
        folder: of the logs.
        faults_of: what is wrong with the lines of whole logs, reviewer → lines, by log and line.
        beside: suffixes of files that lie there too and are no logs.

    Returns:
        `logs` (reviewer → `lines`, `standing`), `set_aside` (names of files) and, where there are
        any, `without_head`: whose logs nothing beside them says how many lines they had, and
        `joined`: names of the branches that were joined in, which verify by themselves.

    Raises:
        DecisionError: with every fault, by log and line.
    """
    logs = mend_all(kind, folder, beside=beside)
    faults = [*faults_of(logs), *faults_of_joined(kind, folder, logs)]
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    bare = [name for name in logs if not has_head(folder, name)]
    joined = [path.name for path in joined_files(folder)]
    found = {"without_head": bare, "joined": joined}
    return {name: names for name, names in found.items() if names} | {
        "logs": {
            reviewer: {"lines": len(log), "standing": len(standing_of(log))}
            for reviewer, log in logs.items()
        },
        "set_aside": set_aside(folder),
    }


def sentences_of(found: Mapping[str, Any], noun: str) -> list[str]:
    """What `verified` found, for people: a sentence a log and a file set aside."""
    return [
        *(
            f"{reviewer}: {log['lines']:,} line(s), {log['standing']:,} {noun}(s) stand"
            for reviewer, log in found["logs"].items()
        ),
        *(
            f"{name}: an unfinished line that was set aside; it was never acknowledged"
            for name in found["set_aside"]
        ),
        *(f"{name}: a branch that was joined in, whole" for name in found.get("joined", ())),
    ]


def wholeness_of(found: Mapping[str, Any], what: str = "log(s)") -> str:
    """What `verified` found of the logs together: `2 log(s), all whole`, where that is known.

    Args:
        found: what `verified` returned.
        what: the logs are called.
    """
    bare = found.get("without_head")
    count = f"{len(found['logs'])} {what}"
    if not bare:
        return f"{count}, all whole"
    return f"{count}, every line in its place; no head says whether the last are all there of: " + (
        ", ".join(bare)
    )
