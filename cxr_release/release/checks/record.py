"""release.json: whether it is a whole record, and of the version that it names."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from cxr_release.errors import ParamsError
from cxr_release.json_documents import fault_of
from cxr_release.params import never_set
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.layout import SHARD
from cxr_release.release.record import RECORD, Record
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.readers import json_of_file
from cxr_release.release.versions.published import order_of


def read_record(folder: Folder, report: CheckReport) -> tuple[dict[str, Any], Record | None]:
    """What stands in `release.json`, and the record that it is; None where it is none."""
    document = json_of_file(folder, RECORD, report)
    if document is None:
        return {}, None
    try:
        record = Record.model_validate(document)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False, include_context=False):
            fault = fault_of(RECORD, details)
            report.add(fault.where, fault.what)
        return document, None
    except ParamsError as error:
        for fault in error.faults:
            report.add(f"{RECORD}: params.{fault.where}", fault.what)
        return document, None
    report.applied("records whose every key is as declared", 1)
    _check_version(record, report)
    return document, record


def _check_version(record: Record, report: CheckReport) -> None:
    """Version, tag, and what the record says of the versions before."""
    version, previous, given = record.version, record.previous, record.params.release
    report.says(f"{RECORD}: key tag", record.tag, f"v{version}", "version and tag together")
    for key in ("name", "version", "license"):
        true = getattr(given, key)
        report.says(f"{RECORD}: key {key}", getattr(record, key), true, "its params.release")
    unset = never_set(record.source.kind, vars(given))
    report.says(f"{RECORD}: key unset", record.unset, unset, "its params.release")
    for name in record.shards:
        if not SHARD.fullmatch(name):
            report.add(f"{RECORD}: key shards", f"names {name!r}, which is not a shard's name")
    versions = {shard.version for shard in record.shards.values()}
    newest = max(versions, key=order_of, default=version)
    report.says(f"{RECORD}: key films_version", record.films_version, newest, "its shards")
    if order_of(newest) > order_of(version):
        report.add(f"{RECORD}: key shards", f"holds a shard of {newest}, which is after {version}")
    if previous is not None and order_of(previous) >= order_of(version):
        report.add(f"{RECORD}: key previous", f"{previous} is not before {version}")
    if (record.changes is None) != (previous is None):
        report.add(f"{RECORD}: key changes", "a previous version and changes since go together")
    told = [earlier.version for earlier in record.changelog.earlier]
    if told != sorted(told, key=order_of) or (told[-1] if told else None) != previous:
        what = f"does not lead from version to version to {previous or 'none'}"
        report.add(f"{RECORD}: key changelog", what)
    if previous is None and versions - {version}:
        report.add(
            f"{RECORD}: key shards", "of an earlier version, and there is no earlier version"
        )
    if previous is None and record.tombstones:
        report.add(f"{RECORD}: key tombstones", "of films of no earlier version")
