"""Groups of real films, out of what is known of them.

Ages are cut into decades, another column of numbers with many values into thirds. Of any other
column, the most frequent values are groups and the rest are one, "others"; films without a value
are a group, too. A value that fewer patients have than `least`, in a pipeline
`ingest.least_patients`, is never named: a rare diagnosis beside a small number would single
somebody out. Numbers by which thirds are cut are rounded, for they are patients' own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr_release.films.folder import printable
from cxr_release.films.limits import AGE
from cxr_release.films.patients import is_placeholder
from cxr_release.params.limits import LEAST_PATIENTS
from cxr_release.radiographs.fact_groups import ranges
from cxr_release.scorecard.facts import Facts, Value
from cxr_release.scorecard.sets import Places

FEWEST_FILMS = 20
"""Of a group that is tested."""
FEWEST_PATIENTS = LEAST_PATIENTS
"""Of a group of which numbers are given, unless its least is another."""
MOST_COLUMNS = 24
"""Columns of which groups are made, at most."""
MOST_VALUES = 6
"""Values of a column that are groups, at most; others are put together."""
LONGEST = 60
"""Letters of a name."""
OTHERS, NOT_STATED = "others", "not stated"


@dataclass(frozen=True)
class Group:
    """Films that have something in common."""

    column: str
    name: str
    films: Places
    """Places among the real films, rising."""
    patients: int
    least: int = FEWEST_PATIENTS
    """Patients of a group of which numbers are given."""

    @property
    def too_few(self) -> bool:
        """Whether there are too few films, or patients, to say anything of it."""
        return len(self.films) < FEWEST_FILMS or self.patients < self.least


@dataclass(frozen=True)
class Grouped:
    """The groups of several columns."""

    groups: tuple[Group, ...]
    """In the order of the columns, each film in one group of a column."""
    alike: tuple[str, ...]
    """Columns in which all films are in one group, so that there is nothing to compare."""
    left_out: int
    """Columns beyond `MOST_COLUMNS`."""


def grouped(
    facts: Facts, films: Sequence[str], patients: Sequence[str], *, least: int = FEWEST_PATIENTS
) -> Grouped:
    """The groups of real films.

    Args:
        facts: of them. Columns in which no film has a value are passed over.
        films: (n,) ids, as in `facts`.
        patients: (n,) whose they are.
        least: patients who must share a value that is named.
    """
    known = {
        column: [_plain(values.get(film)) for film in films] for column, values in facts.items()
    }
    stated = {
        column: values
        for column, values in known.items()
        if any(value is not None for value in values)
    }
    columns = list(stated)[:MOST_COLUMNS]
    groups: list[Group] = []
    alike = []
    for column in columns:
        decades = column.casefold() == AGE
        names = _names(stated[column], patients, least, decades=decades)
        found = _groups(_short(column), names, patients, least)
        if len(found) < 2:
            alike.append(_short(column))
        else:
            groups += found
    return Grouped(tuple(groups), tuple(alike), len(stated) - len(columns))


def merged(facts: Sequence[Facts], sets: Sequence[Sequence[str]]) -> Facts:
    """Facts of several sets of films as of one, in which each film is called by its place.

    Args:
        facts: of each set.
        sets: ids of the films of each, in order. Two sets may call two films alike.

    Returns:
        Facts of `str(place)`, counted through all sets.
    """
    joined: dict[str, dict[str, Value]] = {}
    start = 0
    for each, films in zip(facts, sets, strict=True):
        for column, values in each.items():
            of_column = joined.setdefault(column, {})
            for place, film in enumerate(films, start=start):
                if film in values:
                    of_column[str(place)] = values[film]
        start += len(films)
    return joined


def _groups(column: str, names: Sequence[str], patients: Sequence[str], least: int) -> list[Group]:
    order = list(dict.fromkeys(_order(names)))
    groups = []
    for name in order:
        places = [place for place, each in enumerate(names) if each == name]
        count = len({patients[place] for place in places})
        groups.append(Group(column, name, np.array(places, np.int64), count, least))
    return groups


def _order(names: Sequence[str]) -> list[str]:
    """Thirds as they rise, values as they are spelt; what has no value of its own comes last."""
    last = {OTHERS: 1, NOT_STATED: 2}
    thirds = {"lowest": 0, "middle": 1, "highest": 2}
    return sorted(
        set(names), key=lambda name: (last.get(name, 0), thirds.get(name.split(" ")[0], 0), name)
    )


def _names(
    values: Sequence[Value], patients: Sequence[str], least: int, *, decades: bool
) -> list[str]:
    """Of each film the name of its group."""
    numbers = [_number(value) for value in values]
    stated = [value for value in values if value is not None]
    known = sorted(number for number in numbers if number is not None)
    if decades and len(known) == len(stated):
        return _decades(numbers, patients, least)
    if len(known) == len(stated) and len(set(known)) > MOST_VALUES:
        return _thirds(numbers, known)
    texts = [None if value is None else _short(str(value)) for value in values]
    owners: dict[str, set[str]] = {}
    for text, patient in zip(texts, patients, strict=True):
        if text is not None:
            owners.setdefault(text, set()).add(patient)
    counts = Counter(text for text in texts if text is not None)
    frequent = sorted(
        (text for text in counts if len(owners[text]) >= least),
        key=lambda text: (-counts[text], text),
    )
    named = {text: _own(text) for text in frequent[:MOST_VALUES]}
    return [NOT_STATED if text is None else named.get(text, OTHERS) for text in texts]


def _decades(numbers: Sequence[float | None], patients: Sequence[str], least: int) -> list[str]:
    stated = [
        (number, patient)
        for number, patient in zip(numbers, patients, strict=True)
        if number is not None
    ]
    named = ranges(
        [number for number, _ in stated],
        [patient for _, patient in stated],
        least=least,
        decades=True,
    )
    names = iter(named or [OTHERS] * len(stated))
    return [NOT_STATED if number is None else next(names) for number in numbers]


def _thirds(numbers: Sequence[float | None], known: Sequence[float]) -> list[str]:
    low, high = (float(cut) for cut in np.quantile(known, [1 / 3, 2 / 3], method="lower"))
    names = (
        f"lowest third, to about {low:.3g}",
        "middle third",
        f"highest third, above about {high:.3g}",
    )
    return [
        NOT_STATED if number is None else names[(number > low) + (number > high)]
        for number in numbers
    ]


def _plain(value: Value) -> Value:
    """A value, or None where it says that nothing is known."""
    if isinstance(value, str):
        text = value.strip()
        return None if not text or is_placeholder(text) else text
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _number(value: Value) -> float | None:
    """A value as a number; None where it is not a finite one."""
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _own(text: str) -> str:
    """A value's name, never that of the films that have none of their own."""
    return f"“{text}”" if text in (OTHERS, NOT_STATED) else text


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
