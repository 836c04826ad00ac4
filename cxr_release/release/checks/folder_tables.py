"""The tables of a release folder, against the record and each other: what no artefact shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cxr_release import schemas, tables
from cxr_release.errors import SourceError
from cxr_release.film_id import job_title, source_order
from cxr_release.films import png
from cxr_release.films.png import ancillary
from cxr_release.release.checks.counts import counted
from cxr_release.release.checks.films import FilmTable, KnownFilm, check_films, check_order
from cxr_release.release.checks.landmarks import check_landmarks
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import Rows, View
from cxr_release.release.configs import films_of, side_tables
from cxr_release.release.layout import SHARD, shard_source, side_file
from cxr_release.release.record import RECORD, Record
from cxr_release.release.shards import LANDMARKS, content_of
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.untrusted.readers import frame_fault, rows_of
from cxr_release.release.versions.published import order_of
from cxr_release.release.versions.version import named
from cxr_release.tables import ROWS_PER_GROUP, Table

Row = Mapping[str, Any]
_NAMED_BY = {"sha256": "real_pixel_sha256", "hmac": "real_pixel_hmac"}
"""What a real film goes by → the column that says it."""


def read_shards(
    folder: Folder, record: Record, report: CheckReport
) -> tuple[dict[str, KnownFilm], dict[str, int], dict[str, Row]] | None:
    """Read every shard once for its rows and once for its films, which are decoded.

    Returns:
        Film id → film, shard → rows, and film id → its landmarks, where the release has a column of
        them; None where a shard could not be read: then nothing is
        counted against the films.
    """
    films: dict[str, KnownFilm] = {}
    shards: dict[str, int] = {}
    _check_names(folder, record, report)
    kind = films_of(record.params, record.classes)
    landmarks: dict[str, Row] = {}
    parts: list[tuple[FilmTable, Rows]] = []
    for name in folder.shards:
        rows = rows_of(folder, name, kind, report)
        if rows is None:
            continue
        rows = named(rows, record.classes)
        shards[name] = len(rows)
        with report.trying(name):
            described = _described(folder, name, rows, record, report)
            landmarks |= {row["id"]: row for row in described if "keypoints" in row}
            _check_shard(name, described, record, report)
        table = FilmTable(
            place=Place(name),
            path=folder.path(name),
            kind=kind,
            source=shard_source(name),
            batch=None,
            every=record.params.train.checkpoint_every,
            autoencoder_step=record.params.autoencoder_step,
            size=record.params.ingest.film_size,
        )
        with report.trying(name):
            check_order(table, rows, films, report)
            parts.append((table, rows))
    # By this process alone: whoever verifies may do so from any program, which processes that are
    # started would run again.
    with report.trying("data"):
        check_films(parts, report)
    report.applied("shards held against the record", len(shards))
    return (films, shards, landmarks) if len(shards) == len(folder.shards) else None


def _described(
    folder: Folder, name: str, rows: Rows, record: Record, report: CheckReport
) -> list[Row]:
    """The rows with their landmarks, where those are released; each is held against itself."""
    if not record.params.landmarks.is_on:
        return list(rows)
    kind = films_of(record.params, record.classes)
    pieces = tables.batches(folder.path(name), kind, LANDMARKS, ROWS_PER_GROUP)
    placed = (values for piece in pieces for values in piece.to_pylist())
    described = [row | values for row, values in zip(rows, placed, strict=True)]
    scale = record.params.millimetres_per_pixel_of(shard_source(name))
    check_landmarks(described, record.params.ingest.film_size, scale, Place(name), report)
    return described


def _check_names(folder: Folder, record: Record, report: CheckReport) -> None:
    """The shards are those of the record, and those of each source are numbered through."""
    for name in sorted({*record.shards} - {*folder.shards}):
        report.add(name, f"is a shard in {RECORD} and is not there")
    for name in sorted({*folder.shards} - {*record.shards}):
        report.add(name, f"is not a shard in {RECORD}")
    numbered: dict[str, list[str]] = {}
    for name in folder.shards:
        numbered.setdefault(shard_source(name), []).append(name)
    for source, names in numbered.items():
        parts = [SHARD.fullmatch(name) for name in names]
        numbers = [(int(part[2]), int(part[3])) for part in parts if part]
        if numbers != [(place, len(names)) for place in range(len(names))]:
            where = f"data/{source}"
            report.add(where, f"does not hold shards 0 to n − 1 of n: {names}")
    asked = record.params.sample.source_names
    if {*numbered} != {*asked}:
        report.says("data", sorted(numbered, key=source_order), asked, RECORD)


def _check_shard(name: str, rows: Rows, record: Record, report: CheckReport) -> None:
    """Rows, version and content are those of the record."""
    stated = record.shards.get(name)
    if stated is None:
        return
    report.says(f"{name}: rows", stated.rows, len(rows))
    for version in sorted({row["release_version"] for row in rows} - {stated.version}):
        what = f"holds rows of version {version}, {RECORD} says {stated.version}"
        report.add(f"{name}: column release_version", what)
    scale = record.params.millimetres_per_pixel_of(shard_source(name))
    if any(row.get("millimetres_per_pixel") != scale for row in rows):
        stated_scale = f"{scale} millimetres per pixel" if scale else "none"
        what = f"holds another scale than {stated_scale}, as {RECORD} says"
        report.add(f"{name}: column millimetres_per_pixel", what)
    if stated.content != content_of(rows, record.classes):
        report.add(name, f"its rows do not match their SHA-256 in {RECORD}")


def read_side(folder: Folder, kind: Table, report: CheckReport) -> Rows | None:
    """The flat columns of a table beside the films; None where it has a fault."""
    name = side_file(kind)
    if name not in folder.sizes:
        report.add(name, "no such file")
        return None
    return rows_of(folder, name, kind, report)


def check_configs(
    view: View, record: Record, shards: Mapping[str, int], report: CheckReport
) -> None:
    """Rows of each config, and the tables that have none."""
    true = Counter({"default": sum(shards.values())})
    for name, rows in shards.items():
        true[shard_source(name)] += rows
    for table, side_rows in zip(
        side_tables(), (view.pairs, view.exclusions, view.ratings), strict=True
    ):
        true[table.name] = len(side_rows)
    stated = record.counts.configs
    for name in sorted({*stated} | {name for name, rows in true.items() if rows}):
        report.says(f"{RECORD}: counts.configs, {name}", stated.get(name), true.get(name))
    empty = sorted(name for name, rows in true.items() if not rows)
    report.says(f"{RECORD}: counts.empty_tables", sorted(record.counts.empty_tables), empty)
    report.applied("rows of configs", len(true))


def check_facing(view: View, record: Record, report: CheckReport) -> None:
    """How films faced, as far as the released ones tell: the excluded ones may be any of them."""
    films = view.films.values()
    faced = {
        "flipped": Counter(film.job for film in films if film.flipped),
        "left": Counter(film.job for film in films if film.facing == "left" and not film.flipped),
        "unknown": Counter(film.job for film in films if film.facing == "unknown"),
    }
    rows = record.metrics.facing
    for row in rows:
        job = row.job
        where = f"{RECORD}: metrics.facing of {job_title(job)}"
        true = counted(view, job)
        total = row.left + row.right + row.unknown
        report.says(f"{where}, films", total, true["generated"])
        for name, held in faced.items():
            if not 0 <= getattr(row, name) - held[job] <= true["excluded"]:
                what = f"says {getattr(row, name)}; of the released films it is {held[job]}"
                report.add(f"{where}, {name}", f"{what}, and {true['excluded']} are excluded")
        report.says(f"{where}, right", row.right, row.flipped, "flipped there")
    if sorted(row.job for row in rows) != sorted(view.jobs):
        report.add(f"{RECORD}: metrics.facing", "does not hold one row a source and batch")
    report.applied("mirrored films held against the record", len(view.films))


def check_tombstones(view: View, record: Record, report: CheckReport) -> None:
    """What was published before is accounted for."""
    stones = {stone.id: stone for stone in record.tombstones}
    if len(stones) != len(record.tombstones):
        report.add(f"{RECORD}: key tombstones", "names a film twice")
    excluded = {row["id"]: row for row in view.exclusions}
    for film, stone in stones.items():
        where = f"{RECORD}: tombstone of {film}"
        if film in view.films:
            report.add(where, "is of a film that this version holds")
        if order_of(stone.first_version_without) > order_of(record.version):
            report.add(where, f"begins with {stone.first_version_without}, a later version")
        if film in excluded:
            for column in ("reason", "first_version_without"):
                true = excluded[film][column]
                report.says(f"{where}, key {column}", getattr(stone, column), true)
    for film, row in excluded.items():
        if row["first_version_without"] is not None and film not in stones:
            report.add(view.places.exclusions.at(film), f"has no tombstone in {RECORD}")
    codes = {reason.code for reason in record.reasons}
    for code in sorted({row["reason"] for row in view.exclusions} - codes):
        report.add(f"{RECORD}: key reasons", f"does not explain {code!r}")
    report.applied("tombstones held against films and exclusions", len(stones))


def check_pictures(folder: Folder, view: View, record: Record, report: CheckReport) -> None:
    """Real films are named or shown as the record says, and pictures match their hashes."""
    name, source = side_file(schemas.AUDIT_PAIRS), record.source
    for number, row in enumerate(view.pairs, start=1):
        place = Place(f"{name}: row {number}")
        released = row["synthetic_id"] in view.films
        if row["synthetic_released"] != released:
            what = f"is {row['synthetic_released']}, the films say {released}"
            report.add(place.column("synthetic_released"), what)
        for by, column in _NAMED_BY.items():
            if (row[column] is not None) != (source.films_named_by == by):
                what = f"{RECORD} says that films go by {source.films_named_by}"
                report.add(place.column(column), what)
    shown = {row["real_id"] for row in view.pairs} - {None}
    report.says(f"{RECORD}: key source.films_shown", source.films_shown, len(shown))
    if shown and None in {row["real_id"] for row in view.pairs}:
        report.add(f"{name}: column real_id", "names some real films, not all of them")
    pairs = tables.iterate(folder.path(name), schemas.AUDIT_PAIRS, 16)
    for number, row in enumerate(pairs, start=1):
        for column, what in _picture_faults(row, bool(shown), view):
            report.add(f"{name}: row {number}, column {column}", what)


def _picture_faults(row: Mapping[str, Any], shown: bool, view: View) -> list[tuple[str, str]]:
    """What is wrong with the two pictures of a pair, where real films are `shown` or not."""
    film = view.films.get(row["synthetic_id"])
    faults = []
    for column, due in (("real_image", shown), ("synthetic_image", film is not None)):
        cell = row[column]
        if cell is None and column == "synthetic_image" and not (shown or view.same_words):
            continue  # earlier versions of this package showed it beside the real film alone
        if (cell is not None) != due:
            faults.append((column, "is missing" if due else "is there, and should not be"))
        elif cell is not None:
            data = cell["bytes"] or b""
            real = column == "real_image"
            what = frame_fault(data) or (_real_fault(row, data) if real else "")
            if not what and not real and film and png.sha256(data) != film.sha256:
                what = "does not match the released film's SHA-256"
            named = row["real_id"] if real else row["synthetic_id"]
            if not what and cell["path"] != f"{named}.png":
                what = "is named otherwise than the film"
            faults += [(column, what)] if what else []
    return faults


def _real_fault(row: Mapping[str, Any], data: bytes) -> str:
    if ancillary(data):
        return "carries metadata beside its picture"
    try:
        pixels = png.pixel_sha256(png.decode(data, where=""))
    except SourceError as error:
        return error.what
    return "" if pixels == row["real_pixel_sha256"] else "does not match the hash of its pixels"
