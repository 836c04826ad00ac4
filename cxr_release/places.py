"""Places in files, told in short: equal faults once, with all their lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MOST_RUNS = 30
"""Runs of lines that are told; of more there is the number."""
TOGETHER = 20
"""So many files, films or columns with the same fault are told in one line."""
_LINE = re.compile(r"(.+: )(line|row) (\d{1,12})((?:, .*)?)", re.DOTALL)


def each_once(faults: Iterable[tuple[str, str]]) -> list[str]:
    """Faults as people read them: where it is equal what is wrong, once with all places.

    Args:
        faults: place (such as `a.csv: line 12, column rating`) and what is wrong there.

    Returns:
        A line for each, in the order in which they were first met.
    """
    places: dict[tuple[str, ...], list[int]] = {}
    """Text before a number, its word, text behind it, what is wrong → numbers."""
    for where, what in faults:
        found = _LINE.fullmatch(where)
        key = (found[1], found[2], found[4], what) if found else (where, "", "", what)
        places.setdefault(key, []).extend([int(found[3])] if found else [])
    named: dict[str, list[str]] = {}
    for (before, word, behind, what), numbers in places.items():
        named.setdefault(what, []).append(f"{before}{numbered(word, numbers)}{behind}")
    return [
        ": ".join(part for part in (place, what) if part)
        for what, wheres in named.items()
        for place in (wheres if len(wheres) < TOGETHER else [_together(wheres)])
    ]


def _together(wheres: Sequence[str]) -> str:
    return f"{', '.join(wheres)} ({len(wheres):,} in all)"


def numbered(word: str, numbers: Iterable[int]) -> str:
    """Lines of a file: `line 4`, or `lines 2–90, 95 (90 lines)`."""
    held = sorted(set(numbers))
    if len(held) < 2:
        return f"{word} {held[0]}" if held else word
    return f"{word}s {ranges(held)} ({len(held):,} {word}s)"


def ranges(numbers: Sequence[int], most: int = MOST_RUNS) -> str:
    """Rising whole numbers in short: `1, 3–7`; of more than `most` runs the last is told too."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], number]
        else:
            runs.append([number])
    told = ["–".join(map(str, run)) for run in runs]
    return ", ".join(told if len(told) <= most else [*told[: most - 1], "…", told[-1]])
