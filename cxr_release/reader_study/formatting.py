"""Numbers of a reader study as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release.logbook.logs import joined

UNKNOWN = "–"


def shown(equivalence: Mapping[str, Any]) -> str:
    """Whether equivalence is shown, in words."""
    return "shown" if equivalence["equivalent"] else "not shown"


def detectable(ends: Sequence[float | None] | None) -> str:
    """Accuracies that would be found, below and above chance; None: not known."""
    if ends is None:
        return UNKNOWN
    low, high = ends
    ranges = [
        *([f"{percent(low)} or less"] if low is not None else []),
        *([f"{percent(high)} or more"] if high is not None else []),
    ]
    return f"an accuracy of {' or '.join(ranges)}" if ranges else "no accuracy at all"


def p_of(value: float | None) -> str:
    """A p value, to three digits; halves go up: exact ones are often 0.0625."""
    if value is None:
        return UNKNOWN
    return "< 0.001" if value < 0.001 else f"{value + 1e-12:.3f}"


def percent(share: float) -> str:
    """A share of 0 … 1."""
    return f"{100 * share:.1f} %"


def mean(value: float, digits: int) -> str:
    """A mean of whole numbers: halves go up, though the float may lie just below."""
    return f"{value + 1e-9:.{digits}f}"


def number(value: float | None, digits: int) -> str:
    """A number, where it is known."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def interval(ends: Sequence[float] | None) -> str:
    """An interval of shares, where it is known."""
    return UNKNOWN if ends is None else f"{100 * ends[0]:.1f}–{100 * ends[1]:.1f} %"


def count(how_many: int, noun: str) -> str:
    """So many of a thing."""
    return f"{how_many:,} {noun}{'s' * (how_many != 1)}"


SUSPECT = 10
"""Quartets: two people who agreed wholly on every second would agree on ten once in 1,000."""


def same_answers(group: Sequence[str], quartets: int) -> str:
    """That readers gave the same answers throughout, and from `SUSPECT` quartets on a question."""
    sentence = f"{joined(group)} gave the same answers on {_all(quartets)}"
    doubt = f": is this one reader, counted {_times(len(group))}?"
    return sentence + (doubt if quartets >= SUSPECT else ".")


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"


def _all(quartets: int) -> str:
    return "the only quartet" if quartets == 1 else f"all {quartets:,} quartets"
