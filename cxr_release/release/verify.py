"""Whether a release is what it says: every hash, count and number, from the folder alone.

Whoever made the folder may have meant harm. Nothing in it is run, unpickled or looked up on a
network, no link is followed, and what would not fit into memory is named and not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import cxr_release
from cxr_release import schemas, tables
from cxr_release.errors import Fault, ParamsError, ReleaseError, TableError
from cxr_release.json_documents import fault_of
from cxr_release.params.identity import never_set, never_stated
from cxr_release.params.limits import MOST_CLASSES
from cxr_release.release.checks.burned_in import check_burned_in_record
from cxr_release.release.checks.checksums import check_checksums, has_windows_ends
from cxr_release.release.checks.classes import check_class_counts, check_drawn_as
from cxr_release.release.checks.croissant_records import read_all_records
from cxr_release.release.checks.derived import (
    MADE_AGAIN,
    check_documents,
    check_figures,
    written_by,
)
from cxr_release.release.checks.elsewhere import check_elsewhere
from cxr_release.release.checks.films import check_distinct
from cxr_release.release.checks.folder_tables import (
    check_configs,
    check_facing,
    check_pictures,
    check_tombstones,
    read_shards,
    read_side,
)
from cxr_release.release.checks.landmarks import check_landmark_record
from cxr_release.release.checks.memorization import check_flagged
from cxr_release.release.checks.parts import check_cohort_counts, check_searched
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.rules import RULES
from cxr_release.release.checks.scorecard import check_scorecard
from cxr_release.release.checks.signature import check_signature, sentence_of
from cxr_release.release.checks.training import check_training, check_untrained
from cxr_release.release.checks.view import Places, View
from cxr_release.release.configs import films_of, measured, side_tables
from cxr_release.release.documents.rendered import Sources
from cxr_release.release.layout import SHARD, side_file
from cxr_release.release.model.record import MODEL
from cxr_release.release.record import RECORD, Record
from cxr_release.release.signatures.signers import Signer
from cxr_release.release.untrusted.folder import Folder, look
from cxr_release.release.untrusted.readers import json_of_file, rows_of
from cxr_release.release.versions.published import order_of
from cxr_release.release.versions.version import named
from cxr_release.tables import Table

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


def verify(
    folder: Path, *, records: bool = False, signers: Sequence[Signer] | None = None
) -> dict[str, Any]:
    """Hold a release folder, or that of a released network, against what it says of itself.

    Memory grows with the number of rows, not with the films' bytes. Where a table cannot be read,
    what would be counted from it is not checked.

    Args:
        folder: the release folder. It may hold anything.
        records: where nothing else is wrong, also read every record through croissant.json, as its
            users do. mlcroissant holds a shard in memory for that.
        signers: whose signature over SHA256SUMS is asked for; None: that of anybody, or none.

    Returns:
        `name` and `version` as `release.json` has them, `checked` (rule → things that it was
        applied to), `signature` (see `check_signature`; None of what is not a folder), `notes`
        (sentences on what could not be checked) and `differences` (`where`, `what`, `remedy`),
        sorted: none where the release is what it says.
    """
    if is_model(folder):
        from cxr_release.release.model.verify import verify_model  # needs torch

        return verify_model(folder, signers=signers)
    report = CheckReport(folder)
    document: Mapping[str, Any] = {}
    signature = None
    if not folder.is_dir():
        report.add(folder.name, "is not a folder")
    else:
        with report.trying(folder.name):
            files = look(folder, report)
            signature = check_signature(files, signers, report)
            document = _check(files, report)
            # Of documents that were not made again nobody knows what they would have one fetch.
            if records and not report.faults and MADE_AGAIN in report.rules:
                with report.trying("croissant.json"):
                    for name, count in read_all_records(files.root).items():
                        report.applied(f"records of {name} read through croissant.json", count)
    return {
        **{key: _text(document, key) for key in ("name", "version")},
        "checked": dict(sorted(report.rules.items())),
        "signature": signature,
        "notes": report.notes,
        "differences": [asdict(difference) for difference in report.differences],
    }


def is_model(folder: Path) -> bool:
    """Whether a folder says that it is a released network, and not a release of films."""
    return (folder / MODEL).is_file() and not (folder / RECORD).exists()


def _text(document: Mapping[str, Any], key: str) -> str:
    value = document.get(key)
    return value[:200] if isinstance(value, str) and value.isprintable() else ""


def _check(folder: Folder, report: CheckReport) -> Mapping[str, Any]:
    """Everything but the records of Croissant; what stands in `release.json`."""
    if has_windows_ends(folder, report):
        return {}
    hashes = check_checksums(folder, report)
    document, record = _read_record(folder, report)
    classes = record.classes if record else _classes(folder, side_file(schemas.TOMBSTONES))
    sides = [read_side(folder, kind, report) for kind in side_tables(classes)]
    if record is None:
        for name in folder.shards:
            rows_of(folder, name, _kind(folder, name), report)
        return document
    read = read_shards(folder, record, report)
    check_figures(folder, record, report)
    pairs, exclusions, ratings = sides
    if read is None or pairs is None or exclusions is None or ratings is None:
        return document
    films, shards, landmarks = read
    view = View(
        places=_PLACES,
        jobs=record.params.sample.jobs,
        films=films,
        screened=None,
        exclusions=named(exclusions, classes),
        counts=record.counts,
        screening=record.reviews.screening,
        pairs=pairs,
        rounded=record.source.films_named_by == "hmac",
        audit=record.metrics.audit,
        audit_params=record.params.audit,
        judging=record.reviews.audit,
        ratings=ratings,
        study=record.metrics.reader_study,
        reading=record.reviews.reader_study,
        study_params=record.params.study,
        seed=record.params.seed,
        sample=record.params.screen.sample,
        same_words=written_by(record) == cxr_release.__version__,
    )
    for check in (*RULES, check_flagged):
        with report.trying(RECORD):
            check(view, report)
    with report.trying(RECORD):
        real = {row["real_pixel_sha256"] for row in pairs} - {None}
        check_distinct(films, real, Place("data"), report)
        check_searched(record.metrics.audit, record.metrics.split, view.places.audit, report)
        check_cohort_counts(record, Place(RECORD), report)
        check_landmark_record(record, landmarks, Place(f"{RECORD}: metrics.landmarks"), report)
        check_drawn_as(films, record.classes, Place("data"), report)
        check_class_counts(view, record, Place(f"{RECORD}: counts.labels"), report)
        check_burned_in_record(record, Place(RECORD), view.same_words, report)
        check_elsewhere(record, Place(f"{RECORD}: elsewhere"), report)
        if record.metrics.scorecard is not None:
            check_scorecard(
                record.metrics.scorecard,
                record.metrics.split,
                len(films),
                rounded=view.rounded,
                place=Place(f"{RECORD}: metrics.scorecard"),
                report=report,
            )
        check_training(
            record.metrics.training,
            record.params,
            record.metrics.split,
            Place(f"{RECORD}: metrics.training"),
            report,
        )
        check_untrained(record.metrics, record.params, Place(f"{RECORD}: metrics"), report)
        check_configs(view, record, shards, report)
        check_facing(view, record, report)
        check_tombstones(view, record, report)
    with report.trying(side_file(schemas.AUDIT_PAIRS)):
        check_pictures(folder, view, record, report)
    with report.trying(RECORD):
        sources, judged = record.params.sample, record.metrics.checkpoints
        configs = measured(
            folder.root,
            folder.shards,
            sources.source_names,
            judged.preferred if judged else (),
            kind=films_of(record.params, classes),
            classes=classes,
        )
        check_documents(folder, Sources(record, configs, pairs, folder.sizes, hashes), report)
    return document


def _kind(folder: Folder, name: str) -> Table:
    """What a shard of films seems to be, where no record says which columns it has."""
    try:
        return schemas.released_films_of(folder.path(name))
    except TableError:  # whatever reads its rows names the fault
        return schemas.RELEASE


def _classes(folder: Folder, name: str) -> tuple[str, ...]:
    """The classes that a table itself states, where no record does."""
    try:
        stated = tables.classes_of(folder.path(name), "label") if name in folder.sizes else ()
    except TableError:
        return ()
    return stated if len(stated) <= MOST_CLASSES else ()


def _read_record(folder: Folder, report: CheckReport) -> tuple[dict[str, Any], Record | None]:
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
    unset = [
        *never_set(record.source.kind, vars(given)),
        *never_stated(record.params.sample),
    ]
    report.says(f"{RECORD}: key unset", record.unset, unset, "its params")
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
    numbers = [earlier.version for earlier in record.changelog.earlier]
    if numbers != sorted(numbers, key=order_of) or (numbers[-1] if numbers else None) != previous:
        what = f"does not lead from version to version to {previous or 'none'}"
        report.add(f"{RECORD}: key changelog", what)
    if previous is None and versions - {version}:
        report.add(
            f"{RECORD}: key shards", "of an earlier version, and there is no earlier version"
        )
    if previous is None and record.tombstones:
        report.add(f"{RECORD}: key tombstones", "of films of no earlier version")


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
    if report["signature"]:
        lines.append(f"signature: {sentence_of(report['signature'])}")
    lines += [f"note: {note}" for note in report["notes"]]
    differences = [Fault(**difference) for difference in report["differences"]]
    if not differences:
        return "\n".join([f"{name}: checked were", *lines, f"{name} is what it says."])
    head = f"{name} is not what it says: {len(differences):,} difference(s)"
    return "\n".join(
        ["Checked were", *lines, head, *(f"  {difference}" for difference in differences)]
    )
