"""What a release says of films that another generator drew, against its parameters and counts."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cxr_release.film_id import Job, origin_of
from cxr_release.params.project import Params
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.inputs import CollectedSource
from cxr_release.release.record import Elsewhere, Record


def check_elsewhere(record: Record, place: Place, report: CheckReport) -> None:
    """Every source of such films is described, as it was asked for, and its films are counted."""
    asked = record.params.sample.elsewhere
    report.says(place, [source.name for source in record.elsewhere], sorted(asked), "its params")
    generated = {row.job: row.generated for row in record.counts.rows}
    for source in record.elsewhere:
        where = place.at(source.name)
        _check_counts(source, source.name, generated, where, report)
        stated = asked.get(source.name)
        for key in ("generator", "license", "citation", "kind") if stated else ():
            true = getattr(stated, key) or ""
            report.says(where.at(f"key {key}"), getattr(source, key), true, "its params")
        if (source.repository is None) != (source.kind == "folder"):
            report.add(where.at("key repository"), "goes with kind hub")
        if (source.commit is None) != (source.repository is None):
            report.add(where.at("key commit"), "and a repository go together")
    if record.elsewhere:
        report.applied("films drawn elsewhere held against their counts", len(record.elsewhere))


def check_collected(
    collected: Mapping[str, CollectedSource],
    params: Params,
    jobs_of_films: Collection[Job],
    place: Place,
    report: CheckReport,
) -> None:
    """What was taken in is what went through the stages.

    Args:
        collected: name → what became of that source.
        params: the parameters.
        jobs_of_films: the job of every film that was generated or taken in.
        place: of `collected`.
        report: where faults go.
    """
    report.says(place, sorted(collected), sorted(params.sample.elsewhere), "sample.sources")
    generated: dict[Job, int] = {}
    for job in jobs_of_films:
        if origin_of(job[0]) == "elsewhere":
            generated[job] = generated.get(job, 0) + 1
    for name, source in collected.items():
        _check_counts(source, name, generated, place.at(name), report)
    if collected:
        report.applied("films drawn elsewhere held against their counts", len(collected))


def _check_counts(
    source: Elsewhere | CollectedSource,
    name: str,
    generated: Mapping[Job, int],
    place: Place,
    report: CheckReport,
) -> None:
    for batch in ("initial", "large"):
        true = generated.get((name, batch), 0)
        report.says(place.at(f"key {batch}"), getattr(source, batch), true, "its films")
    report.says(place.at("key films"), source.films, source.initial + source.large, "its batches")
    report.says(place.at("key files"), source.files, source.films + source.refused, "its films")
