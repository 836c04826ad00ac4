"""The logs of all reviewers: one folder, and beside it the pre-screen's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cxr_release.errors import DecisionError, Fault
from cxr_release.screening.decision import PRESCREEN, REVIEWER, Decision
from cxr_release.screening.log import HEAD_SUFFIX, SUFFIX, TORN, Log, log_file, read


def read_all(folder: Path) -> dict[str, list[Decision]]:
    """Every reviewer's log in a folder: reviewer → decisions, sorted by name.

    Raises:
        DecisionError: a log does not verify (all faults of all logs), or a file is no log.
    """
    return _each(folder, Log.refresh)


def read_with_prescreen(folder: Path, prescreen: Path) -> dict[str, list[Decision]]:
    """People's logs, and beside them the pre-screen's, which the pipeline writes elsewhere.

    Raises:
        DecisionError: as `read_all`; or people's logs hold one under the pre-screen's name.
    """
    logs = read_all(folder)
    if not prescreen.exists():
        return logs
    if PRESCREEN in logs:
        raise DecisionError(
            f"{PRESCREEN!r} is the automatic pre-screen's name",
            where=str(log_file(folder, PRESCREEN)),
            remedy="move that log away; the pre-screen's own is made by the pipeline",
        )
    return logs | {PRESCREEN: read(prescreen)}


def mend_all(folder: Path) -> dict[str, list[Decision]]:
    """Like `read_all`, and what crashes left of unfinished lines is set aside; see `Log.mend`."""
    return _each(folder, Log.mend)


def set_aside(folder: Path) -> list[str]:
    """Names of the files that hold unfinished lines which were set aside."""
    return sorted(path.name for path in folder.glob(f"*{SUFFIX}{TORN}*"))


def _each(folder: Path, verify: Callable[[Log], object]) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = {}
    reviewers, faults = _reviewers(folder)
    for reviewer in reviewers:
        log = Log(folder, reviewer)
        try:
            verify(log)
        except DecisionError as error:
            faults.extend(error.faults or [Fault(error.where, error.what, error.remedy)])
        found[reviewer] = log.decisions
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return found


def _reviewers(folder: Path) -> tuple[list[str], list[Fault]]:
    """Whose logs lie in a folder, a head that has lost its log included; and what is no log."""
    names, faults = set(), []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or TORN in path.name:
            continue
        if path.suffix not in {SUFFIX, HEAD_SUFFIX}:
            faults.append(Fault(path.name, "is no decision log", "move it away"))
        elif not REVIEWER.fullmatch(path.stem):
            faults.append(Fault(path.name, "is no reviewer's name", "move it away"))
        else:
            names.add(path.stem)
    return sorted(names), faults
