"""What published versions held: the ledger that later versions are held against.

A folder a version, `<version>/release.json` and `<version>/films.parquet` (all columns but the
pictures), tracked by git. Written once, when a version is out, and never changed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from cxr_release import schemas, tables
from cxr_release.errors import ReleaseError
from cxr_release.files import read_json, whole_folder, write_json
from cxr_release.partials import PARTIAL
from cxr_release.release.versions.version import Version, read_version, reasons_of

FILMS = replace(
    schemas.RELEASE,
    name="published_films",
    doc="Films of a published version, without their pictures.",
    columns=tuple(one for one in schemas.RELEASE.columns if not one.nested),
)
"""What is kept of each film."""
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def order_of(version: str) -> tuple[int, ...]:
    """A key that sorts versions: 1.9.0 before 1.10.0."""
    return tuple(map(int, version.split(".")))


def read_published(ledger: Path) -> list[Version]:
    """All published versions, the oldest first; none where there is no ledger.

    Raises:
        ReleaseError: a folder holds another version than its name says, or something else.
        TableError: a list of films breaks its schema.
    """
    folders = [
        path
        for path in (ledger.iterdir() if ledger.is_dir() else ())
        if path.is_dir() and path.suffix != PARTIAL  # what a killed `push` left
    ]
    wrong = [path.name for path in folders if not _VERSION.fullmatch(path.name)]
    if wrong:
        raise ReleaseError(
            f"is no published version: {', '.join(sorted(wrong))}",
            where=str(ledger),
            remedy="move it away",
        )
    return [_read(path) for path in sorted(folders, key=lambda path: order_of(path.name))]


def _read(folder: Path) -> Version:
    try:
        record = read_json(folder / "release.json", follow=False)
        stated = record["version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"is no published version: {error!r}", where=str(folder)) from error
    if stated != folder.name:
        raise ReleaseError(f"holds version {stated}", where=str(folder))
    rows = tables.read_rows(folder / "films.parquet", FILMS)
    return Version(record, {row["id"]: row for row in rows}, reasons_of(record))


def name_of(release: Path) -> str | None:
    """What a release folder says it is called; None where it says nothing."""
    try:
        record = read_json(release / "release.json")
    except (OSError, ValueError):
        return None
    return record.get("name") if isinstance(record, dict) else None


def enter(ledger: Path, release: Path) -> Path:
    """Note in the ledger that the version in a release folder is out.

    Args:
        ledger: folder of the ledger.
        release: the release folder, verified.

    Returns:
        The version's folder in the ledger. That it is there already with the same films is fine.

    Raises:
        ReleaseError: the ledger has this version with other films.
    """
    version = read_version(release)
    folder = ledger / version.name
    if folder.exists():
        if _read(folder).films != version.films:
            raise ReleaseError(
                f"version {version.name} was published with other films",
                where=str(folder),
                remedy="raise release.version in params.yaml",
            )
        return folder
    with whole_folder(folder) as partial:
        write_json(partial / "release.json", version.record)
        rows = pa.Table.from_pylist(list(version.films.values()), schema=FILMS.arrow)
        tables.write(partial / "films.parquet", FILMS, rows)
    return folder
