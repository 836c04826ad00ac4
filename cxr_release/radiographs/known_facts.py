"""What is known of films, kept so that no value singles a patient out.

A value that fewer patients share than `ingest.least_patients` is put together with the other rare
values of its column, as `others`; where even those are of too few patients, it is left out. Numbers
are kept as they are, in the house, and become ranges of as many patients wherever groups are formed
of them. Where patients are not stated, cases or films are counted in their place (see
`split.groups_of`), which the summary says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cxr_release.errors import SourceError
from cxr_release.films.facts import Facts, Value
from cxr_release.films.limits import AGE, OLDEST
from cxr_release.films.stated_facts import Kind, Problem, as_code, as_number
from cxr_release.radiographs.fact_groups import CURVATURE
from cxr_release.radiographs.split import Groups, Unit, groups_of

OTHERS = "others"


@dataclass(frozen=True)
class Column:
    """What became of a column."""

    name: str
    films: int
    """Of which it is stated, in the end; 0 where it is of too few patients."""
    merged: int = 0
    """Values that are `others` now."""
    left_out: int = 0
    """Values of too few patients, even together."""


@dataclass(frozen=True)
class KnownFacts:
    """What is known of films."""

    of: tuple[Mapping[str, Value], ...]
    """Of each film, name → code or number."""
    columns: tuple[Column, ...]
    unit: Unit
    """What was counted."""


def gather(
    facts: Facts, stated: Mapping[str, Value], kinds: Mapping[str, Kind]
) -> tuple[dict[str, Value], list[str]]:
    """What is known of a film by its file, its source and a table beside it, which has the last
    word; and what was left out, being of another kind than `kinds` asks for.

    Ages are capped. What a source notes of its own accord, age and class of curvature, is taken
    where `kinds` names it.
    """
    own: dict[str, Value] = {}
    if AGE in kinds and facts.age is not None:
        own[AGE] = float(facts.age)
    if CURVATURE in kinds and facts.curvature is not None:
        own[CURVATURE] = f"class {facts.curvature}"
    known: dict[str, Value] = {}
    left_out = []
    for name, value in {**facts.header.codes, **own, **stated}.items():
        typed = _typed(name, value, kinds.get(name))
        if isinstance(typed, Problem):
            left_out.append(f"{name}: {typed.what.removeprefix('which ')}")
        else:
            known[name] = typed
    return known, left_out


def _typed(name: str, value: Value, kind: Kind | None) -> Value | Problem:
    typed: Value | Problem = value
    if kind == "number" and isinstance(value, str):
        typed = as_number(name, value)
    elif kind == "code":
        typed = as_code(value if isinstance(value, str) else f"{value:g}")
    if name.casefold() == AGE and isinstance(typed, int | float):
        return min(float(typed), float(OLDEST))
    return typed


def require_known(
    kinds: Mapping[str, Kind], columns: Iterable[str], known: Iterable[Mapping[str, Value]]
) -> None:
    """Refuse names that nothing states.

    Raises:
        SourceError: with what there is.
    """
    names = set(columns)
    for facts in known:
        names |= facts.keys()
    missing = [name for name in kinds if name not in names]
    if missing:
        there = ", ".join(sorted(names)) or "nothing"
        raise SourceError(
            f"names {', '.join(missing)}, of which neither a table nor a film states anything",
            where="ingest.facts",
            remedy=f"known of these films: {there}",
        )


def protect(
    known: Sequence[Mapping[str, Value]], groups: Groups, films: Sequence[str], *, least: int
) -> KnownFacts:
    """What is known of films, without values that fewer than `least` patients share.

    Args:
        known: of each film.
        groups: whose the films are.
        films: (n,) ids.
        least: patients, or cases or films where patients are not stated.
    """
    owners = [groups.of[film] for film in films]
    kept: list[dict[str, Value]] = [{} for _ in known]
    columns = []
    for name in sorted({name for facts in known for name in facts}):
        values = [facts.get(name) for facts in known]
        replaced, merged, left_out = _protected(values, owners, least)
        for place, value in enumerate(replaced):
            if value is not None:
                kept[place][name] = value
        stated = sum(value is not None for value in replaced)
        columns.append(Column(name, stated, merged, left_out))
    return KnownFacts(tuple(kept), tuple(columns), groups.unit)


def _protected(
    values: Sequence[Value | None], owners: Sequence[str], least: int
) -> tuple[list[Value | None], int, int]:
    """Values with rare ones replaced, and how many of them were merged, and left out."""
    stated = [value for value in values if value is not None]
    whose: dict[Value, set[str]] = defaultdict(set)
    for value, owner in zip(values, owners, strict=True):
        if value is not None:
            whose[value].add(owner)
    if all(isinstance(value, int | float) for value in stated):
        enough = len(set().union(*whose.values())) >= least
        return (list(values), 0, 0) if enough else ([None] * len(values), 0, len(whose))
    rare = {value for value, among in whose.items() if len(among) < least}
    together = len(set().union(*(whose[value] for value in rare))) if rare else 0
    instead = OTHERS if together >= least else None
    codes = [instead if value in rare else value for value in values]
    named: list[Value | None] = [
        f"{value:g}" if isinstance(value, int | float) else value for value in codes
    ]
    return named, len(rare) if instead else 0, 0 if instead else len(rare)


def know(
    films: Sequence[Facts],
    stated: Sequence[Mapping[str, Value]],
    *,
    kinds: Mapping[str, Kind],
    columns: Sequence[str],
    least: int,
) -> tuple[list[Facts], KnownFacts]:
    """Facts of films with all that is known of them, and what became of it.

    Args:
        films: as they were read.
        stated: of each, by a table beside them.
        kinds: names that are asked for.
        columns: that the table has.
        least: see `protect`.

    Raises:
        SourceError: a name is asked for, and nothing states it.
    """
    gathered = [gather(facts, values, kinds) for facts, values in zip(films, stated, strict=True)]
    require_known(kinds, columns, (known for known, _ in gathered))
    rows = [{"id": each.id, "patient": each.patient, "case": each.case} for each in films]
    ids = [each.id for each in films]
    known = protect([facts for facts, _ in gathered], groups_of(rows), ids, least=least)
    return [
        replace(
            each,
            header=replace(each.header, codes={}),
            stated=values,
            left_out=(*each.left_out, *left_out),
        )
        for each, values, (_, left_out) in zip(films, known.of, gathered, strict=True)
    ], known
