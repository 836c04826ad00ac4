"""Whether a release is what it says: every hash, count and number, from the folder alone.

Whoever made the folder may have meant harm. Nothing in it is run, unpickled or looked up on a
network, no link is followed, and what would not fit into memory is named and not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release import schemas
from cxr_release.errors import Fault, ReleaseError
from cxr_release.release.checks.audit import check_audit
from cxr_release.release.checks.checksums import check_sums, has_windows_ends
from cxr_release.release.checks.counts import check_configs, check_counts
from cxr_release.release.checks.croissant_records import read_all_records
from cxr_release.release.checks.documents import check_documents
from cxr_release.release.checks.figures import check_figures
from cxr_release.release.checks.films import check_pixels
from cxr_release.release.checks.record import RECORD, Record, read_record
from cxr_release.release.checks.shards import Films, check_films
from cxr_release.release.checks.side_tables import check_exclusions, check_pairs, read_side
from cxr_release.release.checks.study import check_study
from cxr_release.release.configs import SIDE_TABLES, measured
from cxr_release.release.documents.rendered import Sources
from cxr_release.release.layout import side_file
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.untrusted.folder import Folder, look
from cxr_release.tables import Table

Sides = Mapping[Table, Sequence[Mapping[str, Any]]]


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
    found = Findings(folder)
    record: Record | None = None
    if not folder.is_dir():
        found.add(folder.name, "is no folder")
    else:
        with found.trying(folder.name):
            listed = look(folder, found)
            record = _check(listed, found)
            # Of documents that were not made again nobody knows what they would have one fetch.
            if records and record and not found.differences and not found.notes:
                with found.trying("croissant.json"):
                    for name, count in read_all_records(listed.root).items():
                        found.applied(f"records of {name} read through croissant.json", count)
    return {
        **{key: _text(record, key) for key in ("name", "version")},
        "checked": dict(sorted(found.rules.items())),
        "notes": found.notes,
        "differences": [asdict(one) for one in found.differences],
    }


def _text(record: Record | None, key: str) -> str:
    value = (record or {}).get(key)
    return value[:200] if isinstance(value, str) and value.isprintable() else ""


def _check(folder: Folder, found: Findings) -> Record | None:
    if has_windows_ends(folder, found):
        return None
    hashes = check_sums(folder, found)
    record = read_record(folder, found)
    said: Record = record or {}
    films = Films(whole=False)
    with found.trying("data"):
        films = check_films(folder, said, found)
    read = {kind: read_side(folder, kind, found) for kind in SIDE_TABLES}
    if record is not None:
        check_figures(folder, films, record, found)
    sides = {kind: rows for kind, rows in read.items() if rows is not None}
    if record is None or not films.whole or len(sides) < len(read):
        return record
    _check_tables(folder, record, films, sides, found)
    with found.trying(RECORD):
        configs = measured(
            folder.root,
            folder.shards,
            record["params"]["sample"]["checkpoints"],
            record["metrics"]["checkpoints"]["recommended"],
        )
        pairs = sides[schemas.AUDIT_PAIRS]
        sources = Sources(record, configs, pairs, folder.sizes, hashes)
        check_documents(folder, sources, found)
    return record


def _check_tables(
    folder: Folder, record: Record, films: Films, sides: Sides, found: Findings
) -> None:
    """Everything between the tables, and between them and the record."""
    exclusions, pairs = sides[schemas.TOMBSTONES], sides[schemas.AUDIT_PAIRS]
    with found.trying("data"):
        hashes = {f"pair {row['rank']}": row["real_pixel_sha256"] for row in pairs}
        real = {pair: sha256 for pair, sha256 in hashes.items() if sha256 is not None}
        check_pixels(films.by_id, films.by_id, real, Path("data"), found)
    with found.trying(side_file(schemas.TOMBSTONES)):
        check_exclusions(exclusions, films, record, found)
    with found.trying(side_file(schemas.AUDIT_PAIRS)):
        check_pairs(folder, pairs, exclusions, films, record=record, found=found)
    with found.trying(f"{RECORD}: key counts"):
        check_counts(films, exclusions, record, found)
    with found.trying(f"{RECORD}: key counts"):
        check_configs(films, sides, record, found)
    with found.trying(f"{RECORD}: key metrics.audit"):
        check_audit(pairs, exclusions, films, record, found)
    with found.trying(f"{RECORD}: key metrics.reader_study"):
        check_study(sides[schemas.RESPONSES], record, found)


def require_true(report: Mapping[str, Any]) -> None:
    """Refuse a release that is not what it says.

    Args:
        report: what `verify` returned.

    Raises:
        ReleaseError: with every difference.
    """
    faults = [Fault(**one) for one in report["differences"]]
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
    differences = [Fault(**one) for one in report["differences"]]
    if not differences:
        return "\n".join([f"{name}: checked were", *lines, f"{name} is what it says."])
    head = f"{name} is not what it says: {len(differences):,} difference(s)"
    return "\n".join(["Checked were", *lines, head, *(f"  {one}" for one in differences)])
