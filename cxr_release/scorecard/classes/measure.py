"""All measures of the classes that films were drawn as, the worst class first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cxr_release.scorecard.class_model import FilmClasses, classes_of_films, judge
from cxr_release.scorecard.classes.accuracy_score import accuracy_score, inputs_of, told_apart
from cxr_release.scorecard.classes.leaks import leaks_of
from cxr_release.scorecard.classes.likeness import likeness_of
from cxr_release.scorecard.classes.members import Members, members_of
from cxr_release.scorecard.classes.newcomer import newcomer
from cxr_release.scorecard.classes.obedience import obedience_of
from cxr_release.scorecard.classes.oversampling import oversampling
from cxr_release.scorecard.classes.rows import worst_first
from cxr_release.scorecard.picture_features import PictureFeatures
from cxr_release.scorecard.sets import NO_CONTROL, NO_MEMBERS, ScoreSets
from cxr_release.scorecard.utility.classification import LEAST_OF_CLASS

Report = dict[str, Any]
NO_CLASSIFIER = (
    f"fewer than two classes have {LEAST_OF_CLASS} trained films, or no control film has a class"
)
NOT_TOLD = (
    f"fewer than two classes have {LEAST_OF_CLASS} trained and {LEAST_OF_CLASS} synthetic films,"
    " and control films of enough patients"
)


@dataclass(frozen=True)
class ClassLabels:
    """What films were drawn as, and what real films are."""

    fact: str
    """What the classes are of, such as `curvature`; empty where that is not stated."""
    names: tuple[str, ...]
    of: Mapping[str, str | None]
    """Id of each real film → its class; None, or no entry: not known."""
    drawn: Mapping[str, str]
    """Id of each synthetic film → the class that it was drawn as; no entry: as none."""


def measure_classes(
    sets: ScoreSets, labels: ClassLabels, *, least: int, features: PictureFeatures
) -> Report:
    """Measure every class; ready for JSON. Names no film and no patient.

    Args:
        sets: see `score_sets`.
        labels: of their films.
        least: patients of a class of which numbers are given.
        features: of the sets' pictures.
    """
    classes = classes_of_films(sets, labels.names, labels.of, labels.drawn)
    members = members_of(sets, classes, least=least)
    judged = judge(sets, classes)
    obeyed = None if judged is None else obedience_of(judged, members, sets.control)
    leaks = leaks_of(sets, members, _no_attack(sets))
    rows = [
        {
            "class": each.name,
            **each.counts(),
            **likeness_of(sets, each, features).report(),
            "obedience": None if obeyed is None else obeyed[number],
            "privacy": leaks[number],
        }
        for number, each in enumerate(members)
    ]
    return {
        "fact": labels.fact,
        "names": list(labels.names),
        "unlabelled": int(len(sets.released) - sum(len(each.released) for each in members)),
        "rows": worst_first(rows),
        "obedience": None if obeyed is None else obeyed[-1],
        **_learnt(sets, classes, members),
        "newcomer": newcomer(
            sets.released.ids,
            sets.released.pictures,
            classes.released,
            control=sets.control.pictures,
            control_classes=classes.control,
            control_patients=sets.control.patients,
        ),
        "why_not": [] if judged else [NO_CLASSIFIER],
    }


def _no_attack(sets: ScoreSets) -> str | None:
    if not sets.members_known:
        return NO_MEMBERS
    return None if len(sets.control) else NO_CONTROL


def _learnt(sets: ScoreSets, classes: FilmClasses, members: Sequence[Members]) -> Report:
    told = told_apart(sets, classes, members)
    if told is None:
        return {"accuracy_score": {"why_not": NOT_TOLD}, "oversampling": {"why_not": NOT_TOLD}}
    inputs = inputs_of(sets, told)
    return {
        "accuracy_score": {**accuracy_score(told, inputs), "why_not": None},
        "oversampling": {**oversampling(told, inputs), "why_not": None},
    }


def known_classes(released: Sequence[str], stated: Mapping[str, str]) -> ClassLabels | None:
    """The classes of a file of labels; None where it states none of a synthetic film.

    Args:
        released: ids of the synthetic films.
        stated: id → class of films of any set.
    """
    of_released = {film: stated[film] for film in released if film in stated}
    names = tuple(sorted({*stated.values()}))
    if not of_released or len(names) < 2:
        return None
    of = {film: label for film, label in stated.items() if film not in of_released}
    return ClassLabels("", names, of, of_released)
