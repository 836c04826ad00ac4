"""Whether the logs are what was written, and about these films."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr_release.errors import Fault
from cxr_release.logbook.verify import sentences_of, verified, wholeness_of
from cxr_release.screening.consensus import faults_of
from cxr_release.screening.decision import DECISION, Decision
from cxr_release.screening.films import Generated


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
    found = verified(DECISION, folder, about_films(films, reasons))
    return found | {"films": None if films is None else len(films)}


def about_films(
    films: Sequence[Generated] | None, reasons: Collection[str] | None
) -> Callable[[Mapping[str, Sequence[Decision]]], list[Fault]]:
    """What is wrong with decisions, reviewer → lines; see `verify_logs`."""
    known = {film.id: film for film in films or ()}
    return lambda logs: [] if films is None else faults_of(known, logs, reasons)


def text_of(found: Mapping[str, Any]) -> str:
    """What `verify_logs` found, for people."""
    films = found["films"]
    against = "no film is sampled yet" if films is None else f"held against {films:,} films"
    end = f"{wholeness_of(found)}; {against}"
    return "\n".join([*sentences_of(found, DECISION.noun), end])
