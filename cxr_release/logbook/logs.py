"""The logs of all reviewers: one folder, and in it lines of one kind."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.line import Kind, L, W
from cxr_release.logbook.log import Log
from cxr_release.logbook.names import HEAD_SUFFIX, JOINED, SUFFIX, TORN, log_file
from cxr_release.spelling import REVIEWER, folded, one_person


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
