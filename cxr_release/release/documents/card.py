"""The datacard: a YAML header for the Hub's clients, then words and numbers for people.

The words stand in the template, the numbers in the release's record: none is typed by hand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

import yaml

from cxr_release import schemas
from cxr_release.clearance.ocr import FOUND, PLANTED
from cxr_release.film_id import source_title
from cxr_release.memorization.list_length import KEPT
from cxr_release.params import PHANTOMS
from cxr_release.release.configs import Config
from cxr_release.release.contents import ON_A_SHEET
from cxr_release.release.documents.citation import bibtex, doi_url, license_url
from cxr_release.release.documents.copies import in_words
from cxr_release.release.documents.figures import POWER, sheet_file
from cxr_release.release.documents.markdown import FILTERS, Ready, finalize, one_line
from cxr_release.release.documents.scale import scale_of
from cxr_release.release.record import (
    Calibration,
    JobCounts,
    Landmarks,
    Record,
    Reviews,
    Scorecard,
    Shard,
    Training,
)
from cxr_release.release.versions.published import order_of
from cxr_release.schemas import SMALL
from cxr_release.scorecard.classes.rows import reasons_of
from cxr_release.scorecard.figures import names_due
from cxr_release.scorecard.names import natural, title
from cxr_release.scorecard.summary import LIMITS
from cxr_release.scorecard.weakest import because

if TYPE_CHECKING:
    from jinja2 import Environment

TOMBSTONES_SHOWN = 20
"""Withdrawn films that the card names; `release.json` has all of them."""
TAGS = ("synthetic", "medical", "x-ray", "radiograph", "diffusion")


PAIRS_SHOWN = 10
"""Audited pairs in the card; the config `audit_pairs` has all of them."""


@dataclass(frozen=True)
class Sheet:
    """The contact sheet of one source."""

    file: str
    films: int


def render(
    record: Record,
    configs: Sequence[Config],
    pairs: Sequence[Mapping[str, Any]],
) -> str:
    """The text of the release's README.md.

    The body is the template `README.md.j2` of this package. Every text that it prints is escaped,
    unless one of `markdown.FILTERS` made it Markdown.

    Args:
        record: what `release.json` holds.
        configs: the finished configs.
        pairs: rows of `schemas.AUDIT_PAIRS`.
    """
    body = (
        environment()
        .get_template("README.md.j2")
        .render(
            release=record.plain(),
            configs=configs,
            columns={config.table.name: config.table.columns for config in configs},
            sheets=_sheets(record.counts.rows),
            titles=[(name, source_title(name)) for name in record.params.sample.source_names],
            pairs=pairs[:PAIRS_SHOWN],
            reasons={reason.code: reason.meaning for reason in record.reasons},
            views=schemas.VIEWS,
            parts=schemas.PARTS,
            small=SMALL,
            kept=KEPT,
            quantiles=_quantiles(record.metrics.audit.calibration),
            power_figure=POWER,
            scale=scale_of(record),
            autoencoder_step=record.params.autoencoder_step,
            latent_step=record.params.latent_step,
            latent_size=record.params.latent_size,
            texts_found=(FOUND, PLANTED),
            scored=_scored(record.metrics.scorecard),
            at_worst=at_worst(record.metrics.training),
            tombstones=record.tombstones[:TOMBSTONES_SHOWN],
            film_versions=_film_versions(record.shards),
            license_url=license_url(record.license),
            doi_url=Ready(doi_url(record)),
            bibtex=Ready(bibtex(record)),
        )
    )
    header = yaml.safe_dump(
        header_of(record, configs), sort_keys=False, allow_unicode=True, width=10_000
    )
    return f"---\n{header}---\n\n{body.strip()}\n"


@cache
def environment() -> Environment:
    """How the package's templates are filled."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(files("cxr_release.release.documents") / "templates")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - the card is Markdown: `finalize` escapes for that
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({**FILTERS, "copies": in_words, "title": title})
    return environment


SCORE_PARTS = {
    "fidelity": "like real films",
    "utility": "good for something",
    "privacy": "gives nobody away",
    "coverage": "shows every group",
}
"""Part of the scorecard → what 100 would mean."""


def _scored(scorecard: Scorecard | None) -> dict[str, Any] | None:
    """What the card prints of the scorecard beyond its numbers; None where there is none."""
    if scorecard is None:
        return None
    report = scorecard.plain()
    summary = report["summary"]
    weakest = summary["weakest"]
    return {
        "parts": SCORE_PARTS,
        "missing": [part for part in SCORE_PARTS if summary[part] is None],
        "because": because(report, weakest) if weakest else "",
        "checkpoints": sorted(summary["checkpoints"], key=natural),
        "measures": [list(rows) for _, rows in groupby(report["fidelity"], key=_measure)],
        "figures": {name: f"figures/{name}" for name in names_due(report)},
        "class_reasons": {
            row["class"]: reasons_of(row) for row in (report.get("classes") or {}).get("rows", ())
        },
        "limits": LIMITS,
    }


def _measure(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["metric"], row["features"]


def _sheets(counts: Sequence[JobCounts]) -> dict[str, Sheet]:
    """Source → its contact sheet, where any of its films is released."""
    released: Counter[str] = Counter()
    for row in counts:
        released[row.job[0]] += row.released
    return {
        source: Sheet(sheet_file(source), min(films, ON_A_SHEET))
        for source, films in released.items()
        if films
    }


def header_of(record: Record, configs: Sequence[Config]) -> dict[str, Any]:
    """The YAML header as the Hub reads it."""
    phantoms = record.source.kind == PHANTOMS
    cervical = "cervical" in f"{record.name} {record.title}".lower()
    return {
        "license": record.license,
        "pretty_name": one_line(record.title),
        "language": ["en"],
        "tags": [*_tags(record), *["cervical-spine"] * cervical, *["phantom"] * phantoms],
        "size_categories": [_size(record.counts.total.released)],
        "task_categories": [
            "unconditional-image-generation",
            *["image-classification"] * (record.counts.labels is not None),
            *["keypoint-detection"] * (record.metrics.landmarks is not None),
        ],
        "annotations_creators": _annotators(
            record.reviews, record.metrics.landmarks, drawn_as=bool(record.counts.labels)
        ),
        "source_datasets": ["original" if phantoms and record.params.trains else "extended|other"],
        "configs": [_config(config) for config in configs if config.opens],
        "dataset_info": [_info(config) for config in configs if config.opens],
    }


def _tags(record: Record) -> tuple[str, ...]:
    # What kind of model another generator is, only its makers know.
    return TAGS if record.params.trains else tuple(tag for tag in TAGS if tag != "diffusion")


def _annotators(reviews: Reviews, landmarks: Landmarks | None, *, drawn_as: bool) -> list[str]:
    """Whether anybody said anything of a film: a decision, a verdict, a rating or landmarks.

    Args:
        reviews: what people did.
        landmarks: who placed them, where they are released.
        drawn_as: whether films have the class that they were drawn as.
    """
    reviewers = reviews.screening.reviewers, reviews.audit.reviewers
    placed = landmarks.films if landmarks else {"model": 0, "readers": 0}
    anybody = any(reviewers) or reviews.reader_study.readers or placed["readers"]
    by_machine = drawn_as or placed["model"]
    who = [*["other"] * bool(anybody), *["machine-generated"] * bool(by_machine)]
    return who or ["no-annotation"]


def _config(config: Config) -> dict[str, Any]:
    patterns = config.patterns
    path = patterns if len(patterns) > 1 else patterns[0]
    return {"config_name": config.name, "data_files": [{"split": "train", "path": path}]}


def _info(config: Config) -> dict[str, Any]:
    """`dataset_info` of one config, from its finished files."""
    from datasets import DatasetInfo, Features
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from huggingface_hub import DatasetCardData

    splits = SplitDict()
    splits.add(SplitInfo("train", config.num_bytes, config.rows, dataset_name=None))
    info = DatasetInfo(
        features=Features.from_arrow_schema(config.table.arrow),
        splits=splits,
        download_size=config.download_bytes,
        dataset_size=config.num_bytes,
    )
    data = DatasetCardData()
    DatasetInfosDict({config.name: info}).to_dataset_card_data(data)
    return {"config_name": config.name, **data["dataset_info"]}


def _size(films: int) -> str:
    limits = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
    larger = ((1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
    return next((name for limit, name in (*limits, *larger) if films < limit), "10M<n<100M")


def at_worst(training: Training | None) -> str:
    """How sure ε lets somebody become who began at one half: odds grow at most e^ε times."""
    if training is None or training.privacy is None:
        return ""
    percent = 100 / (1 + math.exp(-training.privacy.epsilon))
    # Rounded up, for it is the most.
    shown = math.ceil(percent * 100) / 100
    return f"{shown:.2f} %" if shown < 100 else "99.99 %, or hardly less than wholly,"


def _film_versions(shards: Mapping[str, Shard]) -> list[str]:
    """The values of the films' column `release_version`, the oldest first."""
    return sorted({shard.version for shard in shards.values() if shard.rows}, key=order_of)


def _quantiles(calibration: Calibration) -> list[str]:
    """Names of the quantiles, from `min` over per cents to `max`: JSON keeps no order of keys."""
    names = set(calibration.synthetic.score) - {"min", "max"}
    return ["min", *sorted(names, key=lambda name: float(name.split()[0])), "max"]
