"""Decisions on films as they stand in logs that nobody wrote, and folders of logs on films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cxr_release.logbook.entry import EntryType
from cxr_release.logbook.logs import LogFolder
from cxr_release.screening.decision import Decision
from cxr_release.screening.films import Generated, about_films


def decision(film: str, verb: Any = "keep", **more: Any) -> Decision:
    """A decision of `a`, the first of their log; an exclusion for the reason `other`."""
    reason = "other" if verb == "exclude" else ""
    place = {"seq": 1, "at": "", "reviewer": "a", "prev": ""}
    own = {"image_sha256": "a" * 64, "decision": verb, "reason": reason}
    return Decision(**{"image_id": film, **own, **place, **more})


def verified(kind: EntryType[Any, Any], folder: Path, films: Sequence[Generated]) -> dict[str, Any]:
    """What verifying logs on these films returns."""
    return LogFolder(kind, folder, about_films(films)).verify()
