"""Differences between two versions of a release, in a folder or on the Hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxr_release.errors import DocumentError, ReleaseError, one_line
from cxr_release.film_id import FilmId
from cxr_release.publishing.fetch import open_release
from cxr_release.release.checks.report import CheckReport
from cxr_release.release.untrusted.folder import look
from cxr_release.release.versions.version import Version, differences, read_version

MOST_NAMED = 20
"""Ranges of films, settings or numbers of each kind that the text names; the report has all."""


LONGEST = 60
"""Characters of a value that the text shows."""


def compare(old: str, new: str) -> dict[str, Any]:
    """Compare two releases.

    Args:
        old: a release folder, or ORG/NAME@TAG on the Hub.
        new: another one.

    Returns:
        `old`, `new` (versions), `same`, and what `release.versions.Differences` holds.

    Raises:
        ReleaseError: one of them is not a release, or cannot be fetched.
    """
    with open_release(old) as first, open_release(new) as second:
        result = differences(_version(first, old), _version(second, new))
    return {**asdict(result), "same": result.same}


def _version(folder: Path, name: str) -> Version:
    """A version in a folder that is looked at before it is believed."""
    report = CheckReport(folder)
    look(folder, report)
    if report.faults:
        raise ReleaseError("is not a release", where=name, faults=report.differences)
    try:
        return read_version(folder)
    except DocumentError as error:
        raise ReleaseError("is not a release", where=name, faults=error.faults) from error


def text_of(report: Mapping[str, Any]) -> str:
    """The report of `compare` in words: each difference once, films as ranges of their names."""
    head = f"{report['old']} → {report['new']}"
    if report["same"]:
        return f"{head}\n- Films, settings and numbers are the same."
    returned = {*report["returned"]}
    numbers = dict(report["numbers"])
    settings = {place: numbers.pop(place) for place in [*numbers] if place.startswith("params.")}
    withdrawn: dict[str, list[str]] = {}
    for film, reason in report["withdrawn"].items():
        withdrawn.setdefault(reason, []).append(film)
    relabelled: dict[str, list[str]] = {}
    for film, columns in report["relabelled"].items():
        for name, pair in columns.items():
            relabelled.setdefault(f"{_words(name)}: {_change(pair)}", []).append(film)
    added = [film for film in report["added"] if film not in returned]
    of_films = [
        *_films("new", {"": added}),
        *_films("back that an earlier version had", {"": report["returned"]}),
        *_films("left out", withdrawn),
        *_films("drawn anew under the same id", {"": report["redrawn"]}),
        *_films("described otherwise", relabelled),
    ]
    of_values = [*_values("setting", settings), *_values("number", numbers)]
    return "\n".join([head, *(of_films or ["- The films are the same."]), *of_values])


def _films(what: str, groups: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """How many films are different in one way, and which, for each reason or change."""
    films = {film for group in groups.values() for film in group}
    if films:
        yield f"- {_number(len(films), 'film')} {what}:"
    for why, group in groups.items():
        ranges = _ranges(group)
        left = len(ranges) - MOST_NAMED
        more = [f"and {_number(left, 'more range')}"] if left > 0 else []
        if ranges:
            yield f"  - {f'{why}: ' if why else ''}{', '.join([*ranges[:MOST_NAMED], *more])}"


def _ranges(films: Sequence[str]) -> list[str]:
    """Names of films in short: `checkpoint-3-large-00002 to 00040 (39)`."""
    runs: list[list[FilmId]] = []
    others = []
    for name in films:
        film = FilmId.parse(name)
        if film is None:
            others.append(name)
        elif runs and _follows(runs[-1][-1], film):
            runs[-1].append(film)
        else:
            runs.append([film])
    texts = [
        str(run[0])
        if len(run) == 1
        else f"{run[0]} to {str(run[-1]).rpartition('-')[2]} ({len(run):,})"
        for run in runs
    ]
    return [*texts, *map(ascii, others)]


def _follows(film: FilmId, other: FilmId) -> bool:
    return (film.source, film.batch, film.index + 1) == (other.source, other.batch, other.index)


def _values(noun: str, values: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    """Settings or numbers that changed; of many, how many in each part of the record."""
    if not values:
        return
    yield f"- {_number(len(values), noun)} changed:"
    if len(values) <= MOST_NAMED:
        yield from (f"  - {_place(place)}: {_change(pair)}" for place, pair in values.items())
        return
    parts: dict[str, list[str]] = {}
    for place in values:
        parts.setdefault(_place(".".join(place.split(".")[:2])), []).append(place)
    for part, places in parts.items():
        first = places[0]
        example = f"{_words(first.rpartition('.')[2])}: {_change(values[first])}"
        yield f"  - {part}: {len(places):,}{', such as ' if len(places) > 1 else '; '}{example}"
    yield "  --json names all of them"


def _place(place: str) -> str:
    """Where a value stands, in words: `metrics.audit.flagged.films` is `audit, flagged, films`.

    A setting is called as in params.yaml: `train.steps`.
    """
    section, _, rest = place.partition(".")
    if section == "params":
        return one_line(rest)
    return ", ".join(map(_words, (rest if section == "metrics" else place).split(".")))


def _words(name: str) -> str:
    return one_line(name.removeprefix("name=").replace("_", " "))


def _change(pair: Sequence[Any]) -> str:
    return " → ".join(map(_value, pair))


def _value(value: Any) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return "not there" if value is None else "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.6g}"
    text = f"{value:,}" if isinstance(value, int) else one_line(str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
