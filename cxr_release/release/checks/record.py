"""release.json: whether it is a whole record, and of the version that it names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.params import never_set
from cxr_release.release.checks.report import value_at
from cxr_release.release.layout import SHARD
from cxr_release.release.untrusted.documents import json_of_file
from cxr_release.release.untrusted.findings import Findings, Kinds, is_a, short
from cxr_release.release.untrusted.folder import Folder
from cxr_release.release.versions.published import order_of
from cxr_release.tables import HEX64

Record = Mapping[str, Any]
RECORD = "release.json"
VERSION = re.compile(r"(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){2}")

_NOTHING = type(None)
_NUMBER = (int, float)
_COUNTS = ("generated", "excluded", "released", "undecided")
_TEXTS = ("name", "title", "version", "tag", "license", "contact", "films_version")
_SAID = ("purpose", "publisher", "funding", "interests", "ethics", "identifier")
_KEYS: dict[str, Kinds] = {
    **dict.fromkeys((*_TEXTS, *_SAID), str),
    "authors": list,
    "unset": list,
    "previous": (str, _NOTHING),
    "changes": (dict, _NOTHING),
    "shards": dict,
    "tombstones": list,
    "reasons": list,
    "changelog.changes": list,
    "changelog.earlier": list,
    **{f"source.{name}": str for name in ("kind", "title", "license", "citation", "population")},
    "source.stated": bool,
    "source.public": bool,
    "source.films_named_by": str,
    "source.films_shown": int,
    "counts.rows": list,
    **{f"counts.total.{name}": int for name in _COUNTS},
    "counts.total.by_reason": dict,
    "counts.configs": dict,
    "counts.empty_tables": list,
    "reviews.screening.state": str,
    **{f"reviews.screening.{name}": int for name in ("decided", "undecided", "looked_at")},
    **{f"reviews.screening.{name}": int for name in ("reviewers", "hurried")},
    **{f"reviews.screening.{name}": dict for name in ("films_by_reviewers", "decisions")},
    "reviews.screening.each": list,
    "reviews.screening.sentence": str,
    "reviews.audit.state": str,
    **{f"reviews.audit.{name}": dict for name in ("verdicts", "pairs_by_reviewers")},
    **{f"reviews.audit.{name}": int for name in ("pairs", "judged", "settled", "excluded_films")},
    "reviews.reader_study.state": str,
    **{f"reviews.reader_study.{name}": int for name in ("readers", "required")},
    "metrics.checkpoints.recommended": list,
    "metrics.audit.pairs": int,
    "metrics.audit.cosine": dict,
    "metrics.audit.flagged": (dict, _NOTHING),
    "metrics.audit.calibration.threshold": (*_NUMBER, _NOTHING),
    "metrics.facing": list,
    "metrics.facing_rule": dict,
    "metrics.reader_study.analysis": (dict, _NOTHING),
    "metrics.reader_study.sentence": str,
    **{f"metrics.reader_study.{name}": int for name in ("raters", "ratings", "quartets")},
    "params.seed": int,
    "params.ingest.size": int,
    "params.train.checkpoint_every": int,
    "params.sample.checkpoints": list,
    "params.study": dict,
    "software": dict,
    "inputs": dict,
    "validation": dict,
}
"""Key, dots leading from mapping to mapping → the types that its value may have."""

_CHANGES = ("added", "withdrawn", "redrawn", "relabelled", "numbers")
_TOMBSTONE = ("id", "reason", "first_version_without")


def read_record(folder: Folder, found: Findings) -> dict[str, Any] | None:
    """The record; None where there is none that the other checks could go by."""
    record = json_of_file(folder, RECORD, found)
    if record is None:
        return None
    wrong = [key for key, kinds in _KEYS.items() if not _holds(record, key, kinds)]
    for key in wrong:
        found.add(f"{RECORD}: key {key}", f"missing, or no {_named(_KEYS[key])}")
    found.applied("keys of the record", len(_KEYS))
    with found.trying(RECORD):
        _check_lists(record, found)
    if not {*wrong} & {"version", "tag", "previous", "changes", "films_version", "shards"}:
        with found.trying(RECORD):
            _check_version(record, found)
    return record


def _holds(record: Record, key: str, kinds: Kinds) -> bool:
    parent, _, last = key.rpartition(".")
    above = value_at(record, parent) if parent else record
    return isinstance(above, Mapping) and last in above and is_a(above[last], kinds)


def _named(kinds: Kinds) -> str:
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    names = {str: "text", int: "whole number", float: "number", dict: "object", _NOTHING: "null"}
    return " or ".join(names.get(kind, kind.__name__) for kind in kinds)


def _check_lists(record: Record, found: Findings) -> None:
    """Values of lists and mappings whose keys are anybody's."""
    _each(record, "authors", lambda one: is_a(one, str) and bool(one.strip()), "name", found)
    if record.get("authors") == []:
        found.add(f"{RECORD}: key authors", "names nobody")
    _each(record, "params.sample.checkpoints", lambda one: is_a(one, int), "whole number", found)
    _each(record, "metrics.checkpoints.recommended", _is_recommendation, "recommendation", found)
    _each(record, "tombstones", _is_tombstone, "tombstone", found)
    _each(record, "shards", _is_shard, "shard", found)
    _each(record, "inputs", _is_hash, "SHA-256", found)
    _each(record, "software", lambda one: is_a(one, str), "version", found)
    for name in ("counts.configs", "counts.total.by_reason", "changes"):
        _each(record, name, lambda one: is_a(one, int) and one >= 0, "count", found)
    for name in value_at(record, "shards") or ():
        if not SHARD.fullmatch(name):
            found.add(f"{RECORD}: key shards", f"names {name!r}, which is no shard's name")


def _each(record: Record, key: str, accepts: Any, what: str, found: Findings) -> None:
    values = value_at(record, key)
    pairs = values.items() if isinstance(values, Mapping) else enumerate(values or (), start=1)
    for name, value in pairs:
        if not accepts(value):
            found.add(f"{RECORD}: key {key}, {name}", f"is no {what}")


def _is_tombstone(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and all(is_a(value.get(name), str) for name in _TOMBSTONE)
        and bool(VERSION.fullmatch(value["first_version_without"]))
    )


def _is_shard(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and is_a(value.get("rows"), int)
        and is_a(value.get("version"), str)
        and bool(VERSION.fullmatch(value["version"]))
        and _is_hash(value.get("content"))
    )


def _is_recommendation(value: Any) -> bool:
    return isinstance(value, Mapping) and is_a(value.get("checkpoint"), int)


def _is_hash(value: Any) -> bool:
    return is_a(value, str) and bool(re.fullmatch(HEX64, value))


def _check_version(record: Record, found: Findings) -> None:
    """Version, tag, and what the record says of the versions before."""
    version, previous = record["version"], record["previous"]
    shards = [one["version"] for one in record["shards"].values() if _is_shard(one)]
    stated = {"version": version, "films_version": record["films_version"], "previous": previous}
    wrong = [key for key, one in stated.items() if one is not None and not VERSION.fullmatch(one)]
    for key in wrong:
        found.add(f"{RECORD}: key {key}", f"{short(stated[key])} is no version such as 1.0.0")
    found.says(f"{RECORD}: key tag", record["tag"], f"v{version}", "version and tag together")
    for key in ("name", "version", "license"):
        given = value_at(record, f"params.release.{key}")
        found.says(f"{RECORD}: key {key}", record[key], given, "its params.release")
    given = value_at(record, "params.release")
    if _identifies(given):
        unset = never_set(record["source"]["kind"], given)
        found.says(f"{RECORD}: key unset", record["unset"], unset, "its params.release")
    else:
        found.add(
            f"{RECORD}: key params.release", "lacks name, licence, authors, contact or source"
        )
    if wrong:
        return
    if shards:
        newest = max(shards, key=order_of)
        found.says(f"{RECORD}: key films_version", record["films_version"], newest, "its shards")
        _check_order(version, previous, newest, found)
    if (record["changes"] is None) != (previous is None):
        found.add(f"{RECORD}: key changes", "a previous version and changes since go together")
    elif record["changes"] is not None and set(record["changes"]) != {*_CHANGES}:
        found.add(f"{RECORD}: key changes", f"holds other keys than {', '.join(_CHANGES)}")
    _check_first(record, shards, found)
    told = [one["version"] for one in record["changelog"]["earlier"]]
    if (told[-1] if told else None) != previous:
        found.add(f"{RECORD}: key changelog", f"does not end with {previous or 'nothing'}")


def _identifies(given: Any) -> bool:
    """Whether these parameters hold all that a release is told by, in the right types."""
    texts = ("name", "license", "contact", "source_title", "source_license", "source_citation")
    return (
        isinstance(given, Mapping)
        and all(isinstance(given.get(name), str) for name in texts)
        and isinstance(given.get("authors"), list)
        and all(isinstance(one, str) for one in given["authors"])
    )


def _check_order(version: str, previous: str | None, newest: str, found: Findings) -> None:
    if order_of(newest) > order_of(version):
        found.add(f"{RECORD}: key shards", f"holds a shard of {newest}, which is after {version}")
    if previous is not None and order_of(previous) >= order_of(version):
        found.add(f"{RECORD}: key previous", f"{previous} is not before {version}")


def _check_first(record: Record, shards: Sequence[str], found: Findings) -> None:
    """The first version owes nothing to an earlier one."""
    if record["previous"] is not None:
        return
    if {*shards} - {record["version"]}:
        found.add(f"{RECORD}: key shards", "an earlier version's, and there is no earlier version")
    if record.get("tombstones"):
        found.add(f"{RECORD}: key tombstones", "of films of no earlier version")
