"""How far reviewers agree beyond chance: Cohen's kappa for two, Fleiss' for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

Decided = Mapping[str, Mapping[str, str]]
"""Reviewer → film id → `keep` or `exclude`."""

VERDICTS = ("keep", "exclude")


def agreement_of(people: Decided) -> dict[str, Any] | None:
    """Agreement on films that several people have decided on.

    Two people: Cohen's kappa (1960) over the films of both. More: Fleiss' kappa (1971), which
    wants as many ratings of each film, not the same people: taken over the films with the number
    of ratings that is most frequent (of two or more; the larger if two are as frequent).

    Returns:
        `statistic`, `kappa` (-1 … 1; None where everybody always said the same, which leaves it
        undefined), `agree` (share of pairs of ratings of a film that are the same), `films`,
        `reviewers`, `ratings` (of each film); or None where no film has two ratings.
    """
    ratings = Counter(film for mine in people.values() for film in mine)
    several = Counter(number for number in ratings.values() if number > 1)
    if not several:
        return None
    wanted = max(several, key=lambda number: (several[number], number))
    films = sorted(film for film, number in ratings.items() if number == wanted)
    judges = [mine for mine in people.values() if any(film in mine for film in films)]
    table = np.array(
        [[sum(mine.get(film) == one for mine in judges) for one in VERDICTS] for film in films]
    )
    pairs = (table * (table - 1)).sum(axis=1) / (wanted * (wanted - 1))
    return {
        "statistic": "Cohen's kappa" if len(judges) == 2 else "Fleiss' kappa",
        "kappa": _cohen(judges[0], judges[1], films) if len(judges) == 2 else _fleiss(table),
        "agree": float(pairs.mean()),
        "films": len(films),
        "reviewers": len(judges),
        "ratings": wanted,
    }


def _cohen(one: Mapping[str, str], other: Mapping[str, str], films: list[str]) -> float | None:
    from statsmodels.stats.inter_rater import cohens_kappa

    pairs = Counter((one[film], other[film]) for film in films)
    table = np.array([[pairs[mine, yours] for yours in VERDICTS] for mine in VERDICTS])
    if table.trace() == len(films) and table.diagonal().max() == len(films):
        return None
    return float(cohens_kappa(table, return_results=False))


def _fleiss(table: np.ndarray[Any, Any]) -> float | None:
    from statsmodels.stats.inter_rater import fleiss_kappa

    said = table.sum(axis=0)
    return float(fleiss_kappa(table)) if said.min() > 0 else None
