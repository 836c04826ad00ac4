"""The card against the tables: its header, its tables and the counts in its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from cxr_release.errors import ReleaseError
from cxr_release.release.checks.card_tables import Expected, expected_tables
from cxr_release.release.checks.card_text import check_sentences
from cxr_release.release.checks.markdown_tables import Shown, tables_of
from cxr_release.release.checks.truth import Truth
from cxr_release.release.documents.card import header_of
from cxr_release.release.untrusted.documents import mapping_of_yaml, text_of_file
from cxr_release.release.untrusted.findings import Findings
from cxr_release.release.untrusted.folder import Folder

CARD = "README.md"
KEYS = ("license", "pretty_name", "size_categories", "configs", "dataset_info")
"""Keys of the header that follow from the release; the others are words of whoever wrote it."""
_PARTS = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]{0,500}\]\(([^)]{0,500})\)")


def read_card(folder: Folder, found: Findings) -> tuple[dict[Any, Any], str] | None:
    """Header and body of the card; None, with the difference noted, where it has not both."""
    text = text_of_file(folder, CARD, found)
    if text is None:
        return None
    parts = _PARTS.match(text)
    if not parts:
        found.add(CARD, "has no YAML header")
        return None
    try:
        return mapping_of_yaml(parts[1], f"{CARD}: header"), parts[2]
    except ReleaseError as error:
        found.add(error.where, error.what)
        return None


def check_pictures(body: str, folder: Folder, found: Findings) -> None:
    """Every picture of the card is a file of this folder."""
    shown = _PICTURE.findall(body)
    for name in shown:
        if name not in folder.sizes:
            found.add(CARD, f"shows a picture that is not in the folder: {name}")
    found.applied("pictures of the card", len(shown))


def check_card(header: Mapping[Any, Any], body: str, truth: Truth, found: Findings) -> None:
    """Hold the card against the tables."""
    with found.trying(f"{CARD}: header"):
        _check_header(header, truth, found)
    with found.trying(CARD):
        shown = tables_of(body)
        for expected in expected_tables(truth):
            _check_table(expected, shown, found)
        _check_reasons(truth.record["counts"]["total"]["by_reason"], shown, found)
    with found.trying(CARD):
        check_sentences(body, truth, found)


def _check_header(header: Mapping[Any, Any], truth: Truth, found: Findings) -> None:
    expected = header_of(truth.record, truth.configs)
    for key in KEYS:
        place = f"{CARD}: header, {key}"
        for where, said, true in _departures(header.get(key), expected[key], place):
            found.says(where, said, true, "the finished files")
    found.applied("keys of the card's header", len(KEYS))


def _departures(said: Any, true: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts of a header in which two values are not the same."""
    if isinstance(said, dict) and isinstance(true, dict):
        for key in [*true, *(key for key in said if key not in true)]:
            yield from _departures(said.get(key), true.get(key), f"{place}, {key}")
    elif isinstance(said, list) and isinstance(true, list) and len(said) == len(true):
        for number, (one, other) in enumerate(zip(said, true, strict=True), start=1):
            name = other.get("config_name", number) if isinstance(other, dict) else number
            yield from _departures(one, other, f"{place}, {name}")
    elif type(said) is not type(true) or said != true:
        yield place, said, true


def _check_table(expected: Expected, shown: Sequence[Shown], found: Findings) -> None:
    """Every table of the card with these columns holds these rows."""
    where = f"{CARD}: table of {', '.join(expected.columns[:3])}"
    tables = [one for one in shown if {*expected.columns} <= {*one.header}]
    if not tables and expected.due:
        found.add(where, "is not there")
    for table in tables:
        rows = [table.columns(expected.columns), expected.rows]
        if not expected.ordered:
            rows = [sorted(some) for some in rows]
        for number, (said, true) in enumerate(zip_longest(*rows), start=1):
            if said != true:
                what = f"says {_line(said)}, {expected.of} says {_line(true)}"
                found.add(f"{where}, row {number}", what)
        found.applied("rows of the card's tables", len(expected.rows))


def _line(cells: Sequence[str] | None) -> str:
    return "nothing" if cells is None else " | ".join(cells)


def _check_reasons(true: Mapping[str, int], shown: Sequence[Shown], found: Findings) -> None:
    """The films excluded for each reason; which other reasons there are the card alone says."""
    where = f"{CARD}: table of reasons"
    tables = [one for one in shown if {"code", "films", "meaning"} <= {*one.header}]
    if not tables:
        found.add(where, "is not there")
    for table in tables:
        said = {cells[0]: cells[1] for cells in table.columns(("code", "films"))}
        for reason in sorted({*said, *true}):
            films = f"{true.get(reason, 0):,}"
            if said.get(reason) != films:
                what = f"says {said.get(reason, 'nothing')}, the exclusions hold {films}"
                found.add(f"{where}, {reason}", what)
        found.applied("rows of the card's tables", len(said))
