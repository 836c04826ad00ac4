"""Whether the logs of a folder are what was written, and about what is there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import DecisionError, Fault
from cxr_release.logbook.branch import faults_of_joined, joined_files
from cxr_release.logbook.line import Kind, L, W, standing_of
from cxr_release.logbook.logs import has_head, mend_all, set_aside


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
