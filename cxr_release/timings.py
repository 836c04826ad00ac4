"""How long stages worked and how much memory they held: for people; no output depends on it."""

from __future__ import annotations

import contextlib
import os
import re
import sys

from typing_extensions import TypedDict

from cxr_release.errors import CxrReleaseError
from cxr_release.files import write_json
from cxr_release.json_documents import read
from cxr_release.paths import Paths

STAGE = "DVC_STAGE"
"""Environment variable in which DVC tells a stage its name."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@-]*")
"""Names of stages and jobs; other words name no file."""


class Timing(TypedDict):
    """The last run of a stage by DVC, or of one of its jobs, that ended well."""

    stage: str
    """As DVC calls it, such as `train`, or `sample@3-initial`, which is a job."""
    seconds: float
    """Of work in that process, from its first line to its last; a resumed run's are the rest's."""
    peak_bytes: int | None
    """Resident memory of the largest of its processes; None where the system does not tell."""


def record(paths: Paths, seconds: float) -> None:
    """Note that a stage, run by DVC, ended well.

    Its work is done: it does not fail because this could not be written.

    Args:
        paths: of the project.
        seconds: that it worked.
    """
    stage = os.environ.get(STAGE, "")
    if not _NAME.fullmatch(stage):
        return
    timing = Timing(stage=stage, seconds=round(seconds, 2), peak_bytes=_peak_bytes())
    with contextlib.suppress(OSError, CxrReleaseError):
        paths.timings.mkdir(parents=True, exist_ok=True)
        write_json(paths.timings / f"{stage}.json", timing)


def _peak_bytes() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peaks = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(peaks) * (1 if sys.platform == "darwin" else 1024)


def read_timings(paths: Paths) -> list[Timing]:
    """What was noted, by stage and job.

    Raises:
        DocumentError: a note holds something else.
    """
    notes = [
        read(path, Timing, remedy="delete it; the next run of the stage writes it")
        for path in sorted(paths.timings.glob("*.json"))
    ]
    return sorted(notes, key=lambda note: note["stage"])
