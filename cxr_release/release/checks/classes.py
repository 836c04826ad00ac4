"""The classes that films were drawn as: each film of one of them, and counts that close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cxr_release import schemas
from cxr_release.film_id import checkpoint_of
from cxr_release.films.labels import Classes, FilmClass, shares_of
from cxr_release.params.project import Params
from cxr_release.release.checks.films import KnownFilm
from cxr_release.release.checks.parts import CONTROL
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import View
from cxr_release.release.inputs import ReleaseInputs
from cxr_release.release.record import FilmCounts, LabelCounts, Record, Split
from cxr_release.screening.counts import by_reason

_SPLIT = "run `dvc repro --force split`"
_SHARE = 1e-9
"""Shares are written whole; two ways to divide may differ in the last place."""


def check_drawn_as(
    films: Mapping[str, KnownFilm], classes: Sequence[str], place: Place, report: CheckReport
) -> None:
    """A film of a checkpoint has one of the classes, where there are any; no other film has one.

    Args:
        films: film id → film.
        classes: names of the classes.
        place: of the films.
        report: where faults go.
    """
    for film, known in films.items():
        drawn_here = checkpoint_of(known.job[0]) is not None
        if known.label is None:
            if classes and drawn_here:
                report.add(place.at(f"{film}, column label"), "is missing")
        elif not drawn_here:
            report.add(place.at(f"{film}, column label"), "is stated of a film drawn elsewhere")
        elif known.label not in classes:
            what = f"is {known.label!r}, which is not a class of the films"
            report.add(place.at(f"{film}, column label"), what)
    if classes:
        report.applied("films held against the classes", len(films))


def check_classes(
    inputs: ReleaseInputs,
    params: Params,
    split: Sequence[Mapping[str, Any]],
    parts: Split,
    generated: Mapping[str, KnownFilm],
    *,
    report: CheckReport,
) -> None:
    """The artefacts: the classes are those of the real films, and films were drawn as them.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        split: rows of `schemas.SPLIT`.
        parts: what the split says of itself.
        generated: film id → film.
        report: where faults go.
    """
    drawn = Place(str(inputs.oriented), "sample again")
    if not params.condition.is_on:
        check_drawn_as(generated, (), drawn, report)
        return
    place = Place(str(inputs.split / "classes.json"), _SPLIT)
    table = Place(str(inputs.split / "labels.parquet"), _SPLIT)
    classes = report.document(inputs.split / "classes.json", Classes)
    rows = report.rows(inputs.split / "labels.parquet", schemas.LABELS)
    if classes is None or rows is None:
        return
    check_drawn_as(generated, [each["name"] for each in classes["classes"]], drawn, report)
    labels = {row["id"]: row["label"] for row in rows}
    if labels.keys() != {row["id"] for row in split}:
        report.add(table, "is not of the films that are in a part")
    trained = [row for row in split if row["part"] != CONTROL]
    films = Counter(labels.get(row["id"]) for row in trained)
    stated = {each["name"]: each["films"] for each in classes["classes"]}
    true = {name: films[name] for name in stated}
    report.says(place.at("key films"), stated, true, "labels.parquet")
    report.says(place.at("key unlabelled"), classes["unlabelled"], films[None], "labels.parquet")
    report.says(place.at("key fact"), classes["fact"], params.condition.label, "params.yaml")
    report.says(place.at("key by"), classes["by"], parts.by, "the parts of the split")
    if not parts.patients_not_stated:
        people = {
            name: len({row["patient"] for row in trained if labels.get(row["id"]) == name})
            for name in stated
        }
        counted = {each["name"]: each["patients"] for each in classes["classes"]}
        report.says(place.at("key patients"), counted, people, "the split")
    report.applied("real films held against the classes", len(rows))


def check_class_counts(view: View, record: Record, place: Place, report: CheckReport) -> None:
    """A finished release: counts of each class, as its tables have them, and of the real films.

    Args:
        view: the release; its exclusions have the name of the class as `label`.
        record: what `release.json` holds.
        place: of the numbers.
        report: where faults go.
    """
    labels = record.counts.labels
    if (labels is not None) != record.params.condition.is_on:
        report.add(place, "does not go with its params: films were drawn as classes, or not")
    elif labels is not None:
        _check_real(labels, record, place, report)
        _check_drawn(labels, view, place, report)


def _check_real(labels: LabelCounts, record: Record, place: Place, report: CheckReport) -> None:
    params, split = record.params, record.metrics.split
    report.says(place.at("key fact"), labels.fact, params.condition.label, "its params")
    report.says(place.at("key by"), labels.by, split.by, "the parts of the split")
    if len({*record.classes}) < len(labels.classes):
        report.add(place, "names a class twice")
    trained = sum(films for part, films in split.films.items() if part != CONTROL)
    counted = sum(each.real_films for each in labels.classes) + labels.unlabelled
    report.says(place.at("real films in all"), counted, trained, "the parts of the split")
    known = [
        FilmClass(name=each.name, films=each.real_films, patients=each.real_patients)
        for each in labels.classes
    ]
    shares = shares_of(known, params.condition.balance)
    for each, share in zip(labels.classes, shares, strict=True):
        where = place.at(each.name)
        if abs(each.asked - share) > _SHARE:
            report.says(where.at("key asked"), each.asked, share, "condition.balance")
        if (
            each.real_films < params.condition.least
            or each.real_patients < params.ingest.least_patients
            or each.real_patients > each.real_films
        ):
            what = f"{each.real_films:,} real films of {each.real_patients:,} cannot be"
            report.add(where, f"{what}: see condition.least and ingest.least_patients")


def _check_drawn(labels: LabelCounts, view: View, place: Place, report: CheckReport) -> None:
    parts: dict[str | None, FilmCounts] = {each.name: each for each in labels.classes}
    parts[None] = labels.without
    for name, stated in parts.items():
        where = place.at("films without a class" if name is None else name)
        excluded = [row for row in view.exclusions if row["label"] == name]
        released = sum(film.label == name for film in view.films.values())
        true = {
            "generated": released + len(excluded),
            "excluded": len(excluded),
            "released": released,
            "by_reason": by_reason(excluded),
        }
        for key, value in true.items():
            report.says(where.at(key), getattr(stated, key), value)
        if stated.undecided > stated.generated:
            what = f"{stated.undecided} undecided of {stated.generated} cannot be"
            report.add(where, what)
    undecided = sum(stated.undecided for stated in parts.values())
    total = view.counts.total.undecided
    report.says(place.at("undecided"), undecided, total, "counts.total")
    report.applied("counts of classes that close", len(parts))
