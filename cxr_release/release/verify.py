"""Whether a release is what it says: every hash, count and number, from the folder alone.

Whoever made the folder may have meant harm. Nothing in it is run, unpickled or looked up on a
network, no link is followed, and what would not fit into memory is named and not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cxr_release
from cxr_release import schemas
from cxr_release.errors import Fault, ReleaseError
from cxr_release.release.checks.audit import check_flagged
from cxr_release.release.checks.checksums import check_checksums, has_windows_ends
from cxr_release.release.checks.croissant_records import read_all_records
from cxr_release.release.checks.derived import check_documents, check_figures, written_by
from cxr_release.release.checks.films import check_distinct
from cxr_release.release.checks.folder_tables import (
    check_configs,
    check_facing,
    check_pictures,
    check_tombstones,
    read_shards,
    read_side,
)
from cxr_release.release.checks.record import read_record
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.rules import RULES
from cxr_release.release.checks.view import Places, View
from cxr_release.release.configs import SIDE_TABLES, measured
from cxr_release.release.documents.rendered import Sources
from cxr_release.release.inputs import jobs_of
from cxr_release.release.layout import side_file
from cxr_release.release.record import RECORD
from cxr_release.release.untrusted.folder import Folder, look
from cxr_release.release.untrusted.readers import rows_of

_PLACES = Places(
    counts=Place(f"{RECORD}: counts"),
    screening=Place(f"{RECORD}: reviews.screening"),
    exclusions=Place(side_file(schemas.TOMBSTONES)),
    audit=Place(f"{RECORD}: metrics.audit"),
    judging=Place(f"{RECORD}: reviews.audit"),
    pairs=Place(side_file(schemas.AUDIT_PAIRS)),
    study=Place(f"{RECORD}: metrics.reader_study"),
    reading=Place(f"{RECORD}: reviews.reader_study"),
    ratings=Place(side_file(schemas.RESPONSES)),
)


def verify(folder: Path, *, records: bool = False) -> dict[str, Any]:
    """Hold a release folder against everything that it says of itself.

    Memory grows with the number of rows, not with the films' bytes. Where a table cannot be read,
    what would be counted from it is not checked.

    Args:
        folder: the release folder. It may hold anything.
        records: where nothing else is wrong, also read every record through croissant.json, as its
            users do. mlcroissant holds a shard in memory for that.

    Returns:
        `name` and `version` as `release.json` has them, `checked` (rule → things that it was
        applied to), `notes` (sentences on what could not be checked) and `differences` (`where`,
        `what`, `remedy`), sorted: none where the release is what it says.
    """
    report = CheckReport(folder)
    document: Mapping[str, Any] = {}
    if not folder.is_dir():
        report.add(folder.name, "is not a folder")
    else:
        with report.trying(folder.name):
            files = look(folder, report)
            document = _check(files, report)
            # Of documents that were not made again nobody knows what they would have one fetch.
            if records and not report.faults and not report.notes:
                with report.trying("croissant.json"):
                    for name, count in read_all_records(files.root).items():
                        report.applied(f"records of {name} read through croissant.json", count)
    return {
        **{key: _text(document, key) for key in ("name", "version")},
        "checked": dict(sorted(report.rules.items())),
        "notes": report.notes,
        "differences": [asdict(difference) for difference in report.differences],
    }


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value[:200] if isinstance(value, str) and value.isprintable() else ""


def _check(folder: Folder, report: CheckReport) -> Mapping[str, Any]:
    """Everything but the records of Croissant; what stands in `release.json`."""
    if has_windows_ends(folder, report):
        return {}
    hashes = check_checksums(folder, report)
    document, record = read_record(folder, report)
    sides = {kind: read_side(folder, kind, report) for kind in SIDE_TABLES}
    if record is None:
        for name in folder.shards:
            rows_of(folder, name, schemas.RELEASE, report)
        return document
    read = read_shards(folder, record, report)
    check_figures(folder, record, report)
    pairs, exclusions, ratings = (sides[kind] for kind in SIDE_TABLES)
    if read is None or pairs is None or exclusions is None or ratings is None:
        return document
    films, shards = read
    view = View(
        places=_PLACES,
        jobs=jobs_of(record.params.sample.checkpoints),
        films=films,
        screened=None,
        exclusions=exclusions,
        counts=record.counts,
        screening=record.reviews.screening,
        pairs=pairs,
        rounded=record.source.films_named_by == "hmac",
        audit=record.metrics.audit,
        judging=record.reviews.audit,
        ratings=ratings,
        study=record.metrics.reader_study,
        reading=record.reviews.reader_study,
        study_params=record.params.study,
        seed=record.params.seed,
        same_words=written_by(record) == cxr_release.__version__,
    )
    for check in (*RULES, check_flagged):
        with report.trying(RECORD):
            check(view, report)
    with report.trying(RECORD):
        real = {row["real_pixel_sha256"] for row in pairs} - {None}
        check_distinct(films, real, Place("data"), report)
        check_configs(view, record, shards, report)
        check_facing(view, record, report)
        check_tombstones(view, record, report)
    with report.trying(side_file(schemas.AUDIT_PAIRS)):
        check_pictures(folder, view, record, report)
    with report.trying(RECORD):
        checkpoints, recommended = record.params.sample, record.metrics.checkpoints.recommended
        configs = measured(folder.root, folder.shards, checkpoints.checkpoints, recommended)
        check_documents(folder, Sources(record, configs, pairs, folder.sizes, hashes), report)
    return document


def require_true(report: Mapping[str, Any]) -> None:
    """Refuse a release that is not what it says.

    Args:
        report: what `verify` returned.

    Raises:
        ReleaseError: with every difference.
    """
    faults = [Fault(**difference) for difference in report["differences"]]
    if faults:
        raise ReleaseError(
            f"{len(faults):,} difference(s) between the release and what it says of itself",
            remedy="fetch it again, or make it again with `dvc repro`",
            faults=faults,
        )


def text_of(report: Mapping[str, Any]) -> str:
    """A report for people, one difference a line.

    Args:
        report: what `verify` returned.
    """
    name = f"{report['name']} {report['version']}".strip() or "This folder"
    lines = [f"{things:>9,}  {rule}" for rule, things in report["checked"].items()]
    lines += [f"note: {note}" for note in report["notes"]]
    differences = [Fault(**difference) for difference in report["differences"]]
    if not differences:
        return "\n".join([f"{name}: checked were", *lines, f"{name} is what it says."])
    head = f"{name} is not what it says: {len(differences):,} difference(s)"
    return "\n".join(
        ["Checked were", *lines, head, *(f"  {difference}" for difference in differences)]
    )
