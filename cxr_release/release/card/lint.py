"""Whether a card is whole, offline: the Hub's rules for its header, and what it says of files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from cxr_release.errors import Fault, ReleaseError
from cxr_release.release.card.body_rules import body_faults
from cxr_release.release.card.header_rules import (
    SIZES,
    header_faults,
    plain_yaml_faults,
    stated_features,
)
from cxr_release.release.configs import Config

_HEADER = re.compile(r"\A---\n(.*?\n)---\n(.*)\Z", re.DOTALL)


def lint(folder: Path, configs: Sequence[Config]) -> None:
    """Hold the finished card against the finished folder.

    Raises:
        ReleaseError: with every fault.
    """
    text = (folder / "README.md").read_text(encoding="utf-8")
    faults = {Fault("README.md", what) for what in _card_faults(text, folder, configs)}
    if faults:
        raise ReleaseError(
            f"{len(faults)} fault(s) in the card", where="README.md", faults=sorted(faults)
        )


def header_and_body(text: str) -> tuple[dict[str, Any], str]:
    """The two parts of a card.

    Raises:
        ReleaseError: there is no header, or it is no plain YAML mapping.
    """
    parts = _HEADER.match(text)
    if not parts:
        raise ReleaseError("has no YAML header", where="README.md")
    try:
        # First: an alias can stand for more than any memory holds.
        faults = list(plain_yaml_faults(parts[1]))
        header = None if faults else yaml.safe_load(parts[1])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ReleaseError(f"its header is no YAML: {error}", where="README.md") from error
    if faults:
        raise ReleaseError("; ".join(faults), where="README.md")
    if not isinstance(header, dict):
        raise ReleaseError("its header is no mapping", where="README.md")
    return header, parts[2]


def _card_faults(text: str, folder: Path, configs: Sequence[Config]) -> list[str]:
    try:
        header, body = header_and_body(text)
    except ReleaseError as error:
        return [error.what]
    faults = [*header_faults(header), *body_faults(body, folder)]
    return faults or [*_file_faults(header, folder, configs), *_count_faults(header, configs)]


def _file_faults(header: dict[str, Any], folder: Path, configs: Sequence[Config]) -> Iterator[str]:
    matched = {folder / name for config in configs if not config.opens for name in config.files}
    for entry in header["configs"]:
        for data_files in entry["data_files"]:
            path = data_files["path"]
            for pattern in path if isinstance(path, list) else [path]:
                found = sorted(folder.glob(pattern))
                matched |= set(found)
                if not found:
                    yield f"config {entry['config_name']}: nothing matches {pattern}"
    for file in sorted(set(folder.rglob("*.parquet")) - matched):
        yield f"no config holds {file.relative_to(folder).as_posix()}"


def _count_faults(header: dict[str, Any], configs: Sequence[Config]) -> Iterator[str]:
    from datasets import Features

    opened = [config for config in configs if config.opens]
    stated = {
        info["config_name"]: info["splits"][0]["num_examples"] for info in header["dataset_info"]
    }
    names = [entry["config_name"] for entry in header["configs"]]
    if stated != {config.name: config.rows for config in opened} or set(names) != set(stated):
        yield "dataset_info departs from the finished shards"
        return
    features = stated_features(header)
    for config in opened:
        if features[config.name] != Features.from_arrow_schema(config.table.arrow):
            yield f"dataset_info: the features of {config.name} are not those of its table"
    rows = stated.get("default", 0)
    size = next((name for name, limit in SIZES.items() if rows < limit), None)
    if header["size_categories"] != [size]:
        yield f"size_categories is {header['size_categories']}, expected {size}"
