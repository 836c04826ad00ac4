"""What reviewers see on synthetic films: findings, noted film by film, in logs of their own.

Noting is no part of a decision, and nobody must: a film of which nothing is noted is *not tagged*,
which says nothing of its findings. That a film shows none of the list is said in words of its own
(`NONE`), so that a share has its denominator: the films of which somebody noted findings or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from cxr_release.errors import DecisionError
from cxr_release.logbook.entry import Entry, EntryType, effective_of
from cxr_release.screening.decision import CODE, OnFilm, Via, load_reasons
from cxr_release.screening.films import Generated, films_of
from cxr_release.spelling import did_you_mean
from cxr_release.statistics.proportions import clopper_pearson

MOST = 24
"""Findings of a list: each has a letter's key on the page."""
NONE, RETRACT = "none", "retract"
"""In the place of codes: none of the list is seen; what was noted is taken back."""
SEPARATOR = " "
MOST_NAMED = 200
"""Faults that are named."""


def _codes_fault(value: str) -> str:
    codes = value.split(SEPARATOR)
    sound = all(CODE.fullmatch(code) for code in codes) and codes == sorted({*codes})
    if sound and (len(codes) == 1 or not {NONE, RETRACT} & {*codes}):
        return ""
    return f"findings are codes in order, each once, or {NONE}, or {RETRACT}"


@dataclass(frozen=True)
class NewFindings(OnFilm):
    """All that a reviewer sees on a film; the next such statement takes its place."""

    findings: Annotated[str, _codes_fault]
    """Codes in alphabetical order with a space between them; or `NONE`; or `RETRACT`."""
    via: Via = field(default="", kw_only=True)

    @property
    def retracts(self) -> bool:
        """Whether it takes back what the reviewer noted on the film."""
        return self.findings == RETRACT

    @property
    def codes(self) -> tuple[str, ...]:
        """The findings; none of `NONE` and `RETRACT`."""
        alone = self.findings in (NONE, RETRACT)
        return () if alone else tuple(self.findings.split(SEPARATOR))


@dataclass(frozen=True)
class Findings(Entry, NewFindings):
    """Findings in their log."""


FINDINGS = EntryType("findings note", NewFindings, Findings)


def joined(codes: Collection[str]) -> str:
    """Codes as `NewFindings.findings`; of no codes: `NONE`."""
    return SEPARATOR.join(sorted(codes)) or NONE


def load_findings(path: Path) -> dict[str, str]:
    """Read code → one-line meaning, in the file's order; nothing where there is no such file.

    Raises:
        DecisionError: the file is not such a mapping, is too long, or uses a word of the log.
    """
    if not path.exists():
        return {}
    codes = load_reasons(path)
    if len(codes) > MOST or {NONE, RETRACT} & codes.keys():
        raise DecisionError(
            f"has {len(codes)} codes, or the code {NONE} or {RETRACT}",
            where=str(path),
            remedy=f"list {MOST} at most, and none of that name",
        )
    return codes


def tally_findings(
    films: Sequence[Generated],
    logs: Mapping[str, Sequence[Findings]],
    known: Mapping[str, str],
    *,
    released: Collection[str],
    decided: Collection[str],
) -> dict[str, Any] | None:
    """How often each finding is noted, of the films of which anything is.

    A film has a finding where more than half of those who tagged it note it.

    Args:
        films: all that were generated.
        logs: reviewer → what they noted, in the order of the log. Notes on films that are not
            there count for nothing.
        known: code → meaning.
        released: ids of the films that go out.
        decided: ids of films on which any person decided.

    Returns:
        `tagged`, `released` (tagged films that go out), `decided` and `decided_tagged` films,
        `taggers`, `several` (films that more than one person tagged), `differ` (those on which they
        are not of one mind), and `findings`: a row for each code; None where nothing is tagged.

    Raises:
        DecisionError: a code is not in the list any more.
    """
    noted = {film for log in logs.values() for film in effective_of(log)}
    shown = {film.id: {film.sha256, film.mirrored_sha256} for film in films_of(films, noted)}
    said: dict[str, list[tuple[str, ...]]] = {}
    people = set()
    for person, log in logs.items():
        for film, entry in effective_of(log).items():
            if entry.image_sha256 in shown.get(film, ()):
                said.setdefault(film, []).append(entry.codes)
                people.add(person)
    if not said:
        return None
    unknown = sorted(
        {code for notes in said.values() for codes in notes for code in codes} - {*known}
    )
    if unknown:
        raise DecisionError(
            f"findings are noted that are not in the list: {', '.join(unknown[:MOST_NAMED])}",
            where="cards/findings.yaml",
            remedy=f"{did_you_mean(unknown[0], known)} put them back".strip(),
        )
    out = [film for film in said if film in released]
    return {
        "taggers": len(people),
        "tagged": len(said),
        "released": len(out),
        "decided": len({*decided}),
        "decided_tagged": len({*decided} & said.keys()),
        "several": sum(len(notes) > 1 for notes in said.values()),
        "differ": sum(len({*notes}) > 1 for notes in said.values()),
        "findings": list(_rows(said, known, out)),
    }


def _rows(
    said: Mapping[str, Sequence[tuple[str, ...]]], known: Mapping[str, str], out: Sequence[str]
) -> Iterator[dict[str, Any]]:
    seen: dict[str, set[str]] = {}
    for film, notes in said.items():
        times = Counter(code for codes in notes for code in codes)
        seen[film] = {code for code, count in times.items() if 2 * count > len(notes)}
    for code, meaning in known.items():
        films = sum(code in codes for codes in seen.values())
        yield {
            "code": code,
            "meaning": meaning,
            "films": films,
            "interval": clopper_pearson(films, len(said)),
            "released": sum(code in seen[film] for film in out),
        }
