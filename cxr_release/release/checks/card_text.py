"""The counts that stand in a card's sentences, held against the tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cxr_release.release.checks.truth import Truth
from cxr_release.release.contents import ON_A_SHEET
from cxr_release.release.documents.markdown import code, escape
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.versions.published import order_of

_N = r"([\d,]{1,20})"
"""A number. Here and below no pattern can take long over a text that was made to that end."""


def check_sentences(body: str, truth: Truth, found: Findings) -> None:
    """Wherever one of these sentences stands, it stands with the true numbers.

    Args:
        body: the card, less its header.
        truth: what the tables come to.
        found: where differences go.
    """
    text = " ".join(re.sub(r"^>[ ]?", "", body, flags=re.MULTILINE).split())
    for pattern, true, due in (*_always(truth), *_sometimes(truth)):
        said = [_groups(one) for one in re.finditer(pattern, text)]
        for one in said:
            if one != true:
                what = f"says {', '.join(one)} where the tables say {', '.join(true)}"
                found.add("README.md", f"{what}: {_shown(pattern)}")
        if due and not said:
            found.add("README.md", f"lacks its line on {_shown(pattern)}")
        found.applied("sentences of the card with counts", len(said))
    _check_sheets(text, truth, found)
    title = f"# {escape(truth.record['title'])}"
    if title not in body.split("\n"):
        found.add("README.md", f"has not the title {truth.record['title']!r}")


def _groups(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(one or "" for one in match.groups())


def _shown(pattern: str) -> str:
    """A pattern as people read it."""
    return re.sub(r"\(\?:[^)]*\)\??|\\", "", pattern.replace(_N, "N")).strip()


def _texts(*values: Any) -> tuple[str, ...]:
    return tuple(f"{value:,}" if type(value) is int else str(value) for value in values)


def _always(truth: Truth) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    record = truth.record
    total, side = record["counts"]["total"], record["params"]["ingest"]["size"]
    yield (
        rf"Version (\S+) · {_N} synthetic radiographs?, {_N} × {_N} pixels, 8-bit grey · (\S+)",
        (
            record["version"],
            f"{total['released']:,}",
            str(side),
            str(side),
            code(record["license"]),
        ),
        True,
    )
    yield (
        r"load_dataset\(\"ORG/([^\"]{1,200})\", revision=\"([^\"]{1,200})\"",
        (record["name"], record["tag"]),
        True,
    )


def _sometimes(truth: Truth) -> Iterator[tuple[str, tuple[str, ...], bool]]:
    """Sentences that stand there in some states of the reviews alone."""
    record = truth.record
    total, screening = record["counts"]["total"], record["reviews"]["screening"]
    generated, excluded, looked = total["generated"], total["excluded"], screening["looked_at"]
    decided = generated - screening["films_by_reviewers"]["0"]
    audit, judging = record["metrics"]["audit"], record["reviews"]["audit"]
    searched, real = audit["synthetic"]["searched"], audit["real"]["searched"]
    pairs = rf"{_N} nearest pairs?"
    said: dict[str, tuple[Any, ...]] = {
        rf"None of the {_N} generated films": (generated,),
        rf"(?:person has|people have) decided on {_N} of {_N} generated": (decided, generated),
        rf"(?:person has|people have) decided on all {_N} generated": (generated,),
        rf"{_N} of {_N} generated films? counts? as looked at": (looked, generated),
        rf"{_N} films? (?:is|are) excluded(?:\.|, for whatever)": (excluded,),
        rf"{_N} are undecided, and {_N} of those are in this release": (
            screening["undecided"],
            screening["undecided_released"],
        ),
        rf"{_N} of {_N} generated films? (?:does|do) not count": (generated - looked, generated),
        rf"{_N} of {_N} films? decided on by people": (decided, generated),
        rf"; {_N} counts? as looked at": (looked,),
        rf"{_N} of the excluded films were excluded by a program": (screening["prescreened"],),
        rf"{_N} of the excluded films stays? out on the word of the mem": (screening["audited"],),
        rf"judged {_N} of the {pairs} of": (judging["judged"], audit["pairs"]),
        rf"Each of the {pairs} of a source film": (audit["pairs"],),
        rf"has looked at the {pairs} of": (audit["pairs"],),
        rf"Each of {_N} generated films, released or not, was held against each of {_N} source"
        rf" films: {_N} pairs": (searched, real, searched * real),
        r"Of version (\S+) the newest is ([\d.]{1,30}),": (
            record["version"],
            record["films_version"],
        ),
        rf"\*\*What\.\*\* {_N} films? in {_N} files?": (
            total["released"],
            len(truth.configs[0].files),
        ),
        r"films\.unique\(\"release_version\"\)\) == \{ ?([^}]{0,2000})\}": (_versions(record),),
    }
    reasons = {"judged (?:a copy|copies)": "copy", "that may be": "possible-copy"}
    for words, reason in reasons.items():
        left_out = total["by_reason"].get(reason, 0)
        said[rf"Left out of this release: (?:[^.]{{0,60}}, and )?{_N} films? {words}"] = (left_out,)
    analysis = record["metrics"]["reader_study"]["analysis"]
    if analysis is not None:
        told = analysis["identification"]
        of = (told["correct"], told["trials"])
        said[rf"of a quartet for the real one in {_N} of {_N} trials"] = of
        said[rf"the real film picked \| {_N} of {_N} trials"] = of
    for pattern, values in said.items():
        yield pattern, _texts(*values), False


def _versions(record: Any) -> str:
    held = {one["version"] for one in record["shards"].values() if one["rows"]}
    return ", ".join(f'"{one}"' for one in sorted(held, key=order_of))


def _check_sheets(text: str, truth: Truth, found: Findings) -> None:
    """The captions of the contact sheets."""
    released: dict[str, int] = {}
    for row in truth.record["counts"]["rows"]:
        checkpoint = str(row["checkpoint"])
        released[checkpoint] = released.get(checkpoint, 0) + row["released"]
    shown = re.findall(rf"!\[{_N} synthetic radiographs? of checkpoint (\d{{1,9}})\]", text)
    due = {one: str(min(films, ON_A_SHEET)) for one, films in released.items() if films}
    if {checkpoint: films for films, checkpoint in shown} != due or len(shown) != len(due):
        found.add("README.md", f"shows sheets of {shown}, the tables say {due}")
