"""The tables beside the films: exclusions with their tombstones, and the audited pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.film_id import job_name, job_of
from cxr_release.films import png
from cxr_release.films.png import ancillary
from cxr_release.release.checks.record import RECORD, Record
from cxr_release.release.checks.report import value_at
from cxr_release.release.checks.shards import Films
from cxr_release.release.disclosure import OFF
from cxr_release.release.layout import side_file
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.parquet import rows_of
from cxr_release.release.untrusted.png import frame_fault
from cxr_release.release.versions.published import order_of
from cxr_release.tables import Table

Row = Mapping[str, Any]
Rows = Sequence[Row]
_NAMED_BY = {"sha256": "real_pixel_sha256", "hmac": "real_pixel_hmac"}
"""What a real film goes by → the column that says it."""
_BY = ("reviewers", "prescreen", "audit", "withdrawn")


def read_side(folder: Folder, kind: Table, found: Findings) -> Rows | None:
    """The flat columns of such a table; None, with the differences noted, where it has a fault."""
    name = side_file(kind)
    if name not in folder.sizes:
        found.add(name, "no such file")
        return None
    return rows_of(folder, name, kind, found)


def check_exclusions(rows: Rows, films: Films, record: Record, found: Findings) -> None:
    """No film is both released and excluded; what was published before is accounted for."""
    name = side_file(schemas.TOMBSTONES)
    for number, row in enumerate(rows, start=1):
        where = f"{name}: row {number} ({row['id']})"
        if row["id"] in films.by_id:
            found.add(where, "is excluded and yet released")
        if job_of(row["id"]) != job_name(row["checkpoint"], row["batch"]):
            found.add(where, "stands under another checkpoint or batch than its id says")
        if not any(row[by] for by in _BY):
            found.add(where, "is excluded by nobody")
    found.applied("exclusions held against the films", len(rows))
    with found.trying(RECORD):
        _check_tombstones(rows, films, record, found)


def _check_tombstones(rows: Rows, films: Films, record: Record, found: Findings) -> None:
    stated = {one["id"]: one for one in record["tombstones"]}
    if len(stated) != len(record["tombstones"]):
        found.add(f"{RECORD}: key tombstones", "names a film twice")
    excluded = {row["id"]: row for row in rows}
    for film, one in stated.items():
        where = f"{RECORD}: tombstone of {film}"
        if film in films.by_id:
            found.add(where, "is of a film that this version holds")
        if order_of(one["first_version_without"]) > order_of(record["version"]):
            found.add(where, f"begins with {one['first_version_without']}, a later version")
        if film in excluded:
            for column in ("reason", "first_version_without"):
                found.says(f"{where}, key {column}", one[column], excluded[film][column])
    for film, row in excluded.items():
        if row["first_version_without"] is not None and film not in stated:
            found.add(f"{side_file(schemas.TOMBSTONES)}: {film}", f"has no tombstone in {RECORD}")
    found.applied("tombstones held against films and exclusions", len(stated))


def check_pairs(
    folder: Folder, rows: Rows, excluded: Rows, films: Films, *, record: Record, found: Findings
) -> None:
    """Ranks run on, films are released as it is said, and pictures are what their hashes say."""
    name = side_file(schemas.AUDIT_PAIRS)
    out = {row["id"] for row in excluded}
    last = None
    for number, row in enumerate(rows, start=1):
        where = f"{name}: row {number}"
        if row["rank"] != number:
            found.add(f"{where}, column rank", "ranks do not run 1, 2, 3 …")
        if last is not None and row["cosine"] > last:
            found.add(f"{where}, column cosine", "is higher than the rank before it")
        last = row["cosine"]
        _check_pair(where, row, out, films, record=record, found=found)
    found.applied("audited pairs held against the films", len(rows))
    shown = {row["real_id"] for row in rows} - {None}
    found.says(f"{RECORD}: key source.films_shown", record["source"]["films_shown"], len(shown))
    if shown and None in {row["real_id"] for row in rows}:
        found.add(f"{name}: column real_id", "names some real films, not all of them")
    for number, row in enumerate(
        tables.iterate(folder.path(name), schemas.AUDIT_PAIRS, 16), start=1
    ):
        for column, what in _picture_faults(row, bool(shown), films):
            found.add(f"{name}: row {number}, column {column}", what)


def _check_pair(
    where: str, row: Row, out: set[str], films: Films, *, record: Record, found: Findings
) -> None:
    film = row["synthetic_id"]
    if row["synthetic_released"] != (film in films.by_id):
        said = f"is {row['synthetic_released']}, the films say {film in films.by_id}"
        found.add(f"{where}, column synthetic_released", said)
    if film not in films.by_id and film not in out:
        found.add(f"{where}, column synthetic_id", f"{film} is neither released nor excluded")
    if row["verdict"] in ("copy", "unsure") and film in films.by_id:
        found.add(f"{where}, column verdict", f"is {row['verdict']}, and the film is released")
    for by, column in _NAMED_BY.items():
        if (row[column] is not None) != (record["source"]["films_named_by"] == by):
            said = record["source"]["films_named_by"]
            found.add(f"{where}, column {column}", f"{RECORD} says that films go by {said}")
    threshold = value_at(record, "metrics.audit.calibration.threshold")
    rounded = record["source"]["films_named_by"] == "hmac"
    if rounded and threshold is not None and abs(row["cosine"] - threshold) <= 2 * OFF:
        return  # which side of the threshold it was on, rounded numbers do not tell
    true = None if threshold is None else row["cosine"] > threshold
    if row["flagged"] != true:
        what = f"is {row['flagged']}, the threshold in {RECORD} says {true}"
        found.add(f"{where}, column flagged", what)


def _picture_faults(row: Row, shown: bool, films: Films) -> list[tuple[str, str]]:
    """What is wrong with the two pictures of a pair, where real films are `shown` or not."""
    film = films.by_id.get(row["synthetic_id"])
    faults = []
    for column, due in (("real_image", shown), ("synthetic_image", shown and film is not None)):
        cell = row[column]
        if (cell is not None) != due:
            faults.append((column, "is missing" if due else "is there, and should not be"))
        elif cell is not None:
            data = cell["bytes"] or b""
            real = column == "real_image"
            what = frame_fault(data) or (_real_fault(row, data) if real else "")
            if not what and not real and film and png.sha256(data) != film.sha256:
                what = "is of other bytes than the released film"
            named = row["real_id"] if real else row["synthetic_id"]
            if not what and cell["path"] != f"{named}.png":
                what = "is named otherwise than the film"
            faults += [(column, what)] if what else []
    return faults


def _real_fault(row: Row, data: bytes) -> str:
    if ancillary(data):
        return "carries metadata beside its picture"
    try:
        pixels = png.pixel_sha256(png.decode(data, where=""))
    except SourceError as error:
        return error.what
    return "" if pixels == row["real_pixel_sha256"] else "is of other pixels than its hash"
