"""The split into parts that share no patient, where patients are stated.

- `control`: no run ever sees it. It is what synthetic films are compared with, to tell whether they
  lie nearer to the films that the generators saw than films of other patients do.
- `held_out`: the tuning run does not see it, the final run does.
- `tuning`: both runs see it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cxr_release.errors import Fault, SourceError

TUNING, HELD_OUT, CONTROL = PARTS = ("tuning", "held_out", "control")

Unit = Literal["patient", "case", "film"]
"""What the parts never share."""


@dataclass(frozen=True)
class Groups:
    """Films that must stay together."""

    of: Mapping[str, str]
    """Film id → its group."""
    unit: Unit
    """`patient` where every film's is stated; else `case` where the source numbers each film's
    case; else `film`, though films that are known to be of one patient or case stay together."""


def groups_of(rows: Iterable[Mapping[str, Any]]) -> Groups:
    """Group films by patient, else by case; a film of which neither is known is alone.

    Args:
        rows: `id`, `patient` and `case` of each film; the latter two None where not stated.
    """
    films = list(rows)
    # Prefixes keep a case and a patient of the same name apart.
    of = {
        row["id"]: f"patient {row['patient']}"
        if row["patient"]
        else f"case {row['case']}"
        if row["case"]
        else f"film {row['id']}"
        for row in films
    }
    if all(row["patient"] for row in films):
        return Groups(of, "patient")
    cases = not any(row["patient"] for row in films) and all(row["case"] for row in films)
    return Groups(of, "case" if cases else "film")


def named_by_place(groups: Groups, films: Sequence[str]) -> Groups:
    """The same groups, each named by the place of its first film.

    Ids of real films hang on a key, and groups are drawn in the order of their names: so named, the
    films that a run sees are the same under any key.

    Args:
        groups: the films.
        films: all of their ids, in an order that no key changes.
    """
    first: dict[str, int] = {}
    for place, film in enumerate(films):
        first.setdefault(groups.of[film], place)
    return Groups({film: f"{first[group]:09d}" for film, group in groups.of.items()}, groups.unit)


def split_by_group(
    groups: Groups,
    *,
    held_out: float,
    seed: int,
    control: float = 0.0,
    strata: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Assign every film to `tuning`, `held_out` or `control`.

    Whole groups are drawn at random until their films make up a share: first the control part of
    all films, then the held-out part of the others. So the control part stays the same whatever
    is held out.

    Args:
        groups: the films.
        held_out: share to hold out of the films that are not control, 0 … 1. Met to within the
            films of one group.
        seed: of the draws. The order of the films does not matter.
        control: share of all films that no run sees, 0 … 1; not exceeded but by a first group that
            alone is more. 0: there is no such part.
        strata: group → its stratum. Both shares are then met in each stratum, to within the films
            of one group or two. None: all groups are one.

    Returns:
        film id → part, sorted by id.

    Raises:
        SourceError: there are fewer groups than parts.
    """
    films: dict[str, list[str]] = defaultdict(list)
    for film in sorted(groups.of):
        films[groups.of[film]].append(film)
    _require_enough(films, groups.unit, control > 0)
    # A draw of its own, so that without a control part films are held out as ever.
    if strata is None:
        unseen = _control(films, control * len(groups.of), seed) if control > 0 else frozenset()
    else:
        unseen = _of_strata(films, control, strata, [seed, 2], left=2)
    others = {group: members for group, members in films.items() if group not in unseen}
    if strata is None:
        out = _held_out(others, held_out * sum(map(len, others.values())), seed)
    else:
        out = _of_strata(others, held_out, strata, [seed, 1], left=1)
    return {
        film: CONTROL if group in unseen else HELD_OUT if group in out else TUNING
        for film, group in sorted(groups.of.items())
    }


def _require_enough(films: Mapping[str, Sequence[str]], unit: Unit, has_control: bool) -> None:
    """At least one group for each part."""
    where = f"{sum(map(len, films.values()))} film(s)"
    if len(films) < 2:
        raise SourceError(
            f"cannot split the films of one {unit}",
            where=where,
            remedy=f"give films of at least {'three' if has_control else 'two'} {unit}s",
        )
    if has_control and len(films) < 3:
        raise SourceError(
            f"cannot split the films of two {unit}s into three parts",
            where=where,
            remedy=f"give films of at least three {unit}s, or set split.control to 0",
        )


def _control(films: Mapping[str, Sequence[str]], target: float, seed: int) -> frozenset[str]:
    """At least one group, and as many films as are in `target` where smaller groups fill it up."""
    chosen: list[str] = []
    assigned = 0
    for group in _shuffled(films, [seed, 2])[:-2]:
        size = len(films[group])
        if not chosen or assigned + size <= target:
            chosen.append(group)
            assigned += size
    return frozenset(chosen)


def _held_out(films: Mapping[str, Sequence[str]], target: float, seed: int) -> frozenset[str]:
    """At least one group, and one is left, however small the cohort."""
    chosen: list[str] = []
    assigned = 0
    for group in _shuffled(films, [seed, 1])[:-1]:
        size = len(films[group])
        if chosen and assigned + size / 2 > target:
            break
        chosen.append(group)
        assigned += size
    return frozenset(chosen)


def _of_strata(
    films: Mapping[str, Sequence[str]],
    share: float,
    strata: Mapping[str, str],
    seed: Sequence[int],
    *,
    left: int,
) -> frozenset[str]:
    """Groups that make up a share of the films of each stratum.

    What a stratum lacks of its share, or has more, the next one makes good, so that the share of
    all films is met, too. At least one group, unless the share is 0, and `left` are left.
    """
    members: dict[str, dict[str, Sequence[str]]] = defaultdict(dict)
    for group, each in films.items():
        members[strata[group]][group] = each
    chosen: list[str] = []
    target, assigned = 0.0, 0
    for stratum in sorted(members):
        of_stratum = members[stratum]
        target += share * sum(map(len, of_stratum.values()))
        # The stratum's name is in its draw: what another stratum holds does not matter.
        digest = int.from_bytes(hashlib.sha256(stratum.encode()).digest()[:8])
        for group in _shuffled(of_stratum, [*seed, digest]):
            size = len(of_stratum[group])
            if assigned + size / 2 > target or len(chosen) >= len(films) - left:
                break
            chosen.append(group)
            assigned += size
    if share > 0 and not chosen:
        largest = max(sorted(members), key=lambda stratum: len(members[stratum]))
        chosen = _shuffled(members[largest], seed)[:1]
    return frozenset(chosen)


def _shuffled(films: Mapping[str, Sequence[str]], seed: Sequence[int]) -> list[str]:
    keys = sorted(films)
    return [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]


def twins_of_control(
    parts: Mapping[str, str], pixels: Mapping[str, str], files: Mapping[str, str]
) -> list[Fault]:
    """Films of the control part that a run would see all the same: it sees equal pixels.

    Args:
        parts: what `split_by_group` returned.
        pixels: film id → SHA-256 of its pixels.
        files: film id → name of its file, for messages.

    Returns:
        A fault for each pair of a control film and another film, sorted by file.
    """
    seen: dict[str, list[str]] = defaultdict(list)
    for film, part in parts.items():
        if part != CONTROL:
            seen[pixels[film]].append(film)
    return sorted(
        Fault(files[film], f"has the same pixels as {files[twin]}, a film of another group")
        for film, part in parts.items()
        if part == CONTROL
        for twin in seen[pixels[film]]
    )
