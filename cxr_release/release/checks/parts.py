"""Which films were trained on and which no run saw: the tables of the split, and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.view import Rows
from cxr_release.release.inputs import AuditReport
from cxr_release.release.record import Audit, Record, Split

CONTROL = "control"
_SPLIT = "run `dvc repro --force split`"


def check_parts(
    cohort: Mapping[str, str],
    split: Rows,
    tables: Mapping[str, Rows],
    stated: Split,
    *,
    with_text: Collection[str] = (),
    folder: Any,
    report: CheckReport,
) -> dict[str, str]:
    """Each film of the cohort is in one part, and no film of the control part in any other way.

    Args:
        cohort: film → SHA-256 of its pixels.
        split: rows of `schemas.SPLIT`.
        tables: `trained` and `control` → rows of `schemas.COHORT`.
        stated: what the split says of itself.
        with_text: films of the cohort that show text: they are in no part.
        folder: of these files.
        report: where faults go.

    Returns:
        Film → SHA-256 of its pixels, of the films that generators may have seen.
    """
    place = Place(str(folder / "split.parquet"), _SPLIT)
    parts = {row["id"]: row["part"] for row in split}
    for film in sorted(parts.keys() & {*with_text}):
        report.add(place.at(film), "shows text, and is in a part all the same")
    for film in sorted((cohort.keys() ^ parts.keys()) - {*with_text}):
        what = "is in no part" if film in cohort else "is not a film of the cohort"
        report.add(place.at(film), what)
    people: dict[str, set[str]] = {}
    for row in split:
        if row["patient"] is not None:
            people.setdefault(row["patient"], set()).add(row["part"])
    shared = sum(len(found) > 1 for found in people.values())
    if shared:
        report.add(place, f"{shared} patient(s) have films in two parts")
    pixels = {
        name: {row["id"]: row["pixel_sha256"] for row in rows} for name, rows in tables.items()
    }
    for name, films in pixels.items():
        true = {
            film: cohort.get(film)
            for film, part in parts.items()
            if (part == CONTROL) == (name == CONTROL)
        }
        if films != true:
            report.add(Place(str(folder / f"{name}.parquet"), _SPLIT), "is not of those films")
    seen = set(pixels["trained"].values())
    for film, equal in sorted(pixels[CONTROL].items()):
        if equal in seen:
            report.add(place.at(film), "has the pixels of a film that is trained on")
    summary = Place(str(folder / "summary.json"), _SPLIT)
    report.says(summary.at("key films"), stated.films, _counts(parts.values()))
    report.applied("films of the cohort held against the parts of the split", len(cohort))
    return pixels["trained"]


def _counts(parts: Iterable[str]) -> dict[str, int]:
    count = Counter(parts)
    return {part: count[part] for part in ("tuning", "held_out", CONTROL)}


def check_searched(
    audit: Audit | AuditReport, split: Split, place: Place, report: CheckReport
) -> None:
    """The audit searched the films that were trained on, and compared those that no run saw.

    Releases of before there were control films name none.
    """
    sets = {"real": audit.real, CONTROL: audit.control}
    for name, parts in (("real", ("tuning", "held_out")), (CONTROL, (CONTROL,))):
        films = sets[name]
        counted = films.films if films else 0
        report.says(
            place.at(f"key {name}.films"),
            counted,
            sum(split.films.get(part, 0) for part in parts),
            "the parts of the split",
        )
        if films and split.patients is not None:
            patients = sum(split.patients.get(part, 0) for part in parts)
            report.says(
                place.at(f"key {name}.patients"), films.patients, patients, "the parts of the split"
            )


def check_cohort_counts(record: Record, place: Place, report: CheckReport) -> None:
    """Every film that was taken in is in one part, but those that show text."""
    review = record.reviews.burned_in
    out = 0 if review is None else review.with_text
    report.says(
        place.at("key metrics.split.films"),
        sum(record.metrics.split.films.values()),
        record.metrics.ingest.films - out,
        f"the films taken in{', less those that show text' if out else ''}",
    )
