"""How far reviewers agree beyond chance: Cohen's kappa for two, Fleiss' for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxr_release.statistics.bootstrap import LEVEL, cluster_numbers

Categories = Mapping[Any, str]
"""Subject → category, of one reviewer."""
LEAST_FOR_INTERVAL = 10
"""Subjects, or clusters of them: of fewer the bootstrap's interval is far too narrow."""
DRAWS = 2000
LEAST_KNOWN = 0.9
"""Share of the draws in which kappa must be defined."""
_TINY = 1e-12


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
    compared = _compared(people)
    if compared is None:
        return None
    judges, subjects, frequent = compared
    table = _table(judges, subjects, categories)
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


def _compared(
    people: Mapping[str, Categories],
) -> tuple[list[Categories], list[Any], int] | None:
    """Who is compared, on which subjects, with how many ratings of each; see `agreement_of`."""
    ratings = Counter(subject for category_of in people.values() for subject in category_of)
    several = Counter(number for number in ratings.values() if number > 1)
    if not several:
        return None
    frequent = max(several, key=lambda number: (several[number], number))
    subjects = sorted(subject for subject, number in ratings.items() if number == frequent)
    judges = [mapping for mapping in people.values() if not mapping.keys().isdisjoint(subjects)]
    return judges, subjects, frequent


def _table(
    judges: Sequence[Categories], subjects: Sequence[Any], categories: Sequence[str]
) -> NDArray[np.int64]:
    """(subjects, categories) how many put the subject into the category."""
    return np.array(
        [
            [sum(judge.get(subject) == word for judge in judges) for word in categories]
            for subject in subjects
        ]
    )


def measured_agreement(
    people: Mapping[str, Categories],
    categories: Sequence[str],
    *,
    unit: str,
    seed: int,
    cluster_of: Callable[[Any], Hashable] = lambda subject: subject,
) -> dict[str, Any]:
    """`agreement_of` with the 95 % interval of its kappa, or why there is none.

    Percentile interval of the bootstrap: subjects are drawn again, those of a cluster together.
    It holds the chance of which subjects were rated, not that of who rated them.

    Args:
        people: reviewer → subject → category.
        categories: all that there are.
        unit: what the subjects are called: `films`.
        seed: of the draws.
        cluster_of: what a subject is drawn together with: itself, or the quartet of a film.

    Returns:
        As `agreement_of`, with `low` and `high`; or, where kappa or its interval cannot be taken,
        `not_measurable`, the reason, beside what is known.
    """
    agreement = agreement_of(people, categories, unit=unit)
    compared = _compared(people)
    if agreement is None or compared is None:
        return {"not_measurable": f"no two people have decided on the same {unit}"}
    judges, subjects, frequent = compared
    if agreement["kappa"] is None:
        return agreement | {"not_measurable": "all decisions are the same, which leaves kappa open"}
    clusters = cluster_numbers([cluster_of(subject) for subject in subjects])
    number = int(clusters.max()) + 1
    if number < LEAST_FOR_INTERVAL:
        what = unit if number == len(subjects) else f"groups of {unit}"
        return agreement | {
            "not_measurable": f"an interval needs {LEAST_FOR_INTERVAL} {what} or more that several"
            f" people decided on, and there are {number}"
        }
    table = _table(judges, subjects, categories)
    if len(judges) == 2:
        pairs = [[judge[subject] for judge in judges] for subject in subjects]
        sums, kappa_of = _pair_sums(pairs, categories, clusters), _cohen_of
    else:
        sums, kappa_of = _rating_sums(table, clusters), partial(_fleiss_of, ratings=frequent)
    chance = np.random.Generator(np.random.PCG64(seed))
    # Clusters with the same ratings are drawn together: a few kinds in place of many thousands.
    kinds, counts = np.unique(sums, axis=0, return_counts=True)
    draws = kappa_of(chance.multinomial(number, counts / number, DRAWS) @ kinds)
    known = draws[np.isfinite(draws)]
    if len(known) < LEAST_KNOWN * DRAWS:
        return agreement | {
            "not_measurable": "too few decisions differ from the others for an interval"
        }
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return agreement | {"low": float(low), "high": float(high)}


def _pair_sums(
    pairs: Sequence[Sequence[str]], categories: Sequence[str], clusters: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(clusters, categories²) how often two people gave each pair of categories."""
    place = {word: number for number, word in enumerate(categories)}
    sums = np.zeros((int(clusters.max()) + 1, len(categories) ** 2))
    for (first, second), cluster in zip(pairs, clusters, strict=True):
        sums[cluster, place[first] * len(categories) + place[second]] += 1
    return sums


def _rating_sums(table: NDArray[np.int64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """(clusters, categories + 1) ratings in each category, and agreeing pairs of ratings."""
    rows = np.column_stack([table, (table * (table - 1)).sum(axis=1)]).astype(np.float64)
    sums = np.zeros((int(clusters.max()) + 1, rows.shape[1]))
    np.add.at(sums, clusters, rows)
    return sums


def _cohen_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa of each row of `_pair_sums`; NaN where it is undefined."""
    side = round(sums.shape[1] ** 0.5)
    shares = (sums / sums.sum(axis=1, keepdims=True)).reshape(-1, side, side)
    observed = np.einsum("dii->d", shares)
    return _beyond_chance(observed, (shares.sum(axis=1) * shares.sum(axis=2)).sum(axis=1))


def _fleiss_of(sums: NDArray[np.float64], *, ratings: int) -> NDArray[np.float64]:
    """Fleiss' kappa of each row of `_rating_sums`; NaN where it is undefined."""
    totals = sums[:, :-1].sum(axis=1)
    observed = sums[:, -1] / (totals * (ratings - 1))
    return _beyond_chance(observed, ((sums[:, :-1] / totals[:, None]) ** 2).sum(axis=1))


def _beyond_chance(
    observed: NDArray[np.float64], expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    room = 1 - expected
    defined = room > _TINY
    return np.where(defined, (observed - expected) / np.where(defined, room, 1.0), np.nan)


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
