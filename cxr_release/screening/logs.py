"""People's decision logs, and beside them the pre-screen's own."""

from __future__ import annotations

from pathlib import Path

from cxr_release.errors import AGAIN, DecisionError
from cxr_release.logbook.log import read
from cxr_release.logbook.logs import read_all
from cxr_release.logbook.names import log_file
from cxr_release.screening.decision import DECISION, PRESCREEN, Decision


def read_with_prescreen(folder: Path, prescreen: Path) -> dict[str, list[Decision]]:
    """People's logs, and beside them the pre-screen's, which the pipeline writes elsewhere.

    Raises:
        DecisionError: as `logbook.logs.read_all`; or people's logs hold one under the pre-screen's
            name.
    """
    logs = read_all(DECISION, folder)
    if not prescreen.exists():
        return logs
    if PRESCREEN in logs:
        raise DecisionError(
            f"{PRESCREEN!r} is the automatic pre-screen's name",
            where=str(log_file(folder, PRESCREEN)),
            remedy="move that log away; the pre-screen's own is made by the pipeline",
        )
    try:
        return logs | {PRESCREEN: read(DECISION, prescreen)}
    except DecisionError as error:  # no person's, and in no git
        raise DecisionError(
            error.what, where=str(prescreen), remedy=AGAIN, faults=error.faults
        ) from None
