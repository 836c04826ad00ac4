"""Do synthetic films show the class that they were drawn as: what a classifier takes them for.

The classifier learnt from the trained films and their labels (`class_model`). It errs with real
films, too: so its *accuracy* on control films of the class, which it did not see, stands beside the
*obedience*, the share of the synthetic films of a class that it takes for it. Intervals are exact
(Clopper and Pearson); that of real films, which come in patients, is wider by how alike these are
(Korn and Graubard).

Chance is the share of the synthetic films that were drawn as *other* classes and that it takes for
this one: were labels ignored, both shares would be of the same films. Fisher's exact test says
whether more of the class's own are, corrected over the classes (Holm).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cxr_release.scorecard.class_model import UNKNOWN, Judged
from cxr_release.scorecard.classes.members import Members, owners
from cxr_release.scorecard.sets import Part
from cxr_release.scorecard.utility.classification import LEAST_OF_CLASS
from cxr_release.statistics.multiple import holm
from cxr_release.statistics.proportions import clopper_pearson, clustered_interval

Row = dict[str, Any]


def obedience_of(judged: Judged, members: list[Members], control: Part) -> list[Row]:
    """A row for each class, ready for JSON, in their order; and one for all films, the last.

    Args:
        judged: what the classifier takes films for.
        members: films of the classes.
        control: the control films.

    Returns:
        `films`, of them `obeyed`, `value` and `interval`, or `why_not`; `chance` and `p`; of
        control films `films`, `right`, `value` and `interval`, or `why_not`.
    """
    known = judged.classes.released != UNKNOWN
    obeyed = judged.taken_for == judged.classes.released
    rows = [_of_class(number, each, judged, control) for number, each in enumerate(members)]
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = p
    drawn = np.bincount(judged.classes.released[known], minlength=len(members))
    taken = np.bincount(judged.taken_for[known], minlength=len(members))
    total = int(known.sum())
    every = np.flatnonzero(judged.classes.control != UNKNOWN)
    chance = float(drawn @ taken) / total**2 if total else None
    whole = _shares(int(obeyed[known].sum()), total) | {"why_not": [], "chance": chance}
    right = _right(judged, every, control) | {"why_not": []}
    return [*rows, {**whole, "p": None, "p_holm": None, "control": right}]


def _of_class(number: int, members: Members, judged: Judged, control: Part) -> Row:
    films = members.released
    row: Row = dict.fromkeys(("films", "obeyed", "value", "interval", "chance", "p"))
    row["films"] = len(films)
    row["why_not"] = [*members.few_released, *_not_learnt(judged.learnt[number])]
    if not row["why_not"]:
        hits = int(np.count_nonzero(judged.taken_for[films] == number))
        others = judged.classes.released != number
        others &= judged.classes.released != UNKNOWN
        wrong = int(np.count_nonzero(judged.taken_for[others] == number))
        count = int(np.count_nonzero(others))
        row |= _shares(hits, len(films))
        row["chance"] = wrong / count if count else None
        row["p"] = _fisher(hits, len(films), wrong, count) if count else None
    why_not = [*members.few_control, *_not_learnt(judged.learnt[number])]
    nothing: Row = dict.fromkeys(("films", "right", "value", "interval"))
    right = nothing if why_not else _right(judged, members.control, control)
    return row | {"control": right | {"why_not": why_not}}


def _not_learnt(films: int) -> tuple[str, ...]:
    if films >= LEAST_OF_CLASS:
        return ()
    return (f"the classifier learnt from fewer than {LEAST_OF_CLASS} films of it",)


def _shares(hits: int, films: int) -> Row:
    value = hits / films if films else None
    interval = clopper_pearson(hits, films) if films else None
    return {"films": films, "obeyed": hits, "value": value, "interval": interval}


def _right(judged: Judged, films: np.ndarray, control: Part) -> Row:
    right = judged.control_taken_for[films] == judged.classes.control[films]
    return {
        "films": len(films),
        "right": int(right.sum()),
        "value": float(right.mean()),
        "interval": list(clustered_interval(right, owners(control, films))),
    }


def _fisher(hits: int, films: int, wrong: int, others: int) -> float:
    from scipy.stats import fisher_exact

    table = np.array([[hits, films - hits], [wrong, others - wrong]])
    return float(fisher_exact(table, alternative="greater").pvalue)
