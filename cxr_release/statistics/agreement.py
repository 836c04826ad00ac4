"""How far reviewers agree beyond chance: Cohen's kappa for two, Fleiss' for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Categories = Mapping[Any, str]
"""Subject → category, of one reviewer."""


def agreement_of(
    people: Mapping[str, Categories], categories: Sequence[str], *, unit: str
) -> dict[str, Any] | None:
    """Agreement on subjects that several people have put into categories.

    Two people: Cohen's kappa (1960) over the subjects of both. More: Fleiss' kappa (1971), which
    wants as many ratings of each subject, not the same people: taken over the subjects with the
    number of ratings that is most frequent (of two or more; the larger if two are as frequent).
    The categories are names: none is nearer to one than to another.

    Args:
        people: reviewer → subject → category.
        categories: all that there are.
        unit: what the subjects are called: `films`.

    Returns:
        `statistic`, `kappa` (-1 … 1; None where all ratings are the same, which leaves it
        undefined), `agree` (share of pairs of ratings of a subject that are the same), the number
        of subjects under the name `unit`, `reviewers`, `ratings` (of each subject); or None where
        no subject has two ratings.
    """
    ratings = Counter(subject for category_of in people.values() for subject in category_of)
    several = Counter(number for number in ratings.values() if number > 1)
    if not several:
        return None
    frequent = max(several, key=lambda number: (several[number], number))
    subjects = sorted(subject for subject, number in ratings.items() if number == frequent)
    judges = [mapping for mapping in people.values() if not mapping.keys().isdisjoint(subjects)]
    table = np.array(
        [
            [sum(judge.get(subject) == word for judge in judges) for word in categories]
            for subject in subjects
        ]
    )
    pairs = (table * (table - 1)).sum(axis=1) / (frequent * (frequent - 1))
    two = len(judges) == 2
    return {
        "statistic": "Cohen's kappa" if two else "Fleiss' kappa",
        "kappa": _cohen(judges[0], judges[1], subjects, categories) if two else fleiss_kappa(table),
        "agree": float(pairs.mean()),
        unit: len(subjects),
        "reviewers": len(judges),
        "ratings": frequent,
    }


def _cohen(
    first: Categories, second: Categories, subjects: Sequence[Any], categories: Sequence[str]
) -> float | None:
    from statsmodels.stats.inter_rater import cohens_kappa

    pairs = Counter((first[subject], second[subject]) for subject in subjects)
    table = np.array([[pairs[row, yours] for yours in categories] for row in categories])
    if table.diagonal().max() == len(subjects):
        return None
    return float(cohens_kappa(table, return_results=False))


def fleiss_kappa(table: NDArray[Any]) -> float | None:
    """Agreement beyond chance of several people on several subjects (Fleiss 1971): 1 full, 0 none.

    Args:
        table: (subjects, categories) how many put the subject into the category; as many ratings
            of each subject.

    Returns:
        None where each subject has one rating, or where all ratings are the same.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa as kappa

    totals = table.sum(axis=0)
    if table[0].sum() < 2 or totals.max() == totals.sum():
        return None
    return float(kappa(table))
