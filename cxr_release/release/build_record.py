"""The record of a release, gathered from the artefacts; it names no time, host, user or path."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import cxr_release
from cxr_release import schemas, tables
from cxr_release.film_id import Job, job_fields, jobs_of, source_name
from cxr_release.films.labels import shares_of
from cxr_release.films.patients import counted
from cxr_release.json_documents import read
from cxr_release.params.films import PHANTOMS
from cxr_release.params.identity import is_blank, never_set, never_stated
from cxr_release.params.project import Params
from cxr_release.release.checks.parts import CONTROL
from cxr_release.release.configs import Config
from cxr_release.release.contents import Contents
from cxr_release.release.disclosure import (
    coarse_audit,
    coarse_scorecard,
    names_films_by,
    shows_real_films,
)
from cxr_release.release.documents.changelog import changelog_of
from cxr_release.release.inputs import (
    AuditReport,
    ClearanceDocument,
    CohortSummary,
    CountsDocument,
    OrientedSummary,
    ReleaseInputs,
    ScorecardReport,
    SearchedFilms,
    StudyDocument,
    TrainedCheckpoint,
)
from cxr_release.release.record import (
    Audit,
    AuditReview,
    BurnedInReview,
    Changes,
    Facing,
    Flagged,
    Prescreen,
    Record,
    ScreeningReview,
    Split,
    Training,
    Validation,
)
from cxr_release.release.versions.published import order_of
from cxr_release.release.versions.version import Version, differences
from cxr_release.rows import Rows, read_rows
from cxr_release.screening.counts import counts_of_class
from cxr_release.screening.real_findings import real_findings

LIBRARIES = (
    "datasets",
    "diffusers",
    "imagededup",
    "numpy",
    "pandera",
    "pillow",
    "pyarrow",
    "pytorch-msssim",
    "scipy",
    "torch",
    "torch-fidelity",
    "torchvision",
)
"""Libraries whose version can change a film, a number or a byte of the release."""


def build_record(
    inputs: ReleaseInputs,
    params: Params,
    configs: Sequence[Config],
    contents: Contents,
    *,
    reasons: Mapping[str, str],
    shows: str,
    validation: Validation,
    hashes: Mapping[str, str],
) -> Record:
    """Gather the record.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        configs: the finished configs.
        contents: what goes out.
        reasons: code of each reason of exclusion → its meaning.
        shows: part of the body and view of the source films; empty: not stated.
        validation: what `validate` returned.
        hashes: what `inputs.hashes` returned.
    """
    release = params.release
    counts = read(inputs.screening / "counts.json", CountsDocument)
    study = read(inputs.study / "study.json", StudyDocument)
    report = inputs.checkpoint_report(params)
    shards = {shard.name: shard.stated for group in contents.shards.values() for shard in group}
    record = Record.model_validate(
        {
            "name": release.name,
            "title": _title(params) if is_blank(release.title) else release.title,
            "version": release.version,
            "tag": f"v{release.version}",
            "license": release.license,
            "authors": list(release.authors),
            "contact": release.contact,
            "unset": [
                *never_set(source_kind(params), asdict(release)),
                *never_stated(params.sample),
            ],
            "purpose": release.purpose,
            "publisher": release.publisher,
            "funding": release.funding,
            "interests": release.interests,
            "ethics": release.ethics,
            "identifier": release.identifier,
            "date": release.date,
            "source": _source(inputs, params, shows),
            **_elsewhere(inputs, params),
            "counts": {
                "rows": counts.rows,
                "total": counts.total,
                **_labels(inputs, params, contents),
                "configs": {config.name: config.rows for config in configs if config.opens},
                "empty_tables": [config.name for config in configs if not config.opens],
            },
            "reviews": {
                "screening": _screening(inputs, params, counts.review),
                "audit": read(inputs.adjudication / "adjudication.json", AuditReview),
                "reader_study": study.review,
                **_burned_in(inputs),
            },
            "metrics": {
                "ingest": _ingest(inputs, params),
                "split": read(inputs.split / "summary.json", Split),
                "training": _training(inputs, params),
                "losses": report.losses if report else [],
                "distances": report.distances if report else None,
                "checkpoints": report and _less(report.plain(), "losses", "distances"),
                "facing": _facing(contents.generated),
                "facing_rule": read(inputs.oriented / "summary.json", OrientedSummary).rule,
                "prescreen": read(inputs.prescreen / "prescreen.json", Prescreen),
                "audit": _audit(inputs, params),
                "reader_study": _less(study.plain(), "review"),
                "scorecard": _scorecard(inputs, params),
                **_landmarks(inputs, params),
            },
            "reasons": [{"code": code, "meaning": meaning} for code, meaning in reasons.items()],
            "params": _published_params(params),
            "software": {
                "cxr-release": cxr_release.__version__,
                "python": platform.python_version(),
                **{name: version(name) for name in LIBRARIES},
            },
            "inputs": dict(hashes),
            "validation": validation,
            "shards": shards,
            "films_version": max((shard["version"] for shard in shards.values()), key=order_of),
            "tombstones": list(contents.tombstones),
            "previous": None,
            "changes": None,
            "changelog": {"changes": [], "earlier": []},
        }
    )
    return record.model_copy(update=_changes(record, contents))


def _labels(inputs: ReleaseInputs, params: Params, contents: Contents) -> dict[str, Any]:
    """The classes that films were drawn as, with their counts; nothing where there are none."""
    known = contents.classes
    if known is None:
        return {}
    screened = read_rows([inputs.screening / "screened.parquet"], schemas.SCREENED)
    shares = shares_of(known["classes"], params.condition.balance)
    return {
        "labels": {
            **{key: known[key] for key in ("fact", "by", "unlabelled")},
            "classes": [
                {
                    "name": each["name"],
                    "real_films": each["films"],
                    "real_patients": each["patients"],
                    "asked": share,
                    **counts_of_class(each["name"], screened, contents.exclusions),
                }
                for each, share in zip(known["classes"], shares, strict=True)
            ],
            "without": counts_of_class(None, screened, contents.exclusions),
        }
    }


def _screening(inputs: ReleaseInputs, params: Params, review: ScreeningReview) -> dict[str, Any]:
    """The review; beside each finding how many films that were trained on have it, where known."""
    stated = review.plain()
    if "findings" in stated:
        split = tables.read_rows(inputs.split / "split.parquet", schemas.SPLIT)
        trained = {row["id"] for row in split if row["part"] != CONTROL}
        manifest = tables.iterate(inputs.cohort / "manifest.parquet", schemas.MANIFEST)
        known = real_findings((row for row in manifest if row["id"] in trained), params)
        for row in stated["findings"]["findings"]:
            row.update(known.get(row["code"], {}))
    return stated


def _burned_in(inputs: ReleaseInputs) -> dict[str, BurnedInReview]:
    """Who looked for text on the real films; nothing of drawn films."""
    stated = read(inputs.clearance / "clearance.json", ClearanceDocument).review
    return {} if stated is None else {"burned_in": stated}


def _less(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in names}


def _changes(record: Record, contents: Contents) -> dict[str, Any]:
    """What the record says of the published versions before this one."""
    this = Version.of(record, contents.films)
    earlier, previous = contents.history.earlier, contents.history.previous
    history: dict[str, Any] = {"changelog": changelog_of(earlier, this)}
    if previous:
        since = differences(previous, this)
        numbers = {name: len(getattr(since, name)) for name in Changes.model_fields}
        history |= {"previous": previous.name, "changes": Changes.model_validate(numbers)}
    return history


def source_kind(params: Params) -> str:
    """`phantoms`, or `local films` for any folder: where it lay is nobody's business."""
    return PHANTOMS if params.ingest.source == PHANTOMS else "local films"


def _title(params: Params) -> str:
    """What a release without a title is called: no more than is known."""
    drawn = source_kind(params) == PHANTOMS and not params.sample.elsewhere
    return "Synthetic lateral cervical films from drawn phantoms" if drawn else "Synthetic films"


def _source(inputs: ReleaseInputs, params: Params, shows: str) -> dict[str, Any]:
    """Where the training films come from, as its publishers say; and whether they say it."""
    stated = {
        "title": params.release.source_title,
        "license": params.release.source_license,
        "citation": params.release.source_citation,
    }
    drawn = source_kind(params) == PHANTOMS
    unstated = _PHANTOM_SOURCE if drawn else dict.fromkeys(stated, "not stated by its publishers")
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    shown = {pair["real_id"] for pair in pairs} if shows_real_films(params) else ()
    return {
        "kind": source_kind(params),
        "stated": drawn or not any(map(is_blank, stated.values())),
        **{key: value or unstated[key] for key, value in stated.items()},
        "population": params.release.population,
        "shows": PHANTOMS_SHOW if drawn else shows,
        "public": drawn or params.release.source_public,
        "films_named_by": names_films_by(params),
        "films_shown": len(shown),
    }


def _elsewhere(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """What is said of films that another generator drew; nothing where there are none."""
    if not params.sample.elsewhere:
        return {}
    collected = inputs.sources()
    return {
        "elsewhere": [
            {
                "name": name,
                **{key: getattr(stated, key) or "" for key in ("generator", "license", "citation")},
                **collected[name].model_dump(),
            }
            for name, stated in sorted(params.sample.elsewhere.items())
        ]
    }


PHANTOMS_SHOW = "lateral cervical spine"
"""Part of the body and view of phantoms, whatever any file says."""
_PHANTOM_SOURCE = {
    "title": "Drawn lateral cervical phantoms (no patients)",
    "license": "apache-2.0",
    "citation": "cxr-release, procedural phantom cohort",
}


def _published_params(params: Params) -> Params:
    """All parameters, less what names a path, a source file or a person."""
    return replace(
        params,
        ingest=replace(params.ingest, source=source_kind(params)),
        sample=replace(
            params.sample,
            sources=params.sample.sources
            and {
                name: replace(source, path="given" if source.kind == "folder" else source.path)
                for name, source in params.sample.sources.items()
            },
        ),
        train=replace(params.train, start="given" if params.train.start else None),
        screen=replace(params.screen, adjudicator="named" if params.screen.adjudicator else ""),
        # Which file it was, its hash says.
        fidelity=replace(params.fidelity, weights="given" if params.fidelity.weights else ""),
        audit=replace(
            params.audit,
            weights="given" if params.audit.weights else "",
            adjudicator="named" if params.audit.adjudicator else "",
        ),
        score=replace(
            params.score,
            external="given" if params.score.external else "",
            # What is left names a network and the hash of its file.
            extractors=tuple(map(_without_path, params.score.extractors)),
        ),
    )


def _without_path(extractor: str) -> str:
    network, _, file = extractor.partition("=")
    _, at, sha256 = file.partition("@")
    return f"{network}=given{at}{sha256}"


def _training(inputs: ReleaseInputs, params: Params) -> Training | None:
    """How the network was trained: `validate` has held the checkpoints against each other.

    None where none was.
    """
    if not params.trains:
        return None
    last = params.sample.checkpoints[-1]
    path = inputs.trained(jobs_of([source_name(last)]))[last]
    return read(path, TrainedCheckpoint).stated()


def _ingest(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """What ingest counted: its numbers, and no text, for text could name a source file."""
    summary = read(inputs.cohort / "summary.json", CohortSummary).model_dump()
    films = read_rows([inputs.cohort / "cohort.parquet"], schemas.COHORT)
    return {
        **{name: value for name, value in summary.items() if _is_counted(value)},
        "source": source_kind(params),
        "films": len(films),
        **counted([*films.column("patient")]),
        "inverted": sum(films.column("inverted")),
        "flipped": sum(films.column("flipped")),
    }


def _is_counted(value: object) -> bool:
    """Whether this is a number, or numbers by name."""
    values = value.values() if isinstance(value, dict) else [value]
    return all(isinstance(number, int | float) for number in values)


def _facing(generated: Mapping[Job, Rows[dict[str, Any]]]) -> list[Facing]:
    """How the films of each job faced when they were sampled, and of how many reviewers say so."""
    rows = []
    for job, films in generated.items():
        ways = zip(films.column("flipped"), films.column("facing"), strict=True)
        faced = Counter("right" if flipped else facing for flipped, facing in ways)
        numbers = {
            **{way: faced[way] for way in ("left", "right", "unknown")},
            "said": sum(films.column("facing_said")),
            "flipped": sum(films.column("flipped")),
        }
        rows.append(Facing.model_validate({**job_fields(job), **numbers}))
    return rows


def _audit(inputs: ReleaseInputs, params: Params) -> Audit:
    """The audit's report, with what became of the flagged films, and no name of a film.

    Films that could not be read, or only after some change, and files that are no films, become
    their number: the report names them. Numbers of single films may be rounded: see `coarse`.
    """
    report = read(inputs.audit / "audit.json", AuditReport)
    stated = report.model_dump(exclude_unset=True)
    if weights := stated["encoder"]["weights"]:
        known = params.audit.weights_license or weights["license"] or "not stated"
        weights["license"] = known
    return Audit.model_validate(
        {
            **coarse_audit(stated, params),
            "real": _searched(report.real),
            "control": None if report.control is None else _searched(report.control),
            "synthetic": _searched(report.synthetic),
            "flagged": None if report.flagged is None else _flagged(inputs),
        }
    )


def _scorecard(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """The scorecard's report, which names no film; its numbers may be rounded: see `disclosure`."""
    report = read(inputs.score / "scorecard.json", ScorecardReport)
    return coarse_scorecard(_less(report.plain(), "schema_number"), params)


def _landmarks(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """What is known of the landmarks; nothing where none were asked for."""
    return {"landmarks": inputs.landmark_report()} if params.landmarks.is_on else {}


def _searched(films: SearchedFilms) -> dict[str, Any]:
    counted_alone = {name: len(getattr(films, name)) for name in ("unreadable", "notes", "ignored")}
    return films.model_dump() | counted_alone


def _flagged(inputs: ReleaseInputs) -> Flagged:
    nearest = read_rows([inputs.audit / "nearest.parquet"], schemas.NEAREST)
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    screened = read_rows([inputs.screening / "screened.parquet"], schemas.SCREENED)
    films = {row["synthetic_id"] for row in nearest if row["flagged"]}
    released = {row["id"] for row in screened.of_ids(films) if row["released"]}
    on_the_list = {row["synthetic_id"] for row in pairs}
    return Flagged(
        pairs=sum(row["flagged"] for row in pairs),
        films=len(films),
        released=len(released),
        unlisted=len(films - on_the_list),
    )
