"""Whether these films can go out as a release: every table and everything between the tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from cxr_release import schemas, tables
from cxr_release.film_id import job_of_row, origin_of
from cxr_release.params.films import PHANTOMS
from cxr_release.params.project import Params
from cxr_release.release.checks.adjudication import (
    check_adjudication,
    check_kept_out,
    check_search,
)
from cxr_release.release.checks.burned_in import check_clearance
from cxr_release.release.checks.classes import check_classes
from cxr_release.release.checks.elsewhere import check_collected
from cxr_release.release.checks.films import (
    FIRST,
    STRETCH,
    FilmFault,
    FilmTable,
    KnownFilm,
    check_distinct,
    check_films,
    check_order,
    open_film,
)
from cxr_release.release.checks.landmarks import check_placed
from cxr_release.release.checks.parts import check_parts, check_searched
from cxr_release.release.checks.report import CheckReport, Place
from cxr_release.release.checks.rules import RULES
from cxr_release.release.checks.scorecard import check_scorecard
from cxr_release.release.checks.training import check_autoencoder, check_trained
from cxr_release.release.checks.view import Places, Rows, View
from cxr_release.release.inputs import (
    STUDY,
    AuditReport,
    ClearanceDocument,
    CollectedSource,
    CollectedSources,
    CountsDocument,
    LandmarksDocument,
    ReleaseInputs,
    ScorecardReport,
    StudyDocument,
)
from cxr_release.release.record import AuditReview, Split
from cxr_release.release.versions.proofs import LogStatements, require_no_contradiction
from cxr_release.tables import Stretch
from cxr_release.workers import ALONE, Workers

_SCREEN, _AUDIT, _JUDGE = "screen again", "run the audit again", "run `dvc repro adjudicate`"
_REMAKE = ("sample it again", "run `dvc repro collect`")
_SCORE = "run `dvc repro --force scorecard`"
_STUDY = "run `dvc repro --force study`"


def validate(
    inputs: ReleaseInputs,
    params: Params,
    statements: LogStatements | None = None,
    crew: Workers = ALONE,
) -> dict[str, Any]:
    """Check every table against its schema, every film against its row, every number twice.

    Films are decoded a few at a time: memory grows with the number of rows, not of pixels.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        statements: what the logs hold; None: nothing is held against the published versions.
        crew: shares the films.

    Returns:
        `tables` (table → rows) and `rules` (rule → things that it was applied to).

    Raises:
        ReleaseError: with every fault: file, row or id, column, and a remedy. Where a table or a
            document cannot be read, what would follow from it is not checked.
    """
    report = CheckReport()
    read = _Artefacts(inputs, params, report)
    generated = _check_generated(inputs, params, read.released, report, crew)
    real = _check_cohort(
        inputs.cohort / "cohort.parquet", params.ingest.millimetres_per_pixel, report, crew
    )
    view = read.view(generated)
    if view is not None:
        _check_screened(view, generated, inputs, report)
        _check_between(view, read, generated, real, report)
        if statements is not None:
            films = {film: vars(known) for film, known in view.films.items()}
            audited = {row["synthetic_id"] for row in view.pairs}
            with report.collecting():
                version = params.release.version
                require_no_contradiction(
                    inputs.published, version, films, statements, audited=audited
                )
            report.applied("released films held against the published versions", len(films))
    report.finish()
    return {"tables": report.tables, "rules": report.rules}


class _Artefacts:
    """Tables and documents of the artefacts, each None where it could not be read."""

    def __init__(self, inputs: ReleaseInputs, params: Params, report: CheckReport) -> None:
        self.inputs, self.params, rows = inputs, params, report.rows
        self._report = report
        screening, audit, adjudication = inputs.screening, inputs.audit, inputs.adjudication
        self.screened = rows(screening / "screened.parquet", schemas.SCREENED)
        self.exclusions = rows(screening / "exclusions.parquet", schemas.EXCLUSIONS)
        self.counts = report.document(screening / "counts.json", CountsDocument)
        self.pairs = rows(audit / "pairs.parquet", schemas.PAIRS)
        self.nearest = rows(audit / "nearest.parquet", schemas.NEAREST)
        self.audit = report.document(audit / "audit.json", AuditReport)
        self.verdicts = rows(adjudication / "verdicts.parquet", schemas.VERDICTS)
        self.judging = report.document(adjudication / "adjudication.json", AuditReview)
        self.copies = report.document(adjudication / "copies.json", dict[str, str])
        self.split = rows(inputs.split / "split.parquet", schemas.SPLIT)
        self.trained = rows(inputs.split / "trained.parquet", schemas.COHORT)
        self.control = rows(inputs.split / "control.parquet", schemas.COHORT)
        self.parts = report.document(inputs.split / "summary.json", Split)
        self.scorecard = report.document(inputs.score / "scorecard.json", ScorecardReport)
        self.cleared = report.document(inputs.clearance / "clearance.json", ClearanceDocument)
        self.with_text = report.document(inputs.clearance / "with-text.json", list[str])
        self.landmarks = report.document(inputs.landmarks / "landmarks.json", LandmarksDocument)
        self.kit = rows(inputs.kit, schemas.KIT)
        self.ratings = rows(inputs.study / "responses.parquet", schemas.RESPONSES)
        self.study = report.document(inputs.study / "study.json", StudyDocument)
        self.collected = self._collected()
        self.released = {row["id"] for row in self.screened or [] if row["released"]}
        if self.screened is not None and not self.released:
            path = screening / "screened.parquet"
            report.add(path, "no film is released", "sample more films")

    def _collected(self) -> dict[str, CollectedSource] | None:
        if not self.params.sample.elsewhere:
            return {}
        path = self.inputs.collected / "sources.json"
        document = self._report.document(path, CollectedSources)
        return None if document is None else document.root

    def view(self, generated: Mapping[str, KnownFilm]) -> View | None:
        """All of it; None where any of it could not be read."""
        if any(value is None for value in vars(self).values()):
            return None
        inputs, params = self.inputs, self.params
        counts, study = cast(CountsDocument, self.counts), cast(StudyDocument, self.study)
        verdicts = {
            (row["real_id"], row["synthetic_id"]): row["verdict"] for row in self.verdicts or ()
        }
        counted = Place(str(inputs.screening / "counts.json"), _SCREEN)
        analysed = Place(str(inputs.study / "study.json"), _STUDY)
        return View(
            places=Places(
                counts=counted,
                screening=counted.at("review"),
                exclusions=Place(str(inputs.screening / "exclusions.parquet"), _SCREEN),
                audit=Place(str(inputs.audit / "audit.json"), _AUDIT),
                judging=Place(str(inputs.adjudication / "adjudication.json"), _JUDGE),
                pairs=Place(str(inputs.audit / "pairs.parquet"), _AUDIT),
                study=analysed,
                reading=analysed.at("review"),
                ratings=Place(str(inputs.study / "responses.parquet"), _STUDY),
            ),
            jobs=params.sample.jobs,
            films={film: generated[film] for film in self.released & generated.keys()},
            screened=self.screened,
            exclusions=self.exclusions or [],
            counts=counts,
            screening=counts.review,
            pairs=[
                {**row, "verdict": verdicts.get((row["real_id"], row["synthetic_id"]))}
                for row in self.pairs or ()
            ],
            rounded=False,
            audit=cast(AuditReport, self.audit),
            audit_params=params.audit,
            judging=cast(AuditReview, self.judging),
            ratings=self.ratings or [],
            study=study,
            reading=study.review,
            study_params=params.study,
            seed=params.seed,
            sample=params.screen.sample,
        )


def _check_generated(
    inputs: ReleaseInputs,
    params: Params,
    released: set[str],
    report: CheckReport,
    crew: Workers,
) -> dict[str, KnownFilm]:
    """Hold every generated film against its row; film id → film."""
    jobs = params.sample.jobs
    for path in sorted({*inputs.oriented.rglob("*.parquet")} - {*inputs.tables(jobs)}):
        report.add(path, "is of no source and batch in `sample`", "delete it")
    known: dict[str, KnownFilm] = {}
    parts: list[tuple[FilmTable, Rows]] = []
    for source, batch in jobs:
        last = FIRST
        for path in inputs.tables([(source, batch)]):
            rows = report.rows(path, schemas.ORIENTED, f"oriented/{path.parent.name}")
            films = FilmTable(
                place=Place(str(path), _REMAKE[origin_of(source) == "elsewhere"]),
                path=path,
                kind=schemas.ORIENTED,
                source=source,
                batch=batch,
                every=params.train.checkpoint_every,
                autoencoder_step=params.autoencoder_step,
                size=params.ingest.film_size,
                asked=params.sample.most_films(source, batch),
                shown=released,
            )
            last = check_order(films, rows or [], known, report, last)
            parts.append((films, rows or []))
    check_films(parts, report, crew)
    return known


def _check_cohort(
    path: Path, scale: float | None, report: CheckReport, crew: Workers
) -> dict[str, str]:
    """Hold every film of the cohort against its row; film id → hash of its pixels."""
    rows = report.rows(path, schemas.COHORT)
    with report.collecting():
        calls = [(path, scale, stretch) for stretch in tables.stretches(path, STRETCH)]
        for (*_, stretch), found in zip(calls, crew.map(_cohort_faults, calls), strict=True):
            for where, what, remedy in found:
                report.add(f"{path}: {where}", what, remedy)
            checked = stretch.rows.stop - stretch.rows.start
            report.applied("films of the cohort decoded and held against their row", checked)
    return {row["id"]: row["pixel_sha256"] for row in rows or []}


def _cohort_faults(path: Path, scale: float | None, stretch: Stretch) -> list[FilmFault]:
    """Row or column, what is wrong there and the remedy, of some films of the cohort."""
    found = []
    rows = tables.iterate(path, schemas.COHORT, stretch=stretch)
    for number, row in enumerate(rows, start=stretch.rows.start + 1):
        for column, what, remedy in open_film(row, synthetic=False, remedy="ingest again")[1]:
            found.append((f"row {number}, column {column}", what, remedy))
        if scale is not None and _scales(row) != {scale}:
            what = f"is not of {scale} millimetres per pixel, as ingest.millimetres asks"
            found.append((f"row {number} ({row['id']})", what, "ingest again"))
    return found


def _scales(row: Mapping[str, Any]) -> set[float | None]:
    return {row["millimetres_per_pixel_row"], row["millimetres_per_pixel_column"]}


def _check_screened(
    view: View, generated: Mapping[str, KnownFilm], inputs: ReleaseInputs, report: CheckReport
) -> None:
    """The screening covers exactly the films that were generated, by the same bytes."""
    place = Place(str(inputs.screening / "screened.parquet"), _SCREEN)
    screened = view.screened or []
    for film in sorted(generated.keys() - {row["id"] for row in screened}):
        report.add(place, f"{film} was generated and is not listed")
    for where, rows in ((place, screened), (view.places.exclusions, view.exclusions)):
        for row in rows:
            known = generated.get(row["id"])
            if known is None:
                report.add(where.at(row["id"]), "is not a generated film")
                continue
            if row["sha256"] != known.sha256:
                what = "does not match the film's SHA-256"
                report.add(where.at(f"{row['id']}, column sha256"), what)
            if job_of_row(row) != known.job:
                report.add(where.at(row["id"]), "stands under another source or batch")
            if row.get("label", known.label) != known.label:
                what = f"is {row['label']!r}, the film was drawn as {known.label!r}"
                report.add(where.at(f"{row['id']}, column label"), what)
    excluded = {row["id"] for row in view.exclusions}
    for row in screened:
        if not row["released"] and row["id"] not in excluded:
            report.add(view.places.exclusions.at(row["id"]), "is left out without a reason")
    report.applied("screened films held against the generated ones", len(screened))


def _check_between(
    view: View,
    read: _Artefacts,
    generated: Mapping[str, KnownFilm],
    real: Mapping[str, str],
    report: CheckReport,
) -> None:
    """Everything between the tables, and between them and the documents."""
    inputs, params = read.inputs, read.params
    place = Place(str(inputs.screening / "screened.parquet"), "sample it again")
    check_distinct(view.films, set(real.values()), place, report)
    for check in RULES:
        check(view, report)
    parts = cast(Split, read.parts)
    tables_of = {"trained": read.trained or [], "control": read.control or []}
    with_text = read.with_text or []
    check_clearance(
        cast(ClearanceDocument, read.cleared).review,
        with_text,
        real.keys(),
        drawn=params.ingest.source == PHANTOMS,
        folder=inputs.clearance,
        report=report,
    )
    check_classes(
        inputs,
        params,
        read.split or [],
        parts,
        generated,
        report=report,
    )
    trained = check_parts(
        real,
        read.split or [],
        tables_of,
        parts,
        with_text=with_text,
        folder=inputs.split,
        report=report,
    )
    check_searched(cast(AuditReport, read.audit), parts, view.places.audit, report)
    check_scorecard(
        cast(ScorecardReport, read.scorecard),
        parts,
        len(view.films),
        rounded=False,
        place=Place(str(inputs.score / "scorecard.json"), _SCORE),
        report=report,
    )
    check_collected(
        read.collected or {},
        params,
        [film.job for film in generated.values()],
        Place(str(inputs.collected / "sources.json"), _REMAKE[True]),
        report,
    )
    check_trained(inputs, params.sample.jobs, params, parts, report)
    check_autoencoder(inputs, params, report)
    nearest = Place(str(inputs.audit / "nearest.parquet"), _AUDIT)
    check_search(
        view,
        cast(AuditReport, read.audit),
        read.nearest or [],
        nearest,
        generated=generated,
        real=trained,
        report=report,
    )
    verdicts = Place(str(inputs.adjudication / "verdicts.parquet"), _JUDGE)
    copied = Place(str(inputs.adjudication / "copies.json"), _JUDGE)
    copies = read.copies or {}
    check_adjudication(
        view,
        read.verdicts or [],
        copies,
        params.audit,
        places=(verdicts, copied),
        report=report,
    )
    check_kept_out(view, copies, report)
    check_placed(
        inputs.landmarks,
        cast(LandmarksDocument, read.landmarks).landmarks,
        view.films,
        params,
        report,
    )
    _check_kit(inputs, params, view, read.kit or [], report)


def _check_kit(
    inputs: ReleaseInputs, params: Params, view: View, kit: Rows, report: CheckReport
) -> None:
    """Every rating is of a film of the kit; figures are there once a reader has finished."""
    films = {(film["quartet"], film["name"]) for film in kit}
    for number, row in enumerate(view.ratings, start=1):
        if (row["quartet"], row["image"]) not in films:
            where = view.places.ratings.at(f"row {number}, column image")
            report.add(where, "is not in that quartet of the kit")
        report.applied("ratings held against the kit", 1)
    place, quartets = view.places.study, len({film["quartet"] for film in kit})
    report.says(place.at("key quartets"), view.study.quartets, quartets, "the films of the kit")
    checkpoints = list(params.sample.checkpoints)
    report.says(place.at("key checkpoints"), view.study.checkpoints, checkpoints, "params.yaml")
    others = params.sample.other_names
    report.says(place.at("key elsewhere"), view.study.elsewhere or [], others, "params.yaml")
    if view.study.images_per_quartet * quartets != len(kit):
        report.add(place, f"{len(kit)} films of the kit are not whole quartets")
    for name in STUDY if view.ratings else ():
        for path in (inputs.study / f"{name}.{kind}" for kind in ("png", "svg")):
            if not path.is_file():
                report.add(path, "no such file", _STUDY)
