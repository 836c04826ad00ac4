"""CHANGELOG.md: what each version holds, and what it has otherwise than the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from cxr_release.logbook.logs import by_people
from cxr_release.release.documents.markdown import code, escape
from cxr_release.release.versions.version import Differences, Version, differences

LISTED = 50
"""Films, or numbers, that are named one by one; `release.json` and the tables have all."""


def changelog(versions: Sequence[Version]) -> str:
    """The text of the file.

    Args:
        versions: the published ones and the one that is being made, the oldest first.
    """
    sections = [[*_held(versions[0])]]
    sections += [[*_held(new), *listed(differences(old, new))] for old, new in pairwise(versions)]
    lines = [f"# Changes of {escape(versions[-1].record['title'])}", ""]
    for version, section in zip(reversed(versions), reversed(sections), strict=True):
        lines += [f"## {version.name}", "", *section, ""]
    return "\n".join(lines)


def _held(version: Version) -> Iterator[str]:
    """What a version is made of."""
    record = version.record
    total, screening = record["counts"]["total"], record["reviews"]["screening"]
    audit, readers = record["reviews"]["audit"], record["reviews"]["reader_study"]
    yield (
        f"- {total['released']:,} films released of {total['generated']:,} generated;"
        f" {total['excluded']:,} excluded."
    )
    yield f"- Films decided on: {_by(screening, 'films')}; {screening['undecided']:,} undecided."
    yield (
        f"- Nearest pairs of a source film and a synthetic one: {audit['judged']:,} of"
        f" {audit['pairs']:,} judged ({_by(audit, 'pairs')});"
        f" films excluded for it: {audit['excluded_films']:,}."
    )
    yield f"- Readers of the blinded study: {readers['readers']:,} of {readers['required']:,}."


def _by(review: Mapping[str, Any], things: str) -> str:
    """How many things were decided on by how many people; old records do not hold it."""
    tally = review.get(f"{things}_by_reviewers")
    return by_people(tally) if tally else f"by {review['reviewers']:,} reviewer(s) in all"


def listed(found: Differences, most: int = LISTED) -> Iterator[str]:
    """What became different, as a Markdown list that a terminal shows well too.

    Args:
        found: the differences.
        most: how many films, or numbers, of each kind are named.
    """
    if found.same:
        yield f"- Films and numbers are those of {found.old}."
        return
    if not found.films:
        yield f"- The films are those of {found.old}."
    returned = {*found.returned}
    settings = {place for place in found.numbers if place.startswith("params.")}
    kinds: dict[str, list[str]] = {
        "film(s) left": [f"{code(film)}: {code(why)}" for film, why in found.withdrawn.items()],
        "film(s) are new": [code(film) for film in found.added if film not in returned],
        "film(s) are back that an earlier version had": [code(film) for film in found.returned],
        "film(s) were drawn anew under the same id": [code(film) for film in found.redrawn],
        "film(s) say something else of themselves": [
            f"{code(film)}: {_changed(columns)}" for film, columns in found.relabelled.items()
        ],
        "setting(s) changed": [
            _changed({place: pair}) for place, pair in found.numbers.items() if place in settings
        ],
        "number(s) changed": [
            _changed({place: pair})
            for place, pair in found.numbers.items()
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
