"""Whether all is there that people decided: asked of git, and of the orders that were recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cxr_release.errors import CxrReleaseError, DecisionError, Fault
from cxr_release.logbook import witnesses
from cxr_release.paths import Paths


@dataclass(frozen=True)
class Testimony:
    """What others than the logs know of them."""

    faults: tuple[Fault, ...] = ()
    """What is missing: file, what, remedy."""
    notes: tuple[str, ...] = ()
    """Sentences on what may be missing, or could not be asked."""
    asked: tuple[str, ...] = field(default=())
    """Who was asked."""


def testimony_of(paths: Paths) -> Testimony:
    """Ask everybody who knows what the logs and the ledger held."""
    heard = witnesses.of_git(paths.root, [paths.reviews, paths.published])
    folders = [paths.screening_log, paths.audit_log, paths.responses]
    notes = [
        f"{person} was given an order and has no log: has decided nothing yet, or the log is gone"
        for person in witnesses.unlogged(paths.orders, folders)
    ]
    if heard.unasked:
        notes.append(f"git could not be asked whether lines are missing: {heard.unasked}")
    return Testimony(heard.faults, tuple(notes), ("git",) if heard.asked else ())


def all_of(checks: Mapping[str, Callable[[], dict[str, Any]]]) -> dict[str, Any]:
    """What each of some checks finds, by name.

    Raises:
        DecisionError: some fail; with the faults of all. One that fails alone says so itself.
    """
    found: dict[str, Any] = {}
    failed: list[CxrReleaseError] = []
    for name, check in checks.items():
        try:
            found[name] = check()
        except CxrReleaseError as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    faults = [fault for one in failed for fault in faults_of(one)]
    if faults:
        raise DecisionError(f"{len(faults)} fault(s) in the logs", faults=faults)
    return found


def faults_of(error: CxrReleaseError) -> Sequence[Fault]:
    """The faults that an error collects, or itself."""
    return error.faults or [Fault(error.where, error.what, error.remedy)]
