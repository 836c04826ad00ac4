"""Differences between two versions of a release, in a folder or on the Hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release.errors import DocumentError, ReleaseError
from cxr_release.publishing.fetch import open_release
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.documents.changelog import list_differences
from cxr_release.release.untrusted.folder import look
from cxr_release.release.versions.version import Differences, Version, differences, read_version

MOST_NAMED = 20
"""Films, or numbers, of each kind that the text names; the report has all."""


def compare(old: str, new: str) -> dict[str, Any]:
    """Compare two releases.

    Args:
        old: a release folder, or ORG/NAME@TAG on the Hub.
        new: another one.

    Returns:
        `old`, `new` (versions), `same`, and what `release.versions.Differences` holds.

    Raises:
        ReleaseError: one of them is not a release, or cannot be fetched.
    """
    with open_release(old) as first, open_release(new) as second:
        result = differences(_version(first, old), _version(second, new))
    return {**asdict(result), "same": result.same}


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
    """The report of `compare` as text."""
    result = Differences(**{name: value for name, value in report.items() if name != "same"})
    return "\n".join([f"{result.old} → {result.new}", *list_differences(result, MOST_NAMED)])
