"""Who looked for text on the real films of a project, as its logs are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cxr_release.clearance.flags import Flags
from cxr_release.clearance.state import Outcome, effective, outcome_of, read_contents
from cxr_release.clearance.statement import CLEARANCE, TEXT
from cxr_release.films.film_key import read_key
from cxr_release.json_documents import read
from cxr_release.logbook.logs import read_all


@dataclass(frozen=True)
class Looked:
    """What people's decisions come to, and whose they are."""

    outcome: Outcome
    people: Mapping[str, tuple[int, int]]
    """Reviewer → films as they are now that they looked at, and those of them with text."""
    contents: Mapping[str, str]
    """Opaque id of each film → HMAC of its content."""


def looked_at(*, manifest: Path, key: Path, flags: Path, logs: Path, required: int) -> Looked:
    """Read the logs, and hold them against the films that were taken in.

    Args:
        manifest: `schemas.MANIFEST`, of real films.
        key: file of the key behind their ids.
        flags: what the search for text found; there may be none.
        logs: folder of the decisions.
        required: people who must look at a film.

    Raises:
        DecisionError: a log does not verify.
        SourceError: the key cannot be read.
    """
    contents = read_contents(manifest, read_key(key))
    decisions = effective(read_all(CLEARANCE, logs))
    suspected = read(flags, Flags).suspected(contents) if flags.exists() else None
    now = {*contents.items()}
    people = {}
    for reviewer, given in decisions.items():
        words = [entry.decision for about, entry in given.items() if about in now]
        people[reviewer] = len(words), words.count(TEXT)
    outcome = outcome_of(contents, decisions, required=required, suspected=suspected)
    return Looked(outcome, people, contents)
