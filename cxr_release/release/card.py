"""The datacard: a YAML header for the Hub's clients, then words and numbers for people.

The words stand in the template, the numbers in the release's record: none is typed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import yaml

from cxr_release import schemas
from cxr_release.errors import ReleaseError
from cxr_release.params import PHANTOMS
from cxr_release.release.configs import Config
from cxr_release.release.figures import Sheet
from cxr_release.release.markdown import Ready, code, finalize, link, one_line
from cxr_release.release.notices import license_url
from cxr_release.tables import Column

WELL_FOUND = 0.95
"""Share of planted copies below which the card says that the search finds their kind badly."""
TAGS = ("synthetic", "medical", "x-ray", "radiograph", "diffusion")


def render(
    template: Path,
    *,
    record: Mapping[str, Any],
    configs: Sequence[Config],
    sheets: Sequence[Sheet],
    pairs: Sequence[Mapping[str, Any]],
    reasons: Mapping[str, str],
) -> str:
    """The text of the release's README.md.

    Args:
        template: the Jinja2 template of the body. Every text that it prints is escaped, unless a
            filter made it Markdown: `code`, `link`, `count`, `some`, `share`, `percent`, `p_value`,
            `shown`, `decimals`, `mean`, `number`, `measure`.
        record: what `release.json` holds.
        configs: the finished configs.
        sheets: the contact sheets.
        pairs: the nearest rows of `schemas.AUDIT_PAIRS`.
        reasons: code of each reason of exclusion → its meaning.

    Raises:
        ReleaseError: the template is wrong, or asks for what the record does not hold.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

    environment = Environment(
        loader=FileSystemLoader(template.parent),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - the card is Markdown: `finalize` escapes for that
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        code=code,
        link=link,
        count=_count,
        some=_some,
        share=_share,
        percent=_percent,
        p_value=_p_value,
        shown=_shown,
        kind=_kind,
        decimals=_decimals,
        mean=_mean,
        number=_number,
        measure=_measure,
    )
    try:
        body = environment.get_template(template.name).render(
            release=record,
            configs=configs,
            columns={config.table.name: config.table.columns for config in configs},
            sheets={sheet.checkpoint: sheet for sheet in sheets},
            pairs=pairs,
            reasons=reasons,
            views=schemas.VIEWS,
            quantiles=_quantiles(record["metrics"]["audit"]["calibration"]),
            well_found=WELL_FOUND,
            license_url=license_url(record["license"]),
            bibtex=_bibtex(record),
        )
    except TemplateError as error:
        raise ReleaseError(f"cannot be filled: {error}", where=str(template)) from error
    header = yaml.safe_dump(
        header_of(record, configs), sort_keys=False, allow_unicode=True, width=10_000
    )
    return f"---\n{header}---\n\n{body.strip()}\n"


def header_of(record: Mapping[str, Any], configs: Sequence[Config]) -> dict[str, Any]:
    """The YAML header as the Hub reads it."""
    phantoms = record["source"]["kind"] == PHANTOMS
    cervical = "cervical" in f"{record['name']} {record['title']}".lower()
    decided = record["reviews"]["screening"]["decided"]
    return {
        "license": record["license"],
        "pretty_name": one_line(record["title"]),
        "language": ["en"],
        "tags": [*TAGS, *["cervical-spine"] * cervical, *["phantom"] * phantoms],
        "size_categories": [_size(record["counts"]["total"]["released"])],
        "task_categories": ["unconditional-image-generation"],
        "annotations_creators": ["expert-generated" if decided else "no-annotation"],
        "source_datasets": ["original" if phantoms else "extended|other"],
        "configs": [_config(config) for config in configs if config.opens],
        "dataset_info": [_info(config) for config in configs if config.opens],
    }


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
    return next((name for limit, name in limits if films < limit), "100K<n<1M")


def _count(value: int) -> Ready:
    return Ready(f"{value:,}")


def _some(value: int, one: str, more: str = "") -> Ready:
    """A number and what it counts: 1 film, 1,000 films; `more` where that is not `one` and an s."""
    return Ready(f"{value:,} {one if value == 1 else more or f'{one}s'}")


def _share(part: int, whole: int) -> Ready:
    return Ready(f"{part / whole:.1%}" if whole else "–")


def _percent(share: float) -> Ready:
    return Ready(f"{share:.1%}")


def _p_value(p: float | None) -> Ready:
    if p is None:
        return Ready("undefined")
    # As the study's own paragraph has it, which stands beside it.
    return Ready("< 0.001" if p < 0.001 else f"{p:.3f}")


def _shown(equivalent: bool | None) -> Ready:
    """Whether equivalence was shown; that it was not does not mean that there is none."""
    return Ready("shown" if equivalent else "not shown")


def _decimals(value: float, places: int) -> Ready:
    return Ready(f"{value:.{places}f}")


def _mean(value: float, places: int) -> Ready:
    """A mean of whole numbers: halves are rounded up, whatever the float's last bit says."""
    exact = Decimal(repr(value))
    return Ready(f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}")


def _measure(point: Mapping[str, Any], metric: str, places: int) -> Ready:
    """A measure of a checkpoint's films, with the ends of its interval where it has one."""
    value = f"{point[metric]:.{places}f}"
    if metric not in point["intervals"]:
        return Ready(value)
    low, high = point["intervals"][metric]
    # A dash would read as a minus beside a negative end.
    return Ready(f"{value} [{low:.{places}f}, {high:.{places}f}]")


def _quantiles(calibration: Mapping[str, Any]) -> list[str]:
    """Names of the quantiles, from `min` over per cents to `max`: JSON keeps no order of keys."""
    names = set(calibration["synthetic"]["distance"]) - {"min", "max"}
    return ["min", *sorted(names, key=lambda name: float(name.split()[0])), "max"]


def _kind(column: Column) -> str:
    """A column's type, as the feature that `datasets` gives it."""
    feature = column.feature()
    return str(feature.get("dtype", feature["_type"].lower()))


def _number(value: float) -> Ready:
    """A number in full, or up to four decimals of it."""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")
    return Ready(text)


def _bibtex(record: Mapping[str, Any]) -> Ready:
    """A BibTeX entry: braces and backslashes of the values dropped, they would end a field."""

    def plain(text: str) -> str:
        return one_line("".join(" " if char in "{}\\`" else char for char in text))

    authors = " and ".join(f"{{{plain(author)}}}" for author in record["authors"])
    return Ready(
        f"@misc{{{record['name']},\n"
        f"  title = {{{{{plain(record['title'])}}}}},\n"
        f"  author = {{{authors}}},\n"
        f"  version = {{{record['version']}}},\n"
        f"  note = {{Synthetic radiographs}}\n"
        "}"
    )
