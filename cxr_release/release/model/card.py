"""The documents of a model's folder, made of its record alone: its card and its licence notice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from cxr_release.fidelity.distance_types import METRICS
from cxr_release.film_size import Size
from cxr_release.params.films import PHANTOMS
from cxr_release.release.documents.citation import license_url, tags_of, terms
from cxr_release.release.documents.filled import at_worst, environment
from cxr_release.release.documents.markdown import Ready, one_line
from cxr_release.release.model.gate import LEAST_CONTROLS, RATE, refusals
from cxr_release.release.model.record import ModelRecord
from cxr_release.release.model.snippet import snippet

TASK = "unconditional-image-generation"
TAGS = ("diffusers", "synthetic", "medical", "x-ray", "radiograph", "diffusion")
NAMES = {
    "frechet_random_conv": "Fréchet distance over random convolution features (not an FID)",
    "fid": "FID",
    "kid": "KID",
    "precision": "Precision",
    "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage",
    "ms_ssim": "MS-SSIM of two drawn films",
}
"""Measure, as `distances.json` calls it → its name in the model index."""


def documents_of(record: ModelRecord) -> dict[str, str]:
    """File name → text, of every document of a model's folder."""
    return {"README.md": render(record), "LICENSE": license_notice(record)}


def render(record: ModelRecord) -> str:
    """The text of the model's README.md.

    Args:
        record: what `model.json` holds.
    """
    refused = refusals(record.attacks, record.most_tpr)
    body = (
        environment()
        .get_template("model.md.j2")
        .render(
            model=record.plain(),
            phantoms=record.source.kind == PHANTOMS,
            measures=[(name, NAMES[name]) for name in METRICS if name in (record.distances or {})],
            snippet=Ready(snippet(record)),
            shape=Ready(Size.of(record.network.size)),
            refused=[(fault.where, fault.what) for fault in refused],
            at_worst=at_worst(record.training),
            rate=RATE,
            least=LEAST_CONTROLS,
            license_url=license_url(record.license),
        )
    )
    header = yaml.safe_dump(header_of(record), sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{header}---\n\n{body.strip()}\n"


def header_of(record: ModelRecord) -> dict[str, Any]:
    """The YAML header as the Hub reads it."""
    from huggingface_hub import ModelCardData

    phantoms = record.source.kind == PHANTOMS
    data = ModelCardData(
        language="en",
        license=record.license,
        library_name="diffusers",
        pipeline_tag=TASK,
        tags=[*TAGS, *tags_of(record.source), *["phantom"] * phantoms],
        datasets=[record.dataset.repository] if record.dataset.repository else None,
        model_name=record.name,
        eval_results=_results(record) or None,
    )
    return dict(data.to_dict())  # type: ignore[no-untyped-call]


def _results(record: ModelRecord) -> list[Any]:
    from huggingface_hub import EvalResult

    dataset = record.dataset
    about: Mapping[str, Any] = {
        "task_type": TASK,
        "dataset_type": dataset.repository or dataset.name,
        "dataset_name": one_line(dataset.title),
    }
    row: Mapping[str, Any] = record.distances or {}
    attacks: list[Any] = list(record.attacks)
    measures = [
        (name, NAMES[name], row[name], row["intervals"].get(name))
        for name in METRICS
        if name in row
    ]
    measures += [
        (
            "tpr_at_1_percent_fpr",
            f"Hits of the attack “{one_line(attack['attack'])}” at {RATE:.0%} false positives",
            rate["value"],
            rate["interval"],
        )
        for attack in attacks
        if attack["measurable"]
        for rate in attack["tpr"]
        if rate["at_most_fpr"] == RATE and rate["measurable"]
    ]
    return [
        EvalResult(
            **about,
            metric_type=kind,
            metric_name=f"{name}{_interval(interval)}",
            metric_value=round(value, 4),
        )
        for kind, name, value, interval in measures
    ]


def _interval(ends: list[float] | None) -> str:
    return "" if ends is None else f", 95 % interval {ends[0]:.4f} to {ends[1]:.4f}"


def license_notice(record: ModelRecord) -> str:
    """The text of LICENSE."""
    source = record.source
    return "\n".join(
        [
            f"{one_line(record.title)}, version {record.version}",
            f"by {', '.join(map(one_line, record.authors))}",
            *([f"published by {one_line(record.publisher)}"] if record.publisher.strip() else []),
            "",
            *terms(record.license, "model"),
            "",
            "It learnt from",
            f"  {one_line(source.title)}",
            f"  licence: {one_line(source.license)}",
            f"  cite as: {one_line(source.citation)}",
            "",
        ]
    )
