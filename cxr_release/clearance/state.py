"""What people's decisions on the real films come to: which films show text, and who looked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr_release import schemas, tables
from cxr_release.clearance.statement import TEXT, Clearance, Shown
from cxr_release.errors import TableError
from cxr_release.films.film_key import FilmKey
from cxr_release.logbook.entry import effective_of
from cxr_release.logbook.logs import by_people, persons, tally

Decisions = Mapping[str, Mapping[Shown, Clearance]]
"""Reviewer → film as it was shown → their decision in effect."""


def contents_of(rows: Iterable[Mapping[str, Any]], key: FilmKey) -> dict[str, str]:
    """Opaque id of each film that was taken in → HMAC of its file's content.

    Args:
        rows: of `schemas.MANIFEST`, of real films.
        key: behind the ids.

    Raises:
        TableError: of a film the manifest does not say what its file held.
    """
    contents = {}
    for row in rows:
        if row["status"] != "ingested":
            continue
        if row["source_sha256"] is None:
            raise TableError(f"does not say what the file of {row['id']} held", where="manifest")
        contents[row["id"]] = key.content(row["source_sha256"])
    return contents


def read_contents(manifest: Path, key: FilmKey) -> dict[str, str]:
    """The same, of a manifest on disk."""
    columns = ["status", "id", "source_sha256"]
    return contents_of(tables.read(manifest, schemas.MANIFEST, columns).to_pylist(), key)


def effective(logs: Mapping[str, Sequence[Clearance]]) -> dict[str, dict[Shown, Clearance]]:
    """Reviewer → their decisions in effect."""
    return {reviewer: effective_of(log) for reviewer, log in logs.items()}


@dataclass(frozen=True)
class Outcome:
    """What people's decisions come to. Where they differ, text is there: one person saw it."""

    with_text: tuple[str, ...]
    """Opaque ids of the films that somebody says show text, sorted."""
    counts: dict[str, Any]
    """See `outcome_of`."""


def outcome_of(
    contents: Mapping[str, str],
    decisions: Decisions,
    *,
    required: int,
    suspected: Collection[str] | None,
) -> Outcome:
    """Count what was decided on the films as they are now.

    Args:
        contents: opaque id of each film → HMAC of its content.
        decisions: of all people.
        required: people who must have looked at a film.
        suspected: films that the search for text flagged; None where it did not run.

    Returns:
        Films with text, and as counts: `state` (none, partial or complete), `films`, `required`,
        `reviewers` (people with a decision on a film as it is), `looked_at` (films that anybody
        looked at), `with_text`, `undecided` (films without text at which fewer than `required`
        people looked), `changed` (films of which only an earlier content was decided on by
        somebody), `elsewhere` (decisions on films that are not here), `flagged` (None: not
        searched), `flagged_unseen` (of them, films that nobody looked at), `films_by_reviewers`
        and `each` (`films` and `with_text` of each person, unnamed), and `sentence`.
    """
    now = set(contents.items())
    people = {
        reviewer: {film: entry for (film, _), entry in given.items() if entry.about in now}
        for reviewer, given in decisions.items()
    }
    lookers = dict.fromkeys(contents, 0)
    for given in people.values():
        for film in given:
            lookers[film] += 1
    with_text = {
        film for given in people.values() for film, entry in given.items() if entry.decision == TEXT
    }
    undecided = sum(number < required for film, number in lookers.items() if film not in with_text)
    changed = {
        entry.real_id
        for reviewer, given in decisions.items()
        for about, entry in given.items()
        if entry.real_id in contents and about not in now and entry.real_id not in people[reviewer]
    }
    each = [
        {"films": len(given), "with_text": sum(entry.decision == TEXT for entry in given.values())}
        for _, given in sorted(people.items())
        if given
    ]
    counts: dict[str, Any] = {
        "state": "none" if not each else "partial" if undecided else "complete",
        "films": len(contents),
        "required": required,
        "reviewers": len(each),
        "looked_at": sum(number > 0 for number in lookers.values()),
        "with_text": len(with_text),
        "undecided": undecided,
        "changed": len(changed),
        "elsewhere": sum(
            entry.real_id not in contents
            for given in decisions.values()
            for entry in given.values()
        ),
        "flagged": None if suspected is None else len(contents.keys() & suspected),
        "flagged_unseen": None
        if suspected is None
        else sum(not lookers[film] for film in contents.keys() & suspected),
        "films_by_reviewers": tally(list(lookers.values())),
        "each": each,
    }
    return Outcome(tuple(sorted(with_text)), counts | {"sentence": sentence_of(counts)})


def waits_for_more(words: Sequence[str], required: int) -> bool:
    """Whether a film waits for another person: not once somebody saw text.

    Args:
        words: what people decided on it, in effect.
        required: people who must look at it.
    """
    return TEXT not in words and len(words) < required


def sentence_of(counts: Mapping[str, Any]) -> str:
    """How far people have looked at the real films, in words that hold for these counts.

    Args:
        counts: what `outcome_of` counted.
    """
    films = f"{counts['films']:,} real film{'' if counts['films'] == 1 else 's'}"
    if not counts["reviewers"]:
        return f"Nobody has looked at the {films} for text that may identify a patient."
    who = persons(counts["reviewers"])
    has = "has" if counts["reviewers"] == 1 else "have"
    parts = [
        f"{who[0].upper()}{who[1:]} {has} looked at {counts['looked_at']:,} of the {films} for text"
        f" that may identify a patient: {by_people(counts['films_by_reviewers'])}."
    ]
    out = counts["with_text"]
    parts.append(
        f"{out:,} of them {'shows' if out == 1 else 'show'} such text or a mark, and"
        f" {'was' if out == 1 else 'were'} left out."
        if out
        else "On none of those was such text found."
    )
    if counts["changed"]:
        number = counts["changed"]
        parts.append(
            f"{number:,} film{'' if number == 1 else 's'} {'has' if number == 1 else 'have'}"
            " changed since somebody looked, and that decision does not count."
        )
    return " ".join(parts)
