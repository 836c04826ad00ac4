"""What a list of pairs can be expected to hold: the planted copies that it would have held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

from annotated_types import Interval, Len
from typing_extensions import TypedDict

from cxr_release import json_documents
from cxr_release.errors import DocumentError

WELL_FOUND = 0.95
"""Share of planted copies below which reviewers are told first that the list may miss their kind,
as the card of a release tells."""
_NAMED = 3
"""Kinds of copies that the one line names at most."""

_Count: TypeAlias = Annotated[int, Interval(ge=0)]
_Share: TypeAlias = Annotated[float, Interval(ge=0, le=1)]


class _Planted(TypedDict):
    alteration: Annotated[str, Len(1, 200)]
    planted: Annotated[int, Interval(ge=1)]
    found: _Count
    recall: _Share | None
    low: _Share | None
    high: _Share | None


class _Report(TypedDict):
    """What is read of `audit.json`."""

    pairs: _Count
    power: list[_Planted]
    power_note: str | None


@dataclass(frozen=True)
class Expectation:
    """What the whole list can be expected to hold. It says nothing of any single pair."""

    summary: str
    """One line, without a full stop."""
    texts: list[str]
    """Sentences that explain it."""
    kinds: list[tuple[str, str]]
    """Kind of planted copy, and how many of them the list would hold: the worst found first."""


def expectation_of(report: Path, *, pairs: int) -> Expectation:
    """What the audit's report says of the list that it wrote.

    Args:
        report: `audit.json`.
        pairs: length of the list that people judge.
    """
    try:
        audit = json_documents.read(report, _Report)
    except DocumentError:
        return _unknown("The report of this audit (audit.json) is missing or cannot be read.")
    rows = audit["power"]
    if audit["pairs"] != pairs or not all(map(_coherent, rows)):
        return _unknown("The report of this audit (audit.json) does not match this list.")
    if not rows:
        return _unknown("No copies were planted when this list was made.")
    if any(row["recall"] is None for row in rows):
        note = audit["power_note"]
        if not note:
            return _unknown("The planted copies that it would hold were not counted.")
        return Expectation(
            "not measurable", [f"What this list would hold of planted copies is {note}."], []
        )
    worst_first = sorted(rows, key=lambda row: row["recall"] or 0)
    return Expectation(
        _summary(worst_first),
        [
            "Copies of real films were planted among the synthetic films, one at a time. So many"
            f" of each kind would be on this list of {pairs:,} pair{'s' * (pairs != 1)}:",
            "A copy of another kind, or altered more than these, may be missing from the list.",
        ],
        [(row["alteration"], _result(row)) for row in worst_first],
    )


def _unknown(why: str) -> Expectation:
    return Expectation("not known", [f"{why} How many copies it would hold is not known."], [])


def _coherent(row: _Planted) -> bool:
    recall, low, high = row["recall"], row["low"], row["high"]
    if recall is None or low is None or high is None:
        return recall is low is high is None
    share = row["found"] / row["planted"]
    return low <= recall <= high and math.isclose(recall, share, abs_tol=1e-6)


def _result(row: _Planted) -> str:
    low, high = math.floor(100 * (row["low"] or 0)), math.ceil(100 * (row["high"] or 0))
    interval = f"95 % interval {low} % to {high} %"
    return f"{row['found']:,} of {row['planted']:,} planted ({interval})"


def _summary(worst_first: list[_Planted]) -> str:
    badly = [row for row in worst_first if (row["recall"] or 0) < WELL_FOUND]
    if badly:
        named = [
            f"{row['alteration']} (holds {row['found']:,} of {row['planted']:,} planted)"
            for row in badly[:_NAMED]
        ]
        more = len(badly) - len(named)
        rest = f", and {more:,} more kind{'s' * (more != 1)}" if more else ""
        return f"may miss these kinds of copies: {', '.join(named)}{rest}"
    kinds = len(worst_first)
    each = "each of the" if kinds > 1 else "the"
    if worst_first[0]["recall"] == 1:
        return f"holds all planted copies of {each} {kinds:,} kind{'s' * (kinds != 1)} tried"
    worst = worst_first[0]
    return (
        f"holds at least {100 * WELL_FOUND:.0f} % of the planted copies of {each} {kinds:,}"
        f" kind{'s' * (kinds != 1)} tried; fewest: {worst['alteration']}"
        f" ({worst['found']:,} of {worst['planted']:,})"
    )
