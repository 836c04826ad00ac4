"""The classes that films are drawn as: each must be of enough films of enough patients.

A class of few patients teaches a network to copy them, so such a class is refused, not merged: who
forms the classes decides what is put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from cxr_release.errors import Fault, SourceError
from cxr_release.films.labels import Classes, FilmClass
from cxr_release.params.limits import MOST_CLASSES
from cxr_release.radiographs.fact_groups import labels_of
from cxr_release.radiographs.split import Groups

NO_CLASSES = Classes(fact="", by="film", classes=[], unlabelled=0)
"""Where films are not drawn as classes."""


def form_classes(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    groups: Groups,
    trained: Set[str],
    *,
    least_films: int,
    least_patients: int,
) -> tuple[Classes, dict[str, str | None]]:
    """Classes of films by one fact, and the class of each film.

    Numbers become ranges of enough films and patients. Codes come in order of spelling, ranges in
    order of their numbers.

    Args:
        rows: of the manifest, of all films that are in a part.
        name: of the fact.
        groups: of the films.
        trained: ids of those that a run is trained on: they alone count.
        least_films: films that a class must have.
        least_patients: patients, or cases or films where patients are not stated, likewise.

    Raises:
        SourceError: nothing of that name is known, there are fewer than two classes or too many,
            or a class has too few films or patients; names them all.
    """
    owners = {film: group if film in trained else None for film, group in groups.of.items()}
    labels = labels_of(
        rows, name, owners, least=max(least_films, least_patients), where="condition.label"
    )
    of: dict[str, str | None] = {row["id"]: labels.get(row["id"]) for row in rows}
    classes = []
    for each in dict.fromkeys(labels.values()):
        films = [film for film, label in labels.items() if label == each and film in trained]
        patients = len({groups.of[film] for film in films})
        classes.append(FilmClass(name=each, films=len(films), patients=patients))
    _require_enough(name, classes, groups.unit, least_films, least_patients)
    unlabelled = sum(of[film] is None for film in trained)
    return Classes(fact=name, by=groups.unit, classes=classes, unlabelled=unlabelled), of


def _require_enough(
    name: str, classes: Sequence[FilmClass], unit: str, least_films: int, least_patients: int
) -> None:
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise SourceError(
            f"is {name!r}, of which the films have {len(classes)} class(es)",
            where="condition.label",
            remedy=f"take a fact of 2 to {MOST_CLASSES} classes",
        )
    faults = [
        Fault(
            f"{name}: {each['name']}",
            f"has {each['films']} film(s) of {each['patients']} {unit}(s) that are trained on",
        )
        for each in classes
        if each["films"] < least_films or each["patients"] < least_patients
    ]
    if faults:
        raise SourceError(
            f"a class needs {least_films} films of {least_patients} {unit}s, or the network"
            " learns to copy them",
            where="condition.label",
            remedy="put it together with another class, take it out of the table beside the films,"
            " or give more films",
            faults=faults,
        )
