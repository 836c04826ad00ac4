"""Whether the logs are what was written, and about these films."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError
from cxr_release.screening.consensus import faults_of
from cxr_release.screening.decision import standing_of
from cxr_release.screening.films import Generated
from cxr_release.screening.logs import mend_all, set_aside


def verify_logs(
    folder: Path, films: Sequence[Generated] | None, reasons: Collection[str] | None
) -> dict[str, Any]:
    """Verify every log of a folder; an unfinished last line is set aside, with a message.

    Args:
        folder: of the logs.
        films: what the decisions must be about, or None where nothing is known.
        reasons: known codes of reasons, or None where any will do.

    Returns:
        `logs` (reviewer → `lines`, `standing`), `films` (how many they were held against, or
        None) and `set_aside` (names of files).

    Raises:
        DecisionError: with every fault, by log and line.
    """
    logs = mend_all(folder)
    known = {film.id: film for film in films or ()}
    faults = [] if films is None else faults_of(known, logs, reasons)
    if faults:
        raise DecisionError(f"{len(faults)} fault(s)", where=str(folder), faults=faults)
    return {
        "logs": {
            reviewer: {"lines": len(log), "standing": len(standing_of(log))}
            for reviewer, log in logs.items()
        },
        "films": None if films is None else len(films),
        "set_aside": set_aside(folder),
    }


def text_of(found: dict[str, Any]) -> str:
    """What `verify_logs` found, for people."""
    lines = [
        f"{reviewer}: {log['lines']:,} line(s), {log['standing']:,} decision(s) stand"
        for reviewer, log in found["logs"].items()
    ]
    lines += [
        f"{name}: an unfinished line that was set aside; it was never acknowledged"
        for name in found["set_aside"]
    ]
    films = found["films"]
    against = "no film is sampled yet" if films is None else f"held against {films:,} films"
    return "\n".join([*lines, f"{len(found['logs'])} log(s), all whole; {against}"])
