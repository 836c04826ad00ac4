"""The tuning split: no patient is in both parts, where patients are stated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cxr_release.errors import SourceError

Unit = Literal["patient", "case", "film"]
"""What the two parts never share."""


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


def split_by_group(groups: Groups, *, held_out: float, seed: int) -> dict[str, str]:
    """Assign every film to `tuning` or `held_out`.

    Whole groups are drawn at random until their films make up the share.

    Args:
        groups: the films.
        held_out: share of the films to hold out, 0 … 1. Met to within the films of one group.
        seed: of the draw. The order of the films does not matter.

    Returns:
        film id → part, sorted by id.

    Raises:
        SourceError: there are fewer than two groups.
    """
    films: dict[str, list[str]] = defaultdict(list)
    for film in sorted(groups.of):
        films[groups.of[film]].append(film)
    if len(films) < 2:
        raise SourceError(
            f"cannot split the films of one {groups.unit}",
            where=f"{len(groups.of)} film(s)",
            remedy=f"give films of at least two {groups.unit}s",
        )
    keys = sorted(films)
    order = [keys[place] for place in np.random.default_rng([seed, 1]).permutation(len(keys))]
    target = held_out * len(groups.of)
    parts = dict.fromkeys(sorted(groups.of), "tuning")
    assigned = 0
    # At least one group is held out and at least one stays, however small the cohort.
    for place, group in enumerate(order[:-1]):
        size = len(films[group])
        if place and assigned + size / 2 > target:
            break
        parts.update(dict.fromkeys(films[group], "held_out"))
        assigned += size
    return parts
