"""What `release.json` says of the memorization audit: its numbers, and no name of a film.

`release.json`: all that a release says about itself, for machines and for its own card.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import cxr_release
from cxr_release import schemas, tables
from cxr_release.files import read_json
from cxr_release.films.patients import counted
from cxr_release.params import PHANTOMS, Params, is_blank, never_set
from cxr_release.release.configs import Config
from cxr_release.release.contents import Contents
from cxr_release.release.disclosure import coarse_audit, names_films_by, shows_real_films
from cxr_release.release.documents.changelog import changelog_record
from cxr_release.release.inputs import Job, ReleaseInputs
from cxr_release.release.versions.published import order_of
from cxr_release.release.versions.version import Version, differences, reasons_of

_NUMBERS = (
    *("state", "top", "pairs", "cosine", "calibration", "histogram", "alike", "within"),
    *("power", "power_note"),
)
"""What is taken over from the audit's own report as it stands there."""


def audit_record(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """The audit's report, with what became of the flagged films.

    Films that could not be read, or only after some change, and files that are no films, become
    their number: the report names them. `flagged` is None without a baseline; else `pairs` (of
    those listed), `films`, `released` (films) and `unlisted` (films that stand in no listed pair,
    so that nobody was asked). Numbers of single films may be rounded: see `coarse`.
    """
    report = read_json(inputs.audit / "audit.json")
    return {
        **coarse_audit({name: report[name] for name in _NUMBERS}, params),
        "encoder": _encoder(report["encoder"], params),
        "real": _account(report["real"]),
        "synthetic": _account(report["synthetic"]),
        "flagged": None if report["flagged"] is None else _flagged(inputs),
    }


def _encoder(encoder: Mapping[str, Any], params: Params) -> dict[str, Any]:
    taken = {name: encoder[name] for name in ("name", "dimensions", "looks")}
    weights = encoder["weights"]
    if weights is None:
        return taken | {"weights": None}
    known = params.audit.weights_license or weights["license"] or "not stated"
    taken["weights"] = {
        "sha256": weights["sha256"],
        "published": weights["published"],
        "license": known,
    }
    return taken


def _account(films: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "films": films["films"],
        "searched": films["searched"],
        "patients": films["patients"],
        "patients_not_stated": films["patients_not_stated"],
        "unreadable": len(films["unreadable"]),
        "notes": len(films["notes"]),
        "ignored": len(films["ignored"]),
    }


def _flagged(inputs: ReleaseInputs) -> dict[str, int]:
    nearest = tables.read_rows(inputs.audit / "nearest.parquet", schemas.NEAREST)
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    screened = tables.read_rows(inputs.screening / "screened.parquet", schemas.SCREENED)
    films = {row["synthetic_id"] for row in nearest if row["flagged"]}
    released = {row["id"] for row in screened if row["released"]}
    listed = {row["synthetic_id"] for row in pairs}
    return {
        "pairs": sum(row["flagged"] for row in pairs),
        "films": len(films),
        "released": len(films & released),
        "unlisted": len(films - listed),
    }


def films_shown(inputs: ReleaseInputs, params: Params) -> int:
    """Source films whose pictures are in the release."""
    if not shows_real_films(params):
        return 0
    pairs = tables.read_rows(inputs.audit / "pairs.parquet", schemas.PAIRS)
    return len({pair["real_id"] for pair in pairs})


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
    validation: Mapping[str, Any],
    hashes: Mapping[str, str],
) -> dict[str, Any]:
    """Gather the record. It holds no time, host, user or path, and no name of a source file.

    Args:
        inputs: the artefacts.
        params: the parameters that they were made with.
        configs: the finished configs.
        contents: what goes out.
        reasons: code of each reason of exclusion → its meaning.
        validation: what `validate` returned.
        hashes: what `inputs.hashes` returned.
    """
    release = params.release
    counts = read_json(inputs.screening / "counts.json")
    study = read_json(inputs.study / "study.json")
    report = read_json(inputs.checkpoints / "report.json")
    record = {
        "name": release.name,
        "title": _title(params) if is_blank(release.title) else release.title,
        "version": release.version,
        "tag": f"v{release.version}",
        "license": release.license,
        "authors": list(release.authors),
        "contact": release.contact,
        "unset": never_set(source_kind(params), asdict(release)),
        "purpose": release.purpose,
        "publisher": release.publisher,
        "funding": release.funding,
        "interests": release.interests,
        "ethics": release.ethics,
        "identifier": release.identifier,
        "date": release.date,
        "source": _source(params) | {"films_shown": films_shown(inputs, params)},
        "counts": {
            "rows": counts["rows"],
            "total": counts["total"],
            "configs": {config.name: config.rows for config in configs if config.opens},
            "empty_tables": [config.name for config in configs if not config.opens],
        },
        "reviews": {
            "screening": counts["review"],
            "audit": read_json(inputs.adjudication / "adjudication.json"),
            "reader_study": study["review"],
        },
        "metrics": {
            "ingest": _cohort(inputs, params),
            "split": read_json(inputs.split / "summary.json"),
            "losses": report.pop("losses"),
            "distances": report.pop("distances"),
            "checkpoints": report,
            "facing": _facing(contents.generated),
            "facing_rule": read_json(inputs.oriented / "summary.json")["rule"],
            "prescreen": read_json(inputs.prescreen / "prescreen.json"),
            "audit": audit_record(inputs, params),
            "reader_study": {key: value for key, value in study.items() if key != "review"},
        },
        "reasons": [{"code": code, "meaning": meaning} for code, meaning in reasons.items()],
        "params": _params(params),
        "software": {
            "cxr-release": cxr_release.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "inputs": dict(hashes),
        "validation": dict(validation),
    }
    return record | _in_history(record, contents)


def _in_history(record: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    """What the record says of this version among the published ones."""
    shards = {one.name: one.stated for some in contents.shards.values() for one in some}
    said: dict[str, Any] = {
        "shards": shards,
        "films_version": max((one["version"] for one in shards.values()), key=order_of),
        "tombstones": list(contents.tombstones),
        "previous": None,
        "changes": None,
    }
    this = Version({**record, **said}, contents.films, reasons_of(said))
    previous = contents.history.previous
    if previous:
        found = differences(previous, this)
        names = ("added", "withdrawn", "redrawn", "relabelled", "numbers")
        said["changes"] = {name: len(getattr(found, name)) for name in names}
        said["previous"] = previous.name
    said["changelog"] = changelog_record(contents.history.earlier, this)
    return said


def source_kind(params: Params) -> str:
    """`phantoms`, or `local films` for any folder: where it lay is nobody's business."""
    return PHANTOMS if params.ingest.source == PHANTOMS else "local films"


def _title(params: Params) -> str:
    """What a release without a title is called: no more than is known."""
    drawn = source_kind(params) == PHANTOMS
    return "Synthetic lateral cervical films from drawn phantoms" if drawn else "Synthetic films"


def _source(params: Params) -> dict[str, Any]:
    """Where the training films come from, as its publishers say; and whether they say it."""
    said = {
        "title": params.release.source_title,
        "license": params.release.source_license,
        "citation": params.release.source_citation,
    }
    drawn = source_kind(params) == PHANTOMS
    unsaid = _PHANTOM_SOURCE if drawn else dict.fromkeys(said, "not stated by its publishers")
    return {
        "kind": source_kind(params),
        "stated": drawn or not any(map(is_blank, said.values())),
        **{key: value or unsaid[key] for key, value in said.items()},
        "population": params.release.population,
        "public": drawn or params.release.source_public,
        "films_named_by": names_films_by(params),
    }


_PHANTOM_SOURCE = {
    "title": "Drawn lateral cervical phantoms (no patients)",
    "license": "apache-2.0",
    "citation": "cxr-release, procedural phantom cohort",
}


def _params(params: Params) -> dict[str, Any]:
    """All parameters, less what names a path, a source file or a person."""
    values = asdict(params)
    values["ingest"]["source"] = source_kind(params)
    values["screen"]["adjudicator"] = "named" if params.screen.adjudicator else ""
    # Which file it was, its hash says.
    values["fidelity"]["weights"] = "given" if params.fidelity.weights else ""
    values["audit"]["weights"] = "given" if params.audit.weights else ""
    values["audit"]["adjudicator"] = "named" if params.audit.adjudicator else ""
    return values


def _cohort(inputs: ReleaseInputs, params: Params) -> dict[str, Any]:
    """What ingest counted: its numbers, and no text, for text could name a source file."""
    summary = read_json(inputs.cohort / "summary.json")
    films = tables.read_rows(inputs.cohort / "cohort.parquet", schemas.COHORT)
    return {
        **{name: value for name, value in summary.items() if _counted(value)},
        "source": source_kind(params),
        "films": len(films),
        **counted([film["patient"] for film in films]),
        "inverted": sum(film["inverted"] for film in films),
        "flipped": sum(film["flipped"] for film in films),
    }


def _counted(value: object) -> bool:
    """Whether this is a number, or numbers by name."""
    values = value.values() if isinstance(value, dict) else [value]
    return all(isinstance(one, int | float) for one in values)


def _facing(generated: Mapping[Job, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """How the films of each job faced when they were sampled, and of how many reviewers say so."""
    rows = []
    for job, films in generated.items():
        faced = Counter("right" if film["flipped"] else film["facing"] for film in films)
        rows.append(
            {
                "checkpoint": job[0],
                "batch": job[1],
                "left": faced["left"],
                "right": faced["right"],
                "unknown": faced["unknown"],
                "said": sum(film["facing_said"] for film in films),
                "flipped": sum(film["flipped"] for film in films),
            }
        )
    return rows
