"""The ledger: what published versions held, and what a later one owes them.

It owes them shards that stay, and a tombstone for each film that is gone. The ledger is a folder a
version, tracked by git: `release.json`, `films.parquet` (all columns but the pictures),
`exclusions.parquet`, and `decided.json`, which says when the version was out, which films stood in
judged pairs and how far each log went. Written once, when a version is out, and never changed. The
first ones lack the last two.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from cxr_release import schemas, tables
from cxr_release.errors import DocumentError, ReleaseError
from cxr_release.files import read_json, whole_folder, write_json
from cxr_release.json_documents import read
from cxr_release.partials import PARTIAL
from cxr_release.release.layout import side_file
from cxr_release.release.record import RECORD
from cxr_release.release.versions.version import (
    GONE,
    StatedRecord,
    Version,
    read_version,
    reasons_of,
)


@dataclass(frozen=True)
class History:
    """The published versions before the one that is being made."""

    current: str
    """The version that is being made."""
    earlier: tuple[Version, ...] = ()
    """The oldest first."""
    published: Version | None = None
    """The current version, if it is out already."""

    @property
    def previous(self) -> Version | None:
        """The newest of those before."""
        return self.earlier[-1] if self.earlier else None

    def version_of(self, content: str) -> str:
        """The version in which a shard of this content last changed.

        Args:
            content: what `shards.content_of` gives for its rows.
        """
        shards = self.previous.record.shards.values() if self.previous else ()
        return next((shard.version for shard in shards if shard.content == content), self.current)

    def tombstones(
        self, films: Collection[str], reasons: Mapping[str, str]
    ) -> list[dict[str, str]]:
        """Films of earlier versions that this one lacks: `id`, `reason`, `first_version_without`.

        Args:
            films: ids of this version's films.
            reasons: film id → reason of its exclusion. A film that is in neither is no longer
                generated; a reason that an earlier version gave for it holds on.
        """
        versions = [version.name for version in self.earlier] + [self.current]
        last: dict[str, int] = {}
        given: dict[str, str] = {}
        for place, version in enumerate(self.earlier):
            last |= dict.fromkeys(version.films, place)
            given |= reasons_of(version.record)
            for film in given.keys() & version.films.keys():  # it was back: the reason is past
                del given[film]
        return [
            {
                "id": film,
                "reason": reasons.get(film) or given.get(film, GONE),
                "first_version_without": versions[place + 1],
            }
            for film, place in sorted(last.items())
            if film not in films
        ]

    def require_unchanged(
        self, films: Mapping[str, Mapping[str, Any]], contents: Collection[str]
    ) -> None:
        """A version that is out stays what it is.

        Args:
            films: film id → flat columns of `schemas.RELEASE`.
            contents: what `shards.content_of` gives for each shard, its films' landmarks included.

        Raises:
            ReleaseError: this version is published, with other films or other landmarks.
        """
        if self.published is None:
            return
        out = {shard.content for shard in self.published.record.shards.values()}
        if self.published.films == films and out != {*contents}:
            raise ReleaseError(
                f"version {self.current} is published, and says something else of the same films",
                where="release.version",
                remedy="raise it in params.yaml: what is published is never changed",
            )
        if self.published.films != films:
            raise ReleaseError(
                f"version {self.current} is published, and with other films",
                where="release.version",
                remedy="raise it in params.yaml: what is published is never changed",
            )


def read_history(ledger: Path, current: str) -> History:
    """The published versions, as far as the version `current` comes after them."""
    versions = read_published(ledger)
    return History(
        current,
        tuple(version for version in versions if order_of(version.name) < order_of(current)),
        next((version for version in versions if version.name == current), None),
    )


FILMS = replace(
    schemas.RELEASE,
    name="published_films",
    doc="Films of a published version, without their pictures.",
    columns=tuple(column for column in schemas.RELEASE.columns if not column.nested),
)
"""What is kept of each film."""
LABELLED_FILMS = replace(FILMS, columns=(*FILMS.columns, schemas.LABEL))
"""The same of a version whose films were drawn as classes: by name, whatever their numbers are."""
JUDGED_PAIRS = replace(
    schemas.AUDIT_PAIRS,
    name="judged_pairs",
    columns=tuple(
        column
        for column in schemas.AUDIT_PAIRS.columns
        if column.name in ("synthetic_id", "verdict")
    ),
)
"""What is kept of the audited pairs, which measured similarity otherwise in earlier versions."""
NO_LOGS: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
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
            f"is not a published version: {', '.join(sorted(wrong))}",
            where=str(ledger),
            remedy="move it away",
        )
    return [_read(path) for path in sorted(folders, key=lambda path: order_of(path.name))]


def is_empty(ledger: Path) -> bool:
    """Whether a ledger holds no version."""
    folders = ledger.iterdir() if ledger.is_dir() else ()
    return not any(_VERSION.fullmatch(path.name) for path in folders)


def _read(folder: Path) -> Version:
    try:
        record = read(folder / RECORD, StatedRecord, follow=False)
    except DocumentError as error:
        what = f"is not a published version: {error.what}"
        raise ReleaseError(what, where=str(folder), faults=error.faults) from error
    if record.version != folder.name:
        raise ReleaseError(f"holds version {record.version}", where=str(folder))
    films = folder / "films.parquet"
    rows = tables.read_rows(films, LABELLED_FILMS if "label" in tables.names_of(films) else FILMS)
    out, note = folder / "exclusions.parquet", folder / "decided.json"
    if out.exists() != note.exists():  # written together, or, at first, neither
        raise ReleaseError(
            f"lacks {(note if out.exists() else out).name}",
            where=str(folder),
            remedy="restore it from git",
        )
    decided = _decided(note)
    exclusions = tables.read_rows(out, schemas.TOMBSTONES) if out.exists() else []
    return Version(
        record,
        {row["id"]: row for row in rows},
        reasons_of(record) | {row["id"]: row["reason"] for row in exclusions},
        exclusions,
        frozenset(decided["judged"]),
        decided["logs"],
        decided["at"],
    )


def _decided(path: Path) -> dict[str, Any]:
    """`decided.json` of a version: `at`, `judged` (films), `logs` (log → `lines`, `sha256`)."""
    if not path.exists():
        return {"at": "", "judged": [], "logs": {}}
    try:
        document = read_json(path)
        sound = (
            isinstance(document["at"], str)
            and all(isinstance(film, str) for film in document["judged"])
            and all({"lines", "sha256"} <= end.keys() for end in document["logs"].values())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise ReleaseError(
            "is not what was noted of a version", where=str(path), remedy="restore it from git"
        )
    return dict(document)


def name_of(release: Path) -> str | None:
    """What a release folder says it is called; None where it says nothing."""
    try:
        record = read_json(release / "release.json")
    except (OSError, ValueError):
        return None
    return record.get("name") if isinstance(record, dict) else None


def enter(ledger: Path, release: Path, *, logs: Mapping[str, Mapping[str, Any]] = NO_LOGS) -> Path:
    """Note in the ledger that the version in a release folder is out.

    Args:
        ledger: folder of the ledger.
        release: the release folder, verified.
        logs: log, such as `screening/a.b` → `lines`, and `sha256` of the last one.

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
        write_json(partial / RECORD, read_json(release / RECORD))
        films = list(version.films.values())
        kind = LABELLED_FILMS if any("label" in film for film in films) else FILMS
        rows = pa.Table.from_pylist(films, schema=kind.arrow)
        tables.write(partial / "films.parquet", kind, rows)
        tables.write(partial / "exclusions.parquet", schemas.TOMBSTONES, list(version.exclusions))
        decided = {"at": _now(), "judged": sorted(_adjudicated_films(release)), "logs": dict(logs)}
        write_json(partial / "decided.json", decided)
    return folder


def _adjudicated_films(release: Path) -> set[str]:
    """Synthetic films of the audited pairs of a release, of any version, that are judged."""
    pairs = tables.read_foreign(release / side_file(schemas.AUDIT_PAIRS), JUDGED_PAIRS)
    return {row["synthetic_id"] for row in pairs.to_pylist() if row["verdict"]}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
