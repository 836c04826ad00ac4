"""What two versions of a release have otherwise, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release.errors import DocumentError, ReleaseError
from cxr_release.publishing.fetch import opened
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.documents.changelog import listed
from cxr_release.release.untrusted.folder import look
from cxr_release.release.versions.version import Differences, Version, differences, read_version

NAMED = 20
"""Films, or numbers, of each kind that the text names; the report has all."""


def compare(old: str, new: str) -> dict[str, Any]:
    """Compare two releases.

    Args:
        old: a release folder, or ORG/NAME@TAG on the Hub.
        new: another one.

    Returns:
        `old`, `new` (versions), `same`, and what `release.versions.Differences` holds.

    Raises:
        ReleaseError: one of them is no release, or cannot be fetched.
    """
    with opened(old) as first, opened(new) as second:
        found = differences(_version(first, old), _version(second, new))
    return {**asdict(found), "same": found.same}


def _version(folder: Path, name: str) -> Version:
    """A version in a folder that is looked at before it is believed."""
    report = CheckReport(folder)
    look(folder, report)
    if report.faults:
        raise ReleaseError("is not a release", where=name, faults=report.differences)
    try:
        return read_version(folder)
    except DocumentError as error:
        raise ReleaseError("is not a release", where=name, faults=error.faults) from error


def text_of(report: Mapping[str, Any]) -> str:
    """The same for people."""
    found = Differences(**{name: one for name, one in report.items() if name != "same"})
    return "\n".join([f"{found.old} → {found.new}", *listed(found, NAMED)])
