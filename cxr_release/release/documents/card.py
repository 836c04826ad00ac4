"""The datacard: a YAML header for the Hub's clients, then what fits on one screen, then the rest.

What it says stands in the template `README.md.j2`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from cxr_release.params.films import PHANTOMS
from cxr_release.release.configs import Config
from cxr_release.release.documents.citation import tags_of
from cxr_release.release.documents.markdown import one_line
from cxr_release.release.record import Landmarks, Record, Reviews

TAGS = ("synthetic", "medical", "x-ray", "radiograph", "diffusion")


class _OnOneLine(list[Any]):
    """A list that YAML writes on one line: a header of many columns stays short."""


class _Dumper(yaml.SafeDumper):
    """Plain YAML, in which some lists stand on one line."""


_Dumper.add_representer(
    _OnOneLine,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=True
    ),
)


def with_header(record: Record, configs: Sequence[Config], body: str) -> str:
    """The text of README.md.

    Args:
        record: what `release.json` holds.
        configs: the finished configs.
        body: the card as `filled.bodies_of` makes it.
    """
    header = yaml.dump(
        header_of(record, configs),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )
    return f"---\n{header}---\n\n{body}"


def header_of(record: Record, configs: Sequence[Config]) -> dict[str, Any]:
    """The YAML header as the Hub reads it."""
    phantoms = record.source.kind == PHANTOMS
    return {
        "license": record.license,
        "pretty_name": one_line(record.title),
        "language": ["en"],
        "tags": [*_tags(record), *["phantom"] * phantoms],
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


def _tags(record: Record) -> list[str]:
    # What kind of model another generator is, only its makers know.
    tags = [tag for tag in TAGS if tag != "diffusion" or record.params.trains]
    return [*tags, *tags_of(record.source)]


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
    stated = data["dataset_info"]
    columns = {"features": _OnOneLine(stated["features"])}
    return {"config_name": config.name, **stated, **columns}


def _size(films: int) -> str:
    limits = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
    larger = ((1_000_000, "100K<n<1M"), (10_000_000, "1M<n<10M"))
    return next((name for limit, name in (*limits, *larger) if films < limit), "10M<n<100M")
