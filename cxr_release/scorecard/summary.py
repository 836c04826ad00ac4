"""The parts of a score side by side: the release, other patients' films, and copies.

No mean is taken. An average ranks copies of patients' own films above an honest release, for copies
are as good as real films in all parts but one; if one number is wanted, it is that of the weakest
part. What real films of other patients would get stands beside each number: it is below 100 where
few films leave room for doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxr_release.scorecard.names import COPIES, IDEAL, PARTS, RELEASE, natural, title

Report = Mapping[str, Any]
Scores = Mapping[str, float | None]
"""`release`, `ideal`, `copies` or the name of a checkpoint → 0 … 100, or None."""


LIMITS = (
    "Found is what these attacks find with so many control films; others may find more. They are"
    " not a guarantee, which only differential privacy gives."
)
"""What the attacks cannot show."""


def summary_of(parts: Mapping[str, Scores], why_not: Sequence[str]) -> dict[str, Any]:
    """The parts' numbers, the weakest of them, and why there is none where there is none.

    Args:
        parts: name → numbers; a part that is not there was not measured.
        why_not: a sentence for each thing that could not be measured, or is not evidence.

    Returns:
        Each of `PARTS`, 0 … 100 or None; `weakest`, the measured part of the lowest number;
        `anchors`, the same numbers of films of other patients and of copies; `checkpoints`,
        likewise, of each; `why_not`.
    """
    release = _of(RELEASE, parts)
    checkpoints = {name: None for scores in parts.values() for name in scores if name not in _ROLES}
    return release | {
        "weakest": weakest_of(release),
        "anchors": {name: _of(name, parts) for name in (IDEAL, COPIES)},
        "checkpoints": {name: _of(name, parts) for name in checkpoints},
        "why_not": list(why_not),
    }


def weakest_of(numbers: Scores) -> str | None:
    """The measured part of the lowest number; None where none was measured.

    Args:
        numbers: each of `PARTS`, 0 … 100 or None.
    """
    measured = {part: number for part in PARTS if (number := numbers[part]) is not None}
    return min(measured, key=lambda part: measured[part]) if measured else None


_ROLES = (RELEASE, IDEAL, COPIES)


def _of(name: str, parts: Mapping[str, Scores]) -> dict[str, float | None]:
    return {part: parts.get(part, {}).get(name) for part in PARTS}


def summary_lines(summary: Report) -> Iterator[str]:
    """The numbers in words, for a terminal.

    Args:
        summary: see `summary_of`.
    """
    yield f"{'of 100':12}{'release':>9}{'ideal':>9}{'copies':>9}"
    for part in PARTS:
        columns = (summary, *(summary["anchors"][name] for name in (IDEAL, COPIES)))
        yield f"{part:12}" + "".join(f"{_number(column[part]):>9}" for column in columns)
    for name in sorted(summary["checkpoints"], key=natural):
        numbers = summary["checkpoints"][name]
        given = [f"{part} {_number(numbers[part])}" for part in PARTS if numbers[part] is not None]
        if given:
            yield f"{title(name)}: {', '.join(given)}"
    yield "ideal: other real films as the release; copies: trained films as the release"
    yield weakest_sentence(summary)


def weakest_sentence(summary: Report) -> str:
    """Which part is the weakest; and which could not be measured."""
    missing = [part for part in PARTS if summary[part] is None]
    unmeasured = f"not measured: {', '.join(missing)}" if missing else ""
    if summary["weakest"] is None:
        return unmeasured
    weakest = f"weakest: {summary['weakest']}, {_number(summary[summary['weakest']])} of 100"
    return "; ".join(filter(None, (weakest, unmeasured)))


def sets_lines(sets: Report) -> Iterator[str]:
    """How many films of whom, for a terminal.

    Args:
        sets: see `ScoreSets.report`.
    """
    for name, counts in sets.items():
        yield f"{name:9} {_films(counts)}"


def _films(counts: Report) -> str:
    text = f"{counts['films']:,} films"
    if "patients" in counts and not counts["patient_not_stated"]:
        text += f" of {counts['patients']:,} patients"
    elif "patients" in counts:
        text += (
            f"; patients not stated for {counts['patient_not_stated']:,} of them, each counted as"
            " one of its own: whether any is in both sets is unknown"
        )
    return text + (f"; {counts['unreadable']:,} not read" if counts["unreadable"] else "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
