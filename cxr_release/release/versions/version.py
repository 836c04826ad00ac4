"""One version of a release, as far as others are compared with it, and what became different."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from cxr_release import schemas, tables
from cxr_release.files import as_read
from cxr_release.json_documents import read
from cxr_release.release.layout import shards_of, side_file
from cxr_release.release.record import RECORD, Json, Record, Shard, Tombstone

Row = Mapping[str, Any]
NOT_ITS_OWN = frozenset({"id", "release_version"})
"""Columns in which a film that stayed the same may differ between versions."""
DRAWN_OTHERWISE = "pixel_sha256"
GONE = "no-longer-generated"
"""Reason of a film that left because its source or batch did: nobody excluded it."""
FOLLOWS = frozenset({"sentence", "histogram"})
"""Keys of a record whose values are made of others that stand beside them."""


class _Stated(BaseModel):
    """Part of a record of any version of this package; what stands there besides is let be."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class StatedReview(_Stated):
    """The state of a review, as far as a changelog tells it; old records do not hold all of it."""

    reviewers: int = 0
    undecided: int = 0
    pairs: int = 0
    judged: int = 0
    excluded_films: int = 0
    films_by_reviewers: dict[str, int] | None = None
    pairs_by_reviewers: dict[str, int] | None = None
    readers: int = 0
    required: int = 0


class StatedTotal(_Stated):
    """Films of a release."""

    generated: int = 0
    excluded: int = 0
    released: int = 0


class StatedRecord(_Stated):
    """What versions are compared by, in a record of any version of this package."""

    version: str
    title: str = ""
    tombstones: list[Tombstone]
    shards: dict[str, Shard] = Field(default_factory=dict)
    counts: Json = Field(default_factory=dict)
    reviews: Json = Field(default_factory=dict)
    metrics: Json = Field(default_factory=dict)
    params: Json = Field(default_factory=dict)

    @property
    def total(self) -> StatedTotal:
        """Films in all."""
        return StatedTotal.model_validate(self.counts.get("total", {}))

    def review(self, name: str) -> StatedReview:
        """The review of that name."""
        return StatedReview.model_validate(self.reviews.get(name, {}))


@dataclass(frozen=True)
class Version:
    """What a version of a release holds."""

    record: StatedRecord
    """Its `release.json`."""
    films: Mapping[str, Row]
    """Film id → flat columns of `schemas.RELEASE`; with the name of its class as `label`, where
    films were drawn as classes."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Film id → reason of its exclusion, where known."""
    exclusions: Sequence[Row] = ()
    """Rows of `schemas.TOMBSTONES`, where known."""
    judged: Collection[str] = ()
    """Synthetic films of the audited pairs that are judged, where known."""
    logs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Log, such as `screening/a.b` → `lines`, and `sha256` of the last one, when it was out."""
    entered: str = ""
    """When it was noted to be out, where known."""

    @property
    def name(self) -> str:
        """Such as 1.0.0."""
        return self.record.version

    @classmethod
    def of(cls, record: Record, films: Mapping[str, Row]) -> Version:
        """The version that a record is of, which is being made."""
        stated = StatedRecord.model_validate(as_read(record.plain()))
        return cls(stated, films, reasons_of(stated))


@dataclass(frozen=True)
class Differences:
    """What the newer of two versions has otherwise."""

    old: str
    new: str
    added: tuple[str, ...]
    """Films that the older one lacks."""
    returned: tuple[str, ...]
    """Those of them that a version before the older one had."""
    withdrawn: Mapping[str, str]
    """Film that the newer one lacks → reason."""
    redrawn: tuple[str, ...]
    """Films of other pixels under the same id."""
    relabelled: Mapping[str, Mapping[str, tuple[Any, Any]]]
    """Film of the same pixels → column → value in the older and in the newer one."""
    numbers: Mapping[str, tuple[Any, Any]]
    """Place in `release.json` → value in the older and in the newer one; None where absent."""

    @property
    def films(self) -> int:
        """Films that are not the same in both."""
        return len({*self.added, *self.withdrawn, *self.redrawn, *self.relabelled})

    @property
    def same(self) -> bool:
        """Whether films and numbers are all the same."""
        return not self.films and not self.numbers


def read_version(folder: Path) -> Version:
    """A version from its release folder. Images are left where they are.

    Raises:
        DocumentError: its record is not one that versions can be compared by.
        TableError: a table breaks its schema.
    """
    films = {row["id"]: row for path in shards_of(folder) for row in _rows(path)}
    excluded = folder / side_file(schemas.TOMBSTONES)
    classes = tables.classes_of(excluded, "label")
    exclusions = tables.read_rows(excluded, schemas.released_exclusions(classes))
    for row in exclusions:
        row.pop("label", None)  # of films that are not there no later version needs it
    reasons = {row["id"]: row["reason"] for row in exclusions}
    record = read(folder / RECORD, StatedRecord)
    return Version(record, films, reasons_of(record) | reasons, exclusions)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The flat columns of `schemas.RELEASE`; of the one scale of all films the record tells."""
    classes = tables.classes_of(path, "label")
    for row in named(tables.read_rows(path, schemas.released_films_of(path)), classes):
        row.pop("millimetres_per_pixel", None)
        yield row


def named(rows: Sequence[Row], classes: Sequence[str]) -> list[dict[str, Any]]:
    """Released films with the name of their class as `label` instead of its number.

    Args:
        rows: of `schemas.released_films`.
        classes: names of the classes, in the order of their numbers; none: the rows as they are.
    """
    if not classes:
        return [dict(row) for row in rows]
    return [
        {**row, "label": None if row["label"] is None else classes[row["label"]]} for row in rows
    ]


def reasons_of(record: StatedRecord) -> dict[str, str]:
    """Film of an earlier version that this one lacks → reason."""
    return {stone.id: stone.reason for stone in record.tombstones}


def differences(old: Version, new: Version) -> Differences:
    """Compare two versions, film by film and number by number.

    Numbers are those under `counts`, `reviews`, `metrics` and `params` of `release.json`, and the
    states and settings among them; what packages a version, and with what, is left out.
    """
    left = reasons_of(old.record)
    added, redrawn = [], []
    relabelled = {}
    for film, row in new.films.items():
        before = old.films.get(film)
        if before is None:
            added.append(film)
        elif _drawn(before) != _drawn(row):
            redrawn.append(film)
        elif columns := _columns(before, row):
            relabelled[film] = columns
    return Differences(
        old=old.name,
        new=new.name,
        added=tuple(added),
        returned=tuple(film for film in added if film in left),
        withdrawn={
            film: new.reasons.get(film, GONE) for film in old.films if film not in new.films
        },
        redrawn=tuple(redrawn),
        relabelled=relabelled,
        numbers=_numbers(old.record, new.record),
    )


def _drawn(row: Row) -> Any:
    return row[DRAWN_OTHERWISE]


def _columns(old: Row, new: Row) -> dict[str, tuple[Any, Any]]:
    names = [name for name in (*old, *new) if name not in NOT_ITS_OWN]
    pairs = {name: (old.get(name), new.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if not _same(*pair)}


def _same(value: Any, other: Any) -> bool:
    """Whether two values are the same: NaN is NaN, and a truth value is not a number."""
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_same, value, other))
    if isinstance(value, float) and isinstance(other, float) and math.isnan(value):
        return math.isnan(other)
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _numbers(old: StatedRecord, new: StatedRecord) -> dict[str, tuple[Any, Any]]:
    sections = ("counts", "reviews", "metrics", "params")
    first = dict(leaf for name in sections for leaf in _leaves(getattr(old, name), name))
    second = dict(leaf for name in sections for leaf in _leaves(getattr(new, name), name))
    places = sorted({*first, *second} - {"params.release.version"})
    pairs = {place: (first.get(place), second.get(place)) for place in places}
    return {place: pair for place, pair in pairs.items() if not _same(*pair)}


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every value that is not a mapping or a list of mappings, with where it stands.

    Sentences and histograms are left out: they follow from what else is compared.
    """
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key not in FOLLOWS:
                yield from _leaves(part, f"{place}.{key}")
    elif isinstance(value, list) and any(isinstance(part, Mapping) for part in value):
        rows = [_named(part) for part in value]
        count = Counter(rows)
        for number, (part, name) in enumerate(zip(value, rows, strict=True)):
            own = name if name and count[name] == 1 else f"{name} {number}".strip()
            yield from _leaves(part, f"{place}.{own}")
    else:
        yield place, value


def _named(row: Any) -> str:
    """A row of a list by what it is about, so that a row more does not shift the others."""
    if not isinstance(row, Mapping):
        return ""
    keys = [
        key
        for key in ("checkpoint", "source", "batch", "alteration", "name")
        if row.get(key) is not None
    ]
    return ", ".join(f"{key}={row[key]}" for key in keys)
