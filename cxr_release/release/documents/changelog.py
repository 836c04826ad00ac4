"""CHANGELOG.md: what each version holds, and what it has otherwise than the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cxr_release.logbook.logs import by_people
from cxr_release.release.documents.markdown import code, escape
from cxr_release.release.record import Changelog, Earlier, Record
from cxr_release.release.versions.version import Differences, StatedRecord, Version, differences

LISTED = 50
"""Films, or numbers, that are named one by one; `release.json` and the tables have all."""


def changelog(record: Record) -> str:
    """The text of the file, the newest version first.

    What earlier versions held, and what this one changed, stands in the record as it was written
    when this version was made.
    """
    this = Version.of(record, {}).record
    lines = [f"# Changes of {escape(record.title)}", ""]
    lines += [f"## {record.version}", "", *_contents(this), *record.changelog.changes, ""]
    for earlier in reversed(record.changelog.earlier):
        lines += [f"## {earlier.version}", "", *earlier.lines, ""]
    return "\n".join(lines)


def changelog_of(earlier: Sequence[Version], current: Version) -> Changelog:
    """What the record holds for the changelog of the versions before.

    Args:
        earlier: the published versions, the oldest first.
        current: the version that is being made.
    """
    versions = [*earlier, current]
    changes = [[], *([*list_differences(differences(old, new))] for old, new in pairwise(versions))]
    return Changelog(
        changes=changes[-1],
        earlier=[
            Earlier(version=version.name, lines=[*_contents(version.record), *changed])
            for version, changed in zip(earlier, changes, strict=False)
        ],
    )


def _contents(record: StatedRecord) -> Iterator[str]:
    """What a version is made of."""
    total, screening = record.total, record.review("screening")
    audit, study = record.review("audit"), record.review("reader_study")
    yield (
        f"- {total.released:,} films released of {total.generated:,} generated;"
        f" {total.excluded:,} excluded."
    )
    films = _by(screening.films_by_reviewers, screening.reviewers)
    yield f"- Films decided on: {films}; {screening.undecided:,} undecided."
    pairs = _by(audit.pairs_by_reviewers, audit.reviewers)
    yield (
        f"- Most similar pairs of a source film and a synthetic one: {audit.judged:,} of"
        f" {audit.pairs:,} judged ({pairs}); films excluded for it: {audit.excluded_films:,}."
    )
    yield f"- Readers of the blinded study: {study.readers:,} of {study.required:,}."


def _by(tally: Mapping[str, int] | None, reviewers: int) -> str:
    """How many things were decided on by how many people; old records do not hold it."""
    return by_people(tally) if tally else f"by {reviewers:,} reviewer(s) in all"


def list_differences(differences: Differences, most: int = LISTED) -> Iterator[str]:
    """What became different, as a Markdown list that a terminal shows well too.

    Args:
        differences: the differences.
        most: how many films, or numbers, of each kind are named.
    """
    if differences.same:
        yield f"- Films and numbers are those of {differences.old}."
        return
    if not differences.films:
        yield f"- The films are those of {differences.old}."
    returned = {*differences.returned}
    settings = {place for place in differences.numbers if place.startswith("params.")}
    kinds: dict[str, list[str]] = {
        "film(s) left": [
            f"{code(film)}: {code(why)}" for film, why in differences.withdrawn.items()
        ],
        "film(s) are new": [code(film) for film in differences.added if film not in returned],
        "film(s) are back that an earlier version had": [
            code(film) for film in differences.returned
        ],
        "film(s) were drawn anew under the same id": [code(film) for film in differences.redrawn],
        "film(s) say something else of themselves": [
            f"{code(film)}: {_changed(columns)}" for film, columns in differences.relabelled.items()
        ],
        "setting(s) changed": [
            _changed({place: pair})
            for place, pair in differences.numbers.items()
            if place in settings
        ],
        "number(s) changed": [
            _changed({place: pair})
            for place, pair in differences.numbers.items()
            if place not in settings
        ],
    }
    for what, items in kinds.items():
        if items:
            yield f"- {len(items):,} {what}:"
            yield from (f"  - {item}" for item in items[:most])
        if len(items) > most:
            yield f"  - and {len(items) - most:,} more"


def _changed(values: Mapping[str, Sequence[Any]]) -> str:
    return ", ".join(
        f"{code(name)} {_value(old)} → {_value(new)}" for name, (old, new) in values.items()
    )


def _value(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:,}" if type(value) is int else code(value)
